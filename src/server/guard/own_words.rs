//! Gives a reason to the errors that the gRPC library makes itself, of whichever service on this port: a message that is
//! too large, bytes that are none, a method that is not there.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use tonic::Status;

use super::hear_out::lend;
use crate::error::Reason;
use crate::rpc::status::of_transport;
use crate::server::refusal::{self, Dialect};

/// Replaces an answer that is nothing but a status of the library's. It stands inside gRPC-Web, so it sees gRPC alone.
pub(in crate::server) async fn own_words(request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let (request, lent) = lend(request);
    let response = next.run(request).await;
    // Only a call without any answer has its status in the headers.
    let status = Status::from_header_map(response.headers());
    let Some(error) = status.as_ref().and_then(of_transport) else {
        return response;
    };
    if let Some(lent) = lent {
        lent.hear_out().await;
    }
    match error.reason() {
        Reason::MethodUnknown => refusal::respond(Dialect::Grpc, &refusal::with_method(error, uri.path())),
        _ => refusal::respond(Dialect::Grpc, &error),
    }
}
