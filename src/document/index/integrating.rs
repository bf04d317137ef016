//! Where a block belongs: Yjs's own rule, and what breaks it.
//!
//! Yjs's order rests on origins that were neighbours when their block was written: the right one right of the left one,
//! and nothing between them that the author knew.

use super::tree::{NONE, Run};
use super::{Crossed, Index};
use crate::document::update::{Block, CharId};

impl Index {
    /// Puts a block in its place, unless its origins can't have been neighbours.
    pub(super) fn integrate_one(&mut self, block: &Block<'_>) -> Result<(), Crossed> {
        if let (Some(origin), Some(right)) = (block.origin, block.right)
            && !self.precedes(origin, right)
        {
            return Err(Crossed);
        }
        let (left, right) = self.cut(block);
        if self.knew_between(block, left, right) {
            self.heal(left, right);
            return Err(Crossed);
        }
        self.place(block, left, right);
        Ok(())
    }

    /// Puts a block of our own log in its place.
    pub(super) fn integrate_one_trusted(&mut self, block: &Block<'_>) {
        let (left, right) = self.cut(block);
        self.place(block, left, right);
    }

    fn cut(&mut self, block: &Block<'_>) -> (u32, u32) {
        let left = block.origin.map_or(NONE, |id| self.cut_after(id));
        let right = block.right.map_or(NONE, |id| self.cut_before(id));
        (left, right)
    }

    fn place(&mut self, block: &Block<'_>, left: u32, right: u32) {
        let after = self.resolve(block, left, right);
        let run = Run {
            id: block.id,
            len: block.len,
            deleted: block.text.is_none(),
            origin: block.origin,
            right_origin: block.right,
        };
        self.put_after(after, run);
        if after != left {
            self.heal(left, right);
        }
    }

    /// Joins again what was cut for a block that does not stand there.
    fn heal(&mut self, left: u32, right: u32) {
        if right != NONE {
            let before = self.runs.previous(right);
            self.join(before, right);
        }
        if left != NONE {
            let after = self.runs.next(left);
            self.join(left, after);
        }
    }

    /// Whether something stands between a block's origins that its author must have known: something of its own, what the
    /// writers of the origins wrote before them, or what the origins themselves refer to.
    fn knew_between(&self, block: &Block<'_>, left: u32, right: u32) -> bool {
        let mut between = self.runs.next(left);
        if between == right {
            return false;
        }
        let holder = |id: Option<CharId>| id.and_then(|id| self.find(id)).map_or(NONE, |(node, _)| node);
        let run = |node: u32| (node != NONE).then(|| self.runs.run(node));
        let beyond_left = holder(run(left).and_then(|run| run.right_origin));
        let before_right = holder(run(right).and_then(|run| run.origin));
        let before = |id: CharId, mark: Option<CharId>| {
            mark.is_some_and(|mark| mark.client == id.client && id.clock <= mark.clock)
        };
        while between != NONE && between != right {
            let id = self.runs.run(between).id;
            let known = id.client == block.id.client
                || before(id, block.origin)
                || before(id, block.right)
                || between == beyond_left
                || between == before_right;
            if known {
                return true;
            }
            between = self.runs.next(between);
        }
        false
    }

    /// Whether one character stands left of another.
    fn precedes(&self, one: CharId, other: CharId) -> bool {
        match (self.find(one), self.find(other)) {
            (Some((one, at)), Some((other, other_at))) if one == other => at < other_at,
            (Some((one, _)), Some((other, _))) => self.runs.rank(one) < self.runs.rank(other),
            _ => false,
        }
    }

    /// Yjs's rule for blocks that were written at one place at the same time: the run after which this one goes.
    fn resolve(&self, block: &Block<'_>, left: u32, right: u32) -> u32 {
        let mut left = left;
        let mut other = self.runs.next(left);
        if other == right || other == NONE {
            return left;
        }
        let first = self.runs.rank(other);
        // Runs from here on may still turn out to belong right of the block.
        let mut conflicts = first;
        let mut rank = first;
        while other != NONE && other != right {
            let run = self.runs.run(other);
            if run.origin == block.origin {
                if run.id.client < block.id.client {
                    left = other;
                    conflicts = rank + 1;
                } else if run.right_origin == block.right {
                    break;
                }
            } else {
                let origin = run.origin.and_then(|id| self.find(id));
                let origin = origin.map(|(node, _)| self.runs.rank(node));
                let Some(origin) = origin.filter(|&at| at >= first && at <= rank) else {
                    break;
                };
                if origin < conflicts {
                    left = other;
                    conflicts = rank + 1;
                }
            }
            other = self.runs.next(other);
            rank += 1;
        }
        left
    }
}
