//! What a room reads and writes beside the log, and who waits for it.
//!
//! The actor runs jobs while it goes on with other commands. What needs a result is put aside under a [`Need`] and
//! handled again when that is there.

use crate::error::{Error, Reason, Result};
use crate::id::{FileId, FileKey, OpId, Revision, SessionId, Source, UserKey};
use crate::limits;
use crate::room::command::{Attach, Call, InFlight};
use crate::room::editing::too_old;
use crate::room::history::Past;
use crate::room::load;
use crate::room::open_file::OpenFile;
use crate::room::state::{Effect, Now, RoomState, Stop, Waiter};
use crate::store::model::{Answered, BindOutcome, Binding, Snapshot};

/// Something that several may wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Need {
    /// A file in memory.
    File(FileKey),
    /// A file's operations after a revision.
    History(FileKey, Revision),
    /// A client id bound.
    Binding(Binding),
}

/// Something to read or write.
pub(super) enum Job {
    /// Loads a file as it is at the committed head.
    Load(Box<load::Order>),
    /// Reads a file's operations after the first revision and up to the second.
    History {
        file: FileKey,
        after: Revision,
        up_to: Revision,
    },
    /// Binds a client id.
    Bind(Binding),
    /// Looks an operation of the past up.
    Lookup(Lookup),
    /// Finds the highest committed op id of a session that comes back.
    HighestOpId(Box<Attach>),
    /// Looks a request id up.
    Answered(Box<Call>),
    /// Reads a file's text at an earlier revision for a call.
    Text(Box<Call>, Box<load::Order>),
    /// Keeps a snapshot.
    Snapshot(Snapshot),
    /// Ends a session that has left.
    EndSession(SessionId),
}

/// An operation of the past.
pub(super) struct Lookup {
    pub(super) session: SessionId,
    pub(super) stream: u64,
    pub(super) source: Source,
    pub(super) op_id: OpId,
    pub(super) file: Option<FileId>,
    /// Of an update: its file and bytes. One that adds nothing was never in the log, and is committed all the same.
    pub(super) update: Option<(FileKey, Vec<u8>)>,
    pub(super) permit: InFlight,
}

/// A job's result.
pub(super) enum Done {
    Loaded(FileKey, Result<Box<load::Loaded>>),
    History {
        file: FileKey,
        after: Revision,
        past: Result<Vec<Past>>,
    },
    /// The user whom the client id belongs to now.
    Bound(Binding, Result<UserKey>),
    Lookup(Lookup, Result<Option<Revision>>),
    HighestOpId(Box<Attach>, Result<OpId>),
    Answered(Box<Call>, Result<Option<Answered>>),
    Text(Box<Call>, Result<ropey::Rope>, Revision),
    /// A file's Yjs state reads back as another text than its position deltas make.
    Diverged(FileKey),
    Nothing,
}

impl RoomState {
    /// Makes sure that a file is in memory.
    ///
    /// # Errors
    /// [`Stop::Wait`] if it has to be loaded first.
    pub(super) fn ready(&mut self, key: FileKey, now: Now) -> Result<(), Stop> {
        match self.files.get_mut(&key) {
            Some(file) => {
                file.used = now.at;
                Ok(())
            }
            None => Err(Stop::Wait(Need::File(key))),
        }
    }

    /// Puts a waiter aside until what it needs is there, and starts the job unless it is running.
    pub(super) fn need(&mut self, need: Need, waiter: Waiter) {
        if let Some(waiters) = self.waiting.get_mut(&need) {
            let waits_already = matches!(&waiter, Waiter::Session(session) if waiters.iter().any(
                |other| matches!(other, Waiter::Session(known) if known == session)));
            if !waits_already {
                waiters.push(waiter);
            }
            return;
        }
        let job = match need {
            Need::File(file) => self.order(file).map(|order| Job::Load(Box::new(order))),
            Need::History(file, after) => self.files.get(&file).map(|open| Job::History {
                file,
                after,
                up_to: open.history.complete_after(),
            }),
            Need::Binding(binding) => Some(Job::Bind(binding)),
        };
        self.waiting.insert(need, vec![waiter]);
        match job {
            Some(job) => self.effects.push(Effect::Job(job)),
            None => self.defect((), "something was needed of a file that is not there"),
        }
    }

    /// What is needed to load a file.
    pub(super) fn order(&self, file: FileKey) -> Option<load::Order> {
        let entry = self.directory.get(file)?;
        Some(load::Order {
            room: self.key,
            file: entry.file.clone(),
            at: entry.revision,
        })
    }

