//! Answers INTERNAL where a handler panicked; the panic hook has counted and logged it.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;

use crate::error::{Error, Reason};
use crate::server::refusal::{self, Dialect};

/// Keeps one request's defect from taking the connection's other requests with it.
pub(in crate::server) async fn panics(request: Request, next: Next) -> Response {
    let dialect = Dialect::of(&request);
    // Nothing of the request is looked at after a panic.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            let message = "a defect of the server: try again, or tell the operator, whose log has the details";
            refusal::respond(dialect, &Error::new(Reason::Internal, message))
        }
    }
}
