//! Which request goes where, and through which guards.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tonic::service::Routes;
use tonic_web::GrpcWebLayer;

use super::state::State;
use super::{guard, pages, site};
use crate::config::Config;

/// The whole service of one port.
pub(super) fn router(routes: Routes, config: &Config, state: Arc<State>) -> Router {
    // The layer that speaks gRPC-Web answers 400 to plain HTTP/1.1, so it stands before the gRPC routes alone.
    let calls = routes
        .into_axum_router()
        .reset_fallback()
        .layer(from_fn(guard::own_words))
        .layer(GrpcWebLayer::new());
    let pages = Router::new()
        .route("/", get(site::page))
        .route("/r/{room}", get(site::page))
        .route("/assets/{*path}", get(site::asset))
        .route("/healthz", get(pages::alive))
        .route("/readyz", get(pages::ready))
        .route("/metrics", get(pages::metrics))
        .with_state(state);
    let names = Arc::new(guard::Names::new(config));
    // A request passes these from the last to the first.
    calls
        .merge(pages)
        .fallback(pages::nothing_here)
        .layer(from_fn(guard::deadline))
        .layer(from_fn(guard::panics))
        .layer(guard::cors(&names))
        .layer(from_fn_with_state(Arc::clone(&names), guard::origin))
        .layer(from_fn_with_state(names, guard::host))
}
