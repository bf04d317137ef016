//! Which rooms are in this process, each in one copy: [`lifecycle`](super::lifecycle) with its side effects.
//!
//! One short lock guards the table; it is never held across an await.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::error::{Error, Reason, Result};
use crate::id::RoomKey;
use crate::limits;
use crate::room::command::Command;
use crate::room::lifecycle::{Input, Phase, Step, step};
use crate::room::retry_delay;

/// A room that takes commands.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) readers: Arc<Notify>,
}

type Opened = Option<Result<Live>>;

struct Slot {
    phase: Phase,
    /// Tells this copy from an earlier one.
    incarnation: u64,
    opened: watch::Receiver<Opened>,
}

#[derive(Default)]
struct Table {
    slots: HashMap<RoomKey, Slot>,
    incarnations: u64,
    stopping: bool,
}

/// The rooms of this process.
#[derive(Clone)]
pub(super) struct Registry {
    table: Arc<Mutex<Table>>,
    /// One permit for each room that stays in memory though nobody is in it.
    idle: Arc<Semaphore>,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            table: Arc::default(),
            idle: Arc::new(Semaphore::new(limits::IDLE_ROOMS)),
        }
    }
}

/// What a caller who asks for a room gets.
pub(super) enum Found {
    /// It is open, or will be when this says so.
    Room(watch::Receiver<Opened>),
    /// The caller has to load it, and tell how that went.
    Load(Place, watch::Sender<Opened>, watch::Receiver<Opened>),
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, Table> {
        // Each change of the table is one step: a panic leaves it whole.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a room.
    ///
    /// # Errors
    /// SHUTTING_DOWN.
    pub(super) fn ask(&self, room: RoomKey, idle_after: Duration) -> Result<Found> {
        let mut table = self.lock();
        if table.stopping {
            return Err(stopping());
        }
        let (phase, what) = step(table.slots.get(&room).map(|slot| slot.phase), Input::Asked);
        match (what, table.slots.get_mut(&room)) {
            (Step::Wait | Step::Give, Some(slot)) => {
                slot.phase = phase.unwrap_or(slot.phase);
                Ok(Found::Room(slot.opened.clone()))
            }
            _ => {
                table.incarnations += 1;
                let incarnation = table.incarnations;
                let (tell, opened) = watch::channel(None);
                table.slots.insert(
                    room,
                    Slot {
                        phase: Phase::Loading,
                        incarnation,
                        opened: opened.clone(),
                    },
                );
                let place = Place {
                    registry: self.clone(),
                    room,
                    incarnation,
                    idle_after,
                    stays: None,
                    ended: false,
                };
                Ok(Found::Load(place, tell, opened))
            }
        }
    }

    /// The room if it is open now; asks for nothing.
    pub(super) fn peek(&self, room: RoomKey) -> Option<Live> {
        let opened = self.lock().slots.get(&room).map(|slot| slot.opened.clone())?;
        let live = opened.borrow().clone();
        live?.ok()
    }

    /// Lets nobody in any more, and gives the rooms that are open.
    pub(super) fn stop(&self) -> Vec<watch::Receiver<Opened>> {
        let mut table = self.lock();
        table.stopping = true;
        table.slots.values().map(|slot| slot.opened.clone()).collect()
    }
}

/// One copy's own place in the registry. When it is dropped without an end, as in a panic, the copy is discarded.
pub(super) struct Place {
    registry: Registry,
    room: RoomKey,
    incarnation: u64,
    idle_after: Duration,
    /// Held while the room stays in memory though nobody is in it.
    stays: Option<OwnedSemaphorePermit>,
    ended: bool,
}

impl Place {
    /// The number of this copy.
    pub(super) fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// Whether a room that nobody is in stays in memory when it has been idle for so long.
    pub(super) fn stays(&mut self, idle: Duration) -> bool {
        if self.stays.is_none() {
            self.stays = self.registry.idle.clone().try_acquire_owned().ok();
        }
        let crowded = self.stays.is_none();
        idle < if crowded {
            self.idle_after.min(limits::ROOM_IDLE_CROWDED)
        } else {
            self.idle_after
        }
    }

