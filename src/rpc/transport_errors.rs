//! Errors that the transport makes before any code of ours runs: too large, not the message, no such method.

use http::Response;
use tonic::{Code, Status};

use super::status::{from_stream_error, to_status};

/// Gives an answer that is nothing but a status of the transport's own the reason that every error of ours has.
pub(super) fn explain<B>(mut response: Response<B>) -> Response<B> {
    // A status in the headers ends a call without an answer; ours have details already.
    let Some(status) = Status::from_header_map(response.headers()) else {
        return response;
    };
    let by_transport = matches!(
        status.code(),
        Code::OutOfRange | Code::ResourceExhausted | Code::Internal | Code::Unimplemented
    );
    if !by_transport || !status.details().is_empty() {
        return response;
    }
    let explained = to_status(&from_stream_error(&status));
    // The headers are ASCII of our own making, so this does not fail; if it did, the bare status would stand.
    let _ = explained.add_header(response.headers_mut());
    response
}
