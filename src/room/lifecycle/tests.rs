//! An explicit search: every reachable state of a small world around the state machine, in every order of events.
//!
//! The world: three callers that ask, edit and leave; loads that succeed or fail; actors that idle, drain, or are
//! discarded in the middle. What the registry and the actor do in one critical section is one event here, and nothing
//! more is.

use std::collections::{HashSet, VecDeque};

use super::{Input, Phase, Step, step};

const CALLERS: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Caller {
    Away,
    Waiting,
    /// Has the handle of the copy with this number.
    Holding(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Copy {
    Loading,
    Live { uncommitted: bool, draining: bool },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    phase: Option<Phase>,
    /// Copies of the room in memory, by number.
    copies: Vec<(u8, Copy)>,
    current: u8,
    callers: [Caller; CALLERS],
}

impl World {
    fn new() -> Self {
        Self {
            phase: None,
            copies: Vec::new(),
            current: 0,
            callers: [Caller::Away; CALLERS],
        }
    }

    fn fire(&mut self, input: Input) -> Step {
        let (phase, done) = step(self.phase, input);
        self.phase = phase;
        done
    }

    fn copy(&mut self, number: u8) -> &mut Copy {
        &mut self
            .copies
            .iter_mut()
            .find(|(n, _)| *n == number)
            .expect("a live copy")
            .1
    }

    fn ask(mut self, caller: usize) -> Self {
        self.callers[caller] = match self.fire(Input::Asked) {
            Step::Load => {
                self.current = (self.current + 1) % 8;
                self.copies.push((self.current, Copy::Loading));
                Caller::Waiting
            }
            Step::Wait => Caller::Waiting,
            Step::Give => Caller::Holding(self.current),
            other => panic!("{other:?} is no answer to a caller"),
        };
        self
    }

    fn loaded(mut self, number: u8, ok: bool) -> Self {
        let done = self.fire(if ok { Input::Loaded } else { Input::LoadFailed });
        if ok {
            assert_eq!(done, Step::Admit);
            *self.copy(number) = Copy::Live {
                uncommitted: false,
                draining: false,
            };
        } else {
            assert_eq!(done, Step::Refuse);
            self.copies.retain(|(n, _)| *n != number);
        }
        for caller in &mut self.callers {
            if *caller == Caller::Waiting {
                *caller = if ok { Caller::Holding(number) } else { Caller::Away };
            }
        }
        self
    }

    fn end(mut self, number: u8, input: Input) -> Self {
        match self.fire(input) {
            Step::End => {
                self.copies.retain(|(n, _)| *n != number);
                // Its callers find the channel closed and ask again; so do those that waited for the load.
                for caller in &mut self.callers {
                    if matches!(caller, Caller::Waiting) || *caller == Caller::Holding(number) {
                        *caller = Caller::Away;
                    }
                }
            }
            Step::GoOn => {
                if let Copy::Live { draining, .. } = self.copy(number) {
                    *draining = false;
                }
            }
            other => panic!("{other:?} is no answer to an actor"),
        }
        self
    }

    fn next(&self) -> Vec<Self> {
        let mut worlds = Vec::new();
        for (index, caller) in self.callers.iter().enumerate() {
            match *caller {
                Caller::Away => worlds.push(self.clone().ask(index)),
                Caller::Waiting => {}
                Caller::Holding(number) => {
                    let mut left = self.clone();
                    left.callers[index] = Caller::Away;
                    worlds.push(left);
                    let mut edited = self.clone();
                    if let Copy::Live { uncommitted, .. } = edited.copy(number) {
                        *uncommitted = true;
                    }
                    worlds.push(edited);
                }
            }
        }
        for &(number, copy) in &self.copies {
            match copy {
                Copy::Loading => {
                    worlds.push(self.clone().loaded(number, true));
                    worlds.push(self.clone().loaded(number, false));
                    worlds.push(self.clone().end(number, Input::Discarded));
                }
                Copy::Live { uncommitted, draining } => {
                    worlds.push(self.clone().end(number, Input::Discarded));
                    let mut world = self.clone();
                    if uncommitted {
                        if let Copy::Live { uncommitted, .. } = world.copy(number) {
                            *uncommitted = false;
                        }
                        worlds.push(world);
                    } else if draining {
                        worlds.push(world.end(number, Input::Drained));
                    } else {
                        world.fire(Input::Idle);
                        if let Copy::Live { draining, .. } = world.copy(number) {
                            *draining = true;
                        }
                        worlds.push(world);
                    }
                }
            }
        }
        worlds
    }

    fn check(&self, before: &Self) {
        assert!(self.copies.len() <= 1, "two copies of one room: {before:?} → {self:?}");
        assert_eq!(self.phase.is_some(), !self.copies.is_empty(), "{before:?} → {self:?}");
        for caller in self.callers {
            match caller {
                Caller::Away => {}
                Caller::Waiting => {
                    assert_eq!(
                        self.phase,
                        Some(Phase::Loading),
                        "waits for nothing: {before:?} → {self:?}"
                    );
                }
                Caller::Holding(number) => {
                    let live = self
                        .copies
                        .iter()
                        .any(|(n, c)| *n == number && matches!(c, Copy::Live { .. }));
                    assert!(live, "holds a room that is not there: {before:?} → {self:?}");
                }
            }
        }
        let had_uncommitted = before
            .copies
            .iter()
            .any(|(_, copy)| matches!(copy, Copy::Live { uncommitted: true, .. }));
        let drained_away = self.phase.is_none() && before.phase == Some(Phase::Draining);
        if had_uncommitted && drained_away {
            // Only a discard may end it: the log decides then what was committed.
            assert!(
                before
                    .next()
                    .contains(&before.clone().end(before.copies[0].0, Input::Discarded))
            );
        }
    }
}

#[test]
fn no_order_of_events_makes_a_second_copy_or_serves_a_room_that_failed_to_load() {
    let mut seen = HashSet::from([World::new()]);
    let mut queue = VecDeque::from([World::new()]);
    while let Some(world) = queue.pop_front() {
        for next in world.next() {
            next.check(&world);
            if seen.insert(next.clone()) {
                queue.push_back(next);
            }
        }
    }
    assert!(seen.len() > 100, "the search saw {} states only", seen.len());
}

#[test]
fn a_request_in_draining_cancels_it() {
    let (phase, done) = step(Some(Phase::Draining), Input::Asked);
    assert_eq!((phase, done), (Some(Phase::Open), Step::Give));
    assert_eq!(step(phase, Input::Drained), (Some(Phase::Open), Step::GoOn));
}
