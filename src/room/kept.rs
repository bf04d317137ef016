//! Answers that are kept with a request id, so that a retry gets the first one.

use crate::error::{Error, Reason, Result};
use crate::id::RequestId;
use crate::room::message::Request;
use crate::store::model::Answered;

/// An answer to keep with its request id.
pub(super) fn kept_answer<T: serde::Serialize>(request: Option<Request>, answer: &T) -> Option<Answered> {
    request.map(|request| Answered {
        request: request.id,
        digest: request.digest,
        answer: serde_json::to_vec(answer).unwrap_or_default(),
    })
}

/// The answer that a request id has got, if it was for the same request.
pub(super) fn same_request(kept: Answered, request: Option<Request>) -> Result<Vec<u8>> {
    if request.is_some_and(|request| request.digest == kept.digest) {
        return Ok(kept.answer);
    }
    Err(reused(kept.request))
}

/// The answer that was kept.
pub(super) fn read_answer<T: serde::de::DeserializeOwned>(kept: &[u8]) -> Result<T> {
    serde_json::from_slice(kept).map_err(|error| {
        tracing::error!(%error, "a kept answer cannot be read");
        Error::new(Reason::Internal, "the kept answer cannot be read: tell the operator")
    })
}

/// The request id has an answer already, to another request.
pub(super) fn reused(id: RequestId) -> Error {
    Error::new(
        Reason::RequestIdReused,
        "this request_id was used for another request: choose a new one",
    )
    .field("request_id")
    .with("request_id", id)
}
