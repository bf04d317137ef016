//! The places that an edit changes, as yrs is told them.

use std::borrow::Cow;

use ropey::Rope;

/// What one edit may make yrs do, in changes times UTF-16 units of text. For each change it walks through the text's
/// blocks or copies one, which takes up to a millisecond and a half in a megabyte: some two tenths of a second at worst.
const WORK: usize = 1 << 27;
/// Changes that it is told apart whatever the text.
const ALWAYS: usize = 16;

/// Where a change deletes how much and inserts what, in UTF-16 units.
pub(super) type Place<'c> = (u32, u32, Cow<'c, str>);

/// The places of an edit, in their order, where they are so many in so long a text that they would take too long: each
/// with its neighbours and what stays between them. The text after it is the same.
pub(super) fn coarsened<'c>(places: Vec<Place<'c>>, text: &Rope) -> Vec<Place<'c>> {
    let together = together(places.len(), text);
    if together <= 1 {
        return places;
    }
    places.chunks(together).map(|part| as_one(part, text)).collect()
}

/// How many of so many changes are told as one.
pub(super) fn together(changes: usize, text: &Rope) -> usize {
    let most = (WORK / text.len_utf16_cu().max(1)).max(ALWAYS);
    changes.div_ceil(most)
}

fn as_one<'c>(part: &[Place<'c>], text: &Rope) -> Place<'c> {
    let start = part.first().map_or(0, |place| place.0);
    let mut insert = String::new();
    let mut at = start;
    for (offset, delete, inserted) in part {
        let stays = text.utf16_cu_to_char(at as usize)..text.utf16_cu_to_char(*offset as usize);
        insert.extend(text.slice(stays).chunks());
        insert.push_str(inserted);
        at = offset + delete;
    }
    (start, at - start, Cow::Owned(insert))
}
