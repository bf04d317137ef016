//! Offsets of one unit as offsets of another, on a text.

use ropey::Rope;

use crate::document::Unit;
use crate::error::{Error, Reason, Result};

/// An offset in `unit` as an offset in UTF-16 units.
///
/// # Errors
/// OFFSET_PAST_END, OFFSET_INSIDE_CHARACTER; the caller names the field.
pub fn utf16_offset(text: &Rope, offset: u32, unit: Unit) -> Result<u32> {
    let at = offset as usize;
    let (length, back): (usize, fn(&Rope, usize) -> usize) = match unit {
        Unit::CodePoint => (text.len_chars(), |_, index| index),
        Unit::Utf16 => (text.len_utf16_cu(), Rope::char_to_utf16_cu),
        Unit::Utf8 => (text.len_bytes(), Rope::char_to_byte),
    };
    if at > length {
        return Err(Error::new(
            Reason::OffsetPastEnd,
            format!("the text ends at {length}: give an offset up to that"),
        )
        .with("length", length));
    }
    let index = match unit {
        Unit::CodePoint => at,
        Unit::Utf16 => text.utf16_cu_to_char(at),
        Unit::Utf8 => text.byte_to_char(at),
    };
    if back(text, index) != at {
        return Err(Error::new(
            Reason::OffsetInsideCharacter,
            "the offset lies inside a character: give the offset before or after it",
        ));
    }
    Ok(u32::try_from(text.char_to_utf16_cu(index)).unwrap_or(u32::MAX))
}

/// A UTF-16 offset in `unit`; one past the end means the end, one inside a character its start.
pub fn offset_in(text: &Rope, utf16: u32, unit: Unit) -> u32 {
    let index = text.utf16_cu_to_char((utf16 as usize).min(text.len_utf16_cu()));
    let offset = match unit {
        Unit::CodePoint => index,
        Unit::Utf16 => text.char_to_utf16_cu(index),
        Unit::Utf8 => text.char_to_byte(index),
    };
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_cross_units_and_never_cut_a_character() {
        let text = Rope::from_str("aé😀b");
        assert_eq!(utf16_offset(&text, 3, Unit::CodePoint).unwrap(), 4);
        assert_eq!(utf16_offset(&text, 7, Unit::Utf8).unwrap(), 4);
        assert_eq!(offset_in(&text, 4, Unit::Utf8), 7);
        assert_eq!(offset_in(&text, 3, Unit::CodePoint), 2);
        assert_eq!(offset_in(&text, 99, Unit::CodePoint), 4);
        let reason = |offset, unit| utf16_offset(&text, offset, unit).unwrap_err().reason();
        assert_eq!(reason(3, Unit::Utf16), Reason::OffsetInsideCharacter);
        assert_eq!(reason(2, Unit::Utf8), Reason::OffsetInsideCharacter);
        assert_eq!(reason(5, Unit::CodePoint), Reason::OffsetPastEnd);
    }
}
