//! What can go wrong in the store, as its callers see it.

use std::path::PathBuf;

use crate::error::{Error, Reason};
use crate::id::Revision;
use crate::limits::RETRY_DELAY;
use crate::store::model::Answered;

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database's address is not one that can be used.
    #[error("the database url can't be used: {0}; give postgres://user@host/name or sqlite://path")]
    Url(String),
    /// Another process has the SQLite file.
    #[error(
        "another process uses the database file {0}; stop it, or give this one another data directory or a PostgreSQL url"
    )]
    InUse(PathBuf),
    /// The data directory or its files can't be made or opened.
    #[error("can't use {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The database refused, or the schema could not be brought up to date.
    #[error("can't {doing}: {why}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        why: String,
    },
}

/// Why an append has no success to tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The database has, or wants, something else than this copy of the room says: the copy must be discarded.
    #[error("this copy of the room is not the truth: {0}")]
    NotTheTruth(String),
    /// The writer failed with them in its hands: whether the operations are in the log, only the log can tell, and this
    /// copy of the room must be discarded.
    #[error("the log's writer failed with operations of this copy of the room in its hands")]
    Unknown,
    /// The store was closed first. Whether the operations are in the log, only the log can tell.
    #[error("the store is closed")]
    Closed,
}

/// Why operations could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// Those up to this revision can't be read: what the database has there is not what was written.
    #[error("the log up to revision {0} can't be read")]
    Damaged(Revision),
    /// Something that a caller gets to see as it is, mostly UNAVAILABLE.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Why a write of a room's row was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Another living room has the slug.
    #[error("another room has this slug")]
    SlugTaken,
    /// There is no such living room.
    #[error("there is no such room")]
    NoRoom,
    /// The request id has an answer already; nothing was written. The caller compares the digests.
    #[error("the request id has an answer already")]
    Answered(Answered),
    /// Something that a caller gets to see as it is, mostly UNAVAILABLE.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::SlugTaken => {
                Error::new(Reason::RoomExists, "another room has this slug: choose another").field("slug")
            }
            WriteError::NoRoom => Error::new(Reason::RoomNotFound, "there is no such room: create it first"),
            WriteError::Answered(_) => Error::new(
                Reason::RequestIdReused,
                "this request_id was used for another request: choose a new one",
            )
            .field("request_id"),
            WriteError::Failed(error) => error,
        }
    }
}

/// The error of passing trouble with the database.
pub(super) fn unavailable() -> Error {
    Error::new(
        Reason::StoreUnavailable,
        "the database does not answer at the moment: try again",
    )
    .retry_after(RETRY_DELAY)
}

/// The error of a store that is going away with its process.
pub(super) fn shutting_down() -> Error {
    Error::new(Reason::ShuttingDown, "the server is shutting down: connect again").retry_after(RETRY_DELAY)
}

/// The error of what should never happen; the log has the details.
pub(super) fn internal() -> Error {
    Error::new(
        Reason::Internal,
        "the database refused what the server wrote: this is a defect, please report it",
    )
}
