//! gRPC calls straight on HTTP/2. What comes down is cut into messages where it lies; nobody copies or decodes it first.

use std::net::SocketAddr;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::FutureExt;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::HeaderMap;
use tokio::net::TcpStream;

use crate::Result;

/// Before each message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// A connection; its copies share it.
#[derive(Clone)]
pub(crate) struct Connection {
    requests: SendRequest<Bytes>,
    address: SocketAddr,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        // With the windows of HTTP/2 itself, 64 KiB, which most gRPC libraries keep: what does not fit waits in the
        // server.
        let (requests, connection) = h2::client::handshake(stream).await?;
        tokio::task::spawn_local(async move {
            // Whoever uses the connection sees how it ended.
            let _ = connection.await;
        });
        Ok(Self { requests, address })
    }

    /// Begins a call that goes both ways; `headers` are further ones.
    pub(crate) async fn call(&mut self, path: &str, headers: &[(&str, &str)]) -> Result<Call> {
        let mut request = http::Request::post(format!("http://{}{path}", self.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut requests = self.requests.clone().ready().await?;
        let (response, up) = requests.send_request(request.body(())?, false)?;
        Ok(Call {
            up,
            down: Down::Waiting(response),
            rest: BytesMut::new(),
        })
    }
}

/// One call.
pub(crate) struct Call {
    up: SendStream<Bytes>,
    down: Down,
    /// The beginning of a message whose rest has not come.
    rest: BytesMut,
}

enum Down {
    Waiting(ResponseFuture),
    Body(RecvStream),
}

impl Call {
    /// Sends messages, each made by [`frame`].
    pub(crate) fn send(&mut self, frames: Bytes) -> Result<()> {
        // What the window does not let through yet waits in h2; the plans bound how much that is.
        Ok(self.up.send_data(frames, false)?)
    }

    /// Waits until the server has begun to answer.
    pub(crate) async fn begun(&mut self) -> Result<()> {
        if let Down::Waiting(response) = &mut self.down {
            let (head, body) = response.await?.into_parts();
            check(&head.headers)?;
            self.down = Down::Body(body);
        }
        Ok(())
    }

    /// Takes in what has come, whatever it is, without waiting for more: a client that reads nothing for long gives its
    /// connection up.
    pub(crate) fn pass_over(&mut self) -> Result<()> {
        while let Some(read) = self.read(|_| Ok(())).now_or_never() {
            read?;
        }
        Ok(())
    }

    /// Waits for bytes and hands over each message that is whole. It may be dropped while it waits.
    ///
    /// An error if the call has ended.
    pub(crate) async fn read(&mut self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.begun().await?;
        let Down::Body(body) = &mut self.down else {
            return Ok(());
        };
        let Some(chunk) = body.data().await else {
            let trailers = body.trailers().await?.unwrap_or_default();
            check(&trailers)?;
            return Err("the server ended the call".into());
        };
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        if self.rest.is_empty() {
            let used = cut(&chunk, &mut each)?;
            self.rest.extend_from_slice(&chunk[used..]);
        } else {
            self.rest.extend_from_slice(&chunk);
            let used = cut(&self.rest, &mut each)?;
            drop(self.rest.split_to(used));
        }
        Ok(())
    }
}

/// Hands over each whole message; how many bytes they took.
fn cut(bytes: &[u8], each: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<usize> {
    let mut rest = bytes;
    while let Some((prefix, behind)) = rest.split_first_chunk::<PREFIX>() {
        let [_, length @ ..] = *prefix;
        let Some((message, behind)) = behind.split_at_checked(u32::from_be_bytes(length) as usize) else {
            break;
        };
        each(message)?;
        rest = behind;
    }
    Ok(bytes.len() - rest.len())
}

/// Appends one message with its prefix.
pub(crate) fn frame(out: &mut BytesMut, message: &[u8]) {
    out.reserve(PREFIX + message.len());
    out.put_u8(0);
    // No message here comes near 4 GiB.
    out.put_u32(message.len() as u32);
    out.put_slice(message);
}

fn check(headers: &HeaderMap) -> Result<()> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match text("grpc-status") {
        None | Some("0") => Ok(()),
        Some(code) => Err(format!("gRPC status {code}: {}", text("grpc-message").unwrap_or_default()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_out_of_bytes_and_what_is_not_whole_stays() {
        let mut bytes = BytesMut::new();
        frame(&mut bytes, b"one");
        frame(&mut bytes, b"");
        let whole = bytes.len();
        frame(&mut bytes, b"three");
        let mut seen: Vec<Vec<u8>> = Vec::new();
        let mut note = |message: &[u8]| {
            seen.push(message.to_vec());
            Ok(())
        };
        let used = cut(&bytes[..bytes.len() - 1], &mut note).expect("nothing fails here");
        assert_eq!(used, whole);
        assert_eq!(seen, [b"one".to_vec(), Vec::new()]);
    }
}
