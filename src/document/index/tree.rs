//! The runs of a document in their order, as a tree that counts: what stands left of a run, and which run holds a place.
//!
//! It is a treap: a search tree by order and a heap by a random priority, so that it stays shallow whatever is written.
//! Nodes live in one vector and refer to each other by number.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use crate::document::update::CharId;

/// No node.
pub(super) const NONE: u32 = u32::MAX;

/// Characters that one client wrote one after the other and that still stand together, all deleted or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The name of its first character.
    pub(super) id: CharId,
    /// How many UTF-16 units, and so clocks, it takes.
    pub(super) len: u32,
    /// Whether its text is gone.
    pub(super) deleted: bool,
    /// What stood left of its first character when that was written.
    pub(super) origin: Option<CharId>,
    /// What stood right of it.
    pub(super) right_origin: Option<CharId>,
}

impl Run {
    /// The clock after its last.
    pub(super) fn end(&self) -> u32 {
        self.id.clock + self.len
    }

    /// The name of its last character.
    pub(super) fn last(&self) -> CharId {
        CharId {
            client: self.id.client,
            clock: self.id.clock + self.len - 1,
        }
    }

    /// How much text it is.
    pub(super) fn visible(&self) -> u32 {
        if self.deleted { 0 } else { self.len }
    }

    /// Whether it and the run right of it could be one: the same author went on writing, and nothing came between.
    pub(super) fn goes_on_as(&self, next: &Self) -> bool {
        self.id.client == next.id.client
            && self.end() == next.id.clock
            && self.deleted == next.deleted
            && next.origin == Some(self.last())
            && next.right_origin == self.right_origin
    }

    /// The part from `at` units on.
    fn from(&self, at: u32) -> Self {
        let first = CharId {
            clock: self.id.clock + at,
            ..self.id
        };
        Self {
            id: first,
            len: self.len - at,
            origin: Some(CharId {
                clock: first.clock - 1,
                ..first
            }),
            ..*self
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Node {
    run: Run,
    parent: u32,
    left: u32,
    right: u32,
    priority: u32,
    /// Nodes of the tree below it, itself included.
    size: u32,
    /// Text of the same, in UTF-16 units.
    visible: u32,
}

/// All runs of a document in order.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Nodes that can be used again.
    free: Vec<u32>,
    root: u32,
    random: u32,
}

impl Default for Tree {
    fn default() -> Self {
        // Another in every tree: whoever knew the priorities could write a text that makes the tree a list.
        let random = RandomState::new().build_hasher().finish() as u32;
        Self {
            nodes: Vec::new(),
            free: Vec::new(),
            root: NONE,
            random: random | 1,
        }
    }
}

impl Tree {
    /// Makes room for so many more runs: growing by doubling would leave a long text's tree half empty.
    pub(super) fn reserve(&mut self, runs: usize) {
        self.nodes.reserve(runs.saturating_sub(self.free.len()));
    }

    /// A run by a number that this tree gave out; numbers never come from outside.
    pub(super) fn run(&self, node: u32) -> &Run {
        &self.node(node).run
    }

    /// How many runs there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.size(self.root) as usize
    }

    /// The length of the text in UTF-16 units.
    pub(super) fn visible(&self) -> u32 {
        self.visible_below(self.root)
    }

    /// The first run.
    pub(super) fn first(&self) -> u32 {
        if self.root == NONE {
            NONE
        } else {
            self.leftmost(self.root)
        }
    }

    /// The run after this one; after none comes the first.
    pub(super) fn next(&self, node: u32) -> u32 {
        if node == NONE {
            return self.first();
        }
        let right = self.node(node).right;
        if right != NONE {
            return self.leftmost(right);
        }
        let mut below = node;
        let mut above = self.node(node).parent;
        while above != NONE && self.node(above).right == below {
            (below, above) = (above, self.node(above).parent);
        }
        above
    }

    /// The run before this one.
    pub(super) fn previous(&self, node: u32) -> u32 {
        let mut inner = self.node(node).left;
        if inner != NONE {
            while self.node(inner).right != NONE {
                inner = self.node(inner).right;
            }
            return inner;
        }
        let mut below = node;
        let mut above = self.node(node).parent;
        while above != NONE && self.node(above).left == below {
            (below, above) = (above, self.node(above).parent);
        }
        above
    }

    /// How many runs stand left of this one.
    pub(super) fn rank(&self, node: u32) -> u32 {
        self.left_of(node, |tree, below| tree.size(below), |_| 1)
    }

    /// How much text stands left of this run.
    pub(super) fn visible_before(&self, node: u32) -> u32 {
        self.left_of(node, Self::visible_below, Run::visible)
    }

    fn left_of(&self, node: u32, all: impl Fn(&Self, u32) -> u32, one: impl Fn(&Run) -> u32) -> u32 {
        let mut sum = all(self, self.node(node).left);
        let mut below = node;
        let mut above = self.node(node).parent;
        while above != NONE {
            let parent = self.node(above);
            if parent.right == below {
                sum += all(self, parent.left) + one(&parent.run);
            }
            (below, above) = (above, parent.parent);
        }
        sum
    }

    /// The run that holds the text's unit at an offset, and where in it; `None` at the end and past it.
    pub(super) fn at(&self, offset: u32) -> Option<(u32, u32)> {
        let mut offset = offset;
        let mut node = self.root;
        while node != NONE {
            let here = self.node(node);
            let left = self.visible_below(here.left);
            if offset < left {
                node = here.left;
                continue;
            }
            offset -= left;
            if offset < here.run.visible() {
                return Some((node, offset));
            }
            offset -= here.run.visible();
            node = here.right;
        }
        None
    }

    /// Puts a run right after another, or at the very front; gives its number.
    pub(super) fn insert_after(&mut self, node: u32, run: Run) -> u32 {
        let new = self.allocate(run);
        if self.root == NONE {
            self.root = new;
        } else if node != NONE && self.node(node).right == NONE {
            self.node_mut(node).right = new;
            self.node_mut(new).parent = node;
        } else {
            let below = self.leftmost(if node == NONE { self.root } else { self.node(node).right });
            self.node_mut(below).left = new;
            self.node_mut(new).parent = below;
        }
        let mut above = self.node(new).parent;
        while above != NONE {
            let parent = self.node_mut(above);
            parent.size += 1;
            parent.visible += run.visible();
            above = parent.parent;
        }
        while let parent = self.node(new).parent
            && parent != NONE
            && self.node(parent).priority < self.node(new).priority
        {
            self.lift(new);
        }
        new
    }

    /// Cuts a run in two; gives the second, which begins `at` units into it.
    pub(super) fn split(&mut self, node: u32, at: u32) -> u32 {
        let second = self.run(node).from(at);
        self.change(node, |run| run.len = at);
        self.insert_after(node, second)
    }

    /// Changes a run's length or whether it is deleted.
    pub(super) fn change(&mut self, node: u32, how: impl FnOnce(&mut Run)) {
        let run = &mut self.node_mut(node).run;
        let before = run.visible();
        how(run);
        let after = run.visible();
        let mut above = if before == after { NONE } else { node };
        while above != NONE {
            let node = self.node_mut(above);
            node.visible = node.visible - before + after;
            above = node.parent;
        }
    }

    /// Takes a run out.
    pub(super) fn remove(&mut self, node: u32) {
        loop {
            let Node { left, right, .. } = *self.node(node);
            let up = match (left, right) {
                (NONE, NONE) => break,
                (NONE, only) | (only, NONE) => only,
                (left, right) if self.node(left).priority > self.node(right).priority => left,
                (_, right) => right,
            };
            self.lift(up);
        }
        let mut above = self.node(node).parent;
        if above == NONE {
            self.root = NONE;
        } else if self.node(above).left == node {
            self.node_mut(above).left = NONE;
        } else {
            self.node_mut(above).right = NONE;
        }
        while above != NONE {
            self.count(above);
            above = self.node(above).parent;
        }
        self.free.push(node);
    }

    fn allocate(&mut self, run: Run) -> u32 {
        // xorshift: quick, and good enough for a heap.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let node = Node {
            run,
            parent: NONE,
            left: NONE,
            right: NONE,
            priority: self.random,
            size: 1,
            visible: run.visible(),
        };
        match self.free.pop() {
            Some(number) => {
                *self.node_mut(number) = node;
                number
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() as u32 - 1
            }
        }
    }

