//! A file whose text is in memory.

use std::collections::HashMap;
use std::time::Instant;

use crate::document::{Document, UnitChange};
use crate::id::{ClientId, Revision, UserKey};
use crate::limits;
use crate::room::history::History;
use crate::room::whole::Wholes;

/// A loaded file.
#[derive(Debug)]
pub(super) struct OpenFile {
    /// Its Yjs document and text, at the room's head.
    pub(super) document: Document,
    /// Its recent operations.
    pub(super) history: History,
    /// Whose each bound Yjs client id is.
    pub(super) bindings: HashMap<ClientId, UserKey>,
    /// The revision of its newest snapshot, or of its creation.
    pub(super) snapshot: Revision,
    /// Operations since then.
    pub(super) since_snapshot: u64,
    /// When that was.
    pub(super) snapshot_taken: Instant,
    /// What those who opened it last got.
    pub(super) wholes: Wholes,
    /// When it was last used.
    pub(super) used: Instant,
}

impl OpenFile {
    /// A file just loaded or created.
    pub(super) fn new(document: Document, history: History, snapshot: Revision, now: Instant) -> Self {
        Self {
            document,
            history,
            bindings: HashMap::new(),
            snapshot,
            since_snapshot: 0,
            snapshot_taken: now,
            wholes: Wholes::default(),
            used: now,
        }
    }

    /// Whether it is time for a snapshot: the file is quiet, or loading would have much to apply. Who writes very fast
    /// gets them less often by count, since each one is a whole text encoded, stored and read back.
    pub(super) fn wants_snapshot(&self, now: Instant) -> bool {
        let apart = now.duration_since(self.snapshot_taken) >= limits::SNAPSHOT_APART;
        self.since_snapshot >= limits::SNAPSHOT_AT_MOST
            || (self.since_snapshot >= limits::SNAPSHOT_EVERY && apart)
            || now.duration_since(self.used) >= limits::SNAPSHOT_IDLE
    }

    /// What an edit weighs in the backlog: its text in the row's delta and Yjs bytes, and in the events.
    pub(super) fn edit_bytes(&self, changes: &[UnitChange]) -> usize {
        let inserted: usize = changes.iter().map(|change| change.insert.len() * 3 + 48).sum();
        256 + inserted
    }
}
