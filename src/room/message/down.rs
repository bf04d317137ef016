//! What comes down to sessions.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{FileInfo, Open, Presence, RoomInfo};
use crate::document::Delta;
use crate::error::Error;
use crate::id::{Epoch, FileId, FileRef, OpId, ParticipantId, Revision};
use crate::store::model::{Mode, Origin};

/// Whether somebody is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParticipantState {
    /// Connected.
    Present,
    /// Cut off a moment ago, or silent.
    Away,
    /// Gone.
    Left,
}

/// The public side of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Its id.
    pub id: ParticipantId,
    /// The name.
    pub name: String,
    /// How it takes part.
    pub mode: Mode,
    /// Whether it is here.
    pub state: ParticipantState,
}

/// What happened to a file; the numbers are the contract's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "told in collaboration.proto, once")]
pub enum FileChange {
    Created = 1,
    Renamed = 2,
    Deleted = 3,
    Restored = 4,
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The database has it at this revision.
    Committed(Revision),
    /// It changed nothing and never will.
    Refused(Error),
}

/// What was asked for and could not be done, with the stream going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusedRequest {
    /// An open.
    Open(Open),
    /// A close.
    Close(FileRef),
    /// A presence.
    Presence(Presence),
}

/// What comes down to a session. Everything that it says of an operation is in the database.
#[derive(Clone, Debug)]
pub enum Event {
    /// Answers join.
    Joined(Box<Joined>),
    /// Answers open.
    Opened(Opened),
    /// Answers close.
    Closed {
        /// The file.
        file: FileId,
    },
    /// A committed operation, to text sessions; the encoder carries the delta into the receiver's unit.
    Edited {
        /// The file.
        file: FileId,
        /// Its revision.
        revision: Revision,
        /// The changes.
        delta: Arc<Delta>,
        /// Whose it is.
        participant: Option<ParticipantId>,
        /// The author's number for it, in the copy that goes to the author.
        op_id: Option<OpId>,
        /// How the text came to be.
        origin: Origin,
    },
    /// A committed operation, to Yjs sessions.
    Updated {
        /// The file.
        file: FileId,
        /// Its revision.
        revision: Revision,
        /// The epoch.
        epoch: Epoch,
        /// A version 1 update.
        update: Bytes,
        /// Whose it is.
        participant: Option<ParticipantId>,
        /// How the text came to be.
        origin: Origin,
    },
    /// What became of an operation.
    Receipt {
        /// The operation.
        op_id: OpId,
        /// What became of it.
        outcome: Outcome,
        /// The file, if it is known.
        file: Option<FileId>,
    },
    /// Where people's cursors are.
    PresenceChanged(Vec<ParticipantPresence>),
    /// A file was created, renamed, deleted or restored.
    FileChanged {
        /// The file as it is now.
        file: FileInfo,
        /// The operation's revision.
        revision: Revision,
        /// What happened.
        change: FileChange,
        /// Whose doing.
        participant: Option<ParticipantId>,
    },
    /// Somebody came, went, or is away.
    ParticipantChanged(Participant),
    /// Everything up to the revision has been sent.
    Checkpoint {
        /// The revision.
        revision: Revision,
    },
    /// A file has to start anew in the session.
    Resync {
        /// The file.
        file: FileId,
        /// The revision.
        revision: Revision,
        /// A text session's text.
        text: Option<ropey::Rope>,
        /// The epoch.
        epoch: Epoch,
    },
    /// The stream ends.
    Goodbye {
        /// Why.
        error: Error,
        /// How long to wait before coming back.
        retry_delay: Option<Duration>,
    },
    /// Something could not be done.
    Refused {
        /// What.
        request: RefusedRequest,
        /// Why.
        error: Error,
    },
}

/// Answers a join.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The caller, as others see it.
    pub participant: ParticipantId,
    /// The secret token.
    pub resume_token: String,
    /// The room.
    pub room: RoomInfo,
    /// Who is here, the caller included.
    pub participants: Vec<Participant>,
    /// The living files, by path.
    pub files: Vec<FileInfo>,
    /// The newest committed revision.
    pub head: Revision,
    /// Whether an old session was taken up.
    pub resumed: bool,
    /// The highest committed operation of the session.
    pub committed_op_id: OpId,
}

/// Answers an open.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The file.
    pub file: FileInfo,
    /// What follows is after this revision.
    pub revision: Revision,
    /// The file's content.
    pub content: OpenedContent,
}

/// A file's content as a session gets it.
#[derive(Clone, Debug)]
pub enum OpenedContent {
    /// To a text session: the text.
    Text(ropey::Rope),
    /// To a text session that holds a text already: the edits after it follow.
    Resumed,
    /// To a Yjs session.
    Yjs {
        /// The difference from what it has.
        update: Bytes,
        /// What the server has committed.
        state_vector: Bytes,
    },
}

/// Where somebody's cursor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParticipantPresence {
    /// Who.
    pub participant: ParticipantId,
    /// The file that they look at.
    pub file: Option<FileId>,
    /// The revision that the offsets are of.
    pub revision: Revision,
    /// Anchor and head, in the receiver's unit; the encoder gets it made for that unit.
    pub offsets: Option<(u32, u32)>,
    /// To Yjs sessions: anchor and head as relative positions.
    pub relative: Option<(Bytes, Bytes)>,
    /// Whether they edited a moment ago.
    pub typing: bool,
}
