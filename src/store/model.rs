//! What the store keeps, as plain data: no column types, no statements.

use bytes::Bytes;
use uuid::Uuid;

use crate::id::{
    ClientId, Epoch, FileId, FileKey, OpId, ParticipantId, RequestId, Revision, RoomId, RoomKey, SessionId, Source,
    Term, UserId, UserKey,
};
use crate::limits::APPEND_OPERATIONS;

/// Microseconds since 1970-01-01 UTC.
pub type Micros = i64;

/// A room's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its key; 0 in a room that is yet to be stored.
    pub key: RoomKey,
    /// Its id.
    pub id: RoomId,
    /// Its slug, if it has one.
    pub slug: Option<String>,
    /// What people call it.
    pub title: String,
    /// Its term of ownership.
    pub term: Term,
    /// When it was created.
    pub created: Micros,
}

/// A room and the revision of its newest operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomAt {
    /// The room.
    pub room: Room,
    /// The head; 0 if the log is empty.
    pub head: Revision,
}

/// The line ending that a text had when it came in; the numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum LineEnding {
    /// U+000A.
    #[default]
    Lf = 1,
    /// U+000D U+000A.
    CrLf = 2,
}

/// A file's row: the projection of the room's directory operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its key in the room.
    pub key: FileKey,
    /// Its id.
    pub id: FileId,
    /// Its path, a valid one.
    pub path: String,
    /// The line ending for export.
    pub line_ending: LineEnding,
    /// Whether it is deleted.
    pub deleted: bool,
    /// Its line of Yjs history.
    pub epoch: Epoch,
    /// The Yjs client id under which the server writes text clients' edits, in this epoch.
    pub server_client: ClientId,
    /// The revision that created it.
    pub created: Revision,
}

/// A file with what the log says of its newest operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileAt {
    /// The file.
    pub file: File,
    /// The revision of its newest operation.
    pub revision: Revision,
    /// The position delta of its newest operation that changed text, as `Delta::encode` wrote it, or its first bytes: they
    /// have the file's length. Empty if no operation ever changed text.
    pub last_delta: Vec<u8>,
}

/// A room as the log has it, without the texts.
#[derive(Clone, Debug)]
pub struct RoomState {
    /// The room.
    pub room: Room,
    /// The head; 0 if the log is empty.
    pub head: Revision,
    /// All its files, deleted ones too, by key.
    pub files: Vec<FileAt>,
    /// Whether there are snapshots above the head: of operations that this log has lost. They have to be forgotten before
    /// the log grows, or they would be taken for its own once it is past them.
    pub strange_snapshots: bool,
    /// Operations up to this revision are packed.
    pub packed: Revision,
}

/// What an operation did; the numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text client's edit, or a whole text.
    Edit = 1,
    /// A Yjs client's update.
    Update = 2,
    /// A file was created; update and delta have its first text.
    Create = 3,
    /// A file was renamed.
    Rename = 4,
    /// A file was deleted.
    Delete = 5,
    /// A file was restored.
    Restore = 6,
    /// A file was started anew under a new epoch; update has the whole new Yjs state, delta is empty: the text stays.
    Reseed = 7,
}

/// How a piece of text came to be; the numbers are the contract's and are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "told in text.proto, once")]
pub enum Origin {
    #[default]
    Unspecified = 0,
    Typed = 1,
    Pasted = 2,
    Completed = 3,
    Written = 4,
    Restored = 5,
    Undone = 6,
    Agent = 7,
}

/// One accepted change: one row of the log, until it is packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its number in the room.
    pub revision: Revision,
    /// Where it came from.
    pub source: Source,
    /// The source's number for it.
    pub op_id: OpId,
    /// The file.
    pub file: FileKey,
    /// The file's epoch.
    pub epoch: Epoch,
    /// Whose it is.
    pub user: UserKey,
    /// What it did.
    pub kind: Kind,
    /// How its text came to be.
    pub origin: Origin,
    /// Yjs version 1 update; empty if it did not touch the text.
    pub update: Bytes,
    /// Position delta, as `Delta::encode` writes it; empty if it did not touch the text.
    pub delta: Bytes,
    /// The path after it, of Create, Rename and Restore; else empty.
    pub path: String,
    /// When it was accepted.
    pub time: Micros,
}

