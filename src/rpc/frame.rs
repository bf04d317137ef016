//! Bytes of a session's downward stream, passed on as the hub encoded them.

use bytes::{Buf, BufMut};
use prost::DecodeError;
use prost::encoding::{DecodeContext, WireType, skip_field};

use crate::room::message;

/// One downward message, encoded: the bytes of a `CollaborateResponse`, which are those of a `SubscribeResponse` too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame(pub message::Frame);

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
