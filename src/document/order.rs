//! The order of all characters that a document ever had, deleted ones included.
//!
//! Yjs's order rests on origins that were neighbours when their item was written: the right one right of the left one, and
//! nothing between them that the author knew. An update that breaks this is integrated by yrs in one way when it arrives
//! and in another when the document is loaded again. yrs has no cheap way to ask which of two characters comes first;
//! here it costs a walk up a tree.
//!
//! Runs of characters are the nodes of a treap: a search tree by order and a heap by a random priority, so that it stays
//! shallow whatever is written. Nodes live in one vector and refer to each other by number.

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
}

impl Default for Order {
    fn default() -> Self {
        Self {
            runs: Vec::new(),
            root: NONE,
            clients: HashMap::new(),
            random: 0x9e37_79b9,
        }
    }
}

impl Order {
    /// Puts a block in its place, unless its origins can't have been neighbours. What it refers to is there already: the
    /// gate saw to that.
    pub(super) fn integrate(&mut self, block: &Block<'_>) -> Result<(), Crossed> {
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

    /// Puts a block of our own log in its place.
    pub(super) fn integrate_trusted(&mut self, block: &Block<'_>) {
        if !self.extend(block) {
            let (left, right) = self.cut(block);
            self.place(block, left, right);
        }
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

    /// The run that holds a character, and where in it.
    fn find(&self, id: CharId) -> (u32, u32) {
        let runs = self.clients.get(&id.client).map_or(&[][..], Vec::as_slice);
        let at = runs.partition_point(|&run| self.run(run).id.clock <= id.clock);
        let run = runs.get(at.wrapping_sub(1)).copied().unwrap_or(0);
        (run, id.clock.saturating_sub(self.run(run).id.clock))
    }

    /// Makes a run end after a character, and gives it.
    fn cut_after(&mut self, id: CharId) -> u32 {
        let (run, at) = self.find(id);
        if at + 1 < self.run(run).len {
            self.split(run, at + 1);
        }
        run
    }

    /// Makes a run begin with a character, and gives it.
    fn cut_before(&mut self, id: CharId) -> u32 {
        let (run, at) = self.find(id);
        if at > 0 { self.split(run, at) } else { run }
    }

    fn split(&mut self, node: u32, at: u32) -> u32 {
        let run = *self.run(node);
        self.run_mut(node).len = at;
        let id = CharId {
            clock: run.id.clock + at,
            ..run.id
        };
        let origin = Some(CharId {
            clock: id.clock - 1,
            ..id
        });
        self.insert_after(
            node,
            Run {
                id,
                origin,
                len: run.len - at,
                ..run
            },
        )
    }

    /// Hangs a run into the tree, right after another or at the very front.
    fn insert_after(&mut self, node: u32, run: Run) -> u32 {
        let new = self.runs.len() as u32;
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let priority = self.random;
        let runs = self.clients.entry(run.id.client).or_default();
        let at =
            runs.partition_point(|&other| self.runs.get(other as usize).is_some_and(|r| r.id.clock < run.id.clock));
        runs.insert(at, new);
        self.runs.push(Run {
            parent: NONE,
            left: NONE,
            right: NONE,
            size: 1,
            priority,
            ..run
        });
        if self.root == NONE {
            self.root = new;
        } else if node != NONE && self.run(node).right == NONE {
            self.run_mut(node).right = new;
            self.run_mut(new).parent = node;
        } else {
            let below = self.leftmost(if node == NONE { self.root } else { self.run(node).right });
            self.run_mut(below).left = new;
            self.run_mut(new).parent = below;
        }
        self.settle(new);
        new
    }

    /// Counts a new leaf in, and lifts it until the heap is one again.
    fn settle(&mut self, new: u32) {
        let mut above = self.run(new).parent;
        while above != NONE {
            self.run_mut(above).size += 1;
            above = self.run(above).parent;
        }
        while let parent = self.run(new).parent
            && parent != NONE
            && self.run(parent).priority < self.run(new).priority
        {
            self.lift(new, parent);
        }
    }

    /// Turns a node and its parent around.
    fn lift(&mut self, node: u32, parent: u32) {
        let above = self.run(parent).parent;
        let inner = if self.run(parent).left == node {
            let inner = std::mem::replace(&mut self.run_mut(node).right, parent);
            self.run_mut(parent).left = inner;
            inner
        } else {
            let inner = std::mem::replace(&mut self.run_mut(node).left, parent);
            self.run_mut(parent).right = inner;
            inner
        };
        if inner != NONE {
            self.run_mut(inner).parent = parent;
        }
        self.run_mut(parent).parent = node;
        self.run_mut(node).parent = above;
        if above == NONE {
            self.root = node;
        } else if self.run(above).left == parent {
            self.run_mut(above).left = node;
        } else {
            self.run_mut(above).right = node;
        }
        self.count(parent);
        self.count(node);
    }

    fn count(&mut self, node: u32) {
        let run = self.run(node);
        let size = 1 + self.size(run.left) + self.size(run.right);
        self.run_mut(node).size = size;
    }

    fn size(&self, node: u32) -> u32 {
        if node == NONE { 0 } else { self.run(node).size }
    }

    /// How many runs stand left of this one.
    fn rank(&self, node: u32) -> u32 {
        let mut rank = self.size(self.run(node).left);
        let mut below = node;
        let mut above = self.run(node).parent;
        while above != NONE {
            let run = self.run(above);
            if run.right == below {
                rank += self.size(run.left) + 1;
            }
            (below, above) = (above, run.parent);
        }
        rank
    }

    /// The run after this one; after none comes the first.
    fn next(&self, node: u32) -> u32 {
        if node == NONE {
            return if self.root == NONE {
                NONE
            } else {
                self.leftmost(self.root)
            };
        }
        let right = self.run(node).right;
        if right != NONE {
            return self.leftmost(right);
        }
        let mut below = node;
        let mut above = self.run(node).parent;
        while above != NONE && self.run(above).right == below {
            (below, above) = (above, self.run(above).parent);
        }
        above
    }

    fn leftmost(&self, node: u32) -> u32 {
        let mut node = node;
        while self.run(node).left != NONE {
            node = self.run(node).left;
        }
        node
    }

    /// A node by a number that this tree gave out; numbers never come from outside.
    fn run(&self, node: u32) -> &Run {
        &self.runs[node as usize]
    }

    fn run_mut(&mut self, node: u32) -> &mut Run {
        &mut self.runs[node as usize]
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
