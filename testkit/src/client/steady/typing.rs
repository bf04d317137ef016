//! What a steady client types, and how it gets it to the server in the end.

use rand::Rng;
use ropey::Rope;
use tandem::document::{Unit, UnitChange};
use tokio::time::Instant;
use tonic::Status;

use super::{Kind, Steady, passes, wait_out};
use crate::client::{WAIT, reason};
use crate::random_edit::{offset_of, random_edit};

impl Steady {
    /// Types at the front of the text; the op_id. What can't be sent is sent when it comes back.
    ///
    /// # Panics
    ///
    /// If sending fails with what is not passing trouble.
    pub async fn type_in(&mut self, text: &str) -> u64 {
        self.edit(|_, _| vec![UnitChange::new(0, 0, text)]).await
    }

    /// Inserts something somewhere, and perhaps deletes something; otherwise as [`Self::type_in`].
    ///
    /// # Panics
    ///
    /// As [`Self::type_in`].
    pub async fn edit_somewhere(&mut self, random: &mut impl Rng) -> u64 {
        self.edit(|text, unit| {
            loop {
                let changes = random_edit(random, text, unit);
                // One that only deletes may find that others were faster, and be no operation.
                if changes.iter().any(|change| !change.insert.is_empty()) {
                    return changes;
                }
            }
        })
        .await
    }

    /// Replaces the whole text; otherwise as [`Self::type_in`].
    ///
    /// # Panics
    ///
    /// As [`Self::type_in`].
    pub async fn replace(&mut self, text: &str) -> u64 {
        self.edit(|old, unit| vec![UnitChange::new(0, offset_of(old, old.len_chars(), unit), text)])
            .await
    }

    async fn edit(&mut self, make: impl FnOnce(&Rope, Unit) -> Vec<UnitChange>) -> u64 {
        if !self.session().is_connected() {
            self.come_back().await;
        }
        self.publish_again().await;
        let changes = match &self.kind {
            Kind::Text(session) => match session.seen.open.get(&self.file) {
                Some(view) => make(&view.text, session.unit()),
                None => make(&Rope::new(), session.unit()),
            },
            Kind::Yjs(_, doc) => make(&Rope::from_str(&doc.text()), Unit::Utf16),
        };
        let text = changes.iter().map(|change| change.insert.as_str()).collect();
        let op_id = self.session().peek_op_id();
        let sent = match &mut self.kind {
            Kind::Text(session) => session.edit(&self.file, changes).await,
            Kind::Yjs(session, doc) => {
                doc.edit(&changes);
                let update = doc.take_written().concat();
                session.update(&self.file, update.into()).await
            }
        };
        self.sent.insert(op_id, text);
        if let Err(status) = sent {
            self.could_not_send(status, vec![op_id]).await;
        }
        op_id
    }

    /// A Publish was refused, or the stream's upward side is gone.
    async fn could_not_send(&mut self, status: Status, what: Vec<u64>) {
        let why = reason(&status);
        assert!(passes(&status) || why == "NOT_JOINED", "{}: {status:?}", self.name);
        self.refusals.push(status);
        if why == "STORE_UNAVAILABLE" {
            // Nothing was taken in.
            self.unsent = what;
        } else {
            // The stream ends, and tells why.
            self.read_to_the_end().await;
        }
    }

    /// Publishes what was not taken in, until it is, or until the stream ends.
    ///
    /// # Panics
    ///
    /// As [`Self::type_in`].
    pub async fn publish_again(&mut self) {
        let patience = Instant::now() + WAIT * 2;
        while !self.unsent.is_empty() && self.session().is_connected() {
            if let Some(status) = self.refusals.last() {
                wait_out(&self.name, status, patience).await;
            }
            let unsent = std::mem::take(&mut self.unsent);
            let sent = match &mut self.kind {
                Kind::Text(session) => session.send_again(&unsent).await,
                Kind::Yjs(session, _) => session.send_again(&unsent).await,
            };
            if let Err(status) = sent {
                self.could_not_send(status, unsent).await;
            }
        }
    }
}
