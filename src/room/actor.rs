//! The task that owns a room: it takes commands, hands rows to the log, runs jobs, and lets go of what is committed.
//!
//! It decides nothing of a room's content: that is the state's. It decides when the room is idle, and when this copy
//! of it is not the truth any more.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesOrdered, FuturesUnordered, StreamExt};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::error::{Error, Reason};
use crate::id::Revision;
use crate::limits;
use crate::room::command::Command;
use crate::room::job::{self, Done};
use crate::room::refusals::deleted;
use crate::room::registry::Place;
use crate::room::state::{Effect, Now, RoomState};
use crate::room::{clock, gone};
use crate::store::model::Append;
use crate::store::{AppendError, Permit};
use crate::telemetry::metric;

type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// How many commands one turn takes before it hands rows to the log.
const TURN: usize = 64;
/// How often a room without presence to send looks around.
const IDLE_TICK: Duration = Duration::from_secs(1);

/// How an actor ends.
enum End {
    /// Idle, everything written.
    Drained,
    /// Not the truth any more.
    Broken(String),
    /// The room was deleted.
    Deleted,
    /// The server goes down.
    Shutdown,
}

/// One room's task.
pub(super) struct Actor {
    pub(super) state: RoomState,
    pub(super) commands: mpsc::Receiver<Command>,
    /// Woken when a reader has caught up or is gone.
    pub(super) readers: Arc<Notify>,
    pub(super) place: Place,
    /// Idle, and not asked for since: it ends when its last snapshots are written.
    draining: bool,
    appends: FuturesOrdered<Pending<(Revision, Result<(), AppendError>)>>,
    jobs: FuturesUnordered<Pending<Done>>,
}

impl Actor {
    /// An actor that has yet to run.
    pub(super) fn new(
        state: RoomState,
        commands: mpsc::Receiver<Command>,
        readers: Arc<Notify>,
        place: Place,
    ) -> Box<Self> {
        Box::new(Self {
            state,
            commands,
            readers,
            place,
            draining: false,
            appends: FuturesOrdered::new(),
            jobs: FuturesUnordered::new(),
        })
    }

    /// Runs the room until its end. It is a box because a future has the room of everything that moves through it.
    pub(super) async fn run(mut self: Box<Self>) {
        metrics::counter!(metric::ROOMS_LOADED).increment(1);
        metrics::gauge!(metric::ROOMS_OPEN).increment(1.0);
        let end = self.live().await;
        self.finish(end).await;
        metrics::gauge!(metric::ROOMS_OPEN).decrement(1.0);
    }

    async fn live(&mut self) -> End {
        let mut next_tick = Instant::now() + IDLE_TICK;
        loop {
            if self.state.presence_is_due() {
                next_tick = next_tick.min(Instant::now() + limits::PRESENCE_TICK);
            }
            tokio::select! {
                biased;
                Some((revision, outcome)) = self.appends.next(), if !self.appends.is_empty() => {
                    match outcome {
                        Ok(()) => self.state.on_committed(revision),
                        Err(AppendError::Closed) => return End::Shutdown,
                        Err(error) => return End::Broken(error.to_string()),
                    }
                }
                Some(done) = self.jobs.next(), if !self.jobs.is_empty() => self.state.done(done, clock()),
                () = tokio::time::sleep_until(next_tick) => {
                    next_tick = Instant::now() + IDLE_TICK;
                    if let Some(end) = self.tick(clock()) {
                        return end;
                    }
                }
                () = self.readers.notified() => self.state.readers_moved(clock()),
                command = self.commands.recv() => {
                    if let Some(end) = self.turn(command) {
                        return end;
                    }
                }
            }
            self.perform();
            if let Some(why) = self.state.broken.take() {
                return End::Broken(why);
            }
            // Its last job may be done: until the next tick it would be there for nothing.
            if self.draining
                && let Some(end) = self.drain(clock())
            {
                return end;
            }
        }
    }

    /// Takes a command and those that are behind it, so many that the log and the others have their turn.
    fn turn(&mut self, first: Option<Command>) -> Option<End> {
        let now = clock();
        let mut next = Some(first.unwrap_or(Command::Shutdown));
        let mut taken = 0;
        while let Some(command) = next {
            match command {
                Command::Deleted => return Some(End::Deleted),
                Command::Shutdown => return Some(End::Shutdown),
                command => self.state.handle(command, now),
            }
            taken += 1;
            next = if taken < TURN {
                self.commands.try_recv().ok()
            } else {
                None
            };
        }
        None
    }

