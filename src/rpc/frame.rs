//! Bytes of a session's downward stream, passed on as the hub encoded them.

use bytes::{Buf, BufMut};
use prost::DecodeError;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::proto::v1::{CollaborateResponse, server_message};
use super::status;
use crate::room::message;

/// One downward message, encoded: the bytes of a `CollaborateResponse`, which are those of a `SubscribeResponse` too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame(pub message::Frame);

/// The field of `ServerMessage` that holds a goodbye.
const GOODBYE: u32 = 11;

impl Frame {
    /// The error that the stream ends with, if this is a goodbye.
    pub fn goodbye(&self) -> Option<tonic::Status> {
        let mut bytes = self.0.head.clone().chain(self.0.body.clone());
        decode_key(&mut bytes).ok()?;
        decode_varint(&mut bytes).ok()?;
        let (kind, _) = decode_key(&mut bytes).ok()?;
        if kind != GOODBYE {
            return None;
        }
        let whole = self.0.head.clone().chain(self.0.body.clone());
        let response: CollaborateResponse = prost::Message::decode(whole).ok()?;
        match response.message?.kind? {
            server_message::Kind::Goodbye(goodbye) => Some(status::from_rpc_status(&goodbye.error?)),
            _ => None,
        }
    }
}

impl prost::Message for Frame {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.0.head);
        buf.put_slice(&self.0.body);
    }

    /// A server never reads a frame; the field is passed over.
    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        skip_field(wire_type, tag, buf, ctx)
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0 = message::Frame::default();
    }
}
