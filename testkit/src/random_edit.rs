//! Random edits over an alphabet that has every kind of trouble in it.

use rand::Rng;
use ropey::Rope;
use tandem::document::{Unit, UnitChange};

/// What is typed: ASCII, line breaks, two and three bytes, surrogate pairs, ZWJ families, flags, combining marks.
const PIECES: [&str; 14] = [
    "a",
    "bc",
    "\n",
    "é",
    "你好",
    "😀",
    "👩‍👩‍👧",
    "🇪🇺",
    "e\u{301}",
    "fn x() {}",
    "\t",
    "\u{200d}",
    "한",
    "𝒳y",
];

/// An edit of one to three changes of this text, in `unit`.
pub fn random_edit(random: &mut impl Rng, text: &Rope, unit: Unit) -> Vec<UnitChange> {
    let chars = text.len_chars();
    let mut changes = Vec::new();
    let mut start = 0;
    let count = if random.random_range(0..4) == 0 {
        random.random_range(2..4)
    } else {
        1
    };
    for _ in 0..count {
        start = random.random_range(start..=chars);
        let delete = if random.random_bool(0.4) {
            random.random_range(0..6)
        } else {
            0
        };
        let end = chars.min(start + delete);
        let insert = if random.random_bool(0.8) {
            PIECES[random.random_range(0..PIECES.len())]
        } else {
            ""
        };
        let offset = offset_of(text, start, unit);
        changes.push(UnitChange::new(offset, offset_of(text, end, unit) - offset, insert));
        start = end;
    }
    changes
}

/// The offset of a character.
pub fn offset_of(text: &Rope, char_index: usize, unit: Unit) -> u32 {
    let offset = match unit {
        Unit::CodePoint => char_index,
        Unit::Utf16 => text.char_to_utf16_cu(char_index),
        Unit::Utf8 => text.char_to_byte(char_index),
    };
    u32::try_from(offset).expect("tests have short texts")
}

/// Changes counted in one unit, of this text, counted in another.
pub fn convert(text: &Rope, changes: &[UnitChange], from: Unit, to: Unit) -> Vec<UnitChange> {
    let char_at = |offset: u32| match from {
        Unit::CodePoint => offset as usize,
        Unit::Utf16 => text.utf16_cu_to_char(offset as usize),
        Unit::Utf8 => text.byte_to_char(offset as usize),
    };
    let convert = |change: &UnitChange| {
        let offset = offset_of(text, char_at(change.offset), to);
        UnitChange::new(
            offset,
            offset_of(text, char_at(change.end()), to) - offset,
            change.insert.as_str(),
        )
    };
    changes.iter().map(convert).collect()
}
