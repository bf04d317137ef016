//! What waits for the writer: operations in the order in which they were appended, and other writes in theirs.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::limits::{BACKLOG_WRITES, BATCH_BYTES, BATCH_OPERATIONS, WRITES_BETWEEN_COMMITS};
use crate::store::backlog::Permit;
use crate::store::error::AppendError;
use crate::store::job::Job;
use crate::store::model::Append;

/// An append on its way.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) append: Append,
    pub(super) reply: oneshot::Sender<Result<(), AppendError>>,
    /// Its place in the backlog, held until the outcome is known.
    pub(super) permit: Permit,
}

/// Why something could not be queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    Closed,
    Full,
}

/// The queue before the one writer.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    appends: VecDeque<Queued>,
    jobs: VecDeque<Box<dyn Job>>,
    closed: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an append at the end; its permit has bounded the queue already.
    pub(super) fn append(&self, queued: Queued) -> Result<(), Rejected> {
        let mut state = self.state();
        if state.closed {
            return Err(Rejected::Closed);
        }
        state.appends.push_back(queued);
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// Puts another write at the end.
    pub(super) fn job(&self, job: Box<dyn Job>) -> Result<(), Rejected> {
        let mut state = self.state();
        if state.closed {
            return Err(Rejected::Closed);
        }
        if state.jobs.len() >= BACKLOG_WRITES {
            // Those whose callers have given up need no place.
            state.jobs.retain(|job| !job.abandoned());
        }
        if state.jobs.len() >= BACKLOG_WRITES {
            return Err(Rejected::Full);
        }
        state.jobs.push_back(job);
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// Waits until there is something to do. False means that the queue is closed and empty.
    pub(super) async fn ready(&self) -> bool {
        loop {
            {
                let state = self.state();
                if !state.appends.is_empty() || !state.jobs.is_empty() {
                    return true;
                }
                if state.closed {
                    return false;
                }
            }
            self.wake.notified().await;
        }
    }

    /// Takes what one commit can hold; at least one append, if there is one.
    pub(super) fn take_batch(&self) -> Vec<Queued> {
        let mut state = self.state();
        let (mut operations, mut bytes) = (0_usize, 0_usize);
        let mut batch = Vec::new();
        while let Some(next) = state.appends.front() {
            operations = operations.saturating_add(next.append.operations.len());
            bytes = bytes.saturating_add(next.permit.bytes());
            if !batch.is_empty() && (operations > BATCH_OPERATIONS || bytes > BATCH_BYTES) {
                break;
            }
            batch.extend(state.appends.pop_front());
        }
        batch
    }

    /// Takes some of the other writes.
    pub(super) fn take_jobs(&self) -> Vec<Box<dyn Job>> {
        let mut state = self.state();
        let count = state.jobs.len().min(WRITES_BETWEEN_COMMITS);
        state.jobs.drain(..count).collect()
    }

    /// Whether it takes nothing new.
    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Takes nothing new from now on; what is queued stays for the writer.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.wake.notify_one();
    }

    /// Closes, and drops what is queued, so that nobody waits for a writer that is gone.
    pub(super) fn abandon(&self) {
        let dropped = {
            let mut state = self.state();
            state.closed = true;
            (std::mem::take(&mut state.appends), std::mem::take(&mut state.jobs))
        };
        drop(dropped);
    }
}
