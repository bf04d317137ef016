//! One person's hand: what is sent for an edit, and what a message that comes down means. For each kind of client the
//! edits are the same: a stamp of eight characters, typed on and on at a place of the person's own.

use std::collections::VecDeque;

use prost::Message;
use serde::{Deserialize, Serialize};
use tandem::rpc::proto::v1;

use super::messages::{Pen, Seen, read};
use super::session::Session;
use super::typist::{Typist, first_client, inserted};
use crate::Result;

/// How long a stamp is, in bytes.
pub(crate) const STAMP: usize = 8;
/// The first of the 64 characters that stamps are made of.
const FIRST: u8 = b'0';

/// When an edit was sent, in microseconds, as text that can stand in a file.
pub(crate) type Stamp = [u8; STAMP];

/// A time as a stamp.
pub(crate) fn stamp(micros: u64) -> Stamp {
    std::array::from_fn(|at| FIRST + (micros >> (6 * at) & 63) as u8)
}

/// The time of a stamp.
pub(crate) fn time(stamp: &[u8]) -> u64 {
    let digits = stamp.iter().rev();
    digits.fold(0, |time, digit| time << 6 | u64::from(digit.wrapping_sub(FIRST)))
}

/// Which kind of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
pub(crate) enum Clients {
    /// Text clients.
    Text,
    /// Yjs clients.
    Yjs,
}

/// What a message means to the load.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Somebody else's edit, which was sent at this time.
    Delivery(u64),
    /// The oldest edit of one's own that is on its way has arrived.
    Receipt,
    /// Nothing that counts.
    Nothing,
}

/// A person's hand.
pub(crate) enum Hand {
    /// At the floor: opaque bytes, which come back to their sender too.
    Floor {
        /// The person.
        number: u32,
        /// A message; only its beginning changes.
        message: Vec<u8>,
    },
    /// A text client.
    Text(TextHand),
    /// A Yjs client.
    Yjs(YjsHand),
}

/// A text client that knows no more of the text than where its own caret is.
pub(crate) struct TextHand {
    file: String,
    revision: u64,
    caret: u32,
    next_op: u64,
    pen: Pen,
}

/// A Yjs client that holds no document.
pub(crate) struct YjsHand {
    file: String,
    epoch: u32,
    typist: Typist,
    next_op: u64,
    pen: Pen,
}

impl Hand {
    /// One whose messages are as long as what Tandem sends down for such an edit.
    pub(crate) fn floor(number: u32, clients: Clients) -> Self {
        let id = "00000000-0000-0000-0000-000000000000".to_owned();
        let kind = match clients {
            Clients::Text => v1::server_message::Kind::Edited(v1::Edited {
                file_id: id.clone(),
                revision: 1 << 14,
                changes: vec![v1::Change {
                    offset: 1 << 14,
                    delete: 0,
                    insert: "12345678".to_owned(),
                }],
                participant_id: id,
                op_id: 0,
                origin: 1,
            }),
            Clients::Yjs => v1::server_message::Kind::Updated(v1::Updated {
                file_id: id.clone(),
                revision: 1 << 14,
                epoch: 1,
                update: vec![0; 44].into(),
                participant_id: id,
                origin: 1,
            }),
        };
        let message = v1::ServerMessage { kind: Some(kind) };
        let message = v1::CollaborateResponse { message: Some(message) };
        Self::Floor {
            number,
            message: vec![0; message.encoded_len()],
        }
    }

    /// A text client whose caret is at this offset of the text that it opened.
    pub(crate) fn text(session: &Session, caret: u32) -> Self {
        Self::Text(TextHand {
            file: session.file().to_owned(),
            revision: session.opened.revision,
            caret,
            next_op: 1,
            pen: Pen::default(),
        })
    }

    /// A Yjs client that types between two neighbouring characters of the file's first text, under this client id.
    pub(crate) fn yjs(session: &Session, client: u32, place: u32) -> Result<Self> {
        let server = first_client(&session.opened.update).ok_or("the file is empty")?;
        Ok(Self::Yjs(YjsHand {
            file: session.file().to_owned(),
            epoch: session.opened.epoch,
            typist: Typist::new(client, (server, place), (server, place + 1)),
            next_op: 1,
            pen: Pen::default(),
        }))
    }

    /// The message that sends an edit.
    pub(crate) fn write(&mut self, stamp: &Stamp) -> &[u8] {
        match self {
            Self::Floor { number, message } => {
                message[..4].copy_from_slice(&number.to_be_bytes());
                message[4..4 + STAMP].copy_from_slice(stamp);
                message
            }
            Self::Text(hand) => {
                let op_id = hand.next_op;
                hand.next_op += 1;
                hand.pen.edit(op_id, &hand.file, hand.revision, (hand.caret, 0, stamp))
            }
            Self::Yjs(hand) => {
                let op_id = hand.next_op;
                hand.next_op += 1;
                let update = hand.typist.insert(stamp);
                hand.pen.update(op_id, &hand.file, hand.epoch, &update)
            }
        }
    }

    /// What a message means.
    pub(crate) fn read(&mut self, message: &[u8]) -> Result<News> {
        if let Self::Floor { number, .. } = self {
            let (author, rest) = message.split_first_chunk::<4>().ok_or("a short message")?;
            let stamp = rest.get(..STAMP).ok_or("a short message")?;
            return Ok(if u32::from_be_bytes(*author) == *number {
                News::Receipt
            } else {
                News::Delivery(time(stamp))
            });
        }
        match (read(message)?, self) {
            (Seen::Committed, _) => Ok(News::Receipt),
            (Seen::Refused, _) => Err("an edit was refused".into()),
            (
                Seen::Edited {
                    revision,
                    op_id,
                    offset,
                    delete,
                    insert,
                },
                Self::Text(hand),
            ) => {
                hand.revision = revision;
                let inserted = insert.len() as u32;
                if op_id != 0 {
                    hand.caret = offset + inserted;
                    return Ok(News::Nothing);
                }
                if offset < hand.caret {
                    hand.caret = hand.caret - delete.min(hand.caret - offset) + inserted;
                }
                Ok(News::Delivery(time(insert)))
            }
            (Seen::Updated(update), Self::Yjs(_)) => {
                Ok(inserted(update, STAMP).map_or(News::Nothing, |stamp| News::Delivery(time(stamp))))
            }
            _ => Ok(News::Nothing),
        }
    }
}

/// Times of edits on their way, oldest first.
pub(crate) type OnTheirWay = VecDeque<u64>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_keeps_its_time_and_is_plain_text() {
        for micros in [0, 1, 63, 64, 123_456_789_012] {
            let stamp = stamp(micros);
            assert_eq!(time(&stamp), micros);
            assert!(stamp.iter().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
