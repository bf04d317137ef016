//! Sessions whose messages are mutated: over one stream both ways, and over a stream down and calls up.

use bytes::Bytes;
use prost::Message;
use rand::Rng;
use tandem::rpc::proto::v1::client_message::Kind as Up;
use tandem::rpc::proto::v1::server_message::Kind as Down;
use tandem::rpc::proto::v1::{self, ReceiptState};
use tandem_testkit::by_hand::{Answer, ByHand, Dialect, Line, Told, framed, is_ok};
use tandem_testkit::client;
use tandem_testkit::mutate;
use tandem_testkit::requests::Method;
use tokio::time::timeout;

use super::mallory::{Mallory, Tally, reason};

/// Messages of one stream.
const MESSAGES: u64 = 24;
/// Publishes of one stream.
const PUBLISHES: u64 = 8;
/// Messages of one Publish.
const TOGETHER: u64 = 3;

impl Mallory {
    /// Streams of mutated messages, one session after the other or the same again.
    pub(super) async fn collaborates(mut self, count: u64) -> Tally {
        const KIND: &str = "Collaborate, session";
        let (mut sent, mut op_id) = (0, 0);
        while sent < count {
            let mut body = framed(&collaborate(Up::Join(self.join(&mut op_id))));
            for _ in 0..MESSAGES {
                let message = self.mutated(&mut op_id, collaborate, |bytes| {
                    v1::CollaborateRequest::decode(bytes).is_ok_and(|request| is_kind(request.message))
                });
                body.extend_from_slice(&framed(&message));
            }
            // It ends as it should, or by force.
            let last = match self.random.random_range(0..3) {
                0 => collaborate(Up::Leave(v1::Leave {})),
                1 => Vec::new(),
                _ => mutate::TEXTS[5].into(),
            };
            body.extend_from_slice(&framed(&last));
            sent += MESSAGES + 2;
            self.tally.sent(KIND, MESSAGES + 2);
            let mut call = ByHand::new(Dialect::Grpc, Method::Collaborate.path(), &[]);
            call.body = body;
            let mut answer = self.line().await.begin(call).await.expect("an answer");
            self.hear(KIND, &mut answer, &mut op_id).await;
        }
        self.tally
    }

    /// Mutated Publishes beside a stream down.
    pub(super) async fn publishes(mut self, count: u64) -> Tally {
        const KIND: &str = "Publish, session";
        let (mut sent, mut op_id) = (0, 0);
        while sent < count {
            let join = v1::SubscribeRequest {
                join: Some(self.join(&mut op_id)),
            }
            .encode_to_vec();
            let call = ByHand::new(Dialect::GrpcWeb, Method::Subscribe.path(), &join);
            let mut answer = self.line().await.begin(call).await.expect("an answer");
            if !self.is_joined(KIND, &mut answer).await {
                continue;
            }
            for _ in 0..PUBLISHES {
                let message = self.publish(&mut op_id);
                sent += TOGETHER;
                self.tally.sent(KIND, TOGETHER);
                let call = ByHand::new(Dialect::GrpcWeb, Method::Publish.path(), &message);
                let status = self.answer(call, usize::MAX).await.expect("a Publish ends");
                self.tally.answer(KIND, &format!("Publish {}", reason(&status)));
            }
            let leave = v1::PublishRequest {
                resume_token: self.theirs.token.clone(),
                messages: vec![v1::ClientMessage {
                    kind: Some(Up::Leave(v1::Leave {})),
                }],
            };
            let call = ByHand::new(Dialect::GrpcWeb, Method::Publish.path(), &leave.encode_to_vec());
            let status = self.answer(call, usize::MAX).await.expect("a Publish ends");
            // It may have left already.
            assert!(
                is_ok(&status) || ["NOT_JOINED", "SESSION_UNKNOWN"].contains(&reason(&status).as_str()),
                "{status:?}"
            );
            self.hear(KIND, &mut answer, &mut op_id).await;
        }
        self.tally
    }

    /// A connection for a stream alone.
    async fn line(&self) -> Line {
        Line::open(self.address, self.dialect).await
    }

    /// The session of before, if there is one.
    fn join(&mut self, op_id: &mut u64) -> v1::Join {
        if self.theirs.token.is_empty() {
            *op_id = 0;
        }
        v1::Join {
            room: self.theirs.room.clone(),
            name: "Mallory".to_owned(),
            mode: self.random.random_range(1..3),
            position_unit: self.random.random_range(1..4),
            resume_token: self.theirs.token.clone(),
            ..Default::default()
        }
    }

