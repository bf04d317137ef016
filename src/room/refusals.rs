//! Refusals that several handlers give.

use crate::error::{Error, Reason};
use crate::id::{OpId, Revision};
use crate::limits;

/// The base is older than the history that can be carried over.
pub(super) fn too_old(head: Revision, oldest: Revision) -> Error {
    Error::new(
        Reason::BaseTooOld,
        format!("the base is too old to carry the change over: read the file at {head} and change that text"),
    )
    .field("base_revision")
    .with("head", head)
    .with("oldest", oldest)
}

/// The operation's place in the order is past.
pub(super) fn not_accepted(op_id: OpId) -> Error {
    Error::new(
        Reason::NotAccepted,
        "this operation was never committed and later ones are: keep its text as a draft",
    )
    .with("op_id", op_id)
}

/// An update is larger than it may be.
pub(super) fn too_large(limit: usize) -> Error {
    Error::new(
        Reason::EditTooLarge,
        format!("an update has at most {limit} bytes: send it in smaller ones"),
    )
    .with("limit", limit)
}

/// The history would be longer than is read back.
pub(super) fn history_too_long(head: Revision, oldest: Revision) -> Error {
    too_old(head, oldest).with("limit", limits::REBASE_OPERATIONS)
}

/// No living session has the token.
pub(super) fn session_unknown() -> Error {
    Error::new(
        Reason::SessionUnknown,
        "no living session has this resume token: join anew, and keep unsaved text as a draft",
    )
    .field("resume_token")
}
