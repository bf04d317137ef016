//! Refuses requests under a foreign name.
//!
//! A web page can give a name of its own this machine's address (DNS rebinding); to the browser its calls to us are then
//! same-origin. The name that it calls us by gives it away.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tonic::transport::server::TcpConnectInfo;

use super::names::{Names, authority};
use crate::error::{Error, Reason};
use crate::server::refusal::refuse;

/// Lets requests pass that are addressed to this server.
pub(in crate::server) async fn host(State(names): State<Arc<Names>>, request: Request, next: Next) -> Response {
    let authority = authority(&request);
    let name = authority.as_ref().map(|authority| authority.host());
    if name.is_some_and(|name| names.is_ours(name, local_address(&request))) {
        return next.run(request).await;
    }
    let message = "this server has no such name: call it by localhost or its address, or start it with --host";
    refuse(
        &request,
        &Error::new(Reason::HostRefused, message).with("host", name.unwrap_or_default()),
    )
}

/// The address that the connection came to.
fn local_address(request: &Request) -> Option<IpAddr> {
    let info = request.extensions().get::<TcpConnectInfo>()?;
    Some(info.local_addr()?.ip().to_canonical())
}
