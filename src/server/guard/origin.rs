//! Refuses calls from pages that are neither ours nor configured.
//!
//! CORS alone keeps a page from reading an answer, not from causing what the call does.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::ORIGIN;
use http::{HeaderValue, Uri};

use super::names::{Names, authority};
use crate::error::{Error, Reason};
use crate::server::refusal::refuse;

/// Lets requests pass that come from no page, from our own, or from a configured one.
pub(in crate::server) async fn origin(State(names): State<Arc<Names>>, request: Request, next: Next) -> Response {
    let foreign = request.headers().get_all(ORIGIN).iter().find(|origin| {
        let ours = same(origin, &request) || names.may_call(origin);
        !ours
    });
    let Some(foreign) = foreign else {
        return next.run(request).await;
    };
    let message = "pages of this origin may not call this server: start it with --origin to allow them";
    let origin = String::from_utf8_lossy(foreign.as_bytes())
        .chars()
        .take(200)
        .collect::<String>();
    refuse(
        &request,
        &Error::new(Reason::OriginRefused, message).with("origin", origin),
    )
}

/// Whether the page came from where its call goes to.
fn same(origin: &HeaderValue, request: &Request) -> bool {
    let page = Uri::try_from(origin.as_bytes()).ok();
    let page = page.as_ref().and_then(Uri::authority);
    page.is_some() && page == authority(request).as_ref()
}
