use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use ropey::Rope;
use serde::Deserialize;

use super::*;
use crate::document::unit::Len;
use crate::document::{DeltaBuilder, Document};
use crate::id::ClientId;

/// A case of `proto/vectors/transform.json`.
#[derive(Deserialize)]
struct Vector {
    name: String,
    unit: String,
    text: String,
    s: Vec<UnitChange>,
    x: Vec<UnitChange>,
    after: String,
}

fn unit_of(name: &str) -> Unit {
    match name {
        "code_point" => Unit::CodePoint,
        "utf16" => Unit::Utf16,
        "utf8" => Unit::Utf8,
        other => panic!("no unit is called {other}"),
    }
}

fn char_at(rope: &Rope, offset: u32, unit: Unit) -> usize {
    match unit {
        Unit::CodePoint => offset as usize,
        Unit::Utf16 => rope.utf16_cu_to_char(offset as usize),
        Unit::Utf8 => rope.byte_to_char(offset as usize),
    }
}

/// Carries out an edit the plainest way, from the last change to the first.
fn edit(text: &str, changes: &[UnitChange], unit: Unit) -> String {
    let mut rope = Rope::from_str(text);
    for change in changes.iter().rev() {
        let (start, end) = (char_at(&rope, change.offset, unit), char_at(&rope, change.end(), unit));
        rope.remove(start..end);
        rope.insert(start, &change.insert);
    }
    rope.to_string()
}

fn delta(text: &str, changes: &[UnitChange], unit: Unit) -> Delta {
    let rope = Rope::from_str(text);
    let mut builder = DeltaBuilder::new(Len::of(text));
    let mut position = 0;
    for change in changes {
        let (start, end) = (char_at(&rope, change.offset, unit), char_at(&rope, change.end(), unit));
        builder
            .retain(Len::of(&rope.slice(position..start).to_string()))
            .insert(&change.insert);
        builder.delete(Len::of(&rope.slice(start..end).to_string()));
        position = end;
    }
    builder.finish()
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../../../proto/vectors/transform.json")).expect("the vectors are JSON")
}

#[test]
fn the_vectors_hold() {
    let vectors = vectors();
    assert!(vectors.len() >= 40);
    for vector in vectors {
        let unit = unit_of(&vector.unit);
        check(&vector.x, unit.len_of(&vector.text)).expect("a vector is a valid edit");
        let s = delta(&vector.text, &vector.s, unit);
        let middle = edit(&vector.text, &vector.s, unit);
        assert_eq!(
            edit(&middle, &carry(vector.x.clone(), &s, unit), unit),
            vector.after,
            "{}",
            vector.name
        );

        let (_, s) = transform(vector.x.clone(), vector.s, unit);
        let middle = edit(&vector.text, &vector.x, unit);
        assert_eq!(
            edit(&middle, &s, unit),
            vector.after,
            "the other way round: {}",
            vector.name
        );
    }
}

#[test]
fn the_vectors_hold_on_a_document() {
    for vector in vectors() {
        let unit = unit_of(&vector.unit);
        let mut document = Document::new(ClientId(1));
        document
            .edit(unit, &[UnitChange::new(0, 0, vector.text.as_str())])
            .expect("the text");
        let s = document.edit(unit, &vector.s).expect("the first edit").delta;
        document
            .edit(unit, &carry(vector.x, &s, unit))
            .expect("the carried edit");
        assert_eq!(document.text(), vector.after.as_str(), "{}", vector.name);
    }
}

fn random_changes(random: &mut SmallRng, text: &str, unit: Unit) -> Vec<UnitChange> {
    let rope = Rope::from_str(text);
    let at = |index: usize| Len::of(&rope.slice(..index).to_string()).get(unit);
    let mut changes = Vec::new();
    let mut start = 0;
    for _ in 0..random.random_range(1..4) {
        start = random.random_range(start..=rope.len_chars());
        let end = random.random_range(start..=rope.len_chars().min(start + 4));
        let insert = ["", "X", "你", "😀", "ab"][random.random_range(0..5)];
        changes.push(UnitChange::new(at(start), at(end) - at(start), insert));
        start = end;
    }
    changes
}

