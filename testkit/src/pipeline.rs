//! How one author sends edits without waiting for each receipt: those that can be said on an older base are.
//!
//! The protocol's base is a text without the sender's own edits that have no receipt, and at one offset a later edit
//! stays right of an earlier one. So typing on and on can be said on one base, and so can edits elsewhere; only an edit
//! inside text that is still on its way has to wait.

use tandem::document::UnitChange;

/// One author's edits since a base, sorted by their place in the base.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    base: u32,
    deleted: u32,
    inserted: u32,
}

impl Pipeline {
    /// An edit of the author's own text, said on the base; `None` if it has to wait for the receipts.
    pub fn on_base(&mut self, edit: &UnitChange, inserted: u32) -> Option<UnitChange> {
        let mut shift = 0_i64;
        let mut index = 0;
        for run in &self.runs {
            let start = u32::try_from(i64::from(run.base) + shift).ok()?;
            if edit.offset >= start + run.inserted && (edit.offset > start || run.inserted > 0) {
                shift += i64::from(run.inserted) - i64::from(run.deleted);
                index += 1;
                continue;
            }
            if edit.end() > start || (edit.offset == start && run.inserted > 0) {
                return None;
            }
            break;
        }
        let touches = self.runs.get(index).is_some_and(|next| {
            let start = i64::from(next.base) + shift;
            i64::from(edit.end()) > start
        });
        if touches {
            return None;
        }
        let base = u32::try_from(i64::from(edit.offset) - shift).ok()?;
        self.runs.insert(
            index,
            Run {
                base,
                deleted: edit.delete,
                inserted,
            },
        );
        Some(UnitChange::new(base, edit.delete, edit.insert.clone()))
    }

    /// Everything has its receipt: the next edit is on a new base.
    pub fn clear(&mut self) {
        self.runs.clear();
    }

    /// Whether nothing is on its way.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// How many edits were said on this base.
    pub fn len(&self) -> usize {
        self.runs.len()
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};
    use ropey::Rope;
    use tandem::document::{DeltaBuilder, Len, Unit, carry};

    use super::*;
    use crate::text_client::apply;

    #[test]
    fn what_is_said_on_the_base_comes_out_as_it_was_typed() {
        for seed in 0..2_000 {
            let mut random = SmallRng::seed_from_u64(seed);
            let start = Rope::from_str("the quick brown fox");
            let (mut local, mut server) = (start.clone(), start);
            let mut pipeline = Pipeline::default();
            let mut log: Vec<tandem::document::Delta> = Vec::new();
            for _ in 0..12 {
                let length = local.len_chars() as u32;
                let offset = random.random_range(0..=length);
                let delete = random.random_range(0..=3.min(length - offset));
                let edit = UnitChange::new(offset, delete, ["", "a", "bc"][random.random_range(0..3)]);
                let Some(said) = pipeline.on_base(&edit, edit.insert.len() as u32) else {
                    pipeline.clear();
                    log.clear();
                    continue;
                };
                apply(&mut local, Unit::CodePoint, &[edit]);
                let mut changes = vec![said];
                for delta in &log {
                    changes = carry(changes, delta, Unit::CodePoint);
                }
                let mut delta = DeltaBuilder::new(Len::of(&server.to_string()));
                let mut at = 0;
                for change in &changes {
                    let ascii = |n: u32| Len {
                        chars: n,
                        utf16: n,
                        utf8: n,
                    };
                    delta
                        .retain(ascii(change.offset - at))
                        .insert(&change.insert)
                        .delete(ascii(change.delete));
                    at = change.end();
                }
                log.push(delta.finish());
                apply(&mut server, Unit::CodePoint, &changes);
                assert_eq!(local, server, "seed {seed}");
            }
        }
    }
}
