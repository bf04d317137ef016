//! What has to be there before a message or call can go on, and who waits for it.

use std::collections::HashMap;

use crate::error::{Code, Error, Reason, Result};
use crate::id::{FileKey, Revision, SessionId};
use crate::room::history::Past;
use crate::room::job::{Done, Job, Need};
use crate::room::load;
use crate::room::open_file::OpenFile;
use crate::room::state::{Effect, Now, Out, RoomState, Stop, Waiter};

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
            // Up to the head, and not only to what is there: that may be forgotten until the log is read.
            Need::History(file, after) => self.files.contains_key(&file).then_some(Job::History {
                file,
                after,
                up_to: self.committed,
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
            Done::History {
                file,
                after,
                up_to,
                past,
            } => {
                let result = past.map(|past| self.extend_history(file, after, up_to, past));
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
            Done::Compared(mut call, Ok(compared)) => {
                call.compared = Some(compared);
                self.run_call(*call, now);
            }
            Done::Compared(call, Err(error)) => self.fail_call(call.request, call.reply, error),
            Done::Diverged(file) => {
                if let Some(text) = self.files.get(&file).map(|open| open.document.text().clone()) {
                    self.reseed(file, &text, now);
                }
            }
            Done::SessionEnded(session) => self.gate(Out::Ended { session }),
            Done::Packed(result) => self.packed(result, now.at),
            Done::Nothing => {}
        }
    }

    fn install(&mut self, key: FileKey, loaded: load::Loaded, now: Now) {
        let participants: HashMap<_, _> = self
            .members
            .values()
            .map(|member| (member.session.id.0, member.session.participant))
            .collect();
        let mut file = OpenFile::new(loaded.document, loaded.history, loaded.snapshot, now.at);
        file.history.name_authors(|source| participants.get(&source).copied());
        file.since_snapshot = loaded.since_snapshot;
        file.bindings = loaded.bindings;
        self.files.insert(key, Box::new(file));
        if let Some(text) = loaded.differs {
            self.reseed(key, &text, now);
        }
    }

    fn extend_history(&mut self, file: FileKey, after: Revision, up_to: Revision, past: Vec<Past>) {
        if let Some(open) = self.files.get_mut(&file) {
            open.history.prepend(after, up_to, past);
        }
    }

    /// What was needed is there, or could not be had: those who waited go on.
    fn supply(&mut self, need: Need, result: Result<()>, now: Now) {
        for waiter in self.waiting.remove(&need).unwrap_or_default() {
            match (waiter, &result) {
                (Waiter::Session(session), Ok(())) => self.unpark(session, now),
                (Waiter::Call(call), Ok(())) => self.run_call(*call, now),
                (Waiter::Session(session), Err(error)) => self.blocked_for_good(session, error, now),
                (Waiter::Call(call), Err(error)) => {
                    let error = with_revision(error, call.ask.revision_field());
                    self.fail_call(call.request, call.reply, error);
                }
            }
        }
    }

    /// What a session's message needs cannot be had. Passing trouble ends the stream, to come back later; else the message
    /// alone is refused: one file that cannot be read keeps nobody from the others.
    fn blocked_for_good(&mut self, session: SessionId, error: &Error, now: Now) {
        if error.reason().code() != Code::Unavailable {
            let parked = self
                .members
                .get_mut(&session)
                .and_then(|member| member.parked.pop_front());
            if let Some(parked) = parked {
                self.refuse(session, parked, with_revision(error, "base_revision"));
            }
            self.unpark(session, now);
        } else {
            self.end_stream(session, error.clone(), now.at);
        }
    }
}

/// What could not be had may be the history after a revision that the caller named in `field`.
fn with_revision(error: &Error, field: &str) -> Error {
    match error.reason() {
        Reason::BaseTooOld => error.clone().or_field(field),
        _ => error.clone(),
    }
}
