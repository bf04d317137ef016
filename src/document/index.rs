//! The position index: where every character that a document ever had stands, deleted ones included.
//!
//! It stands beside yrs, which knows the same but has to walk through all its blocks to tell. Here both ways cost a walk
//! down a tree: from an update to the positions that it changes ([`changes`]), and from an edit by position to Yjs blocks
//! ([`writing`]). It integrates blocks by Yjs's own rule ([`integrating`]), so that both always have one order; the tests
//! hold it against yrs's own report.
//!
//! On the way it sees what yrs would take in without a word: origins that can't have been neighbours. Such an update is
//! integrated by yrs in one way when it arrives and in another when the document is loaded again.

mod changes;
mod integrating;
mod tree;
mod writing;

use std::collections::{BTreeMap, HashMap};

use self::tree::{NONE, Run, Tree};
use super::update::{Block, CharId, Deletion};
use crate::id::ClientId;

pub(super) use self::changes::Step;
pub(super) use self::writing::Place;

/// The update's origins contradict the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crossed;

/// Where every character of a document stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    runs: Tree,
    /// Each client's runs by the clock of their first character. They have no holes: the gate sees to that.
    clients: HashMap<ClientId, BTreeMap<u32, u32>>,
}

impl Index {
    /// The length of the text in UTF-16 units.
    pub(super) fn visible(&self) -> u32 {
        self.runs.visible()
    }

