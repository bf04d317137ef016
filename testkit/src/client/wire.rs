//! One stream of one session, over either door.

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use prost::Message;
use tandem::limits::PUBLISH_MESSAGES;
use tandem::rpc::proto::v1::{self, ClientMessage, ServerMessage, client_message, server_message};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::Client;

/// Which door a session comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// One stream both ways, as native clients use it.
    Collaborate,
    /// A stream down and calls up, as browsers use it.
    Subscribe,
}

impl Door {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Collaborate, Self::Subscribe];
}

/// One stream of one session.
pub struct Wire {
    client: Client,
    up: Up,
    down: BoxStream<'static, Result<Option<ServerMessage>, Status>>,
    /// The parts of a message that is not whole yet.
    parts: Vec<u8>,
}

enum Up {
    Stream(Option<mpsc::Sender<v1::CollaborateRequest>>),
    /// With the token from joined.
    Publish(String),
}

impl Wire {
    /// Opens a stream. Over Collaborate a refused join shows as the first message.
    ///
    /// # Errors
    ///
    /// Those of Collaborate and Subscribe.
    pub async fn open(client: &Client, door: Door, join: v1::Join) -> Result<Self, Status> {
        let (up, down) = match door {
            Door::Collaborate => {
                let (sender, receiver) = mpsc::channel(64);
                let first = request(client_message::Kind::Join(join));
                // The queue is new and its reader is held, so there is room.
                let _ = sender.try_send(first);
                let requests = ReceiverStream::new(receiver);
                let responses = client.collaboration().collaborate(requests).await?.into_inner();
                let down = responses.map(|item| item.map(|response| response.message)).boxed();
                (Up::Stream(Some(sender)), down)
            }
            Door::Subscribe => {
                let request = v1::SubscribeRequest { join: Some(join) };
                let responses = client.collaboration().subscribe(request).await?.into_inner();
                let down = responses.map(|item| item.map(|response| response.message)).boxed();
                (Up::Publish(String::new()), down)
            }
        };
        Ok(Self {
            client: client.clone(),
            up,
            down,
            parts: Vec::new(),
        })
    }

    /// The next whole message; `None` at the stream's end.
    ///
    /// # Errors
    ///
    /// What the stream ended with; INTERNAL if the server sent what is no message.
    pub async fn next(&mut self) -> Result<Option<server_message::Kind>, Status> {
        while let Some(message) = self.down.next().await {
            let kind = match message?.and_then(|message| message.kind) {
                Some(server_message::Kind::Fragment(fragment)) => {
                    self.parts.extend_from_slice(&fragment.data);
                    if !fragment.last {
                        continue;
                    }
                    let whole = std::mem::take(&mut self.parts);
                    let whole = ServerMessage::decode(whole.as_slice());
                    whole.map_err(|error| Status::internal(error.to_string()))?.kind
                }
                _ if !self.parts.is_empty() => {
                    return Err(Status::internal("a message came between the parts of another"));
                }
                kind => kind,
            };
            let kind = kind.ok_or_else(|| Status::internal("the server sent an empty message"))?;
            if let (server_message::Kind::Joined(joined), Up::Publish(token)) = (&kind, &mut self.up) {
                token.clone_from(&joined.resume_token);
            }
            return Ok(Some(kind));
        }
        Ok(None)
    }

    /// Sends one message.
    ///
    /// # Errors
    ///
    /// Those of Publish; UNAVAILABLE if the stream is gone.
    pub async fn send(&mut self, kind: client_message::Kind) -> Result<(), Status> {
        self.send_all(vec![kind]).await
    }

    /// Sends messages in order: over Subscribe in as few calls as the server allows, one after the other.
    ///
    /// # Errors
    ///
    /// Those of [`Self::send`].
    pub async fn send_all(&mut self, kinds: Vec<client_message::Kind>) -> Result<(), Status> {
        match &mut self.up {
            Up::Stream(sender) => {
                let gone = || Status::unavailable("the stream's upward side is closed");
                let sender = sender.as_ref().ok_or_else(gone)?;
                for kind in kinds {
                    sender.send(request(kind)).await.map_err(|_| gone())?;
                }
            }
            Up::Publish(token) => {
                let messages = kinds.into_iter().map(|kind| ClientMessage { kind: Some(kind) });
                let messages: Vec<_> = messages.collect();
                for part in messages.chunks(PUBLISH_MESSAGES) {
                    let request = v1::PublishRequest {
                        resume_token: token.clone(),
                        messages: part.to_vec(),
                    };
                    self.client.collaboration().publish(request).await?;
                }
            }
        }
        Ok(())
    }

    /// Sends a message of Collaborate as it is, an empty one too.
    ///
    /// # Errors
    ///
    /// UNAVAILABLE if the stream is gone, or of the other door.
    pub async fn send_raw(&mut self, request: v1::CollaborateRequest) -> Result<(), Status> {
        let sender = match &self.up {
            Up::Stream(sender) => sender.as_ref(),
            Up::Publish(_) => None,
        };
        let sender = sender.ok_or_else(|| Status::unavailable("this stream has no upward side"))?;
        let sent = sender.send(request).await;
        sent.map_err(|_| Status::unavailable("the stream's upward side is closed"))
    }

    /// Ends the upward side of Collaborate, as a client does that has said all it has to say.
    pub fn close_upward(&mut self) {
        if let Up::Stream(sender) = &mut self.up {
            *sender = None;
        }
    }
}

fn request(kind: client_message::Kind) -> v1::CollaborateRequest {
    v1::CollaborateRequest {
        message: Some(ClientMessage { kind: Some(kind) }),
    }
}
