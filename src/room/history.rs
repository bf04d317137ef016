//! A file's recent operations in memory: what edits on an older text are carried over, and what a text client gets
//! that comes back.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::document::{self, Delta, Len, OneChange, Unit, UnitChange};
use crate::error::Result;
use crate::id::{OpId, ParticipantId, Revision, Source};
use crate::limits;
use crate::room::refusals::too_old;
use crate::store::model::Origin;

/// One operation of the file.
#[derive(Clone, Debug)]
pub(super) struct Past {
    /// Its revision.
    pub(super) revision: Revision,
    /// What it did to the text.
    pub(super) delta: Arc<Delta>,
    /// Where it came from.
    pub(super) source: uuid::Uuid,
    /// The source's number for it.
    pub(super) op_id: OpId,
    /// Whose it is, where that is known.
    pub(super) participant: Option<ParticipantId>,
    /// How its text came to be.
    pub(super) origin: Origin,
}

impl Past {
    /// The author's own number for it, if `source` is its author.
    pub(super) fn op_id_for(&self, source: Source) -> Option<OpId> {
        (self.source == source.uuid()).then_some(self.op_id)
    }
}

/// An operation, and in short what it did if that is one change.
#[derive(Debug)]
struct Kept {
    past: Past,
    one: Option<OneChange>,
}

impl From<Past> for Kept {
    fn from(past: Past) -> Self {
        let one = OneChange::of(&past.delta);
        Self { past, one }
    }
}

/// All operations of one file after a revision, oldest first.
#[derive(Debug)]
pub(super) struct History {
    /// Every operation of the file after this revision is here.
    complete_after: Revision,
    past: VecDeque<Kept>,
    bytes: usize,
}

