//! The tree of an order's runs.
//!
//! It is a treap: a search tree by order and a heap by a random priority, so that it stays shallow whatever is written.
//! Nodes live in one vector and refer to each other by number; the newest stands last.

use super::{NONE, Order, Run, Step};
use crate::document::update::CharId;

impl Order {
    /// The run that holds a character, and where in it.
    pub(super) fn find(&self, id: CharId) -> (u32, u32) {
        let runs = self.clients.get(&id.client).map_or(&[][..], Vec::as_slice);
        let at = runs.partition_point(|&run| self.run(run).id.clock <= id.clock);
        let run = runs.get(at.wrapping_sub(1)).copied().unwrap_or(0);
        (run, id.clock.saturating_sub(self.run(run).id.clock))
    }

    /// Makes a run end after a character, and gives it.
    pub(super) fn cut_after(&mut self, id: CharId) -> u32 {
        let (run, at) = self.find(id);
        if at + 1 < self.run(run).len {
            self.split(run, at + 1);
        }
        run
    }

    /// Makes a run begin with a character, and gives it.
    pub(super) fn cut_before(&mut self, id: CharId) -> u32 {
        let (run, at) = self.find(id);
        if at > 0 { self.split(run, at) } else { run }
    }

    pub(super) fn split(&mut self, node: u32, at: u32) -> u32 {
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
        let new = self.insert_after(
            node,
            Run {
                id,
                origin,
                len: run.len - at,
                ..run
            },
        );
        self.steps.push(Step::Split(node));
        new
    }

    /// Takes all steps of the update under way back, the last one first.
    pub(super) fn take_back(&mut self) {
        while let Some(step) = self.steps.pop() {
            match step {
                Step::Added => {
                    self.remove_newest();
                }
                Step::Split(node) => {
                    let len = self.remove_newest();
                    self.run_mut(node).len += len;
                }
                Step::Longer(node, by) => self.run_mut(node).len -= by,
            }
        }
    }

    /// Takes the newest node out of the tree; the length of its run.
    fn remove_newest(&mut self) -> u32 {
        let node = self.runs.len() as u32 - 1;
        while let Some(below) = self.upper_child(node) {
            self.lift(below, node);
        }
        let parent = self.run(node).parent;
        if parent == NONE {
            self.root = NONE;
        } else if self.run(parent).left == node {
            self.run_mut(parent).left = NONE;
        } else {
            self.run_mut(parent).right = NONE;
        }
        let mut above = parent;
        while above != NONE {
            self.run_mut(above).size -= 1;
            above = self.run(above).parent;
        }
        let Run { id, len, .. } = *self.run(node);
        if let Some(runs) = self.clients.get_mut(&id.client) {
            runs.retain(|&run| run != node);
        }
        self.runs.pop();
        len
    }

    /// The child that is to stand above the other by its priority.
    fn upper_child(&self, node: u32) -> Option<u32> {
        let Run { left, right, .. } = *self.run(node);
        let children = [left, right].into_iter().filter(|&child| child != NONE);
        children.max_by_key(|&child| self.run(child).priority)
    }

    /// Hangs a run into the tree, right after another or at the very front.
    pub(super) fn insert_after(&mut self, node: u32, run: Run) -> u32 {
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
    pub(super) fn rank(&self, node: u32) -> u32 {
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
    pub(super) fn next(&self, node: u32) -> u32 {
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
    pub(super) fn run(&self, node: u32) -> &Run {
        &self.runs[node as usize]
    }

    pub(super) fn run_mut(&mut self, node: u32) -> &mut Run {
        &mut self.runs[node as usize]
    }
}
