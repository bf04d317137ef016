//! Calls made by hand: any path, headers and bytes, as gRPC over HTTP/2 and as gRPC-Web over HTTP/1.1. For what no client
//! library sends.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
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
        let whole = timeout(PATIENCE, async {
            let mut line = Line::open(address, self.dialect).await;
            let mut answer = line.begin(self).await.expect("an answer");
            let mut messages = Vec::new();
            loop {
                match answer.next().await.expect("the answer is readable") {
                    Told::Message(message) => messages.push(message),
                    Told::End(status) => return (messages, status),
                }
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

/// A connection that is kept for one call after the other.
pub struct Line {
    address: SocketAddr,
    requests: Requests,
}

enum Requests {
    Http2(http2::SendRequest<Outgoing>),
    Http1(http1::SendRequest<Outgoing>),
}

impl Line {
    /// Connects.
    ///
    /// # Panics
    ///
    /// If the server does not accept, or not in the caller's protocol.
    pub async fn open(address: SocketAddr, dialect: Dialect) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
        stream.set_nodelay(true).expect("a socket");
        let io = TokioIo::new(stream);
        let requests = match dialect {
            Dialect::Grpc => {
                let handshake = http2::handshake(TokioExecutor::new(), io).await;
                let (requests, connection) = handshake.expect("the server speaks HTTP/2");
                tokio::spawn(connection);
                Requests::Http2(requests)
            }
            Dialect::GrpcWeb => {
                let handshake = http1::handshake(io).await;
                let (requests, connection) = handshake.expect("the server speaks HTTP/1.1");
                tokio::spawn(connection);
                Requests::Http1(requests)
            }
        };
        Self { address, requests }
    }

    /// Sends a call, of the connection's own dialect, and waits until its answer begins.
    ///
    /// # Errors
    ///
    /// If the connection has ended.
    ///
    /// # Panics
    ///
    /// If the answer is none of gRPC's.
    pub async fn begin(&mut self, call: ByHand) -> hyper::Result<Answer> {
        let request = call.request(self.address);
        let response = match &mut self.requests {
            Requests::Http2(requests) => {
                requests.ready().await?;
                requests.send_request(request).await?
            }
            Requests::Http1(requests) => {
                requests.ready().await?;
                requests.send_request(request).await?
            }
        };
        let (head, body) = response.into_parts();
        assert_eq!(head.status, http::StatusCode::OK, "{head:?}");
        Ok(Answer {
            head: head.headers,
            body,
            buffer: BytesMut::new(),
            trailers: None,
        })
    }
}

/// What a call's answer brings.
#[derive(Clone, Debug)]
pub enum Told {
    /// A message.
    Message(Bytes),
    /// The end.
    End(Status),
}

/// An answer that is being read.
pub struct Answer {
    head: HeaderMap,
    body: Incoming,
    buffer: BytesMut,
    /// HTTP/2's own, or those of a last frame.
    trailers: Option<HeaderMap>,
}

impl Answer {
    /// The next message, or the status, wherever that stands: in the headers, in HTTP/2's trailers, or in a last frame.
    ///
    /// # Errors
    ///
    /// If the connection ends first.
    ///
    /// # Panics
    ///
    /// If what comes is no answer of gRPC's.
    pub async fn next(&mut self) -> hyper::Result<Told> {
        loop {
            if let Some((flags, frame)) = self.frame() {
                if flags & TRAILERS == 0 {
                    return Ok(Told::Message(frame));
                }
                assert!(self.buffer.is_empty(), "something follows the trailers");
                self.trailers = Some(trailers(&frame));
                continue;
            }
            let Some(frame) = self.body.frame().await.transpose()? else {
                return Ok(Told::End(self.status()));
            };
            match frame.into_data() {
                Ok(data) => {
                    assert!(self.trailers.is_none(), "something follows the trailers");
                    self.buffer.extend_from_slice(&data);
                }
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            }
        }
    }

    /// A whole frame, once it is there.
    fn frame(&mut self) -> Option<(u8, Bytes)> {
        let (head, rest) = self.buffer.split_first_chunk::<5>()?;
        let [flags, length @ ..] = *head;
        let length = u32::from_be_bytes(length) as usize;
        if rest.len() < length {
            return None;
        }
        self.buffer.advance(5);
        Some((flags, self.buffer.split_to(length).freeze()))
    }

    fn status(&self) -> Status {
        assert!(self.buffer.is_empty(), "the answer ends inside a frame");
        let places = [Some(&self.head), self.trailers.as_ref()];
        let mut statuses = places.into_iter().flatten().filter_map(Status::from_header_map);
        let status = statuses.next().expect("an answer ends with a status");
        assert!(statuses.next().is_none(), "an answer has one status");
        status
    }
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