#[test]
fn both_ways_round_the_text_is_the_same() {
    for seed in 0..4_000 {
        let mut random = SmallRng::seed_from_u64(seed);
        let text: String = (0..random.random_range(0..12))
            .map(|_| ['a', 'é', '你', '😀'][random.random_range(0..4)])
            .collect();
        let unit = Unit::ALL[random.random_range(0..3)];
        let (x, s) = (
            random_changes(&mut random, &text, unit),
            random_changes(&mut random, &text, unit),
        );
        let over = delta(&text, &s, unit);
        let (x_after, s_after) = transform(x.clone(), s.clone(), unit);
        assert_eq!(x_after, carry(x.clone(), &over, unit), "seed {seed}");
        let one = edit(&edit(&text, &s, unit), &x_after, unit);
        let other = edit(&edit(&text, &x, unit), &s_after, unit);
        assert_eq!(one, other, "seed {seed}: {text:?} {unit:?} s {s:?} x {x:?}");
    }
}

#[test]
fn a_cursor_moves_with_the_text() {
    let over = delta(
        "abcdef",
        &[UnitChange::new(1, 2, "XYZ"), UnitChange::new(5, 0, "!")],
        Unit::CodePoint,
    );
    let carried = |left: bool| [0, 1, 2, 3, 5, 6].map(|at| carry_position(at, &over, Unit::CodePoint, left));
    assert_eq!(carried(true), [0, 1, 4, 4, 6, 8]);
    assert_eq!(carried(false), [0, 4, 4, 4, 7, 8]);
}

fn refusal(changes: &[UnitChange]) -> (Reason, Option<String>) {
    let error = check(changes, 5).expect_err("this edit is wrong");
    (error.reason(), error.details().field.clone())
}

#[test]
fn a_wrong_edit_is_refused_by_the_name_of_its_field() {
    let field = |name: &str| Some(name.to_owned());
    let change = |offset, delete, insert: &str| UnitChange::new(offset, delete, insert);
    assert!(check(&[change(0, 1, "a"), change(1, 4, "b"), change(5, 0, "c")], 5).is_ok());
    assert_eq!(
        refusal(&[change(2, 2, ""), change(3, 0, "a")]),
        (Reason::ChangesOutOfOrder, field("changes[1].offset"))
    );
    assert_eq!(
        refusal(&[change(6, 0, "a")]),
        (Reason::OffsetPastEnd, field("changes[0].offset"))
    );
    assert_eq!(
        refusal(&[change(3, 3, "a")]),
        (Reason::OffsetPastEnd, field("changes[0].delete"))
    );
    assert_eq!(
        refusal(&[change(3, u32::MAX, "a")]),
        (Reason::OffsetPastEnd, field("changes[0].delete"))
    );
    assert_eq!(
        refusal(&[change(0, 0, "a\r\n")]),
        (Reason::CarriageReturn, field("changes[0].insert"))
    );
    assert_eq!(
        refusal(&[change(0, 0, "a\0")]),
        (Reason::Nul, field("changes[0].insert"))
    );
    assert_eq!(
        refusal(&vec![change(0, 0, "a"); EDIT_CHANGES + 1]),
        (Reason::EditTooLarge, field("changes"))
    );
    assert_eq!(
        refusal(&[change(0, 0, &"a".repeat(EDIT_BYTES + 1))]),
        (Reason::EditTooLarge, field("changes"))
    );
}

#[test]
fn the_quick_way_for_one_change_is_the_same_way() {
    let mut quickly = 0;
    for seed in 0..20_000 {
        let mut random = SmallRng::seed_from_u64(seed);
        let text = "abcdefghijklmnop";
        let mut change = |most: u32| {
            let offset = random.random_range(0..=16);
            let delete = random.random_range(0..=most.min(16 - offset));
            UnitChange::new(offset, delete, ["", "x", "yz"][random.random_range(0..3)])
        };
        let x = change(6);
        let mut s = vec![change(5), change(5)];
        s.sort_by_key(|change| change.offset);
        if s[0].end() > s[1].offset {
            s.pop();
        }
        let over = delta(text, &s, Unit::Utf8);
        if over.is_empty() {
            continue;
        }
        let whole = carry_over(vec![x.clone()], &spans_of_delta(&over, Unit::Utf8), Tie::Right);
        assert_eq!(carry(vec![x.clone()], &over, Unit::Utf8), whole, "seed {seed}");
        let mut moved = x;
        if OneChange::of(&over).is_some_and(|one| one.moves(&mut moved, Unit::Utf8)) {
            assert_eq!(vec![moved], whole, "seed {seed}");
            quickly += 1;
        }
    }
    assert!(quickly > 5_000, "{quickly} went the quick way");
}
