//! The plain pages, for people, load balancers and metrics.

use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use super::refusal::{self, Dialect};
use super::state::State;
use crate::error::{Error, Reason};

/// The process is alive.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// New work is welcome, or not and why.
pub(super) async fn ready(Shared(state): Shared<Arc<State>>) -> Response {
    match state.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    }
}

/// The metrics in Prometheus' text format.
pub(super) async fn metrics(Shared(state): Shared<Arc<State>>) -> Response {
    let mut response = state.metrics().into_response();
    let format = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, format);
    response
}

/// Answers what no route takes.
pub(super) async fn nothing_here(request: Request) -> Response {
    match Dialect::of(&request) {
        Dialect::Http => (StatusCode::NOT_FOUND, "there is nothing here; see /\n").into_response(),
        dialect => refusal::respond(dialect, &unknown_method(request.uri().path())),
    }
}

/// A call of a service or method that is not ours.
fn unknown_method(path: &str) -> Error {
    let message = "there is no such service: list the services by server reflection";
    refusal::with_method(Error::new(Reason::MethodUnknown, message), path)
}
