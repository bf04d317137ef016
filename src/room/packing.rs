//! When a room's log is packed: what it wrote a while ago goes from rows into segments (`store::segment`).
//!
//! Packing is never urgent, and the log's commits come first. So a room is packed when it has been quiet for as long as
//! its files get their snapshots after, and when it leaves the memory. While people type it is packed in larger parts,
//! and a room that writes as fast as it can is left alone until it has too many rows. Large rows are packed at once: on
//! SQLite the search for a place near one reads all of it, and each operation that comes next has its place there.

use std::time::{Duration, Instant};

use crate::error::Result;
use crate::id::{Revision, RoomKey, Term};
use crate::limits;
use crate::room::job::Job;
use crate::room::state::{Effect, RoomState};
use crate::store::Store;

/// How far a room's log is packed.
#[derive(Debug)]
pub(super) struct Packing {
    /// Up to this revision.
    packed: Revision,
    /// A job is at it.
    running: bool,
    /// Trouble: not before this.
    not_before: Option<Instant>,
    /// The head at the last look, and when the head last moved.
    seen: Revision,
    moved: Instant,
    /// The newest large row, unless it is packed.
    large: Option<Revision>,
}

impl Packing {
    /// A room that was just read.
    pub(super) fn new(packed: Revision, head: Revision, now: Instant) -> Self {
        Self {
            packed,
            running: false,
            not_before: None,
            seen: head,
            moved: now,
            large: None,
        }
    }

    /// An operation was accepted, with so many bytes.
    pub(super) fn accepted(&mut self, revision: Revision, bytes: usize) {
        if bytes >= limits::PACK_LARGE {
            self.large = Some(revision);
        }
    }

    /// All up to this revision is packed.
    fn is_packed(&mut self, packed: Revision) {
        self.packed = packed;
        self.large.take_if(|revision| *revision <= packed);
    }

    /// Looks at the committed head, once a second, and says whether it is time.
    fn look(&mut self, committed: Revision, now: Instant) -> bool {
        let new = committed.0.saturating_sub(self.seen.0);
        if new > 0 {
            self.seen = committed;
            self.moved = now;
        }
        let quiet = now.duration_since(self.moved) >= limits::SNAPSHOT_IDLE;
        let large = self.large.is_some_and(|revision| revision <= committed);
        let due = match self.rows(committed) {
            1.. if large => true,
            limits::PACK_BEHIND.. => true,
            limits::PACK_AT.. => new <= limits::PACK_HOT,
            limits::PACK_LEAST.. => quiet,
            _ => false,
        };
        due && self.may(now)
    }

    /// Operations that are not packed yet.
    fn rows(&self, committed: Revision) -> u64 {
        committed.0.saturating_sub(self.packed.0)
    }

    fn may(&self, now: Instant) -> bool {
        !self.running && self.not_before.is_none_or(|moment| now >= moment)
    }
}

impl RoomState {
    /// Packs what is committed, if it is time.
    pub(super) fn pack_when_due(&mut self, now: Instant) {
        if self.packing.look(self.committed, now) {
            self.pack();
        }
    }

    /// Packs what is committed before the room leaves the memory.
    pub(super) fn pack_at_last(&mut self, now: Instant) {
        if self.packing.rows(self.committed) >= limits::PACK_LEAST && self.packing.may(now) {
            self.pack();
        }
    }

    fn pack(&mut self) {
        self.packing.running = true;
        self.effects.push(Effect::Job(Job::Pack {
            term: self.term,
            up_to: self.committed,
        }));
    }

    /// It is packed up to there, or not.
    pub(super) fn packed(&mut self, result: Result<Revision>, now: Instant) {
        self.packing.running = false;
        match result {
            Ok(packed) => self.packing.is_packed(packed),
            Err(error) => {
                tracing::warn!(room = %self.info.id, %error, "the log could not be packed");
                self.packing.not_before = Some(now + limits::PACK_AGAIN);
            }
        }
    }
}

/// Packs up to a revision, step by step.
pub(super) async fn pack(store: &Store, room: RoomKey, term: Term, up_to: Revision) -> Result<Revision> {
    let mut pause = Duration::ZERO;
    let mut packed = Revision(0);
    loop {
        tokio::time::sleep(pause).await;
        pause = limits::PACK_PAUSE;
        let now = store.pack(room, term, up_to).await?;
        if now >= up_to || now == packed {
            return Ok(now);
        }
        packed = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The second at which it is time, of a room that writes so many operations in each of so many seconds.
    fn due(each: u64, seconds: u32) -> Option<u32> {
        let begin = Instant::now();
        let mut packing = Packing::new(Revision(0), Revision(0), begin);
        (1..=seconds + 120).find(|second| {
            let written = each * u64::from(*second.min(&seconds));
            packing.look(Revision(written), begin + SECOND * *second)
        })
    }

    #[test]
    fn a_room_is_packed_when_it_is_quiet_or_has_many_rows() {
        assert_eq!(due(1, 20), None, "too few to be worth it");
        assert_eq!(due(10, 20), Some(20 + 30), "30 s after the last");
        assert_eq!(due(10, 1_000), Some(26), "while somebody types");
        assert_eq!(due(1_000, 10), Some(11), "at the first quiet second");
        assert_eq!(due(1_000, 1_000), Some(17), "hot all the time: when there are too many");
    }

    #[test]
    fn a_large_row_is_packed_once_it_is_committed_and_nothing_again_for_it() {
        let begin = Instant::now();
        let mut packing = Packing::new(Revision(4), Revision(4), begin);
        packing.accepted(Revision(5), limits::PACK_LARGE - 1);
        assert!(!packing.look(Revision(5), begin), "an ordinary one");
        packing.accepted(Revision(6), limits::PACK_LARGE);
        assert!(!packing.look(Revision(5), begin), "not yet committed");
        assert!(packing.look(Revision(7), begin));
        packing.is_packed(Revision(5));
        assert!(packing.look(Revision(7), begin), "it is still there");
        packing.is_packed(Revision(6));
        assert!(!packing.look(Revision(7), begin));
    }

    #[test]
    fn one_job_at_a_time_and_a_pause_after_trouble() {
        let begin = Instant::now();
        let mut packing = Packing::new(Revision(0), Revision(0), begin);
        packing.running = true;
        assert!(!packing.look(Revision(20_000), begin));
        packing.running = false;
        packing.not_before = Some(begin + SECOND);
        assert!(!packing.look(Revision(20_000), begin));
        assert!(packing.look(Revision(20_000), begin + SECOND));
    }
}
