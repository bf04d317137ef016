//! A Yjs client without a document: its updates come from a typist, or were written before.

use std::vec;

use super::{News, Typing};
use crate::Result;
use crate::load::messages::{Pen, Seen, read};
use crate::load::session::Session;
use crate::load::stamp::{STAMP, Stamp, time};
use crate::load::typist::{Typist, first_client, inserted};

/// One person's hand.
pub(crate) struct YjsHand {
    file: String,
    epoch: u32,
    next_op: u64,
    updates: Updates,
    pen: Pen,
}

enum Updates {
    /// Typed on and on.
    Typed(Typist, Typing),
    /// What a Y.Doc wrote.
    Written(vec::IntoIter<Vec<u8>>),
}

impl YjsHand {
    /// One that types on and on, under this client id, between two neighbouring characters of the file's first text.
    pub(crate) fn at(session: &Session, client: u32, place: u32, typing: Typing) -> Result<Self> {
        let server = first_client(&session.opened.update).ok_or("the file is empty")?;
        let typist = Typist::new(client, (server, place), (server, place + 1));
        Ok(Self::new(session, Updates::Typed(typist, typing)))
    }

    /// One that sends these updates.
    pub(crate) fn written(session: &Session, updates: Vec<Vec<u8>>) -> Self {
        Self::new(session, Updates::Written(updates.into_iter()))
    }

    fn new(session: &Session, updates: Updates) -> Self {
        Self {
            file: session.file().to_owned(),
            epoch: session.opened.epoch,
            next_op: 1,
            updates,
            pen: Pen::default(),
        }
    }

    pub(super) fn write(&mut self, stamp: &Stamp) -> Result<&[u8]> {
        let op_id = self.next_op;
        self.next_op += 1;
        let update = match &mut self.updates {
            Updates::Typed(typist, typing) => typist.insert(typing.text(stamp)),
            Updates::Written(updates) => updates.next().ok_or("more edits than were written")?,
        };
        Ok(self.pen.update(op_id, &self.file, self.epoch, &update))
    }

    pub(super) fn read(&self, message: &[u8]) -> Result<News> {
        match read(message)? {
            Seen::Committed => Ok(News::Receipt),
            Seen::Refused => Err("an update was refused".into()),
            Seen::Updated(update) => Ok(News::Delivery(inserted(update, STAMP).map_or(0, time))),
            _ => Ok(News::Nothing),
        }
    }
}
