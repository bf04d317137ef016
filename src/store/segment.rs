//! A segment: many operations that follow each other, as one row.
//!
//! The log's newer part is rows of `operations`, one an operation; they are written fast, and cost some 250 bytes each.
//! Its older part is rows of `segments`, which hold the same operations with every column, and cost some tens of bytes
//! each. A room's log is its segments up to and including `rooms.packed`, and its rows after that: no operation is in
//! neither, and none in both. [`Store::pack`](crate::store::Store::pack) moves operations from rows to a segment in one
//! transaction; nothing ever moves back. Everything that reads the log reads it through [`log`](crate::store::log), which
//! knows of the two parts; nobody else does.
//!
//! A segment's row says which revisions it has, and in two plain lists which files and sources, so that a search need
//! not read what is in it. `data` is a version, a checksum over the row, and the operations: see [`encoding`]. What
//! does not have its checksum is [`Damaged`], never a shorter log.
//!
//! Once only, also of what is packed: an operation that is sent again is found in the segments as it is in the rows. A
//! copy of a room that does not know what others wrote is refused, because every append checks that it comes after
//! `rooms.packed`.

mod bytes;
mod encoding;

use std::num::TryFromIntError;

use crate::store::entity::{operations, segments};

/// Bytes that tell a segment that is whole from one that is not.
const CHECKSUM: usize = 16;

/// How the operations in `data` are written; a newer way gets a newer number, and the older ones are read for ever.
const VERSION: u8 = 1;

/// A segment that can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the segment of revisions {first} to {last} can't be read")]
pub(super) struct Damaged {
    pub(super) first: i64,
    pub(super) last: i64,
}

/// Packs operations of one room that follow each other; `None` if they are none, or don't.
pub(super) fn pack(rows: &[operations::Model]) -> Option<segments::Model> {
    let (first, last) = (rows.first()?, rows.last()?);
    let follow = rows
        .windows(2)
        .all(|pair| matches!(pair, [one, next] if one.room == next.room && one.revision.checked_add(1) == Some(next.revision)));
    if !follow {
        return None;
    }
    let encoded = encoding::encode(rows);
    let plain = encoded.operations;
    let mut data = vec![VERSION; 1 + CHECKSUM];
    bytes::write(&mut data, plain.len() as u64);
    data.extend(lz4_flex::block::compress(&plain));
    let mut row = segments::Model {
        room: first.room,
        first_revision: first.revision,
        last_revision: last.revision,
        files: encoded.files.into_iter().flat_map(i64::to_be_bytes).collect(),
        sources: encoded.sources.into_iter().flat_map(uuid::Uuid::into_bytes).collect(),
        data,
    };
    let checksum = checksum(&row)?;
    row.data.get_mut(1..=CHECKSUM)?.copy_from_slice(&checksum);
    Some(row)
}

/// The operations of a segment, in order.
pub(super) fn unpack(row: &segments::Model) -> Result<Vec<operations::Model>, Damaged> {
    read(row).ok_or(Damaged {
        first: row.first_revision,
        last: row.last_revision,
    })
}

/// What the list of a segment's files has for one of them.
pub(super) fn file_mark(file: i64) -> Vec<u8> {
    file.to_be_bytes().to_vec()
}

fn read(row: &segments::Model) -> Option<Vec<operations::Model>> {
    let (&version, rest) = row.data.split_first()?;
    let (kept, rest) = rest.split_at_checked(CHECKSUM)?;
    if version != VERSION || kept != checksum(row)? {
        return None;
    }
    let mut rest = bytes::Reader::new(rest);
    let length = usize::try_from(rest.number()?).ok()?;
    let plain = lz4_flex::block::decompress(rest.rest(), length).ok()?;
    let (sources, odd) = row.sources.as_chunks::<16>();
    let (files, odd_too) = row.files.as_chunks::<8>();
    if !odd.is_empty() || !odd_too.is_empty() {
        return None;
    }
    let operations = encoding::decode(
        &plain,
        encoding::Place {
            room: row.room,
            first: row.first_revision,
            sources: sources.iter().map(|bytes| uuid::Uuid::from_bytes(*bytes)).collect(),
            files: files.iter().map(|bytes| i64::from_be_bytes(*bytes)).collect(),
        },
    )?;
    (operations.last()?.revision == row.last_revision).then_some(operations)
}

/// Covers everything of a row but the checksum itself.
fn checksum(row: &segments::Model) -> Option<[u8; CHECKSUM]> {
    let length = |bytes: &[u8]| i64::try_from(bytes.len()).map(i64::to_be_bytes);
    let written = || -> Result<[u8; 32], TryFromIntError> {
        let mut hasher = blake3::Hasher::new();
        for number in [row.room, row.first_revision, row.last_revision] {
            hasher.update(&number.to_be_bytes());
        }
        for list in [&row.files, &row.sources] {
            hasher.update(&length(list)?).update(list);
        }
        hasher.update(row.data.get(1 + CHECKSUM..).unwrap_or_default());
        Ok(*hasher.finalize().as_bytes())
    };
    written().ok()?.first_chunk().copied()
}

#[cfg(test)]
mod tests;
