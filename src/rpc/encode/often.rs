//! The three events that make up nearly all of a busy room's traffic, written field by field: the same bytes as by way of
//! the generated types, without a string for each id and a copy of each text. A test compares the two.

use prost::bytes::{BufMut, BytesMut};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};
use smallvec::SmallVec;
use uuid::Uuid;

use super::{delimited_len, frames, put_delimiter};
use crate::id::{Epoch, FileId, OpId, ParticipantId, Revision};
use crate::room::message::Encoded;
use crate::rpc::proto::v1::ReceiptState;
use crate::store::model::Origin;

/// How long an id is as text.
const ID_LEN: usize = 36;

/// The events' numbers in `ServerMessage`; a test holds these, and the fields' below, to the contract.
mod number {
    pub(super) const EDITED: u32 = 3;
    pub(super) const UPDATED: u32 = 4;
    pub(super) const RECEIPT: u32 = 5;
}

/// A change of a text: its offset, what it deletes, what it inserts.
type Place<'a> = (u32, u32, &'a str);

/// One field with its number; a value that is the type's default is left out, as everywhere in proto3.
#[derive(Clone, Copy)]
enum Field<'a> {
    Number(u32, u64),
    Bytes(u32, &'a [u8]),
    Id(u32, Option<Uuid>),
    Change(u32, Place<'a>),
}

/// `Edited`, with its changes counted in the receivers' unit.
pub(super) fn edited<'a>(
    file: FileId,
    revision: Revision,
    changes: impl Iterator<Item = Place<'a>>,
    participant: Option<ParticipantId>,
    op_id: Option<OpId>,
    origin: Origin,
) -> Encoded {
    let mut fields: SmallVec<[Field<'_>; 8]> = SmallVec::new();
    fields.extend([Field::Id(1, Some(file.0)), Field::Number(2, revision.0)]);
    fields.extend(changes.map(|change| Field::Change(3, change)));
    fields.extend([
        Field::Id(4, participant.map(|id| id.0)),
        Field::Number(5, op_id.unwrap_or_default().0),
        Field::Number(6, origin as u64),
    ]);
    message(number::EDITED, &fields)
}

/// `Updated`.
pub(super) fn updated(
    file: FileId,
    revision: Revision,
    epoch: Epoch,
    update: &[u8],
    participant: Option<ParticipantId>,
    origin: Origin,
) -> Encoded {
    let fields = [
        Field::Id(1, Some(file.0)),
        Field::Number(2, revision.0),
        Field::Number(3, epoch.0.into()),
        Field::Bytes(4, update),
        Field::Id(5, participant.map(|id| id.0)),
        Field::Number(6, origin as u64),
    ];
    message(number::UPDATED, &fields)
}

/// The `Receipt` of a committed operation.
pub(super) fn committed(op_id: OpId, revision: Revision, file: Option<FileId>) -> Encoded {
    let fields = [
        Field::Number(1, op_id.0),
        Field::Number(2, ReceiptState::Committed as u64),
        Field::Number(3, revision.0),
        Field::Id(5, file.map(|id| id.0)),
    ];
    message(number::RECEIPT, &fields)
}

/// A `ServerMessage` with one message of these fields.
fn message(number: u32, fields: &[Field<'_>]) -> Encoded {
    let len = fields.iter().map(Field::len).sum();
    frames(delimited_len(number, len), |buffer| {
        put_delimiter(number, len, buffer);
        for field in fields {
            field.put(buffer);
        }
    })
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
fn change_fields((offset, delete, insert): Place<'_>) -> [Field<'_>; 3] {
    [
        Field::Number(1, offset.into()),
        Field::Number(2, delete.into()),
        Field::Bytes(3, insert.as_bytes()),
    ]
}

fn change_len(change: Place<'_>) -> usize {
    change_fields(change).iter().map(Field::len).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use prost::Message;
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};

    use super::super::{Encoder, who};
    use super::*;
    use crate::document::{DeltaBuilder, Len, Unit};
    use crate::room::message::{Encode, Event, Outcome};
    use crate::rpc::proto::v1::server_message::Kind;
    use crate::rpc::proto::v1::{self, CollaborateResponse, ServerMessage};

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

    /// The same by way of the generated types.
    fn generated(event: &Event, unit: Unit) -> Kind {
        match event {
            Event::Edited {
                file,
                revision,
                delta,
                participant,
                op_id,
                origin,
            } => Kind::Edited(v1::Edited {
                file_id: file.to_string(),
                revision: revision.0,
                changes: delta
                    .changes_in(unit)
                    .into_iter()
                    .map(|change| v1::Change {
                        offset: change.offset,
                        delete: change.delete,
                        insert: change.insert,
                    })
                    .collect(),
                participant_id: who(*participant),
                op_id: op_id.unwrap_or_default().0,
                origin: *origin as i32,
            }),
            Event::Updated {
                file,
                revision,
                epoch,
                update,
                participant,
                origin,
            } => Kind::Updated(v1::Updated {
                file_id: file.to_string(),
                revision: revision.0,
                epoch: epoch.0,
                update: update.clone(),
                participant_id: who(*participant),
                origin: *origin as i32,
            }),
            Event::Receipt {
                op_id,
                outcome: Outcome::Committed(revision),
                file,
            } => Kind::Receipt(v1::Receipt {
                op_id: op_id.0,
                state: ReceiptState::Committed as i32,
                revision: revision.0,
                error: None,
                file_id: file.map(|file| file.to_string()).unwrap_or_default(),
            }),
            other => panic!("not one of these: {other:?}"),
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_generated_types() {
        for seed in 0..3_000 {
            let mut random = SmallRng::seed_from_u64(seed);
            let event = random_event(&mut random);
            for unit in [Unit::CodePoint, Unit::Utf16, Unit::Utf8] {
                let frames = Encoder.encode(&event, unit);
                let response = CollaborateResponse {
                    message: Some(ServerMessage {
                        kind: Some(generated(&event, unit)),
                    }),
                };
                assert_eq!(frames.len(), 1, "seed {seed}");
                assert_eq!(frames[0].body, response.encode_to_vec(), "seed {seed}: {event:?}");
                assert_eq!(frames[0].len(), response.encoded_len(), "seed {seed}");
            }
        }
    }
}
