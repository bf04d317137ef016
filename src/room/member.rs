//! A session as its room has it: its stream, its open files, and the numbers of its operations.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Instant;

use crate::document::Unit;
use crate::error::Error;
use crate::id::{ClientId, FileKey, OpId, Revision, Source};
use crate::room::cursor::Cursor;
use crate::room::message::{Door, Encoded, Event, Participant, ParticipantState, Upward};
use crate::room::outbox::InFlight;
use crate::room::outbox::Outbox;
use crate::room::parts::Parts;
use crate::store::model::{Mode, Session};

/// A session in memory.
#[derive(Debug)]
pub(super) struct Member {
    /// Its row.
    pub(super) session: Session,
    /// What its offsets count.
    pub(super) unit: Unit,
    /// The number of its stream; 0 while it has none. Messages of others are dropped: each stream's messages are taken up
    /// to a point, and none after a gap.
    pub(super) stream: u64,
    /// Its stream while joined waits for its commit.
    pub(super) joining: Option<Outbox>,
    /// Its stream, once joined has been sent on it.
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
    pub(super) parts: Option<Parts>,
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
    /// The operation that deletes the file and ends this, once that is accepted.
    pub(super) ends: Option<Revision>,
    /// What a Yjs session has on top.
    pub(super) yjs: Option<YjsHere>,
}

impl OpenHere {
    /// Whether its session has to be brought up to date. A file that is deleted at the head is closed in a moment:
    /// nothing of it comes after that.
    pub(super) fn needs_catching_up(&self) -> bool {
        self.behind && self.ends.is_none()
    }
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

/// The form in which a session receives presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Form {
    /// What offsets count.
    pub(super) unit: Unit,
    /// Whether relative positions come with them.
    pub(super) yjs: bool,
}

impl Member {
    /// A session that has just come.
    pub(super) fn new(session: Session, unit: Unit, stream: u64, door: Door, highest: OpId, now: Instant) -> Self {
        Self {
            session,
            unit,
            stream,
            joining: None,
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

    /// The form in which it receives presence.
    pub(super) fn form(&self) -> Form {
        let yjs = self.is_yjs();
        Form {
            unit: if yjs { Unit::Utf16 } else { self.unit },
            yjs,
        }
    }

    /// Puts an answer or receipt on its stream.
    pub(super) fn push(&self, frames: Encoded, permit: InFlight) {
        if let Some(outbox) = &self.outbox {
            outbox.push(frames, permit);
        }
    }

    /// Whether it has a stream, or one that waits to begin.
    pub(super) fn has_stream(&self) -> bool {
        self.outbox.is_some() || self.joining.is_some()
    }

    /// Ends its stream after a goodbye, which `encode` writes. Nothing of the session itself is lost.
    pub(super) fn end_stream(&mut self, error: Error, encode: impl Fn(&Event, Unit) -> Encoded) {
        self.stream = 0;
        self.parked.clear();
        self.parts = None;
        if let Some(outbox) = self.joining.take() {
            // A stream begins with joined: without it there is no goodbye either.
            outbox.end(Some(error.clone()));
        }
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
