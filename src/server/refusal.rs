//! How the server itself refuses a request, in the words of whoever asks.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use metrics::counter;

use crate::error::{Code, Error};
use crate::rpc::status::to_status;
use crate::telemetry::metric;

/// What a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Grpc,
    GrpcWeb,
    GrpcWebText,
    Http,
}

impl Dialect {
    /// By the content type.
    pub(super) fn of<B>(request: &http::Request<B>) -> Self {
        let value = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        match value.split([';', '+']).next().unwrap_or_default().trim() {
            "application/grpc" => Self::Grpc,
            "application/grpc-web" => Self::GrpcWeb,
            "application/grpc-web-text" => Self::GrpcWebText,
            _ => Self::Http,
        }
    }
}

/// Refuses a request before it reached a service; counted by reason.
pub(super) fn refuse(request: &Request, error: &Error) -> Response {
    counter!(metric::REFUSED, "reason" => error.reason().name()).increment(1);
    respond(Dialect::of(request), error)
}

/// The error with the method that was called.
pub(super) fn with_method(error: Error, path: &str) -> Error {
    // A path that is not worth reading is not worth repeating.
    error.with("method", path.chars().take(200).collect::<String>())
}

/// The error as an answer. Of gRPC it is the form without a body, whose status stands in the headers.
pub(super) fn respond(dialect: Dialect, error: &Error) -> Response {
    let content_type = match dialect {
        Dialect::Grpc => "application/grpc",
        Dialect::GrpcWeb => "application/grpc-web+proto",
        Dialect::GrpcWebText => "application/grpc-web-text+proto",
        Dialect::Http => return (http_status(error.reason().code()), format!("{error}\n")).into_response(),
    };
    let mut response: Response<Body> = to_status(error).into_http();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The nearest thing that HTTP has.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
