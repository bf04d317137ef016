//! All operations of a commit in one statement, which by itself is a transaction.

use sea_orm::sqlx::{self, PgConnection};

use super::Row;
use crate::store::convert::column;

/// Arrays, one a column, so that the statement is always the same.
const INSERT: &str = concat!(
    "insert into operations (",
    columns!(),
    ") select n.* from unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], \
     $7::bigint[], $8::smallint[], $9::smallint[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bigint[], \
     $14::bigint[]) as n (",
    columns!(),
    ") join rooms r on r.key = n.room and r.term = n.term and r.deleted is null and r.packed < n.revision \
     for share of r"
);

/// Writes rows, and tells how many went in.
pub(super) async fn write(connection: &mut PgConnection, rows: &[Row<'_>]) -> Result<u64, sqlx::Error> {
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
        .bind(all(rows, |row| row.operation.update.as_ref()))
        .bind(all(rows, |row| row.operation.delta.as_ref()))
        .bind(all(rows, |row| row.operation.path.as_bytes()))
        .bind(all(rows, |row| row.term.0))
        .bind(all(rows, |row| row.operation.time))
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
