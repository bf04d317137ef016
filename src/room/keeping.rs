//! What of a room is kept in memory, and what of it is written down as snapshots.

use std::collections::HashSet;
use std::time::Instant;

use crate::id::FileKey;
use crate::limits;
use crate::room::open_file::OpenFile;
use crate::room::state::{Out, RoomState};
use crate::store::model::Snapshot;

impl RoomState {
    /// Takes a snapshot of every file that is due for one.
    pub(super) fn snapshot_files(&mut self, now: Instant, due: impl Fn(&OpenFile) -> bool) {
        let mut snapshots = Vec::new();
        for (key, open) in &mut self.files {
            let Some(entry) = self.directory.get(*key) else {
                continue;
            };
            if open.since_snapshot == 0 || !due(open) {
                continue;
            }
            let (state, text_hash) = open.document.snapshot();
            let revision = open.history.newest().max(open.snapshot);
            open.snapshot = revision;
            open.since_snapshot = 0;
            open.snapshot_taken = now;
            snapshots.push(Snapshot {
                file: *key,
                revision,
                epoch: entry.file.epoch,
                state,
                text_hash,
            });
        }
        for snapshot in snapshots {
            self.gate(Out::Snapshot(snapshot));
        }
    }

    /// Lets go of what was encoded for those who opened files.
    pub(super) fn forget_wholes(&mut self, now: Instant) {
        self.files.values_mut().for_each(|file| file.wholes.tidy(now));
    }

    /// Lets go of files that nobody has open and nobody has used for a while; the log has them.
    pub(super) fn forget_idle_files(&mut self, now: Instant) {
        if self.committed < self.head || !self.gated.is_empty() || !self.waiting.is_empty() {
            return;
        }
        let open: HashSet<FileKey> = self
            .members
            .values()
            .flat_map(|member| member.open.keys().copied())
            .collect();
        self.files.retain(|key, file| {
            let idle = now.duration_since(file.used) >= limits::FILE_IDLE && file.since_snapshot == 0;
            !idle || open.contains(key)
        });
    }
}
