//! A database that answers nothing for a while.

use std::time::Duration;

use sea_orm::{DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use tandem::server::product::Bounds;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::proxy::{Cut, Proxy};
use tandem_testkit::server::{Setup, TestServer};

use crate::store::sample::eventually;

/// Operations that may wait for the database here.
pub(super) const BACKLOG: usize = 20;

/// Stops a database and lets it go on.
pub(super) enum Stall {
    /// A proxy before PostgreSQL passes nothing on, of reads neither.
    Frozen(Proxy),
    /// It keeps a COMMIT back, and whatever waits for what that locks; reads are answered.
    Held(Proxy),
    /// Another connection has the lock of a SQLite file; reads are answered.
    Locked(DatabaseConnection, Option<DatabaseTransaction>),
}

impl Stall {
    /// The widest stall that the database knows: PostgreSQL can be cut off wholly.
    pub(super) async fn of_all(database: &TestDatabase) -> Self {
        if database.is_postgres() {
            Self::Frozen(Proxy::before(&database.url()).await)
        } else {
            Self::of_commits(database).await
        }
    }

    /// One during which reads are answered.
    pub(super) async fn of_commits(database: &TestDatabase) -> Self {
        if database.is_postgres() {
            Self::Held(Proxy::before(&database.url()).await)
        } else {
            Self::Locked(database.connection().await, None)
        }
    }

    /// A server on the database, which gives up soon and has a small backlog.
    pub(super) async fn server(&self, database: TestDatabase) -> TestServer {
        let database_url = match self {
            Self::Frozen(proxy) | Self::Held(proxy) => Some(database.url_through(proxy.port())),
            Self::Locked(..) => None,
        };
        let mut bounds = Bounds {
            store_timeout: Duration::from_secs(1),
            backlog_operations: BACKLOG,
            ..Bounds::default()
        };
        // A COMMIT that is kept back is given up after this time.
        if !matches!(self, Self::Held(_)) {
            bounds.statement_timeout = Duration::from_millis(300);
        }
        TestServer::start_as(database, Setup { database_url, bounds }).await
    }

    /// From now on, or from the next commit on, nothing is committed.
    pub(super) async fn begin(&mut self) {
        match self {
            Self::Frozen(proxy) => proxy.freeze(),
            Self::Held(proxy) => proxy.cut_next_commit(Cut::Hold),
            Self::Locked(connection, lock) => {
                let options = TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..TransactionOptions::default()
                };
                *lock = Some(connection.begin_with_options(options).await.expect("the lock"));
            }
        }
    }

    /// Everything goes on.
    pub(super) async fn end(&mut self) {
        match self {
            Self::Frozen(proxy) => proxy.thaw(),
            Self::Held(proxy) => proxy.release(),
            Self::Locked(_, lock) => {
                let lock = lock.take().expect("it is locked");
                lock.rollback().await.expect("the lock is let go");
            }
        }
    }
}

/// Waits until so many operations wait for the database.
pub(super) async fn backlog_of(server: &TestServer, operations: usize) {
    let operations = i64::try_from(operations).expect("few");
    eventually("the backlog", async || {
        server.metric("tandem_store_backlog_operations") == operations
    })
    .await;
}
