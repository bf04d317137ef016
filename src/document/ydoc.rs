//! yrs, behind a few words: the only file that names it.
//!
//! Offsets are UTF-16 units, as Yjs counts. Every call that is given bytes from outside may panic for all that the gate
//! has checked; the caller catches that and throws the document away.

use yrs::updates::decoder::Decode;
use yrs::{ClientID, Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef, Transact, Update};

use super::update::ROOT;
use crate::id::ClientId;

/// A Yjs document with one text.
pub(super) struct YDoc {
    doc: Doc,
    text: TextRef,
    /// The text's length in UTF-16 units.
    len: u32,
}

impl YDoc {
    /// An empty one, whose own writing stands under `client`.
    pub(super) fn new(client: ClientId) -> Self {
        let options = Options {
            offset_kind: OffsetKind::Utf16,
            ..Options::with_client_id(yrs_id(client))
        };
        let doc = Doc::with_options(options);
        let text = doc.get_or_insert_text(ROOT);
        Self { doc, text, len: 0 }
    }

    /// Takes in an update that has passed the gate.
    ///
    /// # Errors
    /// As after a panic, the document must be thrown away.
    pub(super) fn apply(&mut self, update: &[u8]) -> Result<(), String> {
        let decoded = Update::decode_v1(update).map_err(|error| error.to_string())?;
        let mut transaction = self.doc.transact_mut();
        transaction.apply_update(decoded).map_err(|error| error.to_string())?;
        self.len = self.text.len(&transaction);
        if transaction.has_missing_updates() {
            return Err("yrs waits for something that the gate thought was there".to_owned());
        }
        Ok(())
    }

    /// The text's length in UTF-16 units, as yrs has it.
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// The text, found the slow way.
    pub(super) fn read(&self) -> String {
        self.text.get_string(&self.doc.transact())
    }

    /// Everything that a holder of these clocks lacks, as a version 1 update.
    pub(super) fn difference(&self, clocks: impl Iterator<Item = (ClientId, u32)>) -> Vec<u8> {
        let clocks = clocks.map(|(client, clock)| (yrs_id(client), clock)).collect();
        self.doc.transact().encode_diff_v1(&StateVector::new(clocks))
    }
}

impl std::fmt::Debug for YDoc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("YDoc").finish_non_exhaustive()
    }
}

fn yrs_id(client: ClientId) -> ClientID {
    ClientID::new(client.0.into())
}
