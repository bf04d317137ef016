//! The common commit: operations of open rooms and nothing else, without a look at the log before.
//!
//! It is only for rooms whose head the writer knows because it wrote it, for the same copy. That the room lives, the term
//! is the same and nobody has packed what it is to write, the database is asked in the same transaction. Whatever is not
//! plainly a success is left to the long way, which looks first.

/// The columns of an operation, in the order in which both forms give the values.
macro_rules! columns {
    () => {
        "room, revision, source, op_id, file, epoch, author, kind, origin, yjs_update, delta, path, term, time"
    };
}

mod postgres;
mod sqlite;

use std::sync::Arc;

use sea_orm::DatabaseConnection;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::postgres::Postgres;

use self::sqlite::LogThread;
use super::batch::RoomBatch;
use crate::id::{RoomKey, Term};
use crate::store::connect::Connector;
use crate::store::failure::Failure;
use crate::store::lock::FileLock;
use crate::store::model::Operation;

/// What common commits go through; given up after any trouble.
pub(super) enum Quick {
    /// The log's one connection, taken out of its pool: to give it back after each commit would cost a round trip.
    Postgres(PoolConnection<Postgres>),
    /// A thread with a connection of its own.
    Sqlite(LogThread),
}

impl Quick {
    /// Opens it; `connection` is the log's.
    pub(super) async fn open(
        connector: &Connector,
        connection: &DatabaseConnection,
        lock: Option<Arc<FileLock>>,
    ) -> Result<Self, Failure> {
        match connector.file() {
            Some(file) => Ok(Self::Sqlite(LogThread::start(file, connector.busy(), lock)?)),
            None => Ok(Self::Postgres(
                connection.get_postgres_connection_pool().acquire().await?,
            )),
        }
    }

    /// Lets go of whatever it holds, after the last commit.
    pub(super) async fn close(self) {
        match self {
            // Back into its pool.
            Self::Postgres(connection) => drop(connection),
            Self::Sqlite(thread) => thread.end().await,
        }
    }

    /// Whether the long way can't go on while this is held.
    pub(super) fn holds_the_connection(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Writes all operations. `false`: not all of them went in, and the long way has to look which.
    pub(super) async fn write(&mut self, rooms: &Arc<Vec<RoomBatch>>) -> Result<bool, Failure> {
        match self {
            Self::Postgres(connection) => {
                let rows: Vec<Row<'_>> = rows(rooms).collect();
                let written = postgres::write(connection, &rows).await?;
                Ok(written == rows.len() as u64)
            }
            Self::Sqlite(thread) => thread.write(Arc::clone(rooms)).await,
        }
    }
}

/// One operation with the room that it is of.
struct Row<'a> {
    room: RoomKey,
    term: Term,
    operation: &'a Operation,
}

fn rows(rooms: &[RoomBatch]) -> impl Iterator<Item = Row<'_>> {
    rooms.iter().flat_map(|room| &room.appends).flat_map(|append| {
        append.operations.iter().map(|operation| Row {
            room: append.room,
            term: append.term,
            operation,
        })
    })
}
