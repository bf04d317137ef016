//! Writes other than operations: each a transaction of its own, by the one writer.

mod rooms;
mod sessions;
mod snapshots;

use futures_util::future::BoxFuture;
use sea_orm::DatabaseTransaction;
use tokio::sync::oneshot;

use crate::store::Store;
use crate::store::error::{WriteError, shutting_down, unavailable};
use crate::store::job::{Call, Refusal};
use crate::store::queue::Rejected;

impl Store {
    /// Hands a write to the writer and waits for it, but not for ever: when the time is over the writer leaves it, or it
    /// may be done all the same, which is why every write can be repeated.
    pub(super) async fn write<T, W>(&self, work: W) -> Result<T, WriteError>
    where
        T: Send + 'static,
        W: for<'a> Fn(&'a DatabaseTransaction) -> BoxFuture<'a, Result<T, Refusal>> + Send + Sync + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        self.queue()
            .job(Box::new(Call::new(Box::new(work), reply)))
            .map_err(|rejected| match rejected {
                Rejected::Closed => shutting_down(),
                Rejected::Full => unavailable(),
            })?;
        match tokio::time::timeout(self.call_timeout(), outcome).await {
            Ok(Ok(result)) => result,
            Ok(Err(_dropped)) if self.queue().is_closed() => Err(shutting_down().into()),
            Ok(Err(_)) | Err(_) => Err(unavailable().into()),
        }
    }
}
