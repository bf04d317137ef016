//! One connection: find out what it speaks, serve it, end it in order.

mod lingering;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use metrics::gauge;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tonic::transport::server::{Connected, TcpConnectInfo};
use tower::ServiceExt;

use crate::limits;
use crate::telemetry::metric;

/// How HTTP/2 with prior knowledge begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How often a connection is looked at whose first bytes come one by one.
const DRIBBLE: Duration = Duration::from_millis(20);

/// A connection's bytes. TLS will be a second variant: its handshake belongs into [`Io::accept`], under the same limit.
pub(super) enum Io {
    /// Clear text.
    Plain(TcpStream),
}

impl Io {
    /// Waits until the peer has said what it speaks; `None` if it does not in time, hangs up, or the server leaves.
    pub(super) async fn accept(stream: TcpStream, stop: &CancellationToken) -> Option<Self> {
        // Edits are small and answers are waited for: nothing is gained by collecting them.
        let _ = stream.set_nodelay(true);
        let first = timeout(limits::FIRST_BYTES, first_bytes(&stream));
        match stop.run_until_cancelled(first).await {
            Some(Ok(Ok(()))) => Some(Self::Plain(stream)),
            Some(Ok(Err(error))) => {
                tracing::debug!(%error, "a connection ended before it began");
                None
            }
            Some(Err(_)) => {
                tracing::debug!("a connection said nothing");
                None
            }
            None => None,
        }
    }
}

/// Waits until the protocol can be told from what has come, without taking it.
///
/// hyper tells HTTP/1 from HTTP/2 without a limit of time: half a preface would hold the connection for ever.
async fn first_bytes(stream: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 24];
    loop {
        let length = stream.peek(&mut buffer).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let begun = buffer.get(..length).unwrap_or_default();
        if length == PREFACE.len() || !PREFACE.starts_with(begun) {
            return Ok(());
        }
        sleep(DRIBBLE).await;
    }
}

/// Serves what a connection turns out to speak.
pub(super) type Protocols = Builder<TokioExecutor>;

/// What every connection's copy of the router shares.
pub(super) fn prepare(router: Router) -> Router {
    // Without it axum completes the router anew for every connection.
    router.with_state(())
}

/// Serves requests until the peer hangs up, or until those that run at `stop` are done.
pub(super) async fn serve(io: Io, router: Router, protocols: Arc<Protocols>, stop: CancellationToken) {
    let Io::Plain(stream) = io;
    let info = stream.connect_info();
    let service = router.map_request(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert::<TcpConnectInfo>(info.clone());
        request
    });
    let open = gauge!(metric::CONNECTIONS);
    open.increment(1.0);
    // Boxed, so that the task has its place once, and not again for each call that it went through.
    let service = TowerToHyperService::new(service);
    let (stream, returned) = lingering::lend(stream);
    let mut connection = Box::pin(protocols.serve_connection_with_upgrades(TokioIo::new(stream), service));
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    open.decrement(1.0);
    if let Err(error) = result {
        tracing::debug!(error, "a connection ended");
    }
    drop(connection);
    if let Ok(stream) = returned.await {
        lingering::close(stream).await;
    }
}

/// The protocols' settings, the same for all connections. Both need a timer of their own, or their limits of time do nothing.
pub(super) fn protocols() -> Protocols {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEADERS)
        .max_buf_size(limits::HEADER_BYTES as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::CALLS_PER_CONNECTION)
        .initial_stream_window_size(limits::CALL_WINDOW_BYTES)
        .initial_connection_window_size(limits::CONNECTION_WINDOW_BYTES)
        .max_header_list_size(limits::HEADER_BYTES)
        .keep_alive_interval(limits::PING_AFTER)
        .keep_alive_timeout(limits::PING_ANSWER);
    builder
}
