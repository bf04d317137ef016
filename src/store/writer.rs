//! The one task that writes: operations of all rooms in shared commits, other writes between them.
//!
//! **The law.** Nothing is reported as done before its COMMIT returned. After any trouble the connection is given up,
//! and the next try, on a new one, looks in the log before it writes: rows that are there with our source and op id are
//! a success, others mean that the room's copy is not the truth. Passing trouble is tried again for as long as the
//! process lives, with everything that is queued still queued.
//!
//! A panic ends what it happened in and nothing else: a try that panicked is one with an unknown outcome, as after a lost
//! connection, and if the writer itself panics, those whose writes it had in its hands hear that nobody knows.

mod batch;
mod heads;
mod outcome;
mod quick;

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::time::Instant;

use self::batch::RoomBatch;
use self::heads::Heads;
use self::outcome::{Verdict, Waiting};
use self::quick::Quick;
use crate::id::RoomKey;
use crate::limits::STORE_BACKOFF;
use crate::store::connect::Connector;
use crate::store::failure::Failure;
use crate::store::job::Job;
use crate::store::lock::FileLock;
use crate::store::queue::{Queue, Queued};
use crate::store::settings::Settings;

pub(super) use self::batch::insert_append;

/// The first wait after trouble.
const FIRST_BACKOFF: Duration = Duration::from_millis(20);

/// Begins a transaction that will write. SQLite is told so at once: a lock that is taken later can fail half-way.
pub(super) async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    connection.begin_with_options(options).await
}

/// The writer's own state.
pub(super) struct Writer {
    connector: Connector,
    queue: Arc<Queue>,
    connection: Option<DatabaseConnection>,
    interval: Duration,
    patience: Duration,
    /// Per room, the newest of its copies that failed. That copy's later appends build on what is not there.
    poisoned: HashMap<RoomKey, u64>,
    heads: Heads,
    quick: Option<Quick>,
    /// A SQLite file stays ours until the last write, even if all handles are gone before.
    lock: Option<Arc<FileLock>>,
}

/// Closes the queue when the writer ends, however it ends.
struct AbandonQueue(Arc<Queue>);

impl Drop for AbandonQueue {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl Writer {
    pub(super) fn new(
        connector: Connector,
        connection: DatabaseConnection,
        queue: Arc<Queue>,
        settings: &Settings,
        lock: Option<Arc<FileLock>>,
    ) -> Self {
        Self {
            connector,
            queue,
            connection: Some(connection),
            interval: settings.commit_interval,
            patience: settings.statement_timeout,
            poisoned: HashMap::new(),
            heads: Heads::default(),
            quick: None,
            lock,
        }
    }

    /// Writes until the queue is closed and empty.
    pub(super) async fn run(mut self) {
        let queue = Arc::clone(&self.queue);
        let _guard = AbandonQueue(Arc::clone(&queue));
        let mut next = Instant::now();
        while queue.ready().await {
            // A busy log gathers for a moment, an idle one is past this point in time already.
            tokio::time::sleep_until(next).await;
            next = Instant::now() + self.interval;
            if AssertUnwindSafe(self.turn(&queue)).catch_unwind().await.is_err() {
                // Whatever it had in its hands is dropped, which tells those that wait for it.
                tracing::error!("the log's writer panicked: it goes on with a new connection and what is queued");
                self.disconnect();
                tokio::time::sleep(FIRST_BACKOFF).await;
            }
        }
        if let Some(quick) = self.quick.take() {
            let _ = tokio::time::timeout(self.patience, quick.close()).await;
        }
        if let Some(connection) = self.connection.take() {
            let _ = tokio::time::timeout(self.patience, connection.close()).await;
        }
    }

    /// One commit of the log, and some of the other writes.
    async fn turn(&mut self, queue: &Queue) {
        let batch = queue.take_batch();
        if !batch.is_empty() {
            self.commit(batch).await;
        }
        for job in queue.take_jobs() {
            self.perform(job).await;
        }
    }

    /// Brings one batch to its end: every append of it has its outcome afterwards.
    async fn commit(&mut self, batch: Vec<Queued>) {
        let (rooms, waiting) = batch::by_room(batch, &self.poisoned);
        // A thread that does not answer may hold it for longer than we wait.
        let rooms = Arc::new(rooms);
        if self.heads.allow(&rooms) && self.write_quickly(&rooms).await {
            let verdicts = rooms.iter().map(|room| Verdict::stored(room.appends.len())).collect();
            return self.deliver(&rooms, waiting, verdicts);
        }
        match self.until_settled(&rooms).await {
            Ok(verdicts) => self.deliver(&rooms, waiting, verdicts),
            Err(failure) => {
                if rooms.len() > 1 {
                    tracing::warn!(
                        rooms = rooms.len(),
                        why = failure.why(),
                        "a batch failed, trying room by room"
                    );
                    metrics::counter!("tandem_store_split_batches_total").increment(1);
                }
                for (room, waiting) in rooms.iter().zip(waiting) {
                    self.commit_alone(room, waiting).await;
                }
            }
        }
    }

