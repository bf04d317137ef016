//! The order of all characters that a document ever had, deleted ones included.
//!
//! Yjs's order rests on origins that were neighbours when their item was written: the right one right of the left one, and
//! nothing between them that the author knew. An update that breaks this is integrated by yrs in one way when it arrives
//! and in another when the document is loaded again. yrs has no cheap way to ask which of two characters comes first;
//! here it costs a walk up a tree.
//!
//! What a refused update has done to the order already is taken back step by step: a refusal costs no more than its
//! update, however large the document is.

mod tree;

use std::collections::HashMap;

use super::update::{Block, CharId};
use crate::id::ClientId;

/// No node.
const NONE: u32 = u32::MAX;

/// One run: characters that one client wrote one after the other and that still stand together.
#[derive(Clone, Copy, Debug)]
struct Run {
    id: CharId,
    len: u32,
    origin: Option<CharId>,
    right_origin: Option<CharId>,
    parent: u32,
    left: u32,
    right: u32,
    priority: u32,
    /// Nodes of the tree below it, itself included.
    size: u32,
}

/// The update's origins contradict the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crossed;

/// The order of a document's characters.
#[derive(Clone, Debug)]
pub(super) struct Order {
    runs: Vec<Run>,
    root: u32,
    /// Each client's runs by clock.
    clients: HashMap<ClientId, Vec<u32>>,
    random: u32,
    /// What the update under way has done, so that it can be taken back.
    steps: Vec<Step>,
}

/// A change of the tree.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The newest node is a new run.
    Added,
    /// The newest node was split off this one.
    Split(u32),
    /// This one has become longer.
    Longer(u32, u32),
}

impl Default for Order {
    fn default() -> Self {
        Self {
            runs: Vec::new(),
            root: NONE,
            clients: HashMap::new(),
            random: 0x9e37_79b9,
            steps: Vec::new(),
        }
    }
}