/// The part of an operation that loading a file needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedChange {
    /// The operation's revision.
    pub revision: Revision,
    /// The file's epoch then.
    pub epoch: Epoch,
    /// What it did.
    pub kind: Kind,
    /// Where it came from, as stored.
    pub source: Uuid,
    /// The source's number for it.
    pub op_id: OpId,
    /// How its text came to be.
    pub origin: Origin,
    /// Yjs version 1 update.
    pub update: Vec<u8>,
    /// Position delta.
    pub delta: Vec<u8>,
}

/// A file's newest operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// They, in order.
    pub changes: Vec<LoggedChange>,
    /// There are, or may be, older ones up to this revision; `None`: these are all.
    pub complete_after: Option<Revision>,
}

/// A file's state at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The file.
    pub file: FileKey,
    /// The revision of the file's newest operation that it contains.
    pub revision: Revision,
    /// The file's epoch then.
    pub epoch: Epoch,
    /// The Yjs state.
    pub state: Vec<u8>,
    /// blake3 of the text.
    pub text_hash: [u8; 32],
}

/// The answer that a unary call got under a request id, kept for its retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The caller's id for the request.
    pub request: RequestId,
    /// blake3 of the request's kind and content.
    pub digest: [u8; 32],
    /// The answer, in the room's own encoding.
    pub answer: Vec<u8>,
}

/// What one append brings to one room: operations that follow each other, and what goes with them.
#[derive(Clone, Debug)]
pub struct Append {
    /// The room.
    pub room: RoomKey,
    /// Which of this process's copies of the room it comes from, by [`crate::store::Store::incarnation`]: once one append
    /// of a copy has failed, all of that copy fail, because they build on each other. 0 in a room that is yet to be stored.
    pub incarnation: u64,
    /// The term that the room's actor holds; another in the row refuses the append.
    pub term: Term,
    /// The operations, in revision order, without gaps.
    pub operations: Vec<Operation>,
    /// Files as they are after the operations, new ones included.
    pub files: Vec<File>,
    /// The answer to keep, if the operations answer a unary call with a request id.
    pub answered: Option<Answered>,
}

impl Append {
    /// Whether another that follows may become part of this one: both are operations and nothing else.
    pub(crate) fn takes(&self, next: &Self) -> bool {
        let plain = |append: &Self| append.files.is_empty() && append.answered.is_none();
        plain(self)
            && plain(next)
            && self.term == next.term
            && self.operations.len() + next.operations.len() <= APPEND_OPERATIONS
    }
}

/// A change of a room's row; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomEdit {
    /// The new slug; `Some(None)` takes it away.
    pub slug: Option<Option<String>>,
    /// The new title.
    pub title: Option<String>,
}

/// What became of a wish to bind a client id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindOutcome {
    /// It is this user's, now or since long.
    Bound,
    /// It is another user's.
    TakenBy(UserKey),
}

/// How a session takes part; the numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Mode {
    /// Position edits.
    Text = 1,
    /// Yjs updates.
    Yjs = 2,
}

/// A session's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id; the source of its operations.
    pub id: SessionId,
    /// Its room.
    pub room: RoomKey,
    /// Its user.
    pub user: UserKey,
    /// Its public side.
    pub participant: ParticipantId,
    /// The name that others see.
    pub name: String,
    /// blake3 of the resume token.
    pub token_hash: [u8; 32],
    /// How it takes part.
    pub mode: Mode,
    /// What its offsets count: 1 code points, 2 UTF-16, 3 UTF-8, as in the contract.
    pub unit: u8,
    /// When it began.
    pub created: Micros,
}

/// A user that joins as a guest; stored with its first session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// Its name.
    pub name: String,
}

/// A Yjs client id bound to a user in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Binding {
    /// The file.
    pub file: FileKey,
    /// The file's epoch.
    pub epoch: Epoch,
    /// The client id.
    pub client: ClientId,
    /// Whose it is.
    pub user: UserKey,
    /// The session that announced it first.
    pub session: SessionId,
}
