//! What an operation did to a text, in every unit at once.
//!
//! A delta carries the text's length before it and each of its own lengths in all units, so that an edit on an old base
//! can be carried over it, and a client told of it, in the client's unit and without the old text.

use super::unit::{Len, Unit, UnitChange};
use super::varint::{self, Reader};

/// What an operation did to a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// The text's length before.
    pub before: Len,
    /// The changes in order. None of them is empty, and no two touch: [`DeltaBuilder`] joins those.
    pub changes: Vec<DeltaChange>,
}

/// One replacement in a [`Delta`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeltaChange {
    /// What stays between the end of the change before it and this one.
    pub retain: Len,
    /// What is deleted.
    pub delete: Len,
    /// What is inserted, at the start of what is deleted.
    pub insert: String,
    /// The length of `insert`.
    pub insert_len: Len,
}

/// Bytes that no delta was encoded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are not a position delta")]
pub struct CorruptDelta;

impl Delta {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The text's length after it.
    pub fn after(&self) -> Len {
        let gone: Len = self.changes.iter().map(|change| change.delete).sum();
        let came: Len = self.changes.iter().map(|change| change.insert_len).sum();
        self.before.checked_sub(gone).unwrap_or_default() + came
    }

    /// The changes counted in one unit, as an edit of the text before: where, how much is deleted, what is inserted.
    pub fn places(&self, unit: Unit) -> impl Iterator<Item = (u32, u32, &str)> {
        let mut position = 0_u32;
        self.changes.iter().map(move |change| {
            let offset = position.saturating_add(change.retain.get(unit));
            let delete = change.delete.get(unit);
            position = offset.saturating_add(delete);
            (offset, delete, change.insert.as_str())
        })
    }

    /// The same as changes of their own.
    pub fn changes_in(&self, unit: Unit) -> Vec<UnitChange> {
        self.places(unit)
            .map(|(offset, delete, insert)| UnitChange::new(offset, delete, insert))
            .collect()
    }

    /// Carries it out. `false`, with the rope unchanged, if the rope is not the text before it.
    pub fn apply(&self, rope: &mut ropey::Rope) -> bool {
        let total: Option<Len> = self
            .changes
            .iter()
            .try_fold(Len::ZERO, |sum, c| sum.checked_add(c.retain)?.checked_add(c.delete));
        if Len::of_rope(rope) != self.before || total.is_none_or(|total| self.before.checked_sub(total).is_none()) {
            return false;
        }
        let mut position = 0_usize;
        for change in &self.changes {
            position += change.retain.chars as usize;
            rope.remove(position..position + change.delete.chars as usize);
            rope.insert(position, &change.insert);
            position += change.insert_len.chars as usize;
        }
        true
    }

    /// Its bytes for the log: the length before, the length after, and the changes.
    pub fn encode(&self) -> Vec<u8> {
        let texts: usize = self.changes.iter().map(|change| change.insert.len() + 8).sum();
        let mut out = Vec::with_capacity(16 + texts);
        write_len(&mut out, self.before);
        write_len(&mut out, self.after());
        varint::write(&mut out, self.changes.len() as u64);
        for change in &self.changes {
            write_len(&mut out, change.retain);
            write_len(&mut out, change.delete);
            varint::write(&mut out, change.insert.len() as u64);
            out.extend_from_slice(change.insert.as_bytes());
        }
        out
    }

    /// Reads what [`Self::encode`] wrote, and nothing else. What it allocates is bounded by the bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CorruptDelta> {
        let mut reader = Reader::new(bytes);
        let delta = read(&mut reader).ok_or(CorruptDelta)?;
        if reader.is_empty() {
            Ok(delta)
        } else {
            Err(CorruptDelta)
        }
    }

    /// The text's length before and after, from the first bytes of an encoded delta.
    pub fn lengths(bytes: &[u8]) -> Option<(Len, Len)> {
        let mut reader = Reader::new(bytes);
        Some((read_len(&mut reader)?, read_len(&mut reader)?))
    }
}

/// Puts a [`Delta`] together from left to right.
#[derive(Clone, Debug, Default)]
pub struct DeltaBuilder {
    delta: Delta,
    retained: Len,
}

impl DeltaBuilder {
    /// Starts at the front of a text of this length.
    pub fn new(before: Len) -> Self {
        Self {
            delta: Delta {
                before,
                changes: Vec::new(),
            },
            retained: Len::ZERO,
        }
    }

    /// Goes on over what stays.
    pub fn retain(&mut self, len: Len) -> &mut Self {
        self.retained += len;
        self
    }

    /// Deletes what comes next.
    pub fn delete(&mut self, len: Len) -> &mut Self {
        if !len.is_zero() {
            self.current().delete += len;
        }
        self
    }

    /// Inserts here.
    pub fn insert(&mut self, text: &str) -> &mut Self {
        if !text.is_empty() {
            let current = self.current();
            current.insert.push_str(text);
            current.insert_len += Len::of(text);
        }
        self
    }

    /// The delta; the rest of the text stays.
    pub fn finish(self) -> Delta {
        self.delta
    }

    /// The change that goes on here, or a new one if something stays before it.
    fn current(&mut self) -> &mut DeltaChange {
        let changes = &mut self.delta.changes;
        if changes.is_empty() || !self.retained.is_zero() {
            changes.push(DeltaChange {
                retain: std::mem::take(&mut self.retained),
                ..DeltaChange::default()
            });
        }
        let last = changes.len() - 1;
        &mut changes[last]
    }
}

