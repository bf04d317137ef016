//! A Yjs client: a Y.Doc of its own, as a browser's editor has.

use std::sync::{Arc, Mutex, PoisonError};

use tandem::document::{Unit, UnitChange};
use tandem::id::ClientId;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{ClientID, Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef, Transact, Update};

const OWN: &str = "own";

/// A Yjs client without a transport.
pub struct YjsClient {
    id: ClientId,
    doc: Doc,
    text: TextRef,
    written: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl YjsClient {
    /// One with an empty text, which writes under this id.
    ///
    /// # Panics
    ///
    /// If yrs can't be observed.
    pub fn new(id: ClientId) -> Self {
        let options = Options {
            offset_kind: OffsetKind::Utf16,
            ..Options::with_client_id(ClientID::new(id.0.into()))
        };
        let doc = Doc::with_options(options);
        let text = doc.get_or_insert_text("t");
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&written);
        let observed = doc.observe_update_v1("written", move |transaction, event| {
            if transaction.origin().is_some() {
                sink.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(event.update.clone());
            }
        });
        observed.expect("a new document can be observed");
        Self { id, doc, text, written }
    }

    /// One with a random id, as Yjs draws it.
    pub fn with_random_id(random: &mut impl rand::Rng) -> Self {
        Self::new(ClientId(random.random_range(1..=u32::MAX)))
    }

    /// Its id.
    pub fn id(&self) -> ClientId {
        self.id
    }

    /// The text that it shows.
    pub fn text(&self) -> String {
        self.text.get_string(&self.doc.transact())
    }

    /// Edits the text, with offsets in UTF-16 units; the update is one of [`Self::take_written`].
    pub fn edit(&mut self, changes: &[UnitChange]) {
        let mut transaction = self.doc.transact_mut_with(OWN);
        for change in changes.iter().rev() {
            if change.delete > 0 {
                self.text.remove_range(&mut transaction, change.offset, change.delete);
            }
            if !change.insert.is_empty() {
                self.text.insert(&mut transaction, change.offset, &change.insert);
            }
        }
    }

    /// The updates written since the last call.
    pub fn take_written(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes in an update.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn receive(&mut self, update: &[u8]) {
        let update = Update::decode_v1(update).expect("the server sends updates");
        self.doc.transact_mut().apply_update(update).expect("an update applies");
    }

    /// Whether something that it received waits for what is missing.
    pub fn has_missing(&self) -> bool {
        self.doc.transact().has_missing_updates()
    }

    /// What it has, as a version 1 state vector.
    pub fn state_vector(&self) -> Vec<u8> {
        self.doc.transact().state_vector().encode_v1()
    }

    /// What a holder of this state vector lacks; empty bytes mean that it has nothing.
    ///
    /// # Panics
    ///
    /// If it is no state vector.
    pub fn difference(&self, state_vector: &[u8]) -> Vec<u8> {
        let vector = match state_vector {
            [] => StateVector::default(),
            bytes => StateVector::decode_v1(bytes).expect("a state vector"),
        };
        self.doc.transact().encode_diff_v1(&vector)
    }

    /// The text's length in UTF-16 units.
    pub fn len(&self) -> u32 {
        Unit::Utf16.len_of(&self.text())
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl std::fmt::Debug for YjsClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("YjsClient")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