    fn publish(&mut self, op_id: &mut u64) -> Vec<u8> {
        let is_message = |bytes: &[u8]| v1::ClientMessage::decode(bytes).is_ok_and(|message| is_kind(Some(message)));
        let as_message = |kind| v1::ClientMessage { kind: Some(kind) }.encode_to_vec();
        let messages = (0..TOGETHER).map(|_| self.mutated(op_id, as_message, is_message));
        let messages = messages.map(|bytes| v1::ClientMessage::decode(bytes.as_slice()).expect("looked at"));
        let request = v1::PublishRequest {
            messages: messages.collect(),
            resume_token: self.theirs.token.clone(),
        };
        let whole = request.encode_to_vec();
        match self.random.random_range(0..6) {
            0 => mutate::message(&mut self.random, &whole),
            _ => whole,
        }
    }

    /// A message that is still one, so that those behind it are read too.
    fn mutated(&mut self, op_id: &mut u64, encode: impl Fn(Up) -> Vec<u8>, is_one: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let kind = loop {
            match self.theirs.message(&mut self.random).kind {
                Some(Up::Join(_) | Up::Leave(_)) | None => {}
                Some(kind) => break kind,
            }
        };
        *op_id += 1;
        let whole = encode(match kind {
            Up::Edit(edit) => Up::Edit(v1::Edit { op_id: *op_id, ..edit }),
            Up::Update(update) => Up::Update(v1::Update {
                op_id: *op_id,
                ..update
            }),
            other => other,
        });
        for _ in 0..4 {
            let damaged = mutate::message(&mut self.random, &whole);
            if is_one(&damaged) {
                return damaged;
            }
        }
        whole
    }

    async fn is_joined(&mut self, kind: &str, answer: &mut Answer) -> bool {
        match timeout(client::WAIT, answer.next()).await.expect("an answer in time") {
            Ok(Told::Message(message)) => {
                let _ = self.told(kind, &message);
                true
            }
            Ok(Told::End(status)) => {
                self.refused_join(kind, &reason(&status));
                false
            }
            Err(error) => panic!("the stream was cut: {error}"),
        }
    }

    /// Reads to the end, and counts receipts and refusals.
    async fn hear(&mut self, kind: &str, answer: &mut Answer, op_id: &mut u64) {
        loop {
            let told = timeout(client::WAIT, answer.next())
                .await
                .expect("the stream does not end");
            match told.expect("the stream is readable") {
                Told::Message(message) => *op_id = (*op_id).max(self.told(kind, &message)),
                Told::End(status) => {
                    let reason = reason(&status);
                    if is_ok(&status) {
                        // It has left.
                        self.theirs.token.clear();
                    }
                    return self.refused_join(kind, &reason);
                }
            }
        }
    }

    fn refused_join(&mut self, kind: &str, reason: &str) {
        self.tally.answer(kind, &format!("stream {reason}"));
        if ["SESSION_UNKNOWN", "ROOM_FULL", "BASE_IN_FUTURE"].contains(&reason) {
            self.theirs.token.clear();
        }
    }

    /// Notes what a message tells; the highest op_id that the session has used, as far as it says.
    fn told(&mut self, kind: &str, message: &Bytes) -> u64 {
        let response = v1::CollaborateResponse::decode(message.clone()).expect("a message");
        match response.message.and_then(|message| message.kind) {
            Some(Down::Joined(joined)) => {
                self.theirs.token = joined.resume_token;
                self.theirs.head = joined.head_revision;
                return joined.committed_op_id;
            }
            Some(Down::Receipt(receipt)) => {
                let refused = receipt.state() == ReceiptState::Refused;
                let why = receipt.error.as_ref().map(client::reason_of);
                assert_eq!(refused, why.is_some(), "{receipt:?}");
                let why = why.as_deref().unwrap_or("committed");
                assert!(!["", "INTERNAL"].contains(&why), "{receipt:?}");
                self.tally.answer(kind, &format!("receipt {why}"));
            }
            Some(Down::Refused(refused)) => {
                let why = client::reason_of(&refused.error.expect("an error"));
                assert!(!["", "INTERNAL"].contains(&why.as_str()), "{why}");
                self.tally.answer(kind, &format!("refused {why}"));
            }
            _ => {}
        }
        0
    }
}

fn collaborate(kind: Up) -> Vec<u8> {
    v1::CollaborateRequest {
        message: Some(v1::ClientMessage { kind: Some(kind) }),
    }
    .encode_to_vec()
}

/// Whether a message is of a kind that may follow a join.
fn is_kind(message: Option<v1::ClientMessage>) -> bool {
    let kind = message.and_then(|message| message.kind);
    kind.is_some_and(|kind| !matches!(kind, Up::Join(_) | Up::Leave(_)))
}
