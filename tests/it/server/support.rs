//! A server on a free port, and the plainest clients there are.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tandem::config::Config;
use tandem::server::{Backend, RunningServer, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// How long anything may take before the test fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A backend that says what it is told to.
pub(super) struct Switch(pub(super) AtomicBool);

#[async_trait::async_trait]
impl Backend for Switch {
    async fn ready(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    async fn shutdown(&self) {}
}

/// A server with health, and with a call that never answers and one that panics.
pub(super) struct TestServer {
    pub(super) running: RunningServer,
    pub(super) backend: Arc<Switch>,
    pub(super) address: SocketAddr,
    /// Notified when the call that never answers has begun.
    pub(super) called: Arc<Notify>,
}

impl TestServer {
    pub(super) async fn start() -> Self {
        Self::with(Config::default()).await
    }

    pub(super) async fn with(config: Config) -> Self {
        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..config
        };
        let called = Arc::new(Notify::new());
        let routes = Router::new()
            .route("/test.Service/Never", post(never))
            .route("/test.Service/Panics", post(panics))
            .with_state(Arc::clone(&called));
        let backend = Arc::new(Switch(AtomicBool::new(true)));
        let running = Server::start(&config, Routes::from(routes), &["test.Service"], backend.clone())
            .await
            .expect("loopback has a free port");
        let address = running.address();
        Self {
            running,
            backend,
            address,
            called,
        }
    }

    /// A gRPC channel that calls the server by its address.
    pub(super) async fn channel(&self) -> Channel {
        endpoint(self.address).connect().await.expect("the server accepts")
    }

    /// Sends bytes on a new connection and returns all that comes until the server closes it.
    pub(super) async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("the server accepts");
        stream.write_all(bytes.as_ref()).await.expect("the server reads");
        let mut answer = Vec::new();
        let read = timeout(PATIENCE, stream.read_to_end(&mut answer))
            .await
            .expect("the server closes in time");
        read.expect("the answer is readable");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// GETs a page over HTTP/1.1.
    pub(super) async fn get(&self, path: &str) -> String {
        self.raw(format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        ))
        .await
    }

    /// Calls Health.Check by gRPC-Web over HTTP/1.1, with further header lines.
    pub(super) async fn grpc_web(&self, host: &str, headers: &str) -> String {
        let head = format!(
            "POST /grpc.health.v1.Health/Check HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Type: application/grpc-web+proto\r\nContent-Length: 5\r\n{headers}\r\n"
        );
        self.raw([head.as_bytes(), &[0; 5]].concat()).await
    }
}

async fn never(State(called): State<Arc<Notify>>) {
    called.notify_one();
    std::future::pending().await
}

async fn panics() {
    panic!("as the test wants it");
}

pub(super) fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::from_shared(format!("http://{address}"))
        .expect("an address makes a URI")
        .timeout(PATIENCE)
}

/// An HTTP/2 connection without a gRPC library, which would enforce deadlines itself.
pub(super) struct Http2(http2::SendRequest<Full<Bytes>>, SocketAddr);

impl Http2 {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (requests, connection) = handshake.expect("the server speaks HTTP/2");
        tokio::spawn(connection);
        Self(requests, address)
    }

    /// POSTs an empty gRPC message with a content type and one more header.
    pub(super) async fn post(
        &mut self,
        path: &str,
        content_type: &str,
        header: (&str, &str),
    ) -> http::Response<Incoming> {
        let request = http::Request::post(format!("http://{}{path}", self.1))
            .header("content-type", content_type)
            .header(header.0, header.1)
            .body(Full::new(Bytes::from_static(&[0; 5])))
            .expect("the request is well formed");
        self.send(request).await
    }

    /// Asks for a page, by GET or HEAD, with further headers.
    pub(super) async fn page(
        &mut self,
        method: http::Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> http::Response<Incoming> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.1));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::default()).expect("the request is well formed");
        self.send(request).await
    }

    async fn send(&mut self, request: http::Request<Full<Bytes>>) -> http::Response<Incoming> {
        let answer = timeout(PATIENCE, self.0.send_request(request)).await;
        answer.expect("an answer in time").expect("an answer")
    }
}

/// The status in an answer's headers.
pub(super) fn status_of<B>(response: &http::Response<B>) -> Status {
    Status::from_header_map(response.headers()).expect("the status stands in the headers")
}

/// Checks a refusal: its code, exactly one ErrorInfo of ours with this reason, and words.
pub(super) fn assert_refused(status: &Status, code: Code, reason: &str) {
    assert_eq!(status.code(), code, "{status:?}");
    let info = status.get_details_error_info().expect("an ErrorInfo");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "tandem.v1"));
    assert!(!status.message().is_empty());
}