    /// Hands over what the state wants done. What one turn adds to the log goes there together.
    fn perform(&mut self) {
        let mut together: Option<(Append, Permit)> = None;
        for effect in std::mem::take(&mut self.state.effects) {
            match effect {
                Effect::Append(append, permit) => {
                    let (append, permit) = match together.take() {
                        Some((mut first, mut place)) if first.takes(&append) => {
                            first.operations.extend(append.operations);
                            place.join(permit);
                            (first, place)
                        }
                        before => {
                            self.append(before);
                            (append, permit)
                        }
                    };
                    together = Some((append, permit));
                }
                Effect::Job(job) => {
                    self.jobs
                        .push(Box::pin(job::run(self.state.store.clone(), self.state.key, job)));
                }
            }
        }
        self.append(together);
    }

    fn append(&mut self, append: Option<(Append, Permit)>) {
        let Some((append, permit)) = append else { return };
        let revision = append
            .operations
            .last()
            .map_or(Revision(0), |operation| operation.revision);
        let outcome = self.state.store.append(append, permit);
        self.appends
            .push_back(Box::pin(async move { (revision, outcome.await) }));
    }

    fn tick(&mut self, now: Now) -> Option<End> {
        let state = &mut self.state;
        state.send_presence(now);
        state.heartbeat(now);
        state.tidy_members(now.at);
        state.snapshot_files(now.at, |open| open.wants_snapshot(now.at));
        state.forget_wholes(now.at);
        state.forget_idle_files(now.at);
        state.pack_when_due(now.at);
        self.perform();
        self.drain(now)
    }

    /// An idle room writes its last snapshots while it goes on taking requests, and ends at the first look at which all is
    /// done and nobody has asked for it.
    fn drain(&mut self, now: Now) -> Option<End> {
        let state = &self.state;
        let empty = state.members.is_empty();
        if !empty {
            self.place.is_used();
        }
        if !empty || self.place.stays(now.at.duration_since(state.used)) {
            if std::mem::take(&mut self.draining) {
                self.place.not_drained();
            }
            return None;
        }
        if self.is_settled() && !std::mem::replace(&mut self.draining, true) {
            self.place.idle();
            self.state.snapshot_files(now.at, |_| true);
            self.state.pack_at_last(now.at);
            self.perform();
        }
        // A command in the queue is of somebody who asked before the room was idle.
        if !self.draining || !self.is_settled() || !self.commands.is_empty() {
            return None;
        }
        self.draining = false;
        self.place.drained().then_some(End::Drained)
    }

    fn is_settled(&self) -> bool {
        self.state.is_settled() && self.appends.is_empty() && self.jobs.is_empty()
    }

    /// Waits until everything accepted is committed and every job is done, for a time.
    async fn settle(&mut self, most: Duration) {
        let deadline = Instant::now() + most;
        self.perform();
        while !self.appends.is_empty() || !self.jobs.is_empty() {
            tokio::select! {
                Some((revision, outcome)) = self.appends.next(), if !self.appends.is_empty() => {
                    if outcome.is_err() {
                        return;
                    }
                    self.state.on_committed(revision);
                }
                Some(done) = self.jobs.next(), if !self.jobs.is_empty() => self.state.done(done, clock()),
                () = tokio::time::sleep_until(deadline) => return,
            }
            self.perform();
        }
    }

    /// Waits for what is on its way to the log, and tells nobody: the next copy is to read a log that stands still.
    async fn forget_appends(&mut self, most: Duration) {
        let outcomes = async { while self.appends.next().await.is_some() {} };
        let _late = tokio::time::timeout(most, outcomes).await;
    }

    async fn finish(mut self: Box<Self>, end: End) {
        let error = match &end {
            End::Drained => None,
            End::Broken(why) => {
                metrics::counter!(metric::ROOMS_DISCARDED).increment(1);
                tracing::error!(room = %self.state.info.id, why, "this copy of the room is not the truth: it is read again");
                self.forget_appends(limits::DRAIN).await;
                Some(gone())
            }
            End::Deleted => {
                self.settle(limits::DRAIN).await;
                Some(deleted())
            }
            End::Shutdown => {
                self.settle(limits::LAST_RECEIPTS).await;
                Some(shutting_down())
            }
        };
        if let Some(error) = error {
            self.place.discard();
            self.state.end_all_streams(&error);
        }
        if let End::Shutdown = end {
            self.state.snapshot_files(clock().at, |_| true);
            self.settle(limits::DRAIN).await;
        }
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            command.refuse(&gone());
        }
    }
}

fn shutting_down() -> Error {
    Error::new(
        Reason::ShuttingDown,
        "the server is shutting down: connect again and resume",
    )
    .retry_after(crate::room::retry_delay())
}
