//! What became of one room's part of a batch.

use tokio::sync::oneshot;

use crate::store::backlog::Permit;
use crate::store::error::AppendError;

/// Who waits for an append.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) reply: oneshot::Sender<Result<(), AppendError>>,
    pub(super) permit: Permit,
}

/// The outcome of a room's appends: so many from the first on are in the log, the others are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    stored: usize,
    refused: Option<String>,
}

impl Verdict {
    /// All are in the log.
    pub(super) fn stored(appends: usize) -> Self {
        Self {
            stored: appends,
            refused: None,
        }
    }

    /// The first are in the log, the others can't be.
    pub(super) fn refused(stored: usize, why: impl Into<String>) -> Self {
        Self {
            stored,
            refused: Some(why.into()),
        }
    }

    /// Why some are refused, if they are.
    pub(super) fn why(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Tells those who wait, in the order of the appends; their places in the backlog are free before they hear of it.
    pub(super) fn tell(self, waiting: Vec<Waiting>) {
        let why = self.refused.unwrap_or_default();
        for (index, one) in waiting.into_iter().enumerate() {
            drop(one.permit);
            let outcome = if index < self.stored {
                Ok(())
            } else {
                Err(AppendError::NotTheTruth(why.clone()))
            };
            // The room may be gone; the log has its operations all the same.
            let _ = one.reply.send(outcome);
        }
    }
}
