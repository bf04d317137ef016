//! A text client that knows no more of the text than its length and where its own caret is.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::{News, Typing};
use crate::Result;
use crate::load::messages::{Pen, Seen, read};
use crate::load::session::Session;
use crate::load::stamp::{Stamp, time};

/// One person's hand.
pub(crate) struct TextHand {
    file: String,
    revision: u64,
    caret: u32,
    next_op: u64,
    typing: Typing,
    places: Option<Places>,
    pen: Pen,
}

/// Many places, where some keys each are typed.
struct Places {
    random: SmallRng,
    /// The text's length at the revision that is known.
    length: u32,
    /// How many are typed at one place.
    at_once: u32,
    /// How many are still to come here.
    left: u32,
    /// The first op_id of this place: what was typed elsewhere before moves the caret like anybody's.
    first_op: u64,
}

impl TextHand {
    /// One that types on and on at this offset of the text that was opened.
    pub(crate) fn at(session: &Session, caret: u32, typing: Typing) -> Self {
        Self {
            file: session.file().to_owned(),
            revision: session.opened.revision,
            caret,
            next_op: 1,
            typing,
            places: None,
            pen: Pen::default(),
        }
    }

    /// One that types so many keys at each of its places, which are drawn from a seed.
    pub(crate) fn at_places(session: &Session, at_once: u32, seed: u64) -> Self {
        Self {
            places: Some(Places {
                random: SmallRng::seed_from_u64(seed),
                length: session.opened.text.chars().count() as u32,
                at_once,
                left: 0,
                first_op: 1,
            }),
            ..Self::at(session, 0, Typing::Keys)
        }
    }

    pub(super) fn write(&mut self, stamp: &Stamp) -> &[u8] {
        let op_id = self.next_op;
        self.next_op += 1;
        if let Some(places) = &mut self.places {
            if places.left == 0 {
                places.left = places.at_once;
                places.first_op = op_id;
                self.caret = places.random.random_range(0..=places.length);
            }
            places.left -= 1;
        }
        let change = (self.caret, 0, self.typing.text(stamp));
        self.pen.edit(op_id, &self.file, self.revision, change)
    }

    pub(super) fn read(&mut self, message: &[u8]) -> Result<News> {
        let (revision, op_id, offset, delete, insert) = match read(message)? {
            Seen::Committed => return Ok(News::Receipt),
            Seen::Refused => return Err("an edit was refused".into()),
            Seen::Edited {
                revision,
                op_id,
                offset,
                delete,
                insert,
            } => (revision, op_id, offset, delete, insert),
            _ => return Ok(News::Nothing),
        };
        self.revision = revision;
        // All that is written here is ASCII.
        let inserted = insert.len() as u32;
        let mut first_op = 1;
        if let Some(places) = &mut self.places {
            places.length = (places.length + inserted).saturating_sub(delete);
            first_op = places.first_op;
        }
        if op_id >= first_op {
            self.caret = offset + inserted;
        } else if offset < self.caret {
            self.caret = self.caret - delete.min(self.caret - offset) + inserted;
        }
        Ok(if op_id == 0 {
            News::Delivery(time(insert))
        } else {
            News::Nothing
        })
    }
}
