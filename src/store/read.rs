//! Reads: each with a bound on its time, each telling passing trouble from a bug.

mod files;
mod newest;
mod rooms;
mod sessions;

use std::future::Future;

use sea_orm::{ConnectionTrait, DbErr};

use crate::error::Result;
use crate::store::Store;
use crate::store::error::{internal, unavailable};
use crate::store::failure::Failure;

impl Store {
    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.read("ping", async {
            self.readers().execute_unprepared("select 1").await.map(drop)
        })
        .await
    }

    /// Waits for a read, but not for ever.
    pub(super) async fn read<T>(&self, what: &'static str, work: impl Future<Output = Result<T, DbErr>>) -> Result<T> {
        let failure = match tokio::time::timeout(self.call_timeout(), work).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => Failure::from(error),
            Err(_) => Failure::Passing("no answer in time".to_owned()),
        };
        match failure {
            Failure::Passing(why) => {
                tracing::warn!(what, why, "the database is in trouble");
                Err(unavailable())
            }
            Failure::Unclear(why) | Failure::Definite(why) => {
                tracing::error!(what, why, "a read failed");
                Err(internal())
            }
        }
    }
}
