//! Connections: a pool for reads, and the log's own.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, Executor};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, TransactionTrait};

use crate::limits::MIGRATION_TIMEOUT;
use crate::store::error::OpenError;
use crate::store::settings::Settings;

/// Connections for reads, on a server that others use too.
const POSTGRES_READERS: u32 = 8;
/// Connections for reads of a file; more than cores help little.
const SQLITE_READERS: u32 = 4;
/// What each of them keeps of the file, in KiB, as SQLite is told it; the system keeps the rest for all of them together.
const SQLITE_READER_CACHE: &str = "-256";
/// The same of the log's own connection, for what common commits leave to it.
const SQLITE_LOG_CACHE: &str = "-256";
/// The advisory lock that migrations run under; the number means nothing, but it must stay.
const MIGRATION_LOCK: i64 = 0x7461_6e64_656d;

/// Which database, as the address says.
#[derive(Clone, Debug)]
enum Place {
    Postgres(String),
    Sqlite(PathBuf),
}

/// Makes connections to one database.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    place: Place,
    statement_timeout: Duration,
    call_timeout: Duration,
}

impl Connector {
    pub(super) fn new(settings: &Settings) -> Result<Self, OpenError> {
        let place = match &settings.url {
            None => Place::Sqlite(settings.data_dir.join("tandem.db")),
            Some(url) => place(url)?,
        };
        Ok(Self {
            place,
            statement_timeout: settings.statement_timeout,
            call_timeout: settings.call_timeout,
        })
    }

    /// The database's file, if it is one.
    pub(super) fn file(&self) -> Option<&Path> {
        match &self.place {
            Place::Sqlite(path) => Some(path),
            Place::Postgres(_) => None,
        }
    }

    /// How long a connection waits for others' writes to the file: a statement may wait and then still has time.
    pub(super) fn busy(&self) -> Duration {
        self.statement_timeout / 2
    }

    /// The pool for reads.
    pub(super) async fn readers(&self) -> Result<DatabaseConnection, DbErr> {
        let mut options = self.options(Some(SQLITE_READER_CACHE));
        options.max_connections(if self.file().is_some() {
            SQLITE_READERS
        } else {
            POSTGRES_READERS
        });
        options.statement_timeout(self.statement_timeout);
        Database::connect(options).await
    }

    /// A new connection for the log. It is one connection, never exchanged behind our back: whatever fails on it, the
    /// writer must look what is there before it goes on.
    pub(super) async fn log(&self) -> Result<DatabaseConnection, DbErr> {
        let mut options = self.options(Some(SQLITE_LOG_CACHE));
        options
            .max_connections(1)
            .test_before_acquire(false)
            .idle_timeout(None::<Duration>)
            .max_lifetime(None::<Duration>);
        let timeout = self.statement_timeout.as_millis().max(1);
        options.map_sqlx_postgres_pool_opts(move |pool| {
            pool.after_connect(move |connection, _| Box::pin(prepare_log(connection, timeout)))
        });
        Database::connect(options).await
    }

    /// Brings the schema up to date. Other processes may try at the same moment: on PostgreSQL one of them does it under
    /// a lock while the others wait; a SQLite file is ours alone.
    pub(super) async fn migrate(&self) -> Result<(), DbErr> {
        let work = async {
            let mut options = self.options(None);
            // One connection holds the lock while the other works.
            options.max_connections(2);
            let database = Database::connect(options).await?;
            let lock = if self.file().is_none() {
                let lock = database.begin().await?;
                lock.execute_unprepared(&format!("select pg_advisory_xact_lock({MIGRATION_LOCK})"))
                    .await?;
                Some(lock)
            } else {
                None
            };
            Migrator::up(&database, None).await?;
            if let Some(lock) = lock {
                lock.commit().await?;
            }
            database.close().await
        };
        match tokio::time::timeout(MIGRATION_TIMEOUT, work).await {
            Ok(result) => result,
            Err(_) => Err(DbErr::Migration(format!(
                "not done after {} s",
                MIGRATION_TIMEOUT.as_secs()
            ))),
        }
    }

    fn options(&self, sqlite_cache: Option<&'static str>) -> ConnectOptions {
        let mut options = match &self.place {
            Place::Postgres(url) => ConnectOptions::new(url),
            // The path is set below, where no character of it can be taken for a part of an address.
            Place::Sqlite(_) => ConnectOptions::new("sqlite:tandem.db"),
        };
        options
            .sqlx_logging(false)
            .acquire_timeout(self.call_timeout)
            .connect_timeout(self.call_timeout);
        if let Place::Sqlite(path) = self.place.clone() {
            let busy = self.busy();
            options.map_sqlx_sqlite_opts(move |options| {
                let options = match sqlite_cache {
                    Some(cache) => options.pragma("cache_size", cache),
                    None => options,
                };
                options
                    .filename(&path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(busy)
            });
        }
        options
    }
}

fn place(url: &str) -> Result<Place, OpenError> {
    if let Some(rest) = url
        .strip_prefix("postgres://")
        .or_else(|| url.strip_prefix("postgresql://"))
    {
        return Ok(Place::Postgres(format!("postgres://{rest}")));
    }
    if !url.starts_with("sqlite:") {
        // The address may hold a password: it is not repeated.
        return Err(OpenError::Url("it is neither postgres:// nor sqlite://".to_owned()));
    }
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(OpenError::Url("a database in memory loses everything".to_owned()));
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|error| OpenError::Url(error.to_string()))?;
    Ok(Place::Sqlite(options.get_filename().to_path_buf()))
}

/// Sets what a commit of the log has to mean, and checks that it is so: a role or a pooler may say otherwise.
async fn prepare_log(connection: &mut sqlx::PgConnection, timeout_ms: u128) -> Result<(), sqlx::Error> {
    let set = format!(
        "set synchronous_commit = on; set statement_timeout = {timeout_ms}; \
         set idle_in_transaction_session_timeout = {}",
        timeout_ms.saturating_mul(2)
    );
    (&mut *connection).execute(sqlx::AssertSqlSafe(set)).await?;
    let value: String = sqlx::query_scalar("show synchronous_commit")
        .fetch_one(connection)
        .await?;
    if value == "on" {
        return Ok(());
    }
    Err(sqlx::Error::Configuration(
        format!("synchronous_commit is {value}, it must be on").into(),
    ))
}
