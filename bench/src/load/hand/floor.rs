//! Hands at the floor: opaque bytes, as long as what Tandem sends down for such an edit. They come back to their sender
//! too, which is what the floor has for a receipt.

use prost::Message;
use tandem::rpc::proto::v1::{self, server_message::Kind};

use super::{Clients, News, Typing};
use crate::Result;
use crate::load::stamp::{STAMP, Stamp, time};

/// What a Yjs update of one block has around its text.
const AROUND: usize = 36;

/// One person's.
pub(crate) struct FloorHand {
    number: [u8; 4],
    /// Only its beginning changes.
    message: Vec<u8>,
}

impl FloorHand {
    /// One whose edits are like this; `number` is the person's in its room.
    pub(crate) fn new(number: u32, clients: Clients, typing: Typing) -> Self {
        let inserts = typing.length();
        let id = "00000000-0000-0000-0000-000000000000".to_owned();
        let kind = match clients {
            Clients::Text => Kind::Edited(v1::Edited {
                file_id: id.clone(),
                revision: 1 << 14,
                changes: vec![v1::Change {
                    offset: 1 << 14,
                    delete: 0,
                    insert: "x".repeat(inserts),
                }],
                participant_id: id,
                op_id: 0,
                origin: 1,
            }),
            Clients::Yjs => Kind::Updated(v1::Updated {
                file_id: id.clone(),
                revision: 1 << 14,
                epoch: 1,
                update: vec![0; AROUND + inserts].into(),
                participant_id: id,
                origin: 1,
            }),
        };
        let message = v1::ServerMessage { kind: Some(kind) };
        let message = v1::CollaborateResponse { message: Some(message) };
        Self {
            number: number.to_be_bytes(),
            message: vec![0; message.encoded_len()],
        }
    }

    pub(super) fn write(&mut self, stamp: &Stamp) -> &[u8] {
        let (number, rest) = self.message.split_at_mut(4);
        number.copy_from_slice(&self.number);
        rest[..STAMP].copy_from_slice(stamp);
        &self.message
    }

    pub(super) fn read(&self, message: &[u8]) -> Result<News> {
        let (number, rest) = message.split_first_chunk().ok_or("a short message")?;
        let stamp = rest.get(..STAMP).ok_or("a short message")?;
        Ok(if *number == self.number {
            News::Receipt
        } else {
            News::Delivery(time(stamp))
        })
    }
}
