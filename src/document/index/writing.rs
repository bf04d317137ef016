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
        // From the last to the first: so the offsets of those to come still hold.
        for place in places.iter().rev() {
            if !place.insert.is_empty() {
                let block = self.insert(next, place);
                next.clock = block.end();
                written.blocks.push(block);
            }
            let inserted = Unit::Utf16.len_of(place.insert);
            self.delete_text(place.offset + inserted, place.delete, &mut written.deletions);
        }
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

    /// Inserts right of the character before the place, as Yjs does.
    fn insert<'a>(&mut self, id: CharId, place: &Place<'a>) -> Block<'a> {
        let left = match place.offset.checked_sub(1).and_then(|before| self.runs.at(before)) {
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
            len: Unit::Utf16.len_of(place.insert),
            origin: neighbour(left, Run::last),
            right: neighbour(right, |run| run.id),
            text: Some(place.insert),
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
