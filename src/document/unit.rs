//! What an offset counts, and lengths that hold every count at once.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// What an offset counts; the numbers are the contract's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Unit {
    /// Unicode scalar values: what Python, and a person, counts.
    #[default]
    CodePoint = 1,
    /// UTF-16 code units: what JavaScript, Java and LSP count.
    Utf16 = 2,
    /// Bytes of UTF-8: what Rust and Go count.
    Utf8 = 3,
}

impl Unit {
    /// All units.
    pub const ALL: [Self; 3] = [Self::CodePoint, Self::Utf16, Self::Utf8];

    /// The contract's number.
    pub fn number(self) -> i32 {
        self as i32
    }

    /// The unit of a number of the contract; 0, unspecified, has none.
    pub fn from_number(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::CodePoint),
            2 => Some(Self::Utf16),
            3 => Some(Self::Utf8),
            _ => None,
        }
    }

    /// The length of a text in this unit; it ends at `u32::MAX`.
    pub fn len_of(self, text: &str) -> u32 {
        match self {
            Self::Utf8 => clamp(text.len()),
            Self::CodePoint | Self::Utf16 => Len::of(text).get(self),
        }
    }
}

/// The length of a piece of text in every unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Len {
    /// In Unicode scalar values.
    pub chars: u32,
    /// In UTF-16 code units.
    pub utf16: u32,
    /// In bytes of UTF-8.
    pub utf8: u32,
}

impl Len {
    /// Nothing.
    pub const ZERO: Self = Self {
        chars: 0,
        utf16: 0,
        utf8: 0,
    };

    /// The length of a text. Texts end far below 4 GiB; a longer one would count as `u32::MAX`.
    pub fn of(text: &str) -> Self {
        let utf8 = clamp(text.len());
        if text.is_ascii() {
            return Self {
                chars: utf8,
                utf16: utf8,
                utf8,
            };
        }
        let (mut chars, mut utf16) = (0_usize, 0_usize);
        for character in text.chars() {
            chars += 1;
            utf16 += character.len_utf16();
        }
        Self {
            chars: clamp(chars),
            utf16: clamp(utf16),
            utf8,
        }
    }

    /// The length of a rope, from the counts that it keeps.
    pub fn of_rope(rope: &ropey::Rope) -> Self {
        Self {
            chars: clamp(rope.len_chars()),
            utf16: clamp(rope.len_utf16_cu()),
            utf8: clamp(rope.len_bytes()),
        }
    }

    /// In one unit.
    pub fn get(self, unit: Unit) -> u32 {
        match unit {
            Unit::CodePoint => self.chars,
            Unit::Utf16 => self.utf16,
            Unit::Utf8 => self.utf8,
        }
    }

    /// Whether there is nothing.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// The sum, unless a count runs over.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            chars: self.chars.checked_add(other.chars)?,
            utf16: self.utf16.checked_add(other.utf16)?,
            utf8: self.utf8.checked_add(other.utf8)?,
        })
    }

    /// What is left, unless `other` is longer in some unit.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Some(Self {
            chars: self.chars.checked_sub(other.chars)?,
            utf16: self.utf16.checked_sub(other.utf16)?,
            utf8: self.utf8.checked_sub(other.utf8)?,
        })
    }

    /// Whether a text of this length can exist: a character takes one or two UTF-16 units, a unit one to three bytes.
    pub(super) fn is_possible(self) -> bool {
        let [chars, utf16, utf8] = [self.chars, self.utf16, self.utf8].map(u64::from);
        (chars..=2 * chars).contains(&utf16) && (utf16..=3 * utf16).contains(&utf8)
    }
}

impl Add for Len {
    type Output = Self;

    /// The sum; a count ends at `u32::MAX`.
    fn add(self, other: Self) -> Self {
        Self {
            chars: self.chars.saturating_add(other.chars),
            utf16: self.utf16.saturating_add(other.utf16),
            utf8: self.utf8.saturating_add(other.utf8),
        }
    }
}

impl AddAssign for Len {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Len {
    fn sum<I: Iterator<Item = Self>>(lengths: I) -> Self {
        lengths.fold(Self::ZERO, Add::add)
    }
}

/// One replacement, counted in one unit. All changes of an edit refer to the text before it, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UnitChange {
    /// Where it begins.
    pub offset: u32,
    /// How much is deleted from there.
    #[serde(default)]
    pub delete: u32,
    /// What is inserted there.
    #[serde(default)]
    pub insert: String,
}

impl UnitChange {
    /// A replacement of `delete` at `offset` by `insert`.
    pub fn new(offset: u32, delete: u32, insert: impl Into<String>) -> Self {
        Self {
            offset,
            delete,
            insert: insert.into(),
        }
    }

    /// Where what it deletes ends; it ends at `u32::MAX`.
    pub fn end(&self) -> u32 {
        self.offset.saturating_add(self.delete)
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.delete == 0 && self.insert.is_empty()
    }
}

fn clamp(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_counts_each_character_in_every_unit() {
        assert_eq!(
            Len::of("abc"),
            Len {
                chars: 3,
                utf16: 3,
                utf8: 3
            }
        );
        assert_eq!(
            Len::of("é你😀"),
            Len {
                chars: 3,
                utf16: 4,
                utf8: 9
            }
        );
        assert_eq!(Len::of_rope(&ropey::Rope::from_str("é你😀")), Len::of("é你😀"));
        assert_eq!(Unit::ALL.map(|unit| unit.len_of("é你😀")), [3, 4, 9]);
    }

    #[test]
    fn lengths_never_run_over() {
        let all = Len {
            chars: u32::MAX,
            utf16: u32::MAX,
            utf8: u32::MAX,
        };
        assert_eq!(all + Len::of("a"), all);
        assert_eq!(all.checked_add(Len::of("a")), None);
        assert_eq!(Len::of("a").checked_sub(all), None);
        assert_eq!(UnitChange::new(u32::MAX, 1, "").end(), u32::MAX);
    }

    #[test]
    fn a_unit_keeps_its_number() {
        for unit in Unit::ALL {
            assert_eq!(Unit::from_number(unit.number()), Some(unit));
        }
        assert_eq!(Unit::from_number(0), None);
        assert_eq!(Unit::from_number(4), None);
    }
}
