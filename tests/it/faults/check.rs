//! What a team was told, held against the log.

use std::collections::{BTreeMap, HashMap};

use ropey::Rope;
use tandem::document::{Delta, Unit, UnitChange};
use tandem::rpc::proto::v1;
use tandem::store::model::LoggedChange;
use tandem_testkit::client::Steady;
use uuid::Uuid;

use super::rounds::Figures;
use super::team::Team;

/// Checks every receipt and everything that was shown, and that the log makes the text that all have.
pub(super) fn told(team: &Team, log: &[LoggedChange], text: &str) -> Figures {
    let deltas: Vec<Delta> = log
        .iter()
        .map(|row| Delta::decode(&row.delta).expect("a delta"))
        .collect();
    let told = Told { log, deltas: &deltas };
    let mut figures = Figures::default();
    // Nobody else's operation stands under somebody's name, and all of theirs under one.
    let mut sources = HashMap::new();
    for (who, member) in team.members.iter().enumerate() {
        let one = &member.steady;
        figures.edits += one.sent.len();
        figures.receipts += told.receipts(one, &mut |source| *sources.entry(source).or_insert(who) == who);
        figures.shown += told.shown(one);
        figures.resumes += one.farewells.len();
    }
    let mut texts = BTreeMap::new();
    for (revision, text) in team.members.iter().flat_map(|member| &member.steady.texts) {
        figures.shown += 1;
        texts.entry(*revision).or_insert_with(Vec::new).push(text);
    }
    assert_eq!(replayed(&deltas, &texts), text, "the log makes another text");
    // The first operation made the file. Whatever else is in the log, somebody sent it and knows of it.
    assert_eq!(log.len(), figures.receipts + 1, "the log has what nobody sent");
    figures
}

struct Told<'a> {
    log: &'a [LoggedChange],
    deltas: &'a [Delta],
}

impl Told<'_> {
    /// Each operation has one receipt, and the log has it at the receipt's revision with the text that was sent.
    fn receipts(&self, one: &Steady, is_theirs: &mut impl FnMut(Uuid) -> bool) -> usize {
        let (sent, known): (Vec<_>, Vec<_>) = (one.sent.keys().collect(), one.receipts.keys().collect());
        assert_eq!(sent, known, "not everything has its receipt");
        let mut own_source = None;
        for (op_id, receipts) in &one.receipts {
            let [receipt] = receipts.as_slice() else {
                panic!("not one receipt: {receipts:?}");
            };
            assert_eq!(receipt.state(), v1::ReceiptState::Committed, "{receipt:?}");
            let at = self.at(receipt.revision);
            let row = &self.log[at];
            assert_eq!(row.op_id.0, *op_id, "another operation has this revision: {receipt:?}");
            let source = *own_source.get_or_insert(row.source);
            assert!(
                source == row.source && is_theirs(source),
                "somebody else's: {receipt:?}"
            );
            let inserted = self.deltas[at].changes.iter().map(|change| change.insert.as_str());
            assert_eq!(
                inserted.collect::<String>(),
                one.sent[op_id],
                "another text: {receipt:?}"
            );
        }
        one.receipts.len()
    }

    /// What was shown is what the log has.
    fn shown(&self, one: &Steady) -> usize {
        for edited in &one.edited {
            let shown = edited.changes.iter();
            let shown: Vec<UnitChange> = shown
                .map(|change| UnitChange::new(change.offset, change.delete, change.insert.as_str()))
                .collect();
            let changes = self.deltas[self.at(edited.revision)].changes_in(Unit::CodePoint);
            assert_eq!(changes, shown, "shown and lost: {edited:?}");
        }
        for updated in &one.updated {
            // One that brings a reader up to date is of many rows.
            if !updated.participant_id.is_empty() {
                let row = &self.log[self.at(updated.revision)];
                assert_eq!(
                    row.update, updated.update,
                    "shown and lost: revision {}",
                    updated.revision
                );
            }
        }
        one.edited.len() + one.updated.len()
    }

    /// A revision's place in the log.
    fn at(&self, revision: u64) -> usize {
        assert!(
            (1..=self.log.len() as u64).contains(&revision),
            "told and lost: revision {revision}"
        );
        usize::try_from(revision - 1).expect("small")
    }
}

/// Carries the log out, and compares whole texts that somebody was shown on the way; its last text.
fn replayed(deltas: &[Delta], texts: &BTreeMap<u64, Vec<&String>>) -> String {
    let mut rope = Rope::new();
    for (revision, delta) in (1..).zip(deltas) {
        assert!(delta.apply(&mut rope), "revision {revision} does not follow");
        for text in texts.get(&revision).into_iter().flatten() {
            assert!(rope == text.as_str(), "shown and lost: the text at {revision}");
        }
    }
    let newest = texts.last_key_value().map_or(0, |(revision, _)| *revision);
    assert!(newest <= deltas.len() as u64, "told and lost: the text at {newest}");
    rope.to_string()
}
