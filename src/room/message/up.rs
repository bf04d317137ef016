//! What sessions send.

use bytes::Bytes;

use crate::document::{Unit, UnitChange};
use crate::id::{ClientId, Epoch, FileRef, OpId, Revision, RoomRef};
use crate::store::model::{Mode, Origin};

/// Which door a session came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// A bidirectional stream: its end is seen at once.
    Collaborate,
    /// A downward stream with Publish beside it: silence is all that tells that it is gone.
    Subscribe,
}

/// The first message of a stream.
#[derive(Clone, Debug)]
pub struct Join {
    /// How.
    pub how: JoinHow,
    /// Files to open at once.
    pub open: Vec<Open>,
    /// The door.
    pub door: Door,
}

/// A new session, or an old one.
#[derive(Clone, Debug)]
pub enum JoinHow {
    /// A new session.
    New {
        /// The room.
        room: RoomRef,
        /// The name that others see; empty means a made-up one.
        name: String,
        /// How it takes part.
        mode: Mode,
        /// What its offsets count.
        unit: Unit,
    },
    /// The session that has this token.
    Resume {
        /// The token as it was sent.
        token: String,
        /// The newest revision that the caller has seen.
        last_revision: Revision,
    },
}

/// Starts a file's events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The file.
    pub file: FileRef,
    /// The revision whose text a text session holds; 0: none.
    pub after: Revision,
    /// A Yjs session's own client id; 0 from a text session.
    pub client: ClientId,
    /// What a Yjs session's Y.Doc has, a version 1 state vector; empty: nothing.
    pub state_vector: Bytes,
    /// The epoch of a Yjs session's Y.Doc; 0: new.
    pub epoch: Epoch,
}

/// A text session's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The client's number for it.
    pub op_id: OpId,
    /// The file.
    pub file: FileRef,
    /// The revision whose text the offsets are of.
    pub base: Option<Revision>,
    /// The changes, as they were sent.
    pub changes: Vec<UnitChange>,
    /// How the text came to be.
    pub origin: Origin,
}

/// A Yjs session's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The client's number for it.
    pub op_id: OpId,
    /// The file.
    pub file: FileRef,
    /// The epoch of the Y.Doc.
    pub epoch: Epoch,
    /// A version 1 update, or a part of one.
    pub update: Bytes,
    /// Whether another part follows.
    pub more: bool,
    /// How the text came to be.
    pub origin: Origin,
}

/// Where a caller's cursor is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// The file that they look at.
    pub file: Option<FileRef>,
    /// The selection.
    pub selection: Option<Selection>,
}

/// A selection; head is where the cursor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// By offsets in the session's unit.
    Offsets {
        /// The revision that they are of; 0 means the head.
        revision: Revision,
        /// Where the selection began.
        anchor: u32,
        /// Where the cursor is.
        head: u32,
    },
    /// By Yjs relative positions, version 1.
    Relative {
        /// Where the selection began.
        anchor: Bytes,
        /// Where the cursor is.
        head: Bytes,
    },
}

/// What a session sends after its join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upward {
    /// Starts a file's events.
    Open(Open),
    /// Ends them.
    Close(FileRef),
    /// A text session's change.
    Edit(Edit),
    /// A Yjs session's change.
    Update(Update),
    /// Where the caller's cursor is.
    Presence(Presence),
    /// Ends the session.
    Leave,
}
