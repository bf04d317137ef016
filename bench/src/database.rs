//! Databases of the servers that are measured: made, removed, and asked for their size.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use crate::Result;

/// What a database takes, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    /// All its pages.
    pub(crate) all: f64,
    /// Pages that it will use again before it takes new ones. PostgreSQL does not tell.
    pub(crate) free: f64,
    /// What snapshots take; in a SQLite file, their contents.
    pub(crate) snapshots: f64,
}

/// A PostgreSQL cluster, as the URL of a database in it.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    url: String,
}

impl Database {
    /// The cluster of this URL.
    pub(crate) fn new(url: String) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        if scheme.starts_with("postgres") && rest.contains('/') {
            Ok(Self { url })
        } else {
            Err("--database wants postgres://user@host/name; SQLite is measured anyway".into())
        }
    }

    /// The URL of another database in it.
    pub(crate) fn url_of(&self, name: &str) -> String {
        let base = self.url.rsplit_once('/').map_or(self.url.as_str(), |(base, _)| base);
        format!("{base}/{name}")
    }

    /// Creates a database.
    pub(crate) fn create(&self, name: &str) -> Result<()> {
        execute(&self.url, format!("create database {name}"))
    }

    /// Removes a database, whoever uses it.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        execute(&self.url, format!("drop database if exists {name} with (force)"))
    }

    /// What a database's tables and their indexes take.
    pub(crate) fn stored(&self, name: &str) -> Result<Stored> {
        let url = self.url_of(name);
        wait_for(async {
            let mut connection = PgConnection::connect(&url).await?;
            let tables = "select sum(pg_total_relation_size(relid))::bigint, \
                          pg_total_relation_size('snapshots')::bigint from pg_stat_user_tables";
            let (all, snapshots): (i64, i64) = sqlx::query_as(tables).fetch_one(&mut connection).await?;
            connection.close().await?;
            Ok(Stored {
                all: all as f64,
                free: 0.0,
                snapshots: snapshots as f64,
            })
        })
    }

    /// Lets a database find what it can use again, and give back what lies at the ends of its files.
    pub(crate) fn vacuum(&self, name: &str) -> Result<()> {
        execute(&self.url_of(name), "vacuum".to_owned())
    }
}

/// What a SQLite file takes, what is in its write-ahead log included.
pub(crate) fn sqlite_stored(file: &Path) -> Result<Stored> {
    wait_for(async {
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let pages = "select page_count * page_size, freelist_count * page_size, \
                     (select coalesce(sum(length(state) + length(text_hash)), 0) from snapshots) \
                     from pragma_page_count, pragma_freelist_count, pragma_page_size";
        let (all, free, snapshots): (i64, i64, i64) = sqlx::query_as(pages).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(Stored {
            all: all as f64,
            free: free as f64,
            snapshots: snapshots as f64,
        })
    })
}

fn execute(url: &str, statement: String) -> Result<()> {
    wait_for(async {
        let mut connection = PgConnection::connect(url).await?;
        connection.execute(AssertSqlSafe(statement)).await?;
        Ok(connection.close().await?)
    })
}

fn wait_for<T>(what: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(what)
}
