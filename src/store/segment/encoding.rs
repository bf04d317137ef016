//! Operations as bytes, version 1.
//!
//! What is the same for many operations (source, file, epoch, author, kind, origin, term) is said once, as a context.
//! Then come columns, because like bytes side by side compress best: each operation's context; its op id, as the
//! difference to the one before of its source; its time, as the difference to the one before; the lengths of its Yjs
//! bytes, its delta and its path; and then all Yjs bytes, all deltas, all paths. Revisions follow each other from the
//! first. Every column of a row is a number or bytes here, whatever its value: nothing is judged, nothing is lost.

use std::collections::HashMap;
use std::hash::Hash;

use uuid::Uuid;

use super::bytes::{Reader, write, write_signed};
use crate::store::entity::operations;

/// Operations as bytes, and what stands beside those.
pub(super) struct Encoded {
    pub(super) operations: Vec<u8>,
    pub(super) sources: Vec<Uuid>,
    pub(super) files: Vec<i64>,
}

/// Where decoded operations belong.
pub(super) struct Place {
    pub(super) room: i64,
    pub(super) first: i64,
    pub(super) sources: Vec<Uuid>,
    pub(super) files: Vec<i64>,
}

/// What many operations share; source and file by their places in the lists.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Context {
    source: usize,
    file: usize,
    epoch: i64,
    author: i64,
    kind: i16,
    origin: i16,
    term: i64,
}

/// A list without repetitions, by the order of the first appearance.
struct List<T> {
    all: Vec<T>,
    places: HashMap<T, usize>,
}

impl<T: Copy + Eq + Hash> List<T> {
    fn new() -> Self {
        Self {
            all: Vec::new(),
            places: HashMap::new(),
        }
    }

    fn place(&mut self, one: T) -> usize {
        *self.places.entry(one).or_insert_with(|| {
            self.all.push(one);
            self.all.len() - 1
        })
    }
}

/// Writes operations of one room that follow each other.
pub(super) fn encode(rows: &[operations::Model]) -> Encoded {
    let (mut sources, mut files, mut contexts) = (List::new(), List::new(), List::new());
    let mut columns: [Vec<u8>; 6] = Default::default();
    let [context_of, op_ids, times, update_lengths, delta_lengths, path_lengths] = &mut columns;
    let mut last_op_ids: HashMap<Uuid, i64> = HashMap::new();
    let mut last_time = 0_i64;
    for row in rows {
        let context = Context {
            source: sources.place(row.source),
            file: files.place(row.file),
            epoch: row.epoch,
            author: row.author,
            kind: row.kind,
            origin: row.origin,
            term: row.term,
        };
        write(context_of, contexts.place(context) as u64);
        let last_op_id = last_op_ids.insert(row.source, row.op_id).unwrap_or(0);
        write_signed(op_ids, row.op_id.wrapping_sub(last_op_id));
        write_signed(times, row.time.wrapping_sub(last_time));
        last_time = row.time;
        write(update_lengths, row.yjs_update.len() as u64);
        write(delta_lengths, row.delta.len() as u64);
        write(path_lengths, row.path.len() as u64);
    }
    let mut out = Vec::new();
    write(&mut out, rows.len() as u64);
    write(&mut out, contexts.all.len() as u64);
    for context in contexts.all {
        write(&mut out, context.source as u64);
        write(&mut out, context.file as u64);
        let (kind, origin) = (context.kind.into(), context.origin.into());
        for number in [context.epoch, context.author, kind, origin, context.term] {
            write_signed(&mut out, number);
        }
    }
    out.extend(columns.into_iter().flatten());
    let parts: [fn(&operations::Model) -> &Vec<u8>; 3] = [|row| &row.yjs_update, |row| &row.delta, |row| &row.path];
    for part in parts {
        out.extend(rows.iter().flat_map(part));
    }
    Encoded {
        operations: out,
        sources: sources.all,
        files: files.all,
    }
}

/// Reads what [`encode`] wrote, and nothing else.
pub(super) fn decode(bytes: &[u8], place: Place) -> Option<Vec<operations::Model>> {
    let mut reader = Reader::new(bytes);
    let count = reader.count()?;
    let contexts = (0..reader.count()?)
        .map(|_| read_context(&mut reader))
        .collect::<Option<Vec<_>>>()?;
    let mut rows = Vec::with_capacity(count);
    for index in 0..count {
        let context = contexts.get(usize::try_from(reader.number()?).ok()?)?;
        rows.push(operations::Model {
            room: place.room,
            revision: place.first.checked_add(i64::try_from(index).ok()?)?,
            source: *place.sources.get(context.source)?,
            op_id: 0,
            file: *place.files.get(context.file)?,
            epoch: context.epoch,
            author: context.author,
            kind: context.kind,
            origin: context.origin,
            yjs_update: Vec::new(),
            delta: Vec::new(),
            path: Vec::new(),
            term: context.term,
            time: 0,
        });
    }
    read_numbers(&mut reader, &mut rows)?;
    read_bytes(&mut reader, &mut rows)?;
    reader.rest().is_empty().then_some(rows)
}

fn read_context(reader: &mut Reader<'_>) -> Option<Context> {
    Some(Context {
        source: usize::try_from(reader.number()?).ok()?,
        file: usize::try_from(reader.number()?).ok()?,
        epoch: reader.signed()?,
        author: reader.signed()?,
        kind: reader.signed()?.try_into().ok()?,
        origin: reader.signed()?.try_into().ok()?,
        term: reader.signed()?,
    })
}

fn read_numbers(reader: &mut Reader<'_>, rows: &mut [operations::Model]) -> Option<()> {
    let mut op_ids: HashMap<Uuid, i64> = HashMap::new();
    for row in &mut *rows {
        let last = op_ids.entry(row.source).or_default();
        *last = last.wrapping_add(reader.signed()?);
        row.op_id = *last;
    }
    let mut time = 0_i64;
    for row in rows {
        time = time.wrapping_add(reader.signed()?);
        row.time = time;
    }
    Some(())
}

fn read_bytes(reader: &mut Reader<'_>, rows: &mut [operations::Model]) -> Option<()> {
    let mut lengths = Vec::with_capacity(3 * rows.len());
    for _ in 0..3 * rows.len() {
        lengths.push(usize::try_from(reader.number()?).ok()?);
    }
    let mut lengths = lengths.into_iter();
    let parts: [fn(&mut operations::Model) -> &mut Vec<u8>; 3] =
        [|row| &mut row.yjs_update, |row| &mut row.delta, |row| &mut row.path];
    for part in parts {
        for row in &mut *rows {
            *part(row) = reader.bytes(lengths.next()?)?.to_vec();
        }
    }
    Some(())
}
