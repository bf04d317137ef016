//! What goes into a room and what comes out, as plain data: nothing of a transport, no channel, no live state, so that
//! a room may one day be in another process.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::document::{Delta, Unit, UnitChange};
use crate::error::Error;
use crate::id::{ClientId, Epoch, FileId, FileRef, OpId, ParticipantId, RequestId, Revision, RoomId, RoomRef};
use crate::store::model::{LineEnding, Micros, Mode, Origin};

/// A unary call's id with the digest of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The caller's id.
    pub id: RequestId,
    /// blake3 of the call's name and content without the id.
    pub digest: [u8; 32],
}

/// A room as callers see it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RoomInfo {
    /// Its id.
    pub id: RoomId,
    /// Its slug.
    pub slug: Option<String>,
    /// What people call it.
    pub title: String,
    /// When it was created.
    pub created: Micros,
    /// The newest committed revision.
    pub head: Revision,
}

/// A file as callers see it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileInfo {
    /// Its id.
    pub id: FileId,
    /// Its path.
    pub path: String,
    /// The line ending for export.
    pub line_ending: LineEnding,
    /// Whether it is deleted.
    pub deleted: bool,
    /// The revision of its newest operation.
    pub revision: Revision,
    /// Its epoch.
    pub epoch: Epoch,
}

/// A file to create with its room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its path, as it was sent.
    pub path: String,
    /// Its text, as it was sent.
    pub text: String,
}

/// A room to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRoom {
    /// A chosen slug, as it was sent.
    pub slug: Option<String>,
    /// What people call it.
    pub title: String,
    /// Its first files; none means an empty main.txt.
    pub files: Vec<NewFile>,
}

/// A room and its files, the answer to CreateRoom.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CreatedRoom {
    /// The room.
    pub room: RoomInfo,
    /// Its files, by path.
    pub files: Vec<FileInfo>,
}

/// A change of a room's row; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomChange {
    /// The new slug; an empty one takes it away.
    pub slug: Option<String>,
    /// The new title.
    pub title: Option<String>,
}

/// A text at a revision.
#[derive(Clone, Debug)]
pub struct TextAt {
    /// The file.
    pub file: FileInfo,
    /// The revision.
    pub revision: Revision,
    /// The text; ropes share their parts, so this is cheap to pass on.
    pub text: ropey::Rope,
}

/// A whole text to merge.
#[derive(Clone, Debug)]
pub struct Write {
    /// The file.
    pub file: FileRef,
    /// The revision whose text the caller started from.
    pub base: Option<Revision>,
    /// The whole new text, as it was sent.
    pub text: String,
    /// Whether a moved head is refused.
    pub only_if_unchanged: bool,
    /// How the text came to be.
    pub origin: Origin,
}

/// What became of a [`Write`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Written {
    /// The file after it.
    pub file: FileInfo,
    /// Its revision, or the head if nothing changed.
    pub revision: Revision,
    /// Whether others' changes were merged with it.
    pub merged: bool,
}

/// A page of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileList {
    /// The files, by path.
    pub files: Vec<FileInfo>,
    /// The revision that the list is of.
    pub head: Revision,
}

/// A cursor in a room's file, for completion.
#[derive(Clone, Debug)]
pub struct CompletionPlace {
    /// The file.
    pub file: FileRef,
    /// The cursor.
    pub cursor: u32,
    /// What the cursor counts.
    pub unit: Unit,
    /// The revision that the cursor is of; `None` means the head.
    pub revision: Option<Revision>,
}

/// What completion needs of a room, at one committed revision.
#[derive(Clone, Debug)]
pub struct CompletionText {
    /// The revision.
    pub revision: Revision,
    /// The file's path.
    pub path: String,
    /// The file's text.
    pub text: ropey::Rope,
    /// The cursor in the text at `revision`, in the caller's unit.
    pub cursor: u32,
    /// The other files that are in memory, by path.
    pub others: Vec<(String, ropey::Rope)>,
}

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
    /// Where somebody's cursor is.
    PresenceChanged(PresenceChanged),
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
pub struct PresenceChanged {
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

/// One message as it goes out: a head of its own and a body that all parts and receivers may share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The first bytes.
    pub head: Bytes,
    /// The rest.
    pub body: Bytes,
}

impl Frame {
    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Turns an event into the bytes that receivers of one unit get. `rpc` hands one to the rooms.
pub trait Encode: Send + Sync + 'static {
    /// The event as one frame, or as several if it is longer than [`crate::limits::MESSAGE_OUT_BYTES`].
    fn encode(&self, event: &Event, unit: Unit) -> Vec<Frame>;
}
