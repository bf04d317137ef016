//! Tells browsers which pages of other origins may call and what they may read.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::names::Names;
use crate::limits;

/// Headers that gRPC-Web's clients send. By name: a star would leave Authorization out.
const SENT: [HeaderName; 5] = [
    AUTHORIZATION,
    CONTENT_TYPE,
    HeaderName::from_static("grpc-timeout"),
    HeaderName::from_static("x-grpc-web"),
    HeaderName::from_static("x-user-agent"),
];

/// Headers that carry a status without a body.
const READ: [HeaderName; 3] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
];

/// The layer for the configured origins; our own pages need none.
pub(in crate::server) fn cors(names: &Arc<Names>) -> CorsLayer {
    let names = Arc::clone(names);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin: &HeaderValue, _| {
            names.may_call(origin)
        }))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(SENT)
        .expose_headers(READ)
        .max_age(limits::PREFLIGHT_AGE)
}
