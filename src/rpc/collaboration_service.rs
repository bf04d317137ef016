//! `CollaborationService`: the two doors into a room.

use tonic::{Request, Response, Status, Streaming};

use super::convert::names::{invalid, missing};
use super::convert::upward::{self, message_empty};
use super::downward::Downward;
use super::op_order::OpOrder;
use super::proto::server::collaboration_service_server::CollaborationService;
use super::proto::v1::{self, client_message::Kind};
use super::room_service::answer;
use super::upstream;
use crate::error::Result;
use crate::limits::PUBLISH_MESSAGES;
use crate::room::Rooms;
use crate::room::message::Door;

/// Sessions over gRPC.
pub(super) struct CollaborationApi {
    rooms: Rooms,
}

impl CollaborationApi {
    pub(super) fn new(rooms: Rooms) -> Self {
        Self { rooms }
    }

    async fn begin(&self, message: v1::SubscribeRequest) -> Result<Downward> {
        let join = message.join.ok_or_else(|| missing("join"))?;
        let session = self.rooms.join(upward::join(join, Door::Subscribe, "join.")?).await;
        Ok(Downward::one_way(session.map_err(|error| error.inside("join."))?))
    }

    async fn take_in(&self, message: v1::PublishRequest) -> Result<v1::PublishResponse> {
        if message.resume_token.is_empty() {
            return Err(missing("resume_token"));
        }
        if message.messages.len() > PUBLISH_MESSAGES {
            let why = format!("a Publish takes {PUBLISH_MESSAGES} messages: send them in several, one after the other");
            return Err(invalid("messages", why).with("limit", PUBLISH_MESSAGES));
        }
        let mut order = OpOrder::default();
        let mut messages = Vec::with_capacity(message.messages.len());
        for (index, message) in message.messages.into_iter().enumerate() {
            let kind = message
                .kind
                .ok_or_else(|| message_empty(format!("messages[{index}]")))?;
            let name = upward::name(&kind);
            let within = |error| upward::within(error, &format!("messages[{index}]"), name);
            let ordered = match &kind {
                Kind::Edit(edit) => order.take(edit.op_id, false),
                Kind::Update(update) => order.take(update.op_id, update.more),
                _ => Ok(false),
            };
            ordered.map_err(within)?;
            messages.push(upward::upward(kind).map_err(within)?);
        }
        self.rooms.publish(&message.resume_token, messages).await?;
        Ok(v1::PublishResponse {})
    }
}

#[tonic::async_trait]
impl CollaborationService for CollaborationApi {
    type CollaborateStream = Downward;
    type SubscribeStream = Downward;

    /// Answers at once, so that a client that waits for the headers before it sends its join is not kept waiting.
    async fn collaborate(
        &self,
        request: Request<Streaming<v1::CollaborateRequest>>,
    ) -> Result<Response<Downward>, Status> {
        let joining = upstream::join(self.rooms.clone(), request.into_inner());
        Ok(Response::new(Downward::two_way(joining)))
    }

    async fn subscribe(&self, request: Request<v1::SubscribeRequest>) -> Result<Response<Downward>, Status> {
        answer(self.begin(request.into_inner()).await)
    }

    async fn publish(&self, request: Request<v1::PublishRequest>) -> Result<Response<v1::PublishResponse>, Status> {
        answer(self.take_in(request.into_inner()).await)
    }
}
