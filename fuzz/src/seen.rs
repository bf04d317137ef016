//! What a run has shown: the coverage of these targets.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use tandem::document::Delta;

/// Outcomes and shapes that runs have reached, each as a number.
#[derive(Clone, Debug, Default)]
pub struct Seen(BTreeSet<u64>);

impl Seen {
    /// Notes one.
    pub fn note(&mut self, what: impl Hash) {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        self.0.insert(hasher.finish());
    }

    /// Takes in what another run has shown; whether any of it is new.
    pub fn take_in(&mut self, other: &Self) -> bool {
        let before = self.0.len();
        self.0.extend(&other.0);
        self.0.len() > before
    }

    /// How much there is.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A number by its magnitude: what differs by little is the same.
pub(crate) fn about(number: usize) -> u32 {
    usize::BITS - number.leading_zeros()
}

/// What a change of a text looks like from afar: how many places, and whether it inserts, deletes, and more than ASCII.
pub(crate) fn shape(delta: &Delta) -> (u32, bool, bool, bool) {
    let changes = &delta.changes;
    (
        about(changes.len()),
        changes.iter().any(|change| !change.insert.is_empty()),
        changes.iter().any(|change| !change.delete.is_zero()),
        changes.iter().any(|change| !change.insert.is_ascii()),
    )
}
