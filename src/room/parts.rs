//! An update that comes in parts: joined, and answered once.

use crate::error::Result;
use crate::id::{FileRef, OpId, SessionId};
use crate::limits;
use crate::room::message::Update;
use crate::room::refusals::{too_large, unfinished};
use crate::room::state::{RoomState, Stop};

/// The parts of an update that have come.
#[derive(Debug)]
pub(super) struct Parts {
    /// The update's number.
    pub(super) op_id: OpId,
    /// Its file.
    pub(super) file: FileRef,
    /// The bytes, joined.
    pub(super) bytes: Vec<u8>,
    /// It has had its receipt; what is left of it is passed over.
    pub(super) refused: bool,
}

impl Parts {
    /// None yet.
    pub(super) fn new(update: &Update) -> Self {
        Self {
            op_id: update.op_id,
            file: update.file.clone(),
            bytes: Vec::new(),
            refused: false,
        }
    }
}

impl RoomState {
    /// Joins an update's parts; `None` while more are to come.
    pub(super) fn whole_update(&mut self, session: SessionId, update: &Update) -> Result<Option<Vec<u8>>, Stop> {
        let Some(member) = self.members.get_mut(&session) else {
            return Ok(None);
        };
        let mut parts = member.parts.take().unwrap_or_else(|| Parts::new(update));
        let limit = if update.update.len() > limits::EDIT_BYTES {
            Some(limits::EDIT_BYTES)
        } else if parts.bytes.len() + update.update.len() > limits::UPDATE_BYTES {
            Some(limits::UPDATE_BYTES)
        } else {
            None
        };
        let was_refused = parts.refused;
        parts.refused |= limit.is_some();
        if !parts.refused {
            parts.bytes.extend_from_slice(&update.update);
        }
        if update.more {
            member.parts = Some(parts);
        } else if !parts.refused {
            return Ok(Some(parts.bytes));
        }
        match limit {
            Some(limit) if !was_refused => Err(Stop::Refuse(too_large(limit).field("update"))),
            // More is to come, or it has had its receipt.
            _ => Ok(None),
        }
    }

    /// Refuses an update whose last part never came: the session's next operation is there.
    pub(super) fn refuse_unfinished(&mut self, session: SessionId, next: OpId, stream: u64) {
        let Some(member) = self.members.get_mut(&session) else {
            return;
        };
        let Some(parts) = member.parts.take_if(|parts| parts.op_id != next) else {
            return;
        };
        if parts.refused {
            return;
        }
        if let Ok(key) = self.directory.find(&parts.file).map(|entry| entry.file.key) {
            self.lose_document(session, key);
        }
        let event = self.refusal(parts.op_id, &parts.file, unfinished());
        self.tell(session, stream, event, None);
    }
}
