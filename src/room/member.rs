//! A session as its room has it: its stream, its open files, and the numbers of its operations.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Instant;

use crate::document::Unit;
use crate::error::Error;
use crate::id::{ClientId, FileKey, OpId, Revision, Source};
use crate::room::cursor::Cursor;
use crate::room::message::{Door, Event, Frame, Participant, ParticipantState, Upward};
use crate::room::outbox::InFlight;
use crate::room::outbox::Outbox;
use crate::store::model::{Mode, Session};

/// A session in memory.
#[derive(Debug)]
pub(super) struct Member {
    /// Its row.
    pub(super) session: Session,
    /// What its offsets count.
    pub(super) unit: Unit,
    /// The number of its newest stream; messages of older ones are dropped.
    pub(super) stream: u64,
    /// Its newest stream, once joined has been sent on it.
    pub(super) outbox: Option<Outbox>,
    /// The door that it came by.
    pub(super) door: Door,
    /// Whether it is here.
    pub(super) state: ParticipantState,
    /// When it was last heard of, or lost its stream.
    pub(super) heard: Instant,
    /// Its open files.
    pub(super) open: HashMap<FileKey, OpenHere>,
    /// Directory and participant events were missed.
    pub(super) behind_from: Option<Revision>,
    /// Files that were deleted while it had them open, and whose deletion it missed.
    pub(super) closed_unseen: HashSet<FileKey>,
    /// What it missed is on its way, and leaves when it is committed.
    pub(super) catching_up: bool,
    /// The highest op id that was accepted.
    pub(super) highest: OpId,
    /// Accepted operations that are not yet committed: the stream that waits for the receipt, and their revision.
    pub(super) in_flight: BTreeMap<OpId, (u64, Revision)>,
    /// Messages that wait: the first for something, the others behind it.
    pub(super) parked: VecDeque<Parked>,
    /// An update that comes in parts.
    pub(super) parts: Option<(OpId, Vec<u8>)>,
    /// Where its cursor is.
    pub(super) cursor: Option<Cursor>,
    /// When it last edited.
    pub(super) edited: Option<Instant>,
    /// Its presence has changed since the last tick.
    pub(super) show: bool,
}

/// A file that a session has open.
#[derive(Debug)]
pub(super) struct OpenHere {
    /// The session has everything of the file up to this revision.
    pub(super) since: Revision,
    /// It has missed something since: it gets the file anew when it has read what is queued.
    pub(super) behind: bool,
    /// What a Yjs session has on top.
    pub(super) yjs: Option<YjsHere>,
}

/// A Yjs session's side of an open file.
#[derive(Debug)]
pub(super) struct YjsHere {
    /// The client id under which it writes.
    pub(super) client: ClientId,
    /// What it is known to have, as a state vector: where its next difference starts.
    pub(super) has: Vec<u8>,
    /// An update was refused: nothing more is taken, or sent, until the file is opened again.
    pub(super) resync_first: bool,
}

/// A message that waits.
#[derive(Debug)]
pub(super) struct Parked {
    /// The stream that it came by.
    pub(super) stream: u64,
    /// What.
    pub(super) message: Upward,
    /// Given back when it is answered.
    pub(super) permit: InFlight,
}

impl Member {
    /// A session that has just come.
    pub(super) fn new(session: Session, unit: Unit, stream: u64, door: Door, highest: OpId, now: Instant) -> Self {
        Self {
            session,
            unit,
            stream,
            outbox: None,
            door,
            state: ParticipantState::Present,
            heard: now,
            open: HashMap::new(),
            behind_from: None,
            closed_unseen: HashSet::new(),
            catching_up: false,
            highest,
            in_flight: BTreeMap::new(),
            parked: VecDeque::new(),
            parts: None,
            cursor: None,
            edited: None,
            show: false,
        }
    }

    /// As others see it.
    pub(super) fn participant(&self) -> Participant {
        Participant {
            id: self.session.participant,
            name: self.session.name.clone(),
            mode: self.session.mode,
            state: self.state,
        }
    }

    /// The source of its operations.
    pub(super) fn source(&self) -> Source {
        Source::Session(self.session.id)
    }

    /// Whether it takes part with Yjs updates.
    pub(super) fn is_yjs(&self) -> bool {
        self.session.mode == Mode::Yjs
    }

    /// Puts an answer or receipt on its stream.
    pub(super) fn push(&self, frames: Vec<Frame>, permit: InFlight) {
        if let Some(outbox) = &self.outbox {
            outbox.push(frames, permit);
        }
    }

    /// Ends its stream after a goodbye, which `encode` writes. Nothing of the session itself is lost.
    pub(super) fn end_stream(&mut self, error: Error, encode: impl Fn(&Event, Unit) -> Vec<Frame>) {
        self.parked.clear();
        self.parts = None;
        if let Some(outbox) = self.outbox.take() {
            let goodbye = Event::Goodbye {
                retry_delay: error.details().retry_after,
                error: error.clone(),
            };
            outbox.push(encode(&goodbye, self.unit), None);
            outbox.end(Some(error));
        }
    }
}
