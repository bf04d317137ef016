//! Refusals that several handlers give.

use crate::error::{Error, Reason};
use crate::id::{OpId, Revision};
use crate::limits;

/// An edit or write names no base.
pub(super) fn base_missing(head: Revision) -> Error {
    let message =
        format!("no base is named: say in base_revision which revision's text the change is of; the head is {head}");
    Error::new(Reason::BaseMissing, message)
        .field("base_revision")
        .with("head", head)
}

/// The revision is above the head; the caller names the field.
pub(super) fn in_future(revision: Revision, head: Revision) -> Error {
    let message = format!("there is no revision {revision} yet: name one up to the head, which is {head}");
    Error::new(Reason::BaseInFuture, message).with("head", head)
}

/// The revision is from before the file was created; the caller names the field.
pub(super) fn before_its_file(created: Revision, head: Revision) -> Error {
    let message =
        format!("the file was created at revision {created}: name that or a later one, up to the head {head}");
    Error::new(Reason::BaseTooOld, message)
        .with("head", head)
        .with("oldest", created)
}

/// The revision is older than the history that can be carried over; the caller names the field.
pub(super) fn too_old(head: Revision, oldest: Revision) -> Error {
    Error::new(
        Reason::BaseTooOld,
        format!(
            "the revision is too old to carry anything over from there: read the file at {head} and start from that"
        ),
    )
    .with("head", head)
    .with("oldest", oldest)
    .with("limit", limits::REBASE_OPERATIONS)
}

/// The last part of an update never came.
pub(super) fn unfinished() -> Error {
    Error::new(
        Reason::UpdateMalformed,
        "the update's last part never came: send all parts of one before the next, the last without more",
    )
    .field("more")
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

/// No living session has the token.
pub(super) fn session_unknown() -> Error {
    Error::new(
        Reason::SessionUnknown,
        "no living session has this resume token: join anew, and keep unsaved text as a draft",
    )
    .field("resume_token")
}

/// The room is there no more.
pub(super) fn deleted() -> Error {
    Error::new(Reason::RoomDeleted, "the room was deleted: do not come back")
}
