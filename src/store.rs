//! The store: the log of all rooms and what belongs to it, on PostgreSQL or in one SQLite file.
//!
//! Reads go through a pool. All writes go through one task per database (`writer`), which gathers the operations of all
//! rooms into shared commits. Nothing is reported as done before the database has committed it. What a room wrote a while
//! ago is packed into `segment`s; `log` reads both parts as one.
//!
//! Only this module and `migration` name SeaORM and sqlx.

mod backlog;
mod connect;
mod convert;
mod entity;
mod error;
mod failure;
mod job;
mod lock;
mod log;
pub mod model;
mod pack;
mod queue;
mod read;
mod segment;
mod settings;
mod write;
mod writer;

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::DatabaseConnection;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

pub use self::backlog::Permit;
pub use self::error::{AppendError, OpenError, ReadError, WriteError};
pub use self::settings::Settings;

use self::backlog::Backlog;
use self::connect::Connector;
use self::lock::FileLock;
use self::model::Append;
use self::queue::{Queue, Queued};
use self::writer::Writer;
use crate::error::Result;
use crate::limits::LOCK_WAIT;

/// Between two looks at a lock that another has.
const LOCK_LOOK: Duration = Duration::from_millis(5);

/// A handle to the database; copies share it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    readers: DatabaseConnection,
    queue: Arc<Queue>,
    backlog: Arc<Backlog>,
    call_timeout: Duration,
    incarnations: AtomicU64,
    /// Rooms are packed one after the other: it is never urgent.
    packing: Semaphore,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Lives as long as anybody may write.
    _lock: Option<Arc<FileLock>>,
}

impl Store {
    /// Connects, brings the schema up to date, and starts the writer. Needs a tokio runtime.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        let connector = Connector::new(&settings)?;
        let lock = match connector.file() {
            Some(file) => Some(Arc::new(claim(file).await?)),
            None => None,
        };
        let database = |doing| {
            move |error: sea_orm::DbErr| OpenError::Database {
                doing,
                why: error.to_string(),
            }
        };
        connector
            .migrate()
            .await
            .map_err(database("bring the schema up to date"))?;
        let log = connector.log().await.map_err(database("connect for the log"))?;
        let readers = connector.readers().await.map_err(database("connect for reads"))?;
        let queue = Arc::new(Queue::default());
        let writer = Writer::new(connector, log, Arc::clone(&queue), &settings, lock.clone());
        let shared = Shared {
            readers,
            queue,
            backlog: Backlog::new(settings.backlog_operations, settings.backlog_bytes),
            call_timeout: settings.call_timeout,
            incarnations: AtomicU64::new(1),
            packing: Semaphore::new(1),
            writer: Mutex::new(Some(tokio::spawn(writer.run()))),
            _lock: lock,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// A number for a new copy of a room in this process, greater than all before; see [`Append::incarnation`].
    pub fn incarnation(&self) -> u64 {
        self.shared.incarnations.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes a place for operations that are about to be applied. A full backlog is `STORE_UNAVAILABLE` with a delay, and
    /// nothing may be applied then.
    pub fn reserve(&self, operations: usize, bytes: usize) -> Result<Permit> {
        self.shared.backlog.reserve(operations, bytes)
    }

    /// Whether there is a place for one operation just now; the next moment there may be none.
    ///
    /// # Errors
    /// STORE_UNAVAILABLE with a delay.
    pub fn has_room(&self) -> Result<()> {
        self.shared.backlog.reserve(1, 0).map(drop)
    }

    /// Queues an append, at once and in the order of the calls, whether or not the future is awaited. The future says when
    /// the operations are durable, or that this copy of the room must be discarded; passing trouble it waits out.
    pub fn append(
        &self,
        append: Append,
        permit: Permit,
    ) -> impl Future<Output = Result<(), AppendError>> + Send + use<> {
        let (reply, outcome) = oneshot::channel();
        let queue = Arc::clone(&self.shared.queue);
        // A closed queue drops the reply, which the future sees; a writer that fails drops it too.
        let _ = queue.append(Queued { append, reply, permit });
        async move {
            outcome.await.unwrap_or_else(|_dropped| {
                Err(if queue.is_closed() {
                    AppendError::Closed
                } else {
                    AppendError::Unknown
                })
            })
        }
    }

    /// Takes no more writes, finishes those that are queued, and closes the connections. What is not done after `grace`
    /// is left: its callers hear [`AppendError::Closed`], never success.
    pub async fn close(&self, grace: Duration) {
        self.shared.queue.close();
        let writer = self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut writer) = writer
            && tokio::time::timeout(grace, &mut writer).await.is_err()
        {
            tracing::error!(
                grace_ms = grace.as_millis() as u64,
                "the log could not be flushed in time"
            );
            writer.abort();
            // Its end is what tells those that wait.
            let _ = writer.await;
        }
        let _ = tokio::time::timeout(self.shared.call_timeout, self.shared.readers.close_by_ref()).await;
    }

    fn readers(&self) -> &DatabaseConnection {
        &self.shared.readers
    }

    fn queue(&self) -> &Queue {
        &self.shared.queue
    }

    fn call_timeout(&self) -> Duration {
        self.shared.call_timeout
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Nobody is left to append; the writer finishes what is queued and ends.
        self.queue.close();
    }
}

/// Makes the folder of a database file and claims the file. Whoever had it may just be ending.
async fn claim(database: &std::path::Path) -> Result<FileLock, OpenError> {
    if let Some(folder) = database.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|source| OpenError::Io {
            path: folder.to_path_buf(),
            source,
        })?;
    }
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match FileLock::take(database) {
            Err(OpenError::InUse(_)) if Instant::now() < deadline => tokio::time::sleep(LOCK_LOOK).await,
            taken => return taken,
        }
    }
}
