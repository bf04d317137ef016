//! Two edits of one text, made without each other, carried over each other; further ones behind them; and what the log
//! keeps of them. Each byte of the input is a decision.

use rand::Rng;
use rand::rngs::SmallRng;
use ropey::Rope;
use tandem::document::{
    Delta, Document, Unit, UnitChange, carry, carry_position, check, diff, join, normalise, offset_in, transform,
    utf16_offset,
};
use tandem::id::ClientId;
use tandem_testkit::mutate::{TEXTS, one_of};
use tandem_testkit::random_edit::{convert, offset_of, random_edit};

use super::{Target, damaged};
use crate::Seen;
use crate::dice::Dice;
use crate::seen::{about, shape};

pub(super) const TARGET: Target = Target {
    name: "rebase",
    run,
    fresh,
    mutate: damaged,
};

fn run(input: &[u8], seen: &mut Seen) {
    let mut dice = Dice::new(input);
    let dice = &mut dice;
    let unit = Unit::ALL[dice.random_range(0..3)];
    let mut text = Rope::new();
    for _ in 0..dice.random_range(0..4) {
        text = after(&text, unit, &random_edit(dice, &text, unit)).0;
    }
    // What one side does, a step at a time, and the other side's edit, which is of the first text.
    let steps = steps(dice, &text, unit);
    let edit = random_edit(dice, &text, unit);
    check(&edit, unit_length(&text, unit)).expect("an edit of this text");
    let places = ascending(dice, &text, unit);

    let carried = carried_over_all(&text, unit, &steps, &edit, seen);
    in_every_unit_alike(&text, unit, &steps, &edit, &carried);
    for delta in &steps {
        places_keep_their_order(&places, delta, unit);
    }
    whole_texts(dice, &text, &steps, seen);
    if let Ok(delta) = Delta::decode(dice.left()) {
        assert_eq!(delta.encode(), dice.left(), "two forms of one delta are read");
    }
}

fn unit_length(text: &Rope, unit: Unit) -> u32 {
    offset_of(text, text.len_chars(), unit)
}

/// The text after an edit, and what that did, as a document has it.
fn after(text: &Rope, unit: Unit, changes: &[UnitChange]) -> (Rope, Delta) {
    let mut document = Document::new(ClientId(1));
    let whole = UnitChange::new(0, 0, text.to_string());
    document.edit(Unit::CodePoint, &[whole]).expect("the text before");
    let delta = document.edit(unit, changes).expect("the edit fits the text").delta;
    let encoded = delta.encode();
    assert_eq!(
        Delta::decode(&encoded).as_ref(),
        Ok(&delta),
        "the log has something else"
    );
    assert_eq!(Delta::lengths(&encoded), Some((delta.before, delta.after())));
    (document.text().clone(), delta)
}

fn steps(dice: &mut Dice<'_>, text: &Rope, unit: Unit) -> Vec<Delta> {
    let mut now = text.clone();
    let mut steps = Vec::new();
    for _ in 0..dice.random_range(1..5) {
        let (next, delta) = after(&now, unit, &random_edit(dice, &now, unit));
        now = next;
        steps.push(delta);
    }
    steps
}

/// Carries the edit over each step and each step over the edit: either way round the texts are the same, after every
/// step.
fn carried_over_all(text: &Rope, unit: Unit, steps: &[Delta], edit: &[UnitChange], seen: &mut Seen) -> Vec<UnitChange> {
    let mut theirs = text.clone();
    let (mut ours, first) = after(text, unit, edit);
    let mut carried = edit.to_vec();
    seen.note((unit, steps.len(), shape(&first)));
    for step in steps {
        let (over, back) = transform(carried.clone(), step.changes_in(unit), unit);
        assert!(step.apply(&mut theirs), "a step fits the text that it is of");
        assert_eq!(over, carry(carried, step, unit), "the two ways to carry differ");
        assert_eq!(over, join(over.clone()), "neighbouring changes are not joined");
        check(&over, unit_length(&theirs, unit)).expect("a carried edit fits");
        let (merged, delta) = after(&theirs, unit, &over);
        seen.note((shape(step), shape(&delta), over.len()));
        ours = after(&ours, unit, &back).0;
        assert_eq!(ours, merged, "the texts differ");
        carried = over;
    }
    carried
}

