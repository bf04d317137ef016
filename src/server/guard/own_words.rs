//! Gives a reason to the errors that the gRPC library makes itself.
//!
//! They come without an ErrorInfo, and an oversize message is OUT_OF_RANGE there but RESOURCE_EXHAUSTED everywhere else.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use tonic::{Code, Status};

use crate::error::{Error, Reason};
use crate::server::refusal::{self, Dialect};

/// Replaces an answer that is nothing but a status of the library's. It stands inside gRPC-Web, so it sees gRPC alone.
pub(in crate::server) async fn own_words(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = Status::from_header_map(response.headers());
    match status
        .as_ref()
        .filter(|status| status.details().is_empty())
        .and_then(reworded)
    {
        Some(error) => refusal::respond(Dialect::Grpc, &error),
        None => response,
    }
}

/// What the library means, in the contract's words.
fn reworded(status: &Status) -> Option<Error> {
    let message = status.message();
    match status.code() {
        Code::Unimplemented if message.is_empty() => Some(Error::new(
            Reason::MethodUnknown,
            "the service has no such method: list its methods by server reflection",
        )),
        Code::OutOfRange if message.contains("message length too large") => Some(Error::new(
            Reason::MessageTooLarge,
            "the message is larger than the server reads: send less at once",
        )),
        Code::Internal if message.contains("decode Protobuf") => Some(
            Error::new(
                Reason::FieldInvalid,
                "the bytes are not the message of this method: see its proto file",
            )
            .field("message"),
        ),
        _ => None,
    }
}
