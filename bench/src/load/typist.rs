//! A Yjs client that types on and on at one place: it writes the updates that a Y.Doc would, without one.

use super::messages::{put_varint, varint};

/// A character's name: its client and its clock.
type Character = (u32, u32);

/// What follows is a string that has a character left and right of it.
const STRING_BETWEEN: u8 = 0b1100_0100;

/// Somebody who types.
#[derive(Debug)]
pub(crate) struct Typist {
    client: u32,
    clock: u32,
    left: Character,
    right: Character,
}

impl Typist {
    /// Types under a client id between two neighbours.
    pub(crate) fn new(client: u32, left: Character, right: Character) -> Self {
        Self {
            client,
            clock: 0,
            left,
            right,
        }
    }

    /// The update that inserts an ASCII text where the typist is.
    pub(crate) fn insert(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(32 + text.len());
        // One section of one block, which begins at this clock.
        out.extend_from_slice(&[1, 1]);
        for number in [self.client, self.clock] {
            put_varint(&mut out, number.into());
        }
        out.push(STRING_BETWEEN);
        for number in [self.left.0, self.left.1, self.right.0, self.right.1] {
            put_varint(&mut out, number.into());
        }
        put_varint(&mut out, text.len() as u64);
        out.extend_from_slice(text);
        // Nothing is deleted.
        out.push(0);
        self.clock += text.len() as u32;
        self.left = (self.client, self.clock - 1);
        out
    }
}

/// The text of an update that [`Typist::insert`] made, if it is this long.
pub(crate) fn inserted(update: &[u8], length: usize) -> Option<&[u8]> {
    let end = update.len().checked_sub(1)?;
    update.get(end.checked_sub(length)?..end)
}

/// The client id under which an update's first block stands.
pub(crate) fn first_client(mut update: &[u8]) -> Option<u32> {
    let [_sections, _blocks] = [varint(&mut update)?, varint(&mut update)?];
    varint(&mut update)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use tandem::document::{Document, Unit, UnitChange};
    use tandem::id::ClientId;

    use super::*;

    #[test]
    fn what_a_typist_writes_passes_the_gate_and_stands_between_its_neighbours() {
        let mut document = Document::new(ClientId(9));
        let start = document
            .edit(Unit::Utf16, &[UnitChange::new(0, 0, "<>")])
            .expect("an edit");
        assert_eq!(first_client(&start.update), Some(9));
        let mut typist = Typist::new(7, (9, 0), (9, 1));
        for part in ["typed", " on"] {
            let update = typist.insert(part.as_bytes());
            assert_eq!(inserted(&update, part.len()), Some(part.as_bytes()));
            let applied = document.update(&update, &|client| client == ClientId(7), 1 << 20);
            assert_eq!(applied.expect("an update").update, update);
        }
        assert_eq!(document.text().to_string(), "<typed on>");
    }
}