impl Order {
    /// Puts an update's blocks in their places, unless the origins of one can't have been neighbours: then the order is
    /// as it was. What they refer to is there already: the gate saw to that.
    pub(super) fn integrate(&mut self, blocks: &[Block<'_>]) -> Result<(), Crossed> {
        self.steps.clear();
        let placed = blocks.iter().try_for_each(|block| self.integrate_one(block));
        if placed.is_err() {
            self.take_back();
        }
        placed
    }

    fn integrate_one(&mut self, block: &Block<'_>) -> Result<(), Crossed> {
        if self.extend(block) {
            return Ok(());
        }
        if let (Some(origin), Some(right)) = (block.origin, block.right)
            && !self.precedes(origin, right)
        {
            return Err(Crossed);
        }
        let (left, right) = self.cut(block);
        if self.knew_between(block, left, right) {
            return Err(Crossed);
        }
        self.place(block, left, right);
        Ok(())
    }

    /// Puts blocks of our own log in their places.
    pub(super) fn integrate_trusted(&mut self, blocks: &[Block<'_>]) {
        for block in blocks {
            // Nothing of it is ever taken back.
            self.steps.clear();
            if !self.extend(block) {
                let (left, right) = self.cut(block);
                self.place(block, left, right);
            }
        }
        self.steps.clear();
    }

    fn cut(&mut self, block: &Block<'_>) -> (u32, u32) {
        let left = block.origin.map_or(NONE, |id| self.cut_after(id));
        let right = block.right.map_or(NONE, |id| self.cut_before(id));
        (left, right)
    }

    fn place(&mut self, block: &Block<'_>, left: u32, right: u32) {
        let left = self.resolve(block, left, right);
        self.insert_after(
            left,
            Run {
                id: block.id,
                len: block.len,
                origin: block.origin,
                right_origin: block.right,
                parent: NONE,
                left: NONE,
                right: NONE,
                priority: 0,
                size: 1,
            },
        );
        self.steps.push(Step::Added);
    }

    /// Whether something stands between a block's origins that its author must have known: something of its own, what the
    /// writers of the origins wrote before them, or what the origins themselves refer to.
    fn knew_between(&self, block: &Block<'_>, left: u32, right: u32) -> bool {
        let mut between = self.next(left);
        if between == right {
            return false;
        }
        let holder = |id: Option<CharId>| id.map_or(NONE, |id| self.find(id).0);
        let beyond_left = if left == NONE {
            NONE
        } else {
            holder(self.run(left).right_origin)
        };
        let before_right = if right == NONE {
            NONE
        } else {
            holder(self.run(right).origin)
        };
        let before = |id: CharId, mark: Option<CharId>| {
            mark.is_some_and(|mark| mark.client == id.client && id.clock <= mark.clock)
        };
        while between != NONE && between != right {
            let id = self.run(between).id;
            let known = id.client == block.id.client
                || before(id, block.origin)
                || before(id, block.right)
                || between == beyond_left
                || between == before_right;
            if known {
                return true;
            }
            between = self.next(between);
        }
        false
    }

    /// Whether one character stands left of another.
    fn precedes(&self, one: CharId, other: CharId) -> bool {
        let ((one, at), (other, other_at)) = (self.find(one), self.find(other));
        if one == other {
            at < other_at
        } else {
            self.rank(one) < self.rank(other)
        }
    }

    /// The commonest case, typing on: the block makes the run before it longer.
    fn extend(&mut self, block: &Block<'_>) -> bool {
        let Some(&last) = self.clients.get(&block.id.client).and_then(|runs| runs.last()) else {
            return false;
        };
        let run = self.run(last);
        let continues = run.id.clock + run.len == block.id.clock
            && block.origin
                == Some(CharId {
                    client: block.id.client,
                    clock: block.id.clock.wrapping_sub(1),
                })
            && run.right_origin == block.right;
        if !continues {
            return false;
        }
        let next = self.next(last);
        let touches = match block.right {
            None => next == NONE,
            Some(id) => next != NONE && self.run(next).id == id,
        };
        if touches {
            self.run_mut(last).len += block.len;
            self.steps.push(Step::Longer(last, block.len));
        }
        touches
    }

    /// Yjs's rule for blocks that were written at one place at the same time: the run after which this one goes.
    fn resolve(&self, block: &Block<'_>, left: u32, right: u32) -> u32 {
        let mut left = left;
        let mut other = self.next(left);
        if other == right || other == NONE {
            return left;
        }
        let first = self.rank(other);
        // Runs from here on may still turn out to belong right of the block.
        let mut conflicts = first;
        let mut rank = first;
        while other != NONE && other != right {
            let run = self.run(other);
            if run.origin == block.origin {
                if run.id.client < block.id.client {
                    left = other;
                    conflicts = rank + 1;
                } else if run.right_origin == block.right {
                    break;
                }
            } else {
                let Some(origin) = run
                    .origin
                    .map(|id| self.rank(self.find(id).0))
                    .filter(|&at| at >= first && at <= rank)
                else {
                    break;
                };
                if origin < conflicts {
                    left = other;
                    conflicts = rank + 1;
                }
            }
            other = self.next(other);
            rank += 1;
        }
        left
    }

    /// Each client's runs, without those that have none.
    #[cfg(test)]
    fn sorted_clients(&self) -> Vec<(ClientId, &[u32])> {
        let mut all: Vec<_> = self.clients.iter().map(|(&id, runs)| (id, runs.as_slice())).collect();
        all.retain(|(_, runs)| !runs.is_empty());
        all.sort_unstable();
        all
    }

    /// The names of all characters in order.
    #[cfg(test)]
    fn characters(&self) -> Vec<CharId> {
        let mut all = Vec::new();
        let mut node = self.next(NONE);
        while node != NONE {
            let run = self.run(node);
            all.extend((0..run.len).map(|at| CharId {
                clock: run.id.clock + at,
                ..run.id
            }));
            node = self.next(node);
        }
        all
    }
}

#[cfg(test)]
mod tests;