impl History {
    /// A history that begins after `revision`.
    pub(super) fn after(revision: Revision) -> Self {
        Self {
            complete_after: revision,
            past: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Adds the newest operation, and forgets the oldest beyond the bounds.
    pub(super) fn push(&mut self, past: Past) {
        self.bytes += weight(&past);
        self.past.push_back(past.into());
        while self.past.len() > limits::HISTORY_OPERATIONS || self.bytes > limits::HISTORY_BYTES {
            let Some(Kept { past: oldest, .. }) = self.past.pop_front() else {
                break;
            };
            self.bytes -= weight(&oldest);
            self.complete_after = oldest.revision;
        }
    }

    /// Puts older operations, all after `complete_after` and up to `up_to` as read back from the log, before what is
    /// there. They stay until the next push. While they were read, more may have been forgotten than they reach up to:
    /// then they are left out, for a hole would carry everything to wrong places.
    pub(super) fn prepend(&mut self, complete_after: Revision, up_to: Revision, older: Vec<Past>) {
        if up_to < self.complete_after {
            return;
        }
        for past in older
            .into_iter()
            .rev()
            .filter(|past| past.revision <= self.complete_after)
        {
            self.bytes += weight(&past);
            self.past.push_front(past.into());
        }
        self.complete_after = self.complete_after.min(complete_after);
    }

    /// The operations after `revision`; `None` if it does not go back so far.
    pub(super) fn since(&self, revision: Revision) -> Option<impl Iterator<Item = &Past>> {
        Some(self.kept_since(revision)?.map(|kept| &kept.past))
    }

    fn kept_since(&self, revision: Revision) -> Option<impl Iterator<Item = &Kept>> {
        if revision < self.complete_after {
            return None;
        }
        let from = self.past.partition_point(|kept| kept.past.revision <= revision);
        Some(self.past.range(from..))
    }

    /// Changes made on the text at `base`, carried to the newest text; `None` if it does not go back so far.
    ///
    /// # Errors
    /// BASE_TOO_OLD: what the changes have become on the way would take too long to carry on.
    pub(super) fn carry(
        &self,
        changes: Vec<UnitChange>,
        base: Revision,
        unit: Unit,
    ) -> Result<Option<Vec<UnitChange>>> {
        self.kept_since(base)
            .map(|since| self.over(since, changes, unit))
            .transpose()
    }

    /// The same for an edit, which is checked against the text at its base; `now` is the newest text's length.
    ///
    /// # Errors
    /// As [`document::check`], and BASE_TOO_OLD.
    pub(super) fn carry_edit(
        &self,
        changes: &[UnitChange],
        base: Revision,
        unit: Unit,
        now: Len,
    ) -> Result<Option<Vec<UnitChange>>> {
        let Some(since) = self.kept_since(base) else {
            return Ok(None);
        };
        let mut since = since.peekable();
        let length = since.peek().map_or(now, |first| first.past.delta.before);
        document::check(changes, length.get(unit))?;
        self.over(since, changes.to_vec(), unit).map(Some)
    }

    fn over<'a>(
        &self,
        since: impl Iterator<Item = &'a Kept>,
        mut changes: Vec<UnitChange>,
        unit: Unit,
    ) -> Result<Vec<UnitChange>> {
        let mut steps = 0_usize;
        for Kept { past, one } in since {
            if let ([only], Some(over)) = (changes.as_mut_slice(), one)
                && over.moves(only, unit)
            {
                steps += 2;
                continue;
            }
            // Each operation inside a long deletion cuts it in two.
            steps += changes.len() + past.delta.changes.len();
            if steps > limits::REBASE_STEPS {
                return Err(too_old(self.newest(), self.newest()).with("limit", limits::REBASE_STEPS));
            }
            changes = document::carry(changes, &past.delta, unit);
        }
        Ok(changes)
    }

    /// An offset in the text at `base`, carried to the newest text.
    pub(super) fn carry_offset(&self, offset: u32, base: Revision, unit: Unit) -> Option<u32> {
        Some(self.since(base)?.fold(offset, |at, past| {
            document::carry_position(at, &past.delta, unit, false)
        }))
    }
}

fn weight(past: &Past) -> usize {
    let inserted: usize = past.delta.changes.iter().map(|change| change.insert.len() + 64).sum();
    inserted + 128
}

impl History {
    /// Says whose the operations are, where that is known.
    pub(super) fn name_authors(&mut self, participant: impl Fn(uuid::Uuid) -> Option<ParticipantId>) {
        for Kept { past, .. } in &mut self.past {
            past.participant = participant(past.source);
        }
    }
}

impl History {
    /// The revision of the file's newest operation that concerned its text; at least where it begins.
    pub(super) fn newest(&self) -> Revision {
        self.past.back().map_or(self.complete_after, |kept| kept.past.revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::DeltaBuilder;

    #[test]
    fn a_base_is_too_old_for_changes_that_would_take_too_long_to_carry_on() {
        let mut history = History::after(Revision(0));
        let operations = limits::REBASE_STEPS / limits::EDIT_CHANGES;
        for at in 0..operations {
            let before = Len::of(&"x".repeat(2 * limits::EDIT_CHANGES + at));
            history.push(Past {
                revision: Revision(at as u64 + 1),
                delta: Arc::new(DeltaBuilder::new(before).insert("x").clone().finish()),
                source: uuid::Uuid::nil(),
                op_id: OpId(1),
                participant: None,
                origin: Origin::Typed,
            });
        }
        let few = vec![UnitChange::new(0, 1, "y"), UnitChange::new(7, 1, "y")];
        let carried = history
            .carry(few, Revision(0), Unit::Utf8)
            .expect("not too many")
            .expect("not too old");
        assert_eq!(carried.len(), 2);
        assert_eq!(carried[0].offset as usize, operations);
        // Apart from each other: what touches is one change.
        let many = (0..limits::EDIT_CHANGES as u32).map(|at| UnitChange::new(2 * at, 1, "y"));
        let refused = history
            .carry(many.collect(), Revision(0), Unit::Utf8)
            .expect_err("too many");
        assert_eq!(refused.reason(), crate::error::Reason::BaseTooOld);
    }

    fn past(revision: u64) -> Past {
        Past {
            revision: Revision(revision),
            delta: Arc::new(DeltaBuilder::new(Len::ZERO).insert("x").clone().finish()),
            source: uuid::Uuid::nil(),
            op_id: OpId(revision),
            participant: None,
            origin: Origin::Typed,
        }
    }

    #[test]
    fn what_is_read_back_never_leaves_a_hole() {
        let mut history = History::after(Revision(10));
        let newest = 10 + limits::HISTORY_OPERATIONS as u64;
        (11..=newest).for_each(|revision| history.push(past(revision)));
        let read = |up_to: u64| (1..=up_to).map(past).collect::<Vec<_>>();
        // Five more came while the log was read, and as many of the oldest were forgotten.
        (1..=5).for_each(|more| history.push(past(newest + more)));
        history.prepend(Revision(0), Revision(10), read(10));
        assert!(history.since(Revision(0)).is_none(), "11 to 15 are missing");
        history.prepend(Revision(0), Revision(20), read(20));
        let revisions = history.since(Revision(0)).expect("all of it");
        assert!(revisions.map(|past| past.revision.0).eq(1..=newest + 5));
    }
}