/// What an offset counts changes nothing.
fn in_every_unit_alike(text: &Rope, unit: Unit, steps: &[Delta], edit: &[UnitChange], carried: &[UnitChange]) {
    let mut last = text.clone();
    for step in steps {
        assert!(step.apply(&mut last));
    }
    for other in Unit::ALL {
        let converted = convert(text, edit, unit, other);
        let there = steps
            .iter()
            .fold(converted, |changes, step| carry(changes, step, other));
        assert_eq!(convert(&last, &there, other, unit), carried, "{other:?}");
    }
}

fn ascending(dice: &mut Dice<'_>, text: &Rope, unit: Unit) -> Vec<u32> {
    let mut places: Vec<u32> = (0..4)
        .map(|_| offset_of(text, dice.random_range(0..=text.len_chars()), unit))
        .collect();
    places.sort_unstable();
    places
}

/// Cursors stay in the text and in their order, and stand where an insertion would land.
fn places_keep_their_order(places: &[u32], over: &Delta, unit: Unit) {
    for sticks_left in [false, true] {
        let within = |place: &&u32| **place <= over.before.get(unit);
        let carried: Vec<u32> = places
            .iter()
            .filter(within)
            .map(|place| carry_position(*place, over, unit, sticks_left))
            .collect();
        assert!(carried.is_sorted(), "{carried:?}");
        assert!(
            carried.iter().all(|place| *place <= over.after().get(unit)),
            "{carried:?}"
        );
    }
    for place in places.iter().filter(|place| **place <= over.before.get(unit)) {
        let inserted = carry(vec![UnitChange::new(*place, 0, "x")], over, unit);
        let right = carry_position(*place, over, unit, false);
        assert_eq!(inserted, [UnitChange::new(right, 0, "x")]);
    }
}

/// A whole text written over an older one: the difference makes it, and is carried like any edit.
fn whole_texts(dice: &mut Dice<'_>, text: &Rope, steps: &[Delta], seen: &mut Seen) {
    let mut written = text.to_string();
    for _ in 0..dice.random_range(0..3) {
        let at = text.char_to_byte(dice.random_range(0..=text.len_chars()));
        let at = written.floor_char_boundary(at);
        let piece = TEXTS[dice.random_range(0..TEXTS.len())];
        written.insert_str(at, &piece.replace('\0', "\r"));
    }
    let (written, pairs) = normalise(&written);
    assert!(!written.contains('\r'));
    let mut changes = diff(text, &written, Unit::CodePoint);
    assert_eq!(
        after(text, Unit::CodePoint, &changes).0,
        written.as_str(),
        "the difference makes another text"
    );
    seen.note(("whole", about(changes.len()), pairs));
    let mut now = text.clone();
    for step in steps {
        assert!(step.apply(&mut now));
        changes = carry(changes, step, Unit::CodePoint);
    }
    let merged = after(&now, Unit::CodePoint, &changes).0;
    for at in 0..=merged.len_utf16_cu() as u32 {
        for unit in Unit::ALL {
            let offset = offset_in(&merged, at, unit);
            let back = utf16_offset(&merged, offset, unit).expect("an offset of the text");
            assert!(back <= at && at <= back + 1, "{at} comes back as {back}");
        }
    }
}

fn fresh(random: &mut SmallRng) -> Vec<u8> {
    let mut input: Vec<u8> = (0..random.random_range(10..160)).map(|_| random.random()).collect();
    if random.random_range(0..4) == 0 {
        // What is left after the decisions is read as a delta.
        let text = Rope::from_str(one_of(random, &TEXTS));
        let clean = text.to_string().replace(['\0', '\r'], "");
        let text = Rope::from_str(&clean);
        let (_, delta) = after(&text, Unit::CodePoint, &random_edit(random, &text, Unit::CodePoint));
        input.extend_from_slice(&delta.encode());
    }
    input
}