    /// Somebody is in the room.
    pub(super) fn is_used(&mut self) {
        self.stays = None;
    }

    fn fire(&mut self, input: Input) -> Step {
        let mut table = self.registry.lock();
        let own = table
            .slots
            .get(&self.room)
            .filter(|slot| slot.incarnation == self.incarnation);
        let Some(slot) = own else {
            self.ended = true;
            return Step::End;
        };
        let (phase, what) = step(Some(slot.phase), input);
        match phase {
            Some(phase) => {
                if let Some(slot) = table.slots.get_mut(&self.room) {
                    slot.phase = phase;
                }
            }
            None => {
                table.slots.remove(&self.room);
                self.ended = true;
            }
        }
        what
    }

    /// The load went well or not.
    pub(super) fn loaded(&mut self, well: bool) {
        self.fire(if well { Input::Loaded } else { Input::LoadFailed });
    }

    /// The room is idle and writes its last snapshots.
    pub(super) fn idle(&mut self) {
        self.fire(Input::Idle);
    }

    /// There is something to do after all.
    pub(super) fn not_drained(&mut self) {
        self.fire(Input::Asked);
    }

    /// The room is ready to end. `false`: somebody has asked for it, and it goes on.
    pub(super) fn drained(&mut self) -> bool {
        self.fire(Input::Drained) == Step::End
    }

    /// This copy is not the truth any more.
    pub(super) fn discard(&mut self) {
        self.fire(Input::Discarded);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.ended {
            self.discard();
        }
    }
}

/// Nobody is let in any more.
pub(super) fn stopping() -> Error {
    Error::new(Reason::ShuttingDown, "the server is shutting down: connect again").retry_after(retry_delay())
}

/// Waits until a room is open. `waiters` has a permit for each that may wait.
///
/// # Errors
/// What the load failed with; OVERLOADED if too many wait already.
pub(super) async fn opened(mut opened: watch::Receiver<Opened>, waiters: &Semaphore) -> Result<Live> {
    if let Some(result) = opened.borrow().clone() {
        return result;
    }
    let _waiting = waiters.try_acquire().map_err(|_none| {
        Error::new(
            Reason::Overloaded,
            "too many wait for rooms that are loading: try again",
        )
        .retry_after(retry_delay())
    })?;
    match opened.wait_for(Option::is_some).await {
        Ok(result) => result.clone().unwrap_or_else(|| Err(crate::room::gone())),
        Err(_loader_is_gone) => Err(crate::room::gone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_crowd_of_rooms_that_everybody_has_left_only_so_many_stay() {
        let registry = Registry::default();
        let place = |key| match registry.ask(RoomKey(key), limits::ROOM_IDLE) {
            Ok(Found::Load(place, ..)) => place,
            _ => panic!("nobody has asked for it before"),
        };
        let mut places: Vec<Place> = (0..=limits::IDLE_ROOMS as i64).map(place).collect();
        let mut last = places.pop().expect("a room");
        let soon = limits::ROOM_IDLE_CROWDED;
        assert!(places.iter_mut().all(|place| place.stays(soon)));
        assert!(last.stays(Duration::ZERO), "somebody may have asked for it just now");
        assert!(!last.stays(soon), "there are too many");
        // Somebody comes back to one of them, or its time is over.
        places.first_mut().expect("a room").is_used();
        assert!(last.stays(soon));
        assert!(!last.stays(limits::ROOM_IDLE));
        let mut other = places.pop().expect("a room");
        assert!(other.stays(soon));
        assert!(!places.first_mut().expect("a room").stays(soon));
        drop(other);
        assert!(places.first_mut().expect("a room").stays(soon));
    }
}