    /// Turns a node and its parent around.
    fn lift(&mut self, node: u32) {
        let parent = self.node(node).parent;
        let above = self.node(parent).parent;
        let inner = if self.node(parent).left == node {
            let inner = std::mem::replace(&mut self.node_mut(node).right, parent);
            self.node_mut(parent).left = inner;
            inner
        } else {
            let inner = std::mem::replace(&mut self.node_mut(node).left, parent);
            self.node_mut(parent).right = inner;
            inner
        };
        if inner != NONE {
            self.node_mut(inner).parent = parent;
        }
        self.node_mut(parent).parent = node;
        self.node_mut(node).parent = above;
        if above == NONE {
            self.root = node;
        } else if self.node(above).left == parent {
            self.node_mut(above).left = node;
        } else {
            self.node_mut(above).right = node;
        }
        self.count(parent);
        self.count(node);
    }

    fn count(&mut self, number: u32) {
        let node = self.node(number);
        let size = 1 + self.size(node.left) + self.size(node.right);
        let visible = node.run.visible() + self.visible_below(node.left) + self.visible_below(node.right);
        let node = self.node_mut(number);
        node.size = size;
        node.visible = visible;
    }

    fn size(&self, node: u32) -> u32 {
        if node == NONE { 0 } else { self.node(node).size }
    }

    fn visible_below(&self, node: u32) -> u32 {
        if node == NONE { 0 } else { self.node(node).visible }
    }

    fn leftmost(&self, node: u32) -> u32 {
        let mut node = node;
        while self.node(node).left != NONE {
            node = self.node(node).left;
        }
        node
    }

    fn node(&self, number: u32) -> &Node {
        &self.nodes[number as usize]
    }

    fn node_mut(&mut self, number: u32) -> &mut Node {
        &mut self.nodes[number as usize]
    }
}
