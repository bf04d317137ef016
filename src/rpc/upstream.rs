//! The upward half of Collaborate.

use smallvec::SmallVec;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::Streaming;

use super::convert::upward::{self, message_empty};
use super::encode::{plain, refused_receipt};
use super::frame::Frame;
use super::op_order::OpOrder;
use super::proto::v1::{self, client_message, refused, server_message};
use super::status::{of_transport, to_rpc_status, undecodable};
use crate::error::{Error, Reason, Result};
use crate::id::OpId;
use crate::limits::JOIN_WAIT;
use crate::room::message::Door;
use crate::room::{Rooms, Session, SessionSender};

/// What the upward half itself has to tell the client: refusals, or the error that ends the stream.
pub(super) type Side = mpsc::Sender<Result<Vec<Frame>>>;

/// A session and the rest of the messages that come up to it.
pub(super) type Joined = (Session, Streaming<v1::CollaborateRequest>);

/// Reads the join and carries it out.
pub(super) async fn join(rooms: Rooms, mut inbound: Streaming<v1::CollaborateRequest>) -> Result<Joined> {
    let first = tokio::select! {
        first = timeout(JOIN_WAIT, next(&mut inbound)) => first.map_err(|_| not_joined())??,
        error = rooms.closed() => return Err(error),
    };
    let Some(client_message::Kind::Join(join)) = first else {
        return Err(not_joined());
    };
    let join = upward::join(join, Door::Collaborate, "message.join.")?;
    let session = rooms.join(join).await;
    Ok((session.map_err(|error| error.inside("message.join."))?, inbound))
}

/// Passes messages on until the client closes its side or breaks the protocol. It waits while the session has too much
/// on its way, and so does the client then.
pub(super) async fn pump(mut inbound: Streaming<v1::CollaborateRequest>, sender: SessionSender, side: Side) {
    let mut order = OpOrder::default();
    let error = loop {
        let kind = match next(&mut inbound).await {
            Ok(Some(kind)) => kind,
            Ok(None) => return,
            Err(error) => break error,
        };
        match pass_on(kind, &mut order, &sender).await {
            Ok(None) => {}
            Ok(Some(refusal)) => {
                if side.send(Ok(refusal)).await.is_err() {
                    return;
                }
            }
            Err(error) => break error,
        }
    };
    // If the stream is gone, nobody is left to tell.
    let _ = side.send(Err(error)).await;
}

/// The next message's kind; `None` at the end.
async fn next(inbound: &mut Streaming<v1::CollaborateRequest>) -> Result<Option<client_message::Kind>> {
    let request = inbound.message().await;
    let request = request.map_err(|status| of_transport(&status).unwrap_or_else(undecodable))?;
    let Some(request) = request else {
        return Ok(None);
    };
    let kind = request.message.and_then(|message| message.kind);
    kind.map(Some).ok_or_else(|| message_empty("message"))
}

/// Passes one message on. One that makes no sense in itself is refused alone, by the frames returned.
async fn pass_on(
    kind: client_message::Kind,
    order: &mut OpOrder,
    sender: &SessionSender,
) -> Result<Option<Vec<Frame>>> {
    let request = Request::of(&kind);
    let name = upward::name(&kind);
    let within = |error| upward::within(error, "message", name);
    let continues = match (&kind, &request) {
        (client_message::Kind::Join(_), _) => return Err(within(upward::already_joined())),
        (client_message::Kind::Update(update), _) => order.take(update.op_id, update.more),
        (_, Request::Operation { op_id, .. }) => order.take(*op_id, false),
        _ => Ok(false),
    };
    let continues = continues.map_err(within)?;
    match upward::upward(kind) {
        Ok(message) => sender.send(message).await.map(|()| None),
        // The room has the earlier parts of this operation and answers for it; two receipts would be one too many.
        Err(error) if continues => Err(within(error)),
        // It tells which message it is about: its field is one of that.
        Err(error) => Ok(Some(request.refuse(error))),
    }
}

/// A file's id as it came. One is kept of each message in case it is refused: an id that is one fits in here.
type Name = SmallVec<[u8; 36]>;

/// What a refusal has to name.
enum Request {
    Operation { op_id: u64, file_id: Name },
    Other(refused::Request),
    Leave,
}

impl Request {
    fn of(kind: &client_message::Kind) -> Self {
        use client_message::Kind;
        match kind {
            Kind::Edit(edit) => Self::Operation {
                op_id: edit.op_id,
                file_id: match &edit.file {
                    Some(v1::edit::File::FileId(id)) => Name::from_slice(id.as_bytes()),
                    _ => Name::new(),
                },
            },
            Kind::Update(update) => Self::Operation {
                op_id: update.op_id,
                file_id: match &update.file {
                    Some(v1::update::File::FileId(id)) => Name::from_slice(id.as_bytes()),
                    _ => Name::new(),
                },
            },
            Kind::Open(open) => Self::Other(refused::Request::Open(open.clone())),
            Kind::Close(close) => Self::Other(refused::Request::Close(close.clone())),
            Kind::Presence(presence) => Self::Other(refused::Request::Presence(presence.clone())),
            Kind::Join(_) | Kind::Leave(_) => Self::Leave,
        }
    }

    fn refuse(self, error: Error) -> Vec<Frame> {
        let kind = match self {
            Self::Operation { op_id, file_id } => {
                let file_id = String::from_utf8_lossy(&file_id).into_owned();
                server_message::Kind::Receipt(refused_receipt(OpId(op_id), &error, file_id))
            }
            Self::Other(request) => server_message::Kind::Refused(v1::Refused {
                request: Some(request),
                error: Some(to_rpc_status(&error)),
            }),
            Self::Leave => return Vec::new(),
        };
        plain(kind).into_iter().map(Frame).collect()
    }
}

fn not_joined() -> Error {
    Error::new(Reason::NotJoined, "a stream begins with join: send it first")
}
