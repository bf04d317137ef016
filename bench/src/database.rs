//! Databases of the servers that are measured: made, removed, and asked for their size.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use crate::Result;

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

    /// Bytes that the tables of a database and their indexes take.
    pub(crate) fn stored_bytes(&self, name: &str) -> Result<f64> {
        let url = self.url_of(name);
        wait_for(async {
            let mut connection = PgConnection::connect(&url).await?;
            let tables = "select sum(pg_total_relation_size(relid))::bigint from pg_stat_user_tables";
            let bytes: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await?;
            connection.close().await?;
            Ok(bytes as f64)
        })
    }
}

/// Bytes that the tables of a SQLite file and their indexes take, those in its write-ahead log included.
pub(crate) fn sqlite_bytes(file: &Path) -> Result<f64> {
    wait_for(async {
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let used = "select (page_count - freelist_count) * page_size \
                    from pragma_page_count, pragma_freelist_count, pragma_page_size";
        let bytes: i64 = sqlx::query_scalar(used).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(bytes as f64)
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
