//! The floor: a bare tonic server that passes opaque bytes on to everybody in a room, with one broadcast channel a room.
//! It has no documents and no storage: what it costs, every gRPC server costs.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Ready;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tandem::limits::{CALL_WINDOW_BYTES, CONNECTION_WINDOW_BYTES, MESSAGE_OUT_BYTES};
use tandem_testkit::client::AsBytes;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService, StreamingService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use crate::Result;

/// Messages that one slow reader may lag behind before it misses some, unless the room's first asks for others.
pub(crate) const ROOM_SLOTS: usize = 1_024;
/// The most that may be asked for.
const MOST_SLOTS: usize = 1 << 16;
/// The header that asks for so many.
pub(crate) const SLOTS: &str = "slots";
/// The header that names the room.
pub(crate) const ROOM: &str = "room";
/// The header that asks for so many bytes to be sent at once.
pub(crate) const BYTES: &str = "bytes";
/// The path of the one call.
pub(crate) const PATH: &str = "/floor.Floor/Broadcast";

/// Serves until it is killed; its first line tells where.
pub(crate) fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into())?.with_nodelay(Some(true));
        println!("{}", incoming.local_addr()?);
        // The same windows as the product's.
        Server::builder()
            .initial_stream_window_size(CALL_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .add_service(Floor::default())
            .serve_with_incoming(incoming)
            .await?;
        Ok(())
    })
}

/// The service.
#[derive(Clone, Default)]
struct Floor {
    rooms: Arc<Mutex<HashMap<String, broadcast::Sender<Bytes>>>>,
    /// The longest text that was asked for; all get parts of it.
    text: Arc<Mutex<Bytes>>,
}

impl NamedService for Floor {
    const NAME: &'static str = "floor.Floor";
}

impl Service<http::Request<Body>> for Floor {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let header = request.headers().get(ROOM).and_then(|name| name.to_str().ok());
        let slots = request.headers().get(SLOTS).and_then(|slots| slots.to_str().ok());
        let slots = slots.and_then(|slots| slots.parse().ok()).unwrap_or(ROOM_SLOTS);
        let room = self.room(header.unwrap_or_default(), slots.clamp(1, MOST_SLOTS));
        let bytes = request.headers().get(BYTES).and_then(|bytes| bytes.to_str().ok());
        let text = self.text(bytes.and_then(|bytes| bytes.parse().ok()).unwrap_or(0));
        Box::pin(async move { Ok(Grpc::new(AsBytes).streaming(InRoom { room, text }, request).await) })
    }
}

impl Floor {
    fn room(&self, name: &str, slots: usize) -> broadcast::Sender<Bytes> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms
            .entry(name.to_owned())
            .or_insert_with(|| broadcast::channel(slots).0)
            .clone()
    }

    /// So many bytes, the same for all.
    fn text(&self, length: usize) -> Bytes {
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        if text.len() < length {
            *text = vec![b'x'; length].into();
        }
        text.slice(..length)
    }
}

/// One call: a text if one was asked for; then what comes up goes to everybody in the room, its sender included.
struct InRoom {
    room: broadcast::Sender<Bytes>,
    text: Bytes,
}

impl StreamingService<Bytes> for InRoom {
    type Response = Bytes;
    type ResponseStream = BoxStream<'static, Result<Bytes, Status>>;
    type Future = Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        let (room, mut up) = (self.room.clone(), request.into_inner());
        let mut text = self.text.clone();
        let parts = std::iter::from_fn(move || {
            let part = text.split_to(MESSAGE_OUT_BYTES.min(text.len()));
            (!part.is_empty()).then_some(Ok(part))
        });
        let down = BroadcastStream::new(room.subscribe());
        tokio::spawn(async move {
            while let Ok(Some(message)) = up.message().await {
                // Without receivers there is nobody to tell.
                let _ = room.send(message);
            }
        });
        let lagged = |_| Status::resource_exhausted("the reader lagged behind");
        let down = down.map(move |item| item.map_err(lagged));
        std::future::ready(Ok(Response::new(futures_util::stream::iter(parts).chain(down).boxed())))
    }
}
