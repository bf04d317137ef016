//! From an edit by position to Yjs blocks.

use super::tree::{NONE, Run};
use super::{Index, push_joined};
use crate::document::Unit;
use crate::document::update::{Block, CharId, Deletion};

/// One change of an edit, in UTF-16 units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::document) struct Place<'a> {
    /// Where.
    pub(in crate::document) offset: u32,
    /// How much is deleted there.
    pub(in crate::document) delete: u32,
    /// What is inserted, left of what is deleted.
    pub(in crate::document) insert: &'a str,
}

/// What an edit comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::document) struct Written<'a> {
    /// New blocks of the one who writes, in the order of their clocks.
    pub(in crate::document) blocks: Vec<Block<'a>>,
    /// What is deleted: by client, in order, without overlap.
    pub(in crate::document) deletions: Vec<Deletion>,
}

impl Index {
    /// Carries out an edit whose changes are in ascending order and within the text. What it inserts gets names from
    /// `next` on.
    pub(in crate::document) fn write<'a>(&mut self, next: CharId, places: &[Place<'a>]) -> Written<'a> {
        let mut written = Written::default();
        let mut next = next;
        self.write_middle_first(&mut next, places, 0, &mut written);
        written
            .deletions
            .sort_unstable_by_key(|deletion| (deletion.client, deletion.start));
        let mut joined = Vec::with_capacity(written.deletions.len());
        for Deletion { client, start, end } in written.deletions {
            push_joined(&mut joined, client, start, end);
        }
        written.deletions = joined;
        written
    }

    /// Writes the middle one of the places, then those left of it, then those right of it. `shift` is by how much the
    /// places have moved so far. Gives by how much they move what comes after them.
    ///
    /// yrs copies the whole text of a block that it cuts in two. From the middle on, a long block is cut into halves, and
    /// those into halves; from one end on, many changes of a long text would take seconds.
    fn write_middle_first<'a>(
        &mut self,
        next: &mut CharId,
        places: &[Place<'a>],
        shift: i64,
        written: &mut Written<'a>,
    ) -> i64 {
        let (left, rest) = places.split_at(places.len() / 2);
        let Some((middle, right)) = rest.split_first() else {
            return shift;
        };
        let moved = self.write_one(next, middle, shift, written);
        let shift = self.write_middle_first(next, left, shift, written);
        self.write_middle_first(next, right, shift + moved, written)
    }

    /// Gives by how much it moves what comes after it.
    fn write_one<'a>(&mut self, next: &mut CharId, place: &Place<'a>, shift: i64, written: &mut Written<'a>) -> i64 {
        let offset = u32::try_from(i64::from(place.offset) + shift).unwrap_or_default();
        if !place.insert.is_empty() {
            let block = self.insert(*next, offset, place.insert);
            next.clock = block.end();
            written.blocks.push(block);
        }
        let inserted = Unit::Utf16.len_of(place.insert);
        self.delete_text(offset + inserted, place.delete, &mut written.deletions);
        i64::from(inserted) - i64::from(place.delete)
    }

    /// Inserts right of the character before the place, as Yjs does.
    fn insert<'a>(&mut self, id: CharId, offset: u32, text: &'a str) -> Block<'a> {
        let left = match offset.checked_sub(1).and_then(|before| self.runs.at(before)) {
            Some((node, at)) => {
                if at + 1 < self.runs.run(node).len {
                    self.split(node, at + 1);
                }
                node
            }
            None => NONE,
        };
        let right = self.runs.next(left);
        let neighbour = |node: u32, name: fn(&Run) -> CharId| (node != NONE).then(|| name(self.runs.run(node)));
        let block = Block {
            id,
            len: Unit::Utf16.len_of(text),
            origin: neighbour(left, Run::last),
            right: neighbour(right, |run| run.id),
            text: Some(text),
        };
        let run = Run {
            id,
            len: block.len,
            deleted: false,
            origin: block.origin,
            right_origin: block.right,
        };
        self.put_after(left, run);
        block
    }

    fn delete_text(&mut self, offset: u32, len: u32, deletions: &mut Vec<Deletion>) {
        let mut left = len;
        while left > 0 {
            let Some((node, at)) = self.runs.at(offset) else { return };
            let run = *self.runs.run(node);
            let part = left.min(run.len - at);
            self.delete_part(node, at, part);
            let start = run.id.clock + at;
            push_joined(deletions, run.id.client, start, start + part);
            left -= part;
        }
    }
}