    /// A job is done.
    pub(super) fn done(&mut self, done: Done, now: Now) {
        match done {
            Done::Loaded(file, result) => {
                let result = result.map(|loaded| self.install(file, *loaded, now));
                self.supply(Need::File(file), result, now);
            }
            Done::History { file, after, past } => {
                let result = past.map(|past| self.extend_history(file, after, past));
                self.supply(Need::History(file, after), result, now);
            }
            Done::Bound(binding, owner) => {
                let result = owner.map(|owner| {
                    if let Some(open) = self.files.get_mut(&binding.file) {
                        open.bindings.insert(binding.client, owner);
                    }
                });
                self.supply(Need::Binding(binding), result, now);
            }
            Done::Lookup(lookup, found) => self.looked_up(lookup, found, now),
            Done::HighestOpId(mut attach, highest) => match highest {
                Ok(highest) => {
                    attach.committed = Some(highest);
                    self.attach(*attach, now);
                }
                Err(error) => {
                    let _gone = attach.reply.send(Err(error));
                }
            },
            Done::Answered(call, found) => self.answered(*call, found, now),
            Done::Text(mut call, text, revision) => match text {
                Ok(text) => self.call_with_text(*call, text, revision, now),
                Err(error) => {
                    let request = call.request.take();
                    self.fail_call(request, call.reply, error);
                }
            },
            Done::Diverged(file) => {
                if let Some(text) = self.files.get(&file).map(|open| open.document.text().clone()) {
                    self.reseed(file, &text, now);
                }
            }
            Done::Nothing => {}
        }
    }

    fn install(&mut self, key: FileKey, loaded: load::Loaded, now: Now) {
        let participants: std::collections::HashMap<_, _> = self
            .members
            .values()
            .map(|member| (member.session.id.0, member.session.participant))
            .collect();
        let mut file = OpenFile::new(loaded.document, loaded.history, loaded.snapshot, now.at);
        file.history.name_authors(|source| participants.get(&source).copied());
        file.since_snapshot = loaded.since_snapshot;
        file.bindings = loaded.bindings;
        self.files.insert(key, file);
        if let Some(text) = loaded.differs {
            self.reseed(key, &text, now);
        }
    }

    fn extend_history(&mut self, file: FileKey, after: Revision, past: Vec<Past>) {
        if let Some(open) = self.files.get_mut(&file) {
            open.history.prepend(after, past);
        }
    }

    /// What was needed is there, or could not be had: those who waited go on.
    fn supply(&mut self, need: Need, result: Result<()>, now: Now) {
        for waiter in self.waiting.remove(&need).unwrap_or_default() {
            match (waiter, &result) {
                (Waiter::Session(session), Ok(())) => self.unpark(session, now),
                (Waiter::Call(call), Ok(())) => self.run_call(*call, now),
                (Waiter::Session(session), Err(error)) => self.blocked_for_good(session, error, now),
                (Waiter::Call(call), Err(error)) => self.fail_call(call.request, call.reply, error.clone()),
            }
        }
    }

    /// What a session's message needs cannot be had: a too old base is refused, anything else is passing trouble.
    fn blocked_for_good(&mut self, session: SessionId, error: &Error, now: Now) {
        if error.reason() == Reason::BaseTooOld {
            let parked = self
                .members
                .get_mut(&session)
                .and_then(|member| member.parked.pop_front());
            if let Some(parked) = parked {
                self.refuse(session, parked, error.clone());
            }
            self.unpark(session, now);
        } else {
            self.end_stream(session, error.clone(), now.at);
        }
    }
}

/// Runs a job.
pub(super) async fn run(store: crate::store::Store, room: crate::id::RoomKey, job: Job) -> Done {
    match job {
        Job::Load(order) => {
            let key = order.file.key;
            Done::Loaded(key, load::file(&store, *order).await.map(Box::new))
        }
        Job::History { file, after, up_to } => {
            let past = load::history(&store, room, file, after, up_to).await;
            Done::History { file, after, past }
        }
        Job::Bind(binding) => {
            let owner = store.bind(room, binding).await.map(|outcome| match outcome {
                BindOutcome::Bound => binding.user,
                BindOutcome::TakenBy(user) => user,
            });
            Done::Bound(binding, owner)
        }
        Job::Lookup(lookup) => {
            let found = store.operation(room, lookup.source, lookup.op_id).await;
            Done::Lookup(lookup, found)
        }
        Job::HighestOpId(attach) => {
            let highest = store.highest_op_id(room, Source::Session(attach.session.id)).await;
            Done::HighestOpId(attach, highest)
        }
        Job::Answered(call) => match call.request {
            Some(request) => {
                let found = store.answered(room, request.id).await;
                Done::Answered(call, found)
            }
            None => Done::Answered(call, Ok(None)),
        },
        Job::Text(call, order) => {
            let at = order.at;
            let text = load::text(&store, *order).await;
            Done::Text(call, text, at)
        }
        Job::Snapshot(snapshot) => {
            let file = snapshot.file;
            if load::keep_snapshot(&store, room, snapshot).await {
                Done::Nothing
            } else {
                Done::Diverged(file)
            }
        }
        Job::EndSession(session) => {
            if let Err(error) = store.end_session(session).await {
                tracing::warn!(%session, %error, "a session that left could not be ended");
            }
            Done::Nothing
        }
    }
}

/// The history would be longer than is read back.
pub(super) fn history_too_long(head: Revision, oldest: Revision) -> Error {
    too_old(head, oldest).with("limit", limits::REBASE_OPERATIONS)
}
