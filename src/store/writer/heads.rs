//! What the writer knows of logs because it wrote them.

use std::collections::HashMap;

use super::batch::{RoomBatch, follow};
use super::outcome::Verdict;
use crate::id::RoomKey;
use crate::store::convert::column;

/// Heads that are remembered; beyond, all are forgotten, and the next commit of each room looks again.
const HEADS: usize = 8_192;

/// The revisions that the writer wrote last, for which copy of each room.
#[derive(Debug, Default)]
pub(super) struct Heads(HashMap<RoomKey, (u64, i64)>);

impl Heads {
    /// Whether all this is for the quick way: nothing but operations, each room's following what is known to be there.
    pub(super) fn allow(&self, rooms: &[RoomBatch]) -> bool {
        rooms
            .windows(2)
            .all(|pair| matches!(pair, [one, other] if one.room != other.room))
            && rooms.iter().all(|room| self.follows(room))
    }

    fn follows(&self, room: &RoomBatch) -> bool {
        let Some(&(incarnation, head)) = self.0.get(&room.room) else {
            return false;
        };
        let mut head = head;
        incarnation == room.incarnation
            && room.appends.iter().all(|append| {
                append.files.is_empty() && append.answered.is_none() && follow(&mut head, &append.operations).is_ok()
            })
    }

    /// Takes note of what became of a room's appends.
    pub(super) fn note(&mut self, room: &RoomBatch, verdict: &Verdict) {
        let newest = room.appends.iter().rev().find_map(|append| append.operations.last());
        match newest.filter(|_| verdict.why().is_none()) {
            Some(operation) => {
                if self.0.len() >= HEADS {
                    self.0.clear();
                }
                self.0
                    .insert(room.room, (room.incarnation, column(operation.revision.0)));
            }
            None => {
                self.0.remove(&room.room);
            }
        }
    }
}
