//! The life of a room in this process, as a pure state machine:
//!
//! ```text
//! (none) → Loading → Open → Draining → (none)
//!             │        │        │
//!             └────────┴────────┴── Discarded → (none): a load failed, or the actor is not the truth any more
//! ```
//!
//! The registry holds one [`Phase`] a room and asks [`step`] what to do. A room in Draining goes back to Open when
//! somebody asks for it: there is never a second copy, and never an empty room in place of one that failed to load.
//! A test at the end of this file walks through all interleavings.

/// Where a room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// Its rows are being read; requests wait.
    Loading,
    /// It takes requests.
    Open,
    /// It is idle and writes its last snapshots; a request opens it again.
    Draining,
}

/// What happens to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Input {
    /// Somebody asks for it.
    Asked,
    /// Its rows are read.
    Loaded,
    /// Its rows could not be read.
    LoadFailed,
    /// Its actor has had nothing to do for a while and nothing uncommitted.
    Idle,
    /// Its actor has written what there was to write, and wants to end.
    Drained,
    /// Its actor found that it is not the truth, or the room was deleted; or its load or its actor panicked.
    Discarded,
}

/// What the registry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// Starts a load, and the caller waits for it.
    Load,
    /// The caller waits for the load under way.
    Wait,
    /// The caller gets the handle.
    Give,
    /// Those that wait get the handle.
    Admit,
    /// Those that wait get an error.
    Refuse,
    /// The actor goes on.
    GoOn,
    /// The actor ends; the room is no longer here.
    End,
}

/// The phase after `input`, and what to do. `None` stands for a room that is not here.
pub(super) fn step(phase: Option<Phase>, input: Input) -> (Option<Phase>, Step) {
    use Phase::{Draining, Loading, Open};
    match (phase, input) {
        (None, Input::Asked) => (Some(Loading), Step::Load),
        (Some(Loading), Input::Asked) => (Some(Loading), Step::Wait),
        (Some(Open | Draining), Input::Asked) => (Some(Open), Step::Give),

        (Some(Loading), Input::Loaded) => (Some(Open), Step::Admit),
        (Some(Loading), Input::LoadFailed) => (None, Step::Refuse),

        (Some(Open), Input::Idle) => (Some(Draining), Step::GoOn),
        (Some(Draining), Input::Drained) => (None, Step::End),
        // Somebody asked in between.
        (Some(Open), Input::Drained) => (Some(Open), Step::GoOn),

        // From Loading too: a load that panicked must not leave those waiting who ask later.
        (Some(_), Input::Discarded) => (None, Step::End),

        // What cannot happen changes nothing: an actor that is not the room's speaks for itself only.
        (phase, Input::Drained | Input::Discarded | Input::LoadFailed) => (phase, Step::End),
        (phase, _) => (phase, Step::GoOn),
    }
}

#[cfg(test)]
mod tests;
