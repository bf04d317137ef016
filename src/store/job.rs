//! Writes other than operations: each its own transaction, between the log's commits.

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use tokio::sync::oneshot;

use crate::store::error::{WriteError, internal};
use crate::store::failure::Failure;
use crate::store::writer::begin;

/// Why a write was rolled back.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The database failed.
    Database(DbErr),
    /// The caller's wish can't be met.
    Caller(WriteError),
}

impl From<DbErr> for Refusal {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl From<WriteError> for Refusal {
    fn from(error: WriteError) -> Self {
        Self::Caller(error)
    }
}

/// The statements of one write. They may run more than once, and after an earlier run of theirs was committed without
/// anybody hearing of it: they must find that out, or not mind.
pub(super) type Work<T> = dyn for<'a> Fn(&'a DatabaseTransaction) -> BoxFuture<'a, Result<T, Refusal>> + Send + Sync;

/// A write as the writer sees it.
#[async_trait]
pub(super) trait Job: Send {
    /// Whether nobody waits for it any more.
    fn abandoned(&self) -> bool;
    /// Runs it in a transaction of its own.
    async fn attempt(&mut self, connection: &DatabaseConnection) -> Result<(), Failure>;
    /// Tells the caller how the last attempt ended, or that there was none that did.
    fn finish(self: Box<Self>);
}

/// A write with a caller that waits.
pub(super) struct Call<T> {
    work: Box<Work<T>>,
    reply: oneshot::Sender<Result<T, WriteError>>,
    outcome: Option<Result<T, WriteError>>,
}

impl<T> Call<T> {
    pub(super) fn new(work: Box<Work<T>>, reply: oneshot::Sender<Result<T, WriteError>>) -> Self {
        Self {
            work,
            reply,
            outcome: None,
        }
    }
}

#[async_trait]
impl<T: Send + 'static> Job for Call<T> {
    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    async fn attempt(&mut self, connection: &DatabaseConnection) -> Result<(), Failure> {
        let transaction = begin(connection).await?;
        match (self.work)(&transaction).await {
            Ok(value) => {
                transaction.commit().await?;
                self.outcome = Some(Ok(value));
            }
            Err(Refusal::Database(error)) => return Err(error.into()),
            Err(Refusal::Caller(error)) => {
                transaction.rollback().await?;
                self.outcome = Some(Err(error));
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) {
        let outcome = self.outcome.unwrap_or_else(|| Err(internal().into()));
        // The caller may have given up; then nobody needs the answer.
        let _ = self.reply.send(outcome);
    }
}