/// One number where all counts are equal, else the characters and what the other units have more of.
fn write_len(out: &mut Vec<u8>, len: Len) {
    let equal = len.chars == len.utf16 && len.utf16 == len.utf8;
    varint::write(out, u64::from(len.chars) << 1 | u64::from(!equal));
    if !equal {
        varint::write(out, u64::from(len.utf16.saturating_sub(len.chars)));
        varint::write(out, u64::from(len.utf8.saturating_sub(len.utf16)));
    }
}

fn read_len(reader: &mut Reader<'_>) -> Option<Len> {
    let first = reader.number()?;
    let chars = u32::try_from(first >> 1).ok()?;
    if first & 1 == 0 {
        return Some(Len {
            chars,
            utf16: chars,
            utf8: chars,
        });
    }
    let utf16 = chars.checked_add(reader.number32()?)?;
    let utf8 = utf16.checked_add(reader.number32()?)?;
    let len = Len { chars, utf16, utf8 };
    (len.is_possible() && utf8 != chars).then_some(len)
}

fn read(reader: &mut Reader<'_>) -> Option<Delta> {
    let before = read_len(reader)?;
    let after = read_len(reader)?;
    let count = usize::try_from(reader.number()?).ok()?;
    // A change takes at least three bytes: a count that promises more than there is must not allocate.
    if count > reader.left() / 3 {
        return None;
    }
    let mut changes: Vec<DeltaChange> = Vec::with_capacity(count);
    let mut left = before;
    for _ in 0..count {
        let change = read_change(reader)?;
        if change.retain.is_zero() && !changes.is_empty() {
            return None;
        }
        left = left.checked_sub(change.retain)?.checked_sub(change.delete)?;
        changes.push(change);
    }
    let delta = Delta { before, changes };
    (left.is_possible() && delta.after() == after).then_some(delta)
}

fn read_change(reader: &mut Reader<'_>) -> Option<DeltaChange> {
    let retain = read_len(reader)?;
    let delete = read_len(reader)?;
    let insert = reader.text()?.to_owned();
    let insert_len = Len::of(&insert);
    (!delete.is_zero() || !insert.is_empty()).then_some(DeltaChange {
        retain,
        delete,
        insert,
        insert_len,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "ab😀é" becomes "aX你" + "é!".
    fn sample() -> Delta {
        let mut builder = DeltaBuilder::new(Len::of("ab😀é"));
        builder
            .retain(Len::of("a"))
            .delete(Len::of("b"))
            .insert("X")
            .delete(Len::of("😀"))
            .insert("你");
        builder.retain(Len::of("é")).insert("!");
        builder.finish()
    }

    #[test]
    fn neighbouring_changes_are_joined() {
        let delta = sample();
        assert_eq!(delta.changes.len(), 2);
        assert_eq!(
            delta.changes_in(Unit::CodePoint),
            [UnitChange::new(1, 2, "X你"), UnitChange::new(4, 0, "!")]
        );
        assert_eq!(
            delta.changes_in(Unit::Utf16),
            [UnitChange::new(1, 3, "X你"), UnitChange::new(5, 0, "!")]
        );
        assert_eq!(
            delta.changes_in(Unit::Utf8),
            [UnitChange::new(1, 5, "X你"), UnitChange::new(8, 0, "!")]
        );
        assert_eq!(delta.after(), Len::of("aX你é!"));
    }

    #[test]
    fn a_delta_changes_only_the_text_that_it_is_of() {
        let mut rope = ropey::Rope::from_str("ab😀é");
        assert!(sample().apply(&mut rope));
        assert_eq!(rope, "aX你é!");
        assert!(!sample().apply(&mut rope));
        assert_eq!(rope, "aX你é!");
    }

    #[test]
    fn a_delta_reads_as_it_was_written() {
        for delta in [sample(), Delta::default(), DeltaBuilder::new(Len::of("abc")).finish()] {
            let bytes = delta.encode();
            assert_eq!(Delta::decode(&bytes), Ok(delta.clone()));
            assert_eq!(Delta::lengths(&bytes), Some((delta.before, delta.after())));
        }
    }

    #[test]
    fn a_typed_key_takes_few_bytes() {
        let mut builder = DeltaBuilder::new(Len {
            chars: 100_000,
            utf16: 100_000,
            utf8: 100_000,
        });
        builder
            .retain(Len {
                chars: 50_000,
                utf16: 50_000,
                utf8: 50_000,
            })
            .insert("a");
        assert_eq!(builder.finish().encode().len(), 13);
    }

    #[test]
    fn damaged_bytes_are_refused_and_never_panic() {
        let bytes = sample().encode();
        for end in 0..bytes.len() {
            assert_eq!(Delta::decode(&bytes[..end]), Err(CorruptDelta), "cut at {end}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(Delta::decode(&longer), Err(CorruptDelta));
        for at in 0..bytes.len() {
            for value in 0..=u8::MAX {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                if let Ok(delta) = Delta::decode(&damaged) {
                    assert_eq!(delta.encode(), damaged, "only one form is read");
                }
            }
        }
        assert_eq!(Delta::decode(&[0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]), Err(CorruptDelta));
    }
}
