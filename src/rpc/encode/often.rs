//! The three events that make up nearly all of a busy room's traffic, written field by field: the same bytes as by way of
//! the generated types, without a string for each id and a copy of each text. A test compares the two.

use prost::bytes::{BufMut, BytesMut};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};
use smallvec::SmallVec;
use uuid::Uuid;

use super::{delimited_len, put_delimiter};
use crate::document::Unit;
use crate::room::message::{Event, Outcome};
use crate::rpc::proto::v1::ReceiptState;

/// How long an id is as text.
const ID_LEN: usize = 36;

/// The fields' numbers in `Edited`, `Updated`, `Receipt`, `Change` and their place in `ServerMessage`.
mod number {
    pub(super) const EDITED: u32 = 3;
    pub(super) const UPDATED: u32 = 4;
    pub(super) const RECEIPT: u32 = 5;
}

/// One field with its number; a value that is the type's default is left out, as everywhere in proto3.
#[derive(Clone, Copy)]
enum Field<'a> {
    Number(u32, u64),
    Bytes(u32, &'a [u8]),
    Id(u32, Option<Uuid>),
    Change(u32, (u32, u32, &'a str)),
}

/// A message of [`Field`]s, and its own number in `ServerMessage`.
pub(super) struct Often<'a> {
    number: u32,
    fields: SmallVec<[Field<'a>; 8]>,
    len: usize,
}

impl<'a> Often<'a> {
    /// An event, if it is one of these.
    pub(super) fn of(event: &'a Event, unit: Unit) -> Option<Self> {
        let mut fields = SmallVec::new();
        let number = match event {
            Event::Edited {
                file,
                revision,
                delta,
                participant,
                op_id,
                origin,
            } => {
                fields.extend([Field::Id(1, Some(file.0)), Field::Number(2, revision.0)]);
                fields.extend(delta.places(unit).map(|change| Field::Change(3, change)));
                fields.extend([
                    Field::Id(4, participant.map(|id| id.0)),
                    Field::Number(5, op_id.unwrap_or_default().0),
                    Field::Number(6, *origin as u64),
                ]);
                number::EDITED
            }
            Event::Updated {
                file,
                revision,
                epoch,
                update,
                participant,
                origin,
            } => {
                fields.extend([
                    Field::Id(1, Some(file.0)),
                    Field::Number(2, revision.0),
                    Field::Number(3, epoch.0.into()),
                    Field::Bytes(4, update),
                    Field::Id(5, participant.map(|id| id.0)),
                    Field::Number(6, *origin as u64),
                ]);
                number::UPDATED
            }
            Event::Receipt {
                op_id,
                outcome: Outcome::Committed(revision),
                file,
            } => {
                fields.extend([
                    Field::Number(1, op_id.0),
                    Field::Number(2, ReceiptState::Committed as u64),
                    Field::Number(3, revision.0),
                    Field::Id(5, file.map(|id| id.0)),
                ]);
                number::RECEIPT
            }
            _ => return None,
        };
        let len = fields.iter().map(Field::len).sum();
        Some(Self { number, fields, len })
    }

    /// How many bytes the `ServerMessage` has.
    pub(super) fn encoded_len(&self) -> usize {
        delimited_len(self.number, self.len)
    }

    /// Writes the `ServerMessage`.
    pub(super) fn encode(&self, buffer: &mut BytesMut) {
        put_delimiter(self.number, self.len, buffer);
        for field in &self.fields {
            field.put(buffer);
        }
    }
}

impl Field<'_> {
    fn len(&self) -> usize {
        match *self {
            Self::Number(_, 0) | Self::Id(_, None) => 0,
            Self::Number(field, value) => key_len(field) + encoded_len_varint(value),
            Self::Bytes(_, []) => 0,
            Self::Bytes(field, bytes) => delimited_len(field, bytes.len()),
            Self::Id(field, Some(_)) => delimited_len(field, ID_LEN),
            Self::Change(field, change) => delimited_len(field, change_len(change)),
        }
    }

    fn put(&self, buffer: &mut BytesMut) {
        match *self {
            Self::Number(_, 0) | Self::Id(_, None) | Self::Bytes(_, []) => {}
            Self::Number(field, value) => {
                encode_key(field, WireType::Varint, buffer);
                encode_varint(value, buffer);
            }
            Self::Bytes(field, bytes) => {
                put_delimiter(field, bytes.len(), buffer);
                buffer.put_slice(bytes);
            }
            Self::Id(field, Some(id)) => {
                put_delimiter(field, ID_LEN, buffer);
                buffer.put_slice(id.hyphenated().encode_lower(&mut [0; ID_LEN]).as_bytes());
            }
            Self::Change(field, change) => {
                put_delimiter(field, change_len(change), buffer);
                for field in change_fields(change) {
                    field.put(buffer);
                }
            }
        }
    }
}

/// `offset`, `delete` and `insert` of a `Change`.
fn change_fields((offset, delete, insert): (u32, u32, &str)) -> [Field<'_>; 3] {
    [
        Field::Number(1, offset.into()),
        Field::Number(2, delete.into()),
        Field::Bytes(3, insert.as_bytes()),
    ]
}

fn change_len(change: (u32, u32, &str)) -> usize {
    change_fields(change).iter().map(Field::len).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use prost::Message;
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};

    use super::super::kind;
    use super::*;
    use crate::document::{DeltaBuilder, Len};
    use crate::id::{Epoch, FileId, OpId, ParticipantId, Revision};
    use crate::rpc::proto::v1::ServerMessage;
    use crate::store::model::Origin;

    /// Small numbers, great ones, and the default.
    fn number(random: &mut SmallRng) -> u64 {
        random.random::<u64>() >> random.random_range(0..=64_u32).min(63)
    }

    fn random_event(random: &mut SmallRng) -> Event {
        let texts = ["", "x", "\u{1f980}", "two\nlines", "e\u{301}"];
        let text =
            |random: &mut SmallRng| texts[random.random_range(0..texts.len())].repeat(random.random_range(0..90));
        let file = FileId::new();
        let participant = random.random_bool(0.8).then(ParticipantId::new);
        let revision = Revision(number(random));
        match random.random_range(0..3) {
            0 => {
                let mut delta = DeltaBuilder::new(Len::of(&"x".repeat(1_000)));
                for _ in 0..random.random_range(0..12) {
                    delta.retain(Len::of(&"x".repeat(random.random_range(0..60))));
                    delta.delete(Len::of(&"x".repeat(random.random_range(0..20))));
                    delta.insert(&text(random));
                }
                Event::Edited {
                    file,
                    revision,
                    delta: Arc::new(delta.finish()),
                    participant,
                    op_id: random.random_bool(0.5).then(|| OpId(number(random))),
                    origin: Origin::Pasted,
                }
            }
            1 => Event::Updated {
                file,
                revision,
                epoch: Epoch(number(random) as u32),
                update: Bytes::from(text(random)),
                participant,
                origin: Origin::Unspecified,
            },
            _ => Event::Receipt {
                op_id: OpId(number(random)),
                outcome: Outcome::Committed(revision),
                file: random.random_bool(0.8).then_some(file),
            },
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_generated_types() {
        for seed in 0..3_000 {
            let mut random = SmallRng::seed_from_u64(seed);
            let event = random_event(&mut random);
            for unit in [Unit::CodePoint, Unit::Utf16, Unit::Utf8] {
                let often = Often::of(&event, unit).expect("one of these");
                let mut buffer = BytesMut::new();
                often.encode(&mut buffer);
                let message = ServerMessage {
                    kind: Some(kind(&event, unit)),
                };
                assert_eq!(buffer.as_ref(), message.encode_to_vec(), "seed {seed}: {event:?}");
                assert_eq!(buffer.len(), often.encoded_len(), "seed {seed}");
            }
        }
    }
}
