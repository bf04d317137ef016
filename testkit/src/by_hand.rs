//! Calls made by hand: any path, headers and bytes, as gRPC over HTTP/2 and as gRPC-Web over HTTP/1.1. For what no client
//! library sends.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::{Code, Status};

/// How long a call may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request's body.
type Outgoing = UnsyncBoxBody<Bytes, Infallible>;

/// A frame's flag that says that trailers follow, not a message.
const TRAILERS: u8 = 0x80;

/// What a call speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// gRPC over HTTP/2.
    Grpc,
    /// gRPC-Web over HTTP/1.1, as browsers speak it on a clear-text port.
    GrpcWeb,
}

impl Dialect {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Grpc, Self::GrpcWeb];
}

/// A call to make.
#[derive(Clone, Debug)]
pub struct ByHand {
    /// What it speaks.
    pub dialect: Dialect,
    /// The name that it calls the server by; none means its address.
    pub host: Option<&'static str>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The method, such as `/tandem.v1.RoomService/GetRoom`.
    pub path: String,
    /// The request's body as it goes over the wire: [`framed`], or anything else.
    pub body: Vec<u8>,
    /// Whether the body never ends.
    pub stalls: bool,
}

impl ByHand {
    /// A call with a whole message and the usual headers.
    pub fn new(dialect: Dialect, path: impl Into<String>, message: &[u8]) -> Self {
        Self {
            dialect,
            host: None,
            headers: Vec::new(),
            path: path.into(),
            body: framed(message),
            stalls: false,
        }
    }

    /// Makes the call on a connection of its own: the answer's messages, and how it ended.
    ///
    /// # Panics
    ///
    /// If the server does not answer, or not in the caller's protocol.
    pub async fn send(self, address: SocketAddr) -> (Vec<Bytes>, Status) {
        let dialect = self.dialect;
        let whole = timeout(PATIENCE, async {
            let stream = TcpStream::connect(address).await.expect("the server accepts");
            let request = self.request(address);
            match dialect {
                Dialect::Grpc => over_http2(stream, request).await,
                Dialect::GrpcWeb => over_http1(stream, request).await,
            }
        });
        whole.await.expect("the call is not answered in time")
    }

    fn request(self, address: SocketAddr) -> http::Request<Outgoing> {
        let host = self.host.map_or_else(|| address.to_string(), str::to_owned);
        let path = self.path;
        let request = match self.dialect {
            Dialect::Grpc => http::Request::post(format!("http://{host}{path}"))
                .header("content-type", "application/grpc")
                .header("te", "trailers"),
            Dialect::GrpcWeb => http::Request::post(path)
                .header("host", host)
                .header("content-type", "application/grpc-web+proto")
                .header("x-grpc-web", "1"),
        };
        let headers = self.headers.into_iter();
        let request = headers.fold(request, |request, (name, value)| request.header(name, value));
        let bytes = Bytes::from(self.body);
        let body = if self.stalls {
            let begun = stream::iter([Ok(Frame::data(bytes))]);
            StreamBody::new(begun.chain(stream::pending())).boxed_unsync()
        } else {
            Full::new(bytes).boxed_unsync()
        };
        request.body(body).expect("the request is well formed")
    }
}

/// A message as it goes over the wire: a flag, its length, its bytes.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a message's length has 32 bits");
    [&[0], &length.to_be_bytes()[..], message].concat()
}

async fn over_http2(stream: TcpStream, request: http::Request<Outgoing>) -> (Vec<Bytes>, Status) {
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut requests, connection) = handshake.expect("the server speaks HTTP/2");
    tokio::spawn(connection);
    read(requests.send_request(request).await.expect("an answer")).await
}

async fn over_http1(stream: TcpStream, request: http::Request<Outgoing>) -> (Vec<Bytes>, Status) {
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut requests, connection) = handshake.expect("the server speaks HTTP/1.1");
    tokio::spawn(connection);
    read(requests.send_request(request).await.expect("an answer")).await
}

/// The answer's messages and its status, wherever that stands: in the headers, in HTTP/2's trailers, or in a last frame.
async fn read(response: http::Response<Incoming>) -> (Vec<Bytes>, Status) {
    let (head, body) = response.into_parts();
    assert_eq!(head.status, http::StatusCode::OK, "{head:?}");
    let body = body.collect().await.expect("the answer is readable");
    let trailers = body.trailers().cloned();
    let (messages, last) = frames(body.to_bytes());
    let places = [Some(head.headers), trailers, last];
    let mut statuses = places.iter().flatten().filter_map(Status::from_header_map);
    let status = statuses.next().expect("an answer ends with a status");
    assert!(statuses.next().is_none(), "an answer has one status");
    (messages, status)
}

fn frames(mut body: Bytes) -> (Vec<Bytes>, Option<HeaderMap>) {
    let mut messages = Vec::new();
    while body.has_remaining() {
        let (flags, length) = (body.get_u8(), body.get_u32() as usize);
        let frame = body.split_to(length);
        if flags & TRAILERS != 0 {
            assert!(body.is_empty(), "something follows the trailers");
            return (messages, Some(trailers(&frame)));
        }
        messages.push(frame);
    }
    (messages, None)
}

fn trailers(frame: &[u8]) -> HeaderMap {
    let lines = std::str::from_utf8(frame).expect("trailers are text").split("\r\n");
    let lines = lines.filter_map(|line| line.split_once(':'));
    let entry = |(name, value): (&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
        (name, HeaderValue::from_str(value.trim()).expect("a header's value"))
    };
    lines.map(entry).collect()
}

/// Whether a status says that all went well.
pub fn is_ok(status: &Status) -> bool {
    status.code() == Code::Ok
}
