//! Offsets of a text: from the caller's unit to bytes and back.

use crate::document::Unit;
use crate::error::{Error, Reason, Result};

/// The byte that an offset stands at.
///
/// # Errors
///
/// OFFSET_PAST_END or OFFSET_INSIDE_CHARACTER, naming the field.
pub fn byte_of(text: &str, offset: u32, unit: Unit, field: &str) -> Result<usize> {
    let offset = offset as usize;
    if unit == Unit::Utf8 || text.is_ascii() {
        return match text.get(..offset) {
            Some(_) => Ok(offset),
            None if offset > text.len() => Err(past_end(text, unit, field)),
            None => Err(inside_character(field)),
        };
    }
    let mut position = 0;
    for (byte, character) in text.char_indices() {
        if position >= offset {
            return if position == offset {
                Ok(byte)
            } else {
                Err(inside_character(field))
            };
        }
        position += match unit {
            Unit::Utf16 => character.len_utf16(),
            Unit::CodePoint | Unit::Utf8 => 1,
        };
    }
    match position.cmp(&offset) {
        std::cmp::Ordering::Equal => Ok(text.len()),
        std::cmp::Ordering::Greater => Err(inside_character(field)),
        std::cmp::Ordering::Less => Err(past_end(text, unit, field)),
    }
}

/// The offset of a byte; one inside a character, or past the end, counts as the whole text before it.
pub fn offset_of(text: &str, byte: usize, unit: Unit) -> u32 {
    unit.len_of(&text[..text.floor_char_boundary(byte)])
}

fn past_end(text: &str, unit: Unit, field: &str) -> Error {
    let length = unit.len_of(text);
    Error::new(
        Reason::OffsetPastEnd,
        format!("the text is {length} long in this position unit: give an offset up to that"),
    )
    .field(field)
    .with("length", length)
}

fn inside_character(field: &str) -> Error {
    Error::new(
        Reason::OffsetInsideCharacter,
        "the offset lies inside a character: move it to the character's edge, or check the position unit",
    )
    .field(field)
}