    /// Tries the quick way, once. `false`: nobody knows what is there, the long way has to look.
    async fn write_quickly(&mut self, rooms: &Arc<Vec<RoomBatch>>) -> bool {
        let begun = Instant::now();
        let quick = self.quick.take();
        let (connector, lock) = (self.connector.clone(), self.lock.clone());
        let attempt = |connection: DatabaseConnection| async move {
            let mut quick = match quick {
                Some(quick) => quick,
                None => Quick::open(&connector, &connection, lock).await?,
            };
            let written = quick.write(rooms).await?;
            Ok((quick, written))
        };
        let Ok((quick, written)) = self.with_connection(attempt).await else {
            return false;
        };
        self.quick = Some(quick);
        if written {
            batch::measure(rooms, begun.elapsed());
        }
        written
    }

    async fn commit_alone(&mut self, room: &RoomBatch, waiting: Vec<Waiting>) {
        let alone = std::slice::from_ref(room);
        let mut result = self.until_settled(alone).await;
        if let Err(Failure::Unclear(_)) = result {
            // Perhaps with our own row, of a commit that nobody heard of: the next try looks first.
            result = self.until_settled(alone).await;
        }
        let verdicts = result.unwrap_or_else(|failure| vec![Verdict::refused(0, failure.why())]);
        self.deliver(alone, vec![waiting], verdicts);
    }

    /// Tries until the database has said yes or no.
    async fn until_settled(&mut self, rooms: &[RoomBatch]) -> Result<Vec<Verdict>, Failure> {
        let mut backoff = FIRST_BACKOFF;
        loop {
            let begun = Instant::now();
            let result = self.with_connection(|connection| batch::write(connection, rooms)).await;
            match result {
                Err(Failure::Passing(why)) => self.wait(&mut backoff, &why).await,
                Ok(verdicts) => {
                    batch::measure(rooms, begun.elapsed());
                    return Ok(verdicts);
                }
                Err(no) => return Err(no),
            }
        }
    }

    /// Runs one try on the log's connection. One that failed is never used again.
    async fn with_connection<T, F>(&mut self, work: impl FnOnce(DatabaseConnection) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        if self.quick.as_ref().is_some_and(Quick::holds_the_connection) {
            self.quick = None;
        }
        let attempt = async {
            let connection = match self.connection.clone() {
                Some(connection) => connection,
                // Whatever keeps us from connecting may pass.
                None => self
                    .connector
                    .log()
                    .await
                    .map_err(|error| Failure::Passing(error.to_string()))?,
            };
            self.connection = Some(connection.clone());
            work(connection).await
        };
        let attempt = AssertUnwindSafe(attempt).catch_unwind();
        let result = match tokio::time::timeout(self.patience, attempt).await {
            Ok(Ok(result)) => result,
            // It may panic again and again: unlike passing trouble it is not tried for ever.
            Ok(Err(_panic)) => Err(Failure::Unclear("the try panicked".to_owned())),
            Err(_) => Err(Failure::Passing(format!(
                "no answer within {} ms",
                self.patience.as_millis()
            ))),
        };
        if result.is_err() {
            self.disconnect();
        }
        result
    }

    /// Gives the connection up, without waiting for a server that may not answer.
    fn disconnect(&mut self) {
        self.quick = None;
        if let Some(connection) = self.connection.take() {
            let patience = self.patience;
            tokio::spawn(async move {
                let _ = tokio::time::timeout(patience, connection.close()).await;
            });
        }
    }

    async fn wait(&mut self, backoff: &mut Duration, why: &str) {
        tracing::warn!(
            why,
            wait_ms = backoff.as_millis() as u64,
            "the database is in trouble, trying again"
        );
        metrics::counter!("tandem_store_retries_total").increment(1);
        tokio::time::sleep(*backoff).await;
        *backoff = (*backoff * 2).min(STORE_BACKOFF);
    }

    /// Tells every append its outcome.
    fn deliver(&mut self, rooms: &[RoomBatch], waiting: Vec<Vec<Waiting>>, verdicts: Vec<Verdict>) {
        for ((room, waiting), verdict) in rooms.iter().zip(waiting).zip(verdicts) {
            self.heads.note(room, &verdict);
            if let Some(why) = verdict.why() {
                tracing::error!(
                    room = room.room.0,
                    why,
                    "a copy of a room is not the truth, it is discarded"
                );
                metrics::counter!("tandem_store_not_the_truth_total").increment(1);
                let poisoned = self.poisoned.entry(room.room).or_default();
                *poisoned = room.incarnation.max(*poisoned);
            }
            verdict.tell(waiting);
        }
    }

    /// Brings one other write to its end, unless its caller gives up first.
    async fn perform(&mut self, mut job: Box<dyn Job>) {
        let mut backoff = FIRST_BACKOFF;
        let mut looked_again = false;
        while !job.abandoned() {
            let attempt = job.as_mut();
            let result = self
                .with_connection(|connection| async move { attempt.attempt(&connection).await })
                .await;
            match result {
                Ok(()) => break,
                Err(Failure::Passing(why)) => self.wait(&mut backoff, &why).await,
                Err(Failure::Unclear(why)) if !looked_again => {
                    looked_again = true;
                    tracing::warn!(why, "a write has no clear outcome, looking again");
                }
                Err(failure) => {
                    tracing::error!(why = failure.why(), "the database refused a write");
                    break;
                }
            }
        }
        job.finish();
    }
}
