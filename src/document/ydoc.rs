//! yrs, behind a few words: the only file that names it.
//!
//! Offsets are UTF-16 units, as Yjs counts. Every call that is given bytes from outside may panic for all that the gate
//! has checked; the caller catches that and throws the document away.

use std::sync::{Arc, Mutex, PoisonError};

use yrs::types::Delta as YrsDelta;
use yrs::updates::decoder::Decode;
use yrs::{
    Any, Assoc, ClientID, Doc, GetString, ID, IndexedSequence, Observable, OffsetKind, Options, Out, ReadTxn,
    StateVector, StickyIndex, Text, TextRef, Transact, Update,
};

use super::places::Place;
use super::positions::{PositionMap, Step};
use super::update::{CharId, ROOT};
use crate::id::ClientId;

/// Marks our own transactions: their positions are known, so nobody needs to look for them.
const OWN: &str = "own";

/// What yrs reports while a transaction ends.
#[derive(Debug, Default)]
struct Reports {
    steps: Vec<Step>,
    update: Vec<u8>,
}

/// A Yjs document with one text.
pub(super) struct YDoc {
    doc: Doc,
    text: TextRef,
    reports: Arc<Mutex<Reports>>,
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
        Self {
            doc,
            text,
            reports: Arc::new(Mutex::new(Reports::default())),
        }
    }

    /// Takes in an update of our own without asking what it does to the text.
    pub(super) fn load(&mut self, update: &[u8]) -> Result<(), String> {
        let decoded = Update::decode_v1(update).map_err(|error| error.to_string())?;
        self.doc
            .transact_mut_with(OWN)
            .apply_update(decoded)
            .map_err(|error| error.to_string())?;
        self.check_complete()
    }

    /// From now on, reports what each transaction does.
    pub(super) fn observe(&mut self) -> Result<(), String> {
        let sink = Arc::clone(&self.reports);
        self.text.observe("steps", move |transaction, event| {
            if transaction.origin().is_none() {
                let steps = event.delta(transaction).iter().map(step).collect();
                sink.lock().unwrap_or_else(PoisonError::into_inner).steps = steps;
            }
        });
        let sink = Arc::clone(&self.reports);
        let observed = self.doc.observe_update_v1("update", move |_, event| {
            sink.lock().unwrap_or_else(PoisonError::into_inner).update = event.update.clone();
        });
        observed.map_err(|error| error.to_string())
    }

    /// The text's length in UTF-16 units, which yrs keeps.
    pub(super) fn len(&self) -> u32 {
        self.text.len(&self.doc.transact())
    }

    fn check_complete(&self) -> Result<(), String> {
        if self.doc.transact().has_missing_updates() {
            return Err("yrs waits for something that the gate thought was there".to_owned());
        }
        Ok(())
    }

    /// Replaces `delete` units at `offset` by `insert`, for each change from the last to the first, and gives the update.
    /// Nothing may stand out of the text or inside a character: yrs would panic, or cut it.
    pub(super) fn edit<'a>(&mut self, changes: impl Iterator<Item = &'a Place<'a>>) -> Vec<u8> {
        let mut transaction = self.doc.transact_mut_with(OWN);
        for &(offset, delete, ref insert) in changes {
            if !insert.is_empty() {
                self.text.insert(&mut transaction, offset, insert);
            }
            if delete > 0 {
                let inserted = super::Unit::Utf16.len_of(insert);
                self.text.remove_range(&mut transaction, offset + inserted, delete);
            }
        }
        drop(transaction);
        self.take_reports().update
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

    /// The character right of a place; `None` at the end.
    pub(super) fn character_at(&self, offset: u32) -> Option<CharId> {
        let index = self.text.sticky_index(&self.doc.transact(), offset, Assoc::After)?;
        let id = index.id()?;
        Some(CharId {
            client: ClientId(u32::try_from(id.client.get()).ok()?),
            clock: id.clock,
        })
    }

    /// Where a character stands, or its right side.
    pub(super) fn offset_of(&self, id: CharId, right_side: bool) -> Option<u32> {
        let assoc = if right_side { Assoc::Before } else { Assoc::After };
        let index = StickyIndex::from_id(ID::new(yrs_id(id.client), id.clock), assoc);
        Some(index.get_offset(&self.doc.transact())?.index)
    }

    fn take_reports(&self) -> Reports {
        std::mem::take(&mut *self.reports.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl PositionMap for YDoc {
    fn apply(&mut self, update: &[u8]) -> Result<(Vec<Step>, Vec<u8>), String> {
        let decoded = Update::decode_v1(update).map_err(|error| error.to_string())?;
        let mut transaction = self.doc.transact_mut();
        transaction.apply_update(decoded).map_err(|error| error.to_string())?;
        drop(transaction);
        self.check_complete()?;
        let Reports { steps, update } = self.take_reports();
        Ok((steps, update))
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

fn step(delta: &YrsDelta) -> Step {
    match delta {
        YrsDelta::Retain(count, _) => Step::Retain(*count),
        YrsDelta::Deleted(count) => Step::Delete(*count),
        YrsDelta::Inserted(Out::Any(Any::String(text)), _) => Step::Insert(text.to_string()),
        YrsDelta::Inserted(..) => Step::Unknown,
    }
}
