//! What reaches a room's actor: plain data with a way to answer.

use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::id::{FileId, FileRef, OpId, ParticipantId, Revision, SessionId};
use crate::room::message::{
    CompletionPlace, CompletionText, Door, FileInfo, FileList, NewFile, Open, Request, RoomInfo, TextAt, Upward, Write,
    Written,
};
use crate::room::outbox::{InFlight, Outbox};
use crate::room::writing::Compared;
use crate::store::model;

/// One request to the actor. A room's queue has places for many of them all the time: what is rare is kept outside.
#[derive(Debug)]
pub(super) enum Command {
    /// A stream of a new or old session.
    Attach(Box<Attach>),
    /// A session's message.
    Message {
        /// Whose.
        session: SessionId,
        /// Of which of its streams; an older one's messages are dropped.
        stream: u64,
        /// What.
        message: Upward,
        /// Given back when it is answered.
        permit: InFlight,
    },
    /// A unary call.
    Call(Box<Call>),
    /// The room's row has changed.
    Renamed(RoomInfo),
    /// The room is deleted.
    Deleted,
    /// The server is going down.
    Shutdown,
}

/// A stream that wants in.
#[derive(Debug)]
pub(super) struct Attach {
    /// The session, stored.
    pub(super) session: model::Session,
    /// The secret token as the caller gets it.
    pub(super) token: String,
    /// The number of the stream: unique in this process, rising.
    pub(super) stream: u64,
    /// Where its events go.
    pub(super) outbox: Outbox,
    /// The door.
    pub(super) door: Door,
    /// If it is resumed: what the caller has seen.
    pub(super) resumed: Option<Revision>,
    /// Files to open at once.
    pub(super) open: Vec<Open>,
    /// The highest committed op id of a resumed session that is not in memory; looked up by the room.
    pub(super) committed: Option<OpId>,
    /// Whether it was let in.
    pub(super) reply: oneshot::Sender<Result<ParticipantId>>,
}

/// A unary call on the room.
#[derive(Debug)]
pub(super) struct Call {
    /// What is asked for.
    pub(super) ask: Ask,
    /// The caller's id for it.
    pub(super) request: Option<Request>,
    /// Text that it needed and that was read from the log.
    pub(super) text: Option<TextAt>,
    /// What a whole text changes, once that was found.
    pub(super) compared: Option<Compared>,
    /// Where the answer goes.
    pub(super) reply: oneshot::Sender<Result<Answer>>,
}

/// What a unary call asks for.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Info,
    ListFiles { include_deleted: bool },
    ReadFile { file: FileRef, revision: Option<Revision> },
    CreateFile(NewFile),
    WriteFile(Write),
    RenameFile { file: FileRef, new_path: String },
    DeleteFile { file: FileRef },
    RestoreFile { file: FileId, new_path: Option<String> },
    CompletionText(CompletionPlace),
}

impl Ask {
    /// The field in which it names a revision.
    pub(super) fn revision_field(&self) -> &'static str {
        match self {
            Self::WriteFile(_) => "base_revision",
            _ => "revision",
        }
    }

    /// Whether it changes nothing.
    pub(super) fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::Info | Self::ListFiles { .. } | Self::ReadFile { .. } | Self::CompletionText(_)
        )
    }
}

/// The answer to a unary call. Those that a request id keeps can be written down.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Info(RoomInfo),
    Files(FileList),
    Text(TextAt),
    File(FileInfo),
    Written(Written),
    Completion(CompletionText),
}

/// The answers that are kept with a request id.
#[derive(serde::Serialize, serde::Deserialize)]
enum Kept {
    File(FileInfo),
    Written(Written),
}

impl Answer {
    /// The bytes that are kept with a request id.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let kept = match self {
            Self::File(file) => Kept::File(file.clone()),
            Self::Written(written) => Kept::Written(written.clone()),
            Self::Info(_) | Self::Files(_) | Self::Text(_) | Self::Completion(_) => return Vec::new(),
        };
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    /// The answer that was kept.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match serde_json::from_slice(bytes).ok()? {
            Kept::File(file) => Some(Self::File(file)),
            Kept::Written(written) => Some(Self::Written(written)),
        }
    }
}

impl Command {
    /// Answers a command that no actor will take: the caller asks the registry again.
    pub(super) fn refuse(self, error: &Error) {
        match self {
            Self::Attach(attach) => {
                let _gone = attach.reply.send(Err(error.clone()));
            }
            Self::Call(call) => {
                let _gone = call.reply.send(Err(error.clone()));
            }
            Self::Message { .. } | Self::Renamed(_) | Self::Deleted | Self::Shutdown => {}
        }
    }
}
