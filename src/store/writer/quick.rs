//! The common commit: operations of open rooms and nothing else, in one statement.
//!
//! A statement by itself is a transaction, in the log as a whole or not at all. It saves the three round trips of begin,
//! look and commit, and is only for rooms whose head the writer knows because it wrote it, for the same copy. That the
//! room lives, the term is the same and nobody has packed what it is to write, the statement checks itself. Whatever is
//! not plainly a success is left to the long way, which looks first.

use std::collections::HashMap;
use std::fmt::Write;

use sea_orm::sqlx::{self, AssertSqlSafe};
use sea_orm::{DatabaseConnection, DbBackend};
use uuid::Uuid;

use super::batch::{RoomBatch, follow};
use super::outcome::Verdict;
use crate::id::{RoomKey, Term};
use crate::store::convert::column;
use crate::store::failure::Failure;
use crate::store::model::Operation;

/// Heads that are remembered; beyond, all are forgotten, and the next commit of each room looks again.
const HEADS: usize = 20_000;

/// The columns of an operation, in the order in which values are bound.
const COLUMNS: &str =
    "room, revision, source, op_id, file, epoch, author, kind, origin, yjs_update, delta, path, term, time";
const COLUMN_COUNT: usize = 14;

/// The revisions that the writer wrote last, for which copy of each room.
#[derive(Debug, Default)]
pub(super) struct Heads(HashMap<RoomKey, (u64, i64)>);

impl Heads {
    /// Whether all this is for the quick way: nothing but operations, each room's following what is known to be there.
    pub(super) fn allow(&self, rooms: &[RoomBatch]) -> bool {
        rooms
            .windows(2)
            .all(|pair| matches!(pair, [one, other] if one.room != other.room))
            && rooms.iter().all(|room| self.follows(room))
    }

    fn follows(&self, room: &RoomBatch) -> bool {
        let Some(&(incarnation, head)) = self.0.get(&room.room) else {
            return false;
        };
        let mut head = head;
        incarnation == room.incarnation
            && room.appends.iter().all(|queued| {
                let append = &queued.append;
                append.files.is_empty() && append.answered.is_none() && follow(&mut head, &append.operations).is_ok()
            })
    }

    /// Takes note of what became of a room's appends.
    pub(super) fn note(&mut self, room: &RoomBatch, verdict: &Verdict) {
        let newest = room
            .appends
            .iter()
            .rev()
            .find_map(|queued| queued.append.operations.last());
        match newest.filter(|_| verdict.why().is_none()) {
            Some(operation) => {
                if self.0.len() >= HEADS {
                    self.0.clear();
                }
                self.0
                    .insert(room.room, (room.incarnation, column(operation.revision.0)));
            }
            None => {
                self.0.remove(&room.room);
            }
        }
    }
}

/// Writes all operations. `false`: not all of them went in, and the long way has to look which.
pub(super) async fn write(connection: DatabaseConnection, rooms: &[RoomBatch]) -> Result<bool, Failure> {
    let rows: Vec<Row<'_>> = rooms.iter().flat_map(rows).collect();
    let written = match connection.get_database_backend() {
        DbBackend::Postgres => postgres(&connection, &rows).await,
        _ => sqlite(&connection, &rows).await,
    };
    Ok(written? == rows.len() as u64)
}

/// One operation with the room that it is of.
struct Row<'a> {
    room: RoomKey,
    term: Term,
    operation: &'a Operation,
}

fn rows(room: &RoomBatch) -> impl Iterator<Item = Row<'_>> {
    room.appends.iter().flat_map(|queued| {
        let append = &queued.append;
        append.operations.iter().map(|operation| Row {
            room: append.room,
            term: append.term,
            operation,
        })
    })
}

/// Arrays, one a column, so that the statement is always the same.
async fn postgres(connection: &DatabaseConnection, rows: &[Row<'_>]) -> Result<u64, sqlx::Error> {
    const INSERT: &str = "insert into operations \
         (room, revision, source, op_id, file, epoch, author, kind, origin, yjs_update, delta, path, term, time) \
         select n.* from unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], \
         $7::bigint[], $8::smallint[], $9::smallint[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bigint[], \
         $14::bigint[]) as n \
         (room, revision, source, op_id, file, epoch, author, kind, origin, yjs_update, delta, path, term, time) \
         join rooms r on r.key = n.room and r.term = n.term and r.deleted is null and r.packed < n.revision \
         for share of r";
    fn all<'a, T>(rows: &[Row<'a>], value: impl Fn(&Row<'a>) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    let done = sqlx::query(INSERT)
        .bind(all(rows, |row| row.room.0))
        .bind(all(rows, |row| column(row.operation.revision.0)))
        .bind(all(rows, |row| row.operation.source.uuid()))
        .bind(all(rows, |row| column(row.operation.op_id.0)))
        .bind(all(rows, |row| row.operation.file.0))
        .bind(all(rows, |row| i64::from(row.operation.epoch.0)))
        .bind(all(rows, |row| row.operation.user.0))
        .bind(all(rows, |row| row.operation.kind as i16))
        .bind(all(rows, |row| row.operation.origin as i16))
        .bind(all(rows, |row| row.operation.update.as_slice()))
        .bind(all(rows, |row| row.operation.delta.as_slice()))
        .bind(all(rows, |row| row.operation.path.as_bytes()))
        .bind(all(rows, |row| row.term.0))
        .bind(all(rows, |row| row.operation.time))
        .execute(connection.get_postgres_connection_pool())
        .await?;
    Ok(done.rows_affected())
}

/// A list of rows: SQLite keeps a prepared statement for each of the usual lengths.
async fn sqlite(connection: &DatabaseConnection, rows: &[Row<'_>]) -> Result<u64, sqlx::Error> {
    let mut insert = sqlx::query(AssertSqlSafe(sqlite_insert(rows.len())));
    for Row { room, term, operation } in rows {
        let source: Uuid = operation.source.uuid();
        insert = insert
            .bind(room.0)
            .bind(column(operation.revision.0))
            .bind(source)
            .bind(column(operation.op_id.0))
            .bind(operation.file.0)
            .bind(i64::from(operation.epoch.0))
            .bind(operation.user.0)
            .bind(operation.kind as i16)
            .bind(operation.origin as i16)
            .bind(operation.update.as_slice())
            .bind(operation.delta.as_slice())
            .bind(operation.path.as_bytes())
            .bind(term.0)
            .bind(operation.time);
    }
    let done = insert.execute(connection.get_sqlite_connection_pool()).await?;
    Ok(done.rows_affected())
}

fn sqlite_insert(rows: usize) -> String {
    let row = format!("({})", vec!["?"; COLUMN_COUNT].join(", "));
    let mut insert = format!("with n ({COLUMNS}) as (values {row}");
    for _ in 1..rows {
        // A string takes whatever is written to it.
        let _ = write!(insert, ", {row}");
    }
    let _ = write!(
        insert,
        ") insert into operations ({COLUMNS}) select n.* from n join rooms r \
         on r.key = n.room and r.term = n.term and r.deleted is null and r.packed < n.revision"
    );
    insert
}
