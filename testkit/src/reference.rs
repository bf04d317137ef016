//! What yrs itself reports of an update: the slow way from Yjs bytes to positions, to hold the position index against.

use std::sync::{Arc, Mutex, PoisonError};

use ropey::Rope;
use tandem::document::{Delta, DeltaBuilder, Len};
use yrs::types::Delta as Reported;
use yrs::updates::decoder::Decode;
use yrs::{Any, Doc, GetString, Observable, OffsetKind, Options, Out, TextRef, Transact, Update};

/// A Y.Doc that is asked after each update what it has done.
pub struct Reference {
    doc: Doc,
    text: TextRef,
    rope: Rope,
    steps: Arc<Mutex<Vec<Reported>>>,
}

impl Default for Reference {
    fn default() -> Self {
        let options = Options {
            offset_kind: OffsetKind::Utf16,
            ..Options::default()
        };
        let doc = Doc::with_options(options);
        let text = doc.get_or_insert_text("t");
        let steps = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&steps);
        text.observe("steps", move |transaction, event| {
            *sink.lock().unwrap_or_else(PoisonError::into_inner) = event.delta(transaction).to_vec();
        });
        Self {
            doc,
            text,
            rope: Rope::new(),
            steps,
        }
    }
}

impl Reference {
    /// Applies an update, and says what it did to the text.
    ///
    /// # Panics
    ///
    /// If it is no update, builds on something that is missing, or brings what is no text.
    pub fn apply(&mut self, update: &[u8]) -> Delta {
        let update = Update::decode_v1(update).expect("an update");
        self.doc.transact_mut().apply_update(update).expect("an update applies");
        let steps = std::mem::take(&mut *self.steps.lock().unwrap_or_else(PoisonError::into_inner));
        let delta = self.delta(&steps);
        assert!(delta.apply(&mut self.rope), "yrs reports what does not fit its text");
        delta
    }

    /// The text that the reports add up to.
    pub fn text(&self) -> &Rope {
        &self.rope
    }

    /// The text that yrs has.
    pub fn stored(&self) -> String {
        self.text.get_string(&self.doc.transact())
    }

    fn delta(&self, steps: &[Reported]) -> Delta {
        let mut builder = DeltaBuilder::new(Len::of_rope(&self.rope));
        let mut at = 0;
        for step in steps {
            match step {
                Reported::Retain(count, _) => {
                    builder.retain(self.pass(&mut at, *count));
                }
                Reported::Deleted(count) => {
                    builder.delete(self.pass(&mut at, *count));
                }
                Reported::Inserted(Out::Any(Any::String(text)), _) => {
                    builder.insert(text);
                }
                Reported::Inserted(other, _) => panic!("no text: {other:?}"),
            }
        }
        builder.finish()
    }

    /// The length of so many UTF-16 units from `at`, a place in code points, which moves past them.
    fn pass(&self, at: &mut usize, units: u32) -> Len {
        let start = self.rope.char_to_utf16_cu(*at);
        let end = self.rope.utf16_cu_to_char(start + units as usize);
        let len = Len::of_rope(&Rope::from(self.rope.slice(*at..end)));
        *at = end;
        len
    }
}