    /// How many runs there are: what the index costs grows with them.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.runs.len()
    }

    /// Takes an update's blocks in. What they refer to is there already, or comes before them: the gate saw to that.
    ///
    /// # Errors
    /// [`Crossed`], with the index as it was.
    pub(super) fn integrate(&mut self, blocks: &[Block<'_>]) -> Result<(), Crossed> {
        for (at, block) in blocks.iter().enumerate() {
            if self.integrate_one(block).is_err() {
                // Each client's blocks come in the order of their clocks, so undoing the newest first ends where it began.
                for taken in blocks.iter().take(at).rev() {
                    self.forget_from(taken.id);
                }
                return Err(Crossed);
            }
        }
        Ok(())
    }

    /// The same for blocks of our own log.
    pub(super) fn integrate_trusted(&mut self, blocks: &[Block<'_>]) {
        self.runs.reserve(blocks.len());
        for block in blocks {
            self.integrate_one_trusted(block);
        }
    }

    /// Deletes characters; gives those that were not deleted before.
    pub(super) fn delete(&mut self, deletions: &[Deletion]) -> Vec<Deletion> {
        let mut news = Vec::new();
        for deletion in deletions {
            let mut clock = deletion.start;
            while clock < deletion.end {
                let first = CharId {
                    client: deletion.client,
                    clock,
                };
                let Some((node, at)) = self.find(first) else { break };
                clock = self.runs.run(node).end().min(deletion.end);
                if !self.runs.run(node).deleted {
                    self.delete_part(node, at, clock - first.clock);
                    push_joined(&mut news, first.client, first.clock, clock);
                }
            }
        }
        news
    }

    /// Whether all these characters are deleted.
    pub(super) fn is_deleted(&self, deletion: &Deletion) -> bool {
        let mut id = CharId {
            client: deletion.client,
            clock: deletion.start,
        };
        while id.clock < deletion.end {
            match self.find(id) {
                Some((node, _)) if self.runs.run(node).deleted => id.clock = self.runs.run(node).end(),
                _ => return false,
            }
        }
        true
    }

    /// The character right of a place in the text; `None` at its end.
    pub(super) fn character_at(&self, offset: u32) -> Option<CharId> {
        let (node, at) = self.runs.at(offset)?;
        let first = self.runs.run(node).id;
        Some(CharId {
            clock: first.clock + at,
            ..first
        })
    }

    /// Where a character stands, or its right side; of a deleted one, where it stood.
    pub(super) fn offset_of(&self, id: CharId, right_side: bool) -> Option<u32> {
        let (node, at) = self.find(id)?;
        let within = if self.runs.run(node).deleted {
            0
        } else {
            at + u32::from(right_side)
        };
        Some(self.runs.visible_before(node) + within)
    }

    /// The run that holds a character, and where in it.
    fn find(&self, id: CharId) -> Option<(u32, u32)> {
        let (&first, &node) = self.clients.get(&id.client)?.range(..=id.clock).next_back()?;
        (id.clock < self.runs.run(node).end()).then_some((node, id.clock - first))
    }

    /// Deletes a part of a run; joins what it leaves with its neighbours.
    fn delete_part(&mut self, node: u32, at: u32, len: u32) {
        let node = if at > 0 { self.split(node, at) } else { node };
        if len < self.runs.run(node).len {
            self.split(node, len);
        }
        self.runs.change(node, |run| run.deleted = true);
        self.join_around(node);
    }

    /// Makes a run end after a character, and gives it.
    fn cut_after(&mut self, id: CharId) -> u32 {
        let Some((node, at)) = self.find(id) else { return NONE };
        if at + 1 < self.runs.run(node).len {
            self.split(node, at + 1);
        }
        node
    }

    /// Makes a run begin with a character, and gives it.
    fn cut_before(&mut self, id: CharId) -> u32 {
        match self.find(id) {
            Some((node, 0)) => node,
            Some((node, at)) => self.split(node, at),
            None => NONE,
        }
    }

    fn split(&mut self, node: u32, at: u32) -> u32 {
        let second = self.runs.split(node, at);
        self.note(second);
        second
    }

    /// Puts a run after another; makes that one longer if the two are one.
    fn put_after(&mut self, node: u32, run: Run) {
        if node != NONE && self.runs.run(node).goes_on_as(&run) {
            self.runs.change(node, |longer| longer.len += run.len);
        } else {
            let new = self.runs.insert_after(node, run);
            self.note(new);
        }
    }

    fn note(&mut self, node: u32) {
        let id = self.runs.run(node).id;
        self.clients.entry(id.client).or_default().insert(id.clock, node);
    }

    /// Joins a run with its neighbours where they are one.
    fn join_around(&mut self, node: u32) {
        let next = self.runs.next(node);
        self.join(node, next);
        let previous = self.runs.previous(node);
        self.join(previous, node);
    }

    fn join(&mut self, node: u32, next: u32) {
        if node == NONE || next == NONE || !self.runs.run(node).goes_on_as(self.runs.run(next)) {
            return;
        }
        let Run { id, len, .. } = *self.runs.run(next);
        self.runs.remove(next);
        self.runs.change(node, |run| run.len += len);
        if let Some(runs) = self.clients.get_mut(&id.client) {
            runs.remove(&id.clock);
        }
    }

    /// Forgets a client's characters from one on.
    fn forget_from(&mut self, id: CharId) {
        while let Some(node) = self
            .newest(id.client)
            .filter(|&node| self.runs.run(node).end() > id.clock)
        {
            let first = self.runs.run(node).id.clock;
            if first < id.clock {
                return self.runs.change(node, |run| run.len = id.clock - first);
            }
            let (previous, next) = (self.runs.previous(node), self.runs.next(node));
            self.runs.remove(node);
            if let Some(runs) = self.clients.get_mut(&id.client) {
                runs.remove(&first);
            }
            self.join(previous, next);
        }
    }

    /// The run with a client's newest characters.
    fn newest(&self, client: ClientId) -> Option<u32> {
        self.clients.get(&client)?.last_key_value().map(|(_, &node)| node)
    }
}

/// Adds a range to the ranges of one client after the other; joins it with the one before if they touch.
fn push_joined(ranges: &mut Vec<Deletion>, client: ClientId, start: u32, end: u32) {
    match ranges.last_mut() {
        Some(last) if last.client == client && last.end == start => last.end = end,
        _ => ranges.push(Deletion { client, start, end }),
    }
}

#[cfg(test)]
mod tests;
