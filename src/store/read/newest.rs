//! A room's files as its log leaves them: each with its newest operation, and the newest of those that changed its text.
//!
//! What is packed is told by the file's own row. Of the rows that are not, mostly the last few tell: somebody wrote in
//! the one file that the room has. Only where they don't are all of them gone through, which may be many of a room that
//! was written in fast.

use std::collections::HashMap;

use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Func, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::id::{Revision, RoomKey};
use crate::store::convert;
use crate::store::entity::{files, operations};
use crate::store::model::FileAt;

/// Rows at the log's end that are looked at first.
const LAST: u64 = 64;

/// The newest rows of one file.
#[derive(Clone, Copy, Debug, Default)]
struct Newest {
    /// Of all.
    row: Option<i64>,
    /// Of those that changed its text.
    text: Option<i64>,
}

/// A room's files in the order of their keys.
pub(super) async fn files(connection: &impl ConnectionTrait, room: RoomKey) -> Result<Vec<FileAt>, DbErr> {
    let files = files::Entity::find()
        .filter(files::Column::Room.eq(room.0))
        .order_by_asc(files::Column::Key)
        .all(connection)
        .await?;
    let newest = newest(connection, room, &files).await?;
    let texts: Vec<i64> = newest.values().filter_map(|newest| newest.text).collect();
    let mut deltas = deltas(connection, room, texts).await?;
    let at = |file: files::Model| {
        let newest = newest.get(&file.key).copied().unwrap_or_default();
        // What is packed is older than every row.
        let revision = newest.row.unwrap_or(file.packed_revision);
        let delta = newest.text.and_then(|revision| deltas.remove(&revision));
        Ok(FileAt {
            revision: Revision(convert::number("revision", revision)?),
            last_delta: delta.unwrap_or_else(|| file.packed_delta.clone()),
            file: convert::file(file)?,
        })
    };
    files.into_iter().map(at).collect()
}

/// The newest rows of each file that has any.
async fn newest(
    connection: &impl ConnectionTrait,
    room: RoomKey,
    files: &[files::Model],
) -> Result<HashMap<i64, Newest>, DbErr> {
    let mut found: HashMap<i64, Newest> = HashMap::new();
    let rows: Vec<(i64, i64, bool)> = of_room(room)
        .column(operations::Column::File)
        .column(operations::Column::Revision)
        .expr_as(changes_text(), "changes_text")
        .order_by_desc(operations::Column::Revision)
        .limit(LAST)
        .into_tuple()
        .all(connection)
        .await?;
    for &(file, revision, changes_text) in &rows {
        let newest = found.entry(file).or_default();
        newest.row.get_or_insert(revision);
        if changes_text {
            newest.text.get_or_insert(revision);
        }
    }
    let is_found = |file: &files::Model| found.get(&file.key).is_some_and(|newest| newest.text.is_some());
    if (rows.len() as u64) < LAST || files.iter().all(is_found) {
        return Ok(found);
    }
    let of_text = CaseStatement::new().case(changes_text(), Expr::col(operations::Column::Revision));
    let all: Vec<(i64, Option<i64>, Option<i64>)> = of_room(room)
        .column(operations::Column::File)
        .expr_as(operations::Column::Revision.max(), "newest")
        .expr_as(Func::max(of_text), "newest_of_text")
        .group_by(operations::Column::File)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(all
        .into_iter()
        .map(|(file, row, text)| (file, Newest { row, text }))
        .collect())
}

/// Deltas by their revisions.
async fn deltas(
    connection: &impl ConnectionTrait,
    room: RoomKey,
    revisions: Vec<i64>,
) -> Result<HashMap<i64, Vec<u8>>, DbErr> {
    let rows: Vec<(i64, Vec<u8>)> = of_room(room)
        .column(operations::Column::Revision)
        .column(operations::Column::Delta)
        .filter(operations::Column::Revision.is_in(revisions))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

fn of_room(room: RoomKey) -> sea_orm::Select<operations::Entity> {
    operations::Entity::find()
        .select_only()
        .filter(operations::Column::Room.eq(room.0))
}

/// Whether a row's delta is not empty, which its length tells without reading it.
fn changes_text() -> SimpleExpr {
    Expr::expr(Func::cust("length").arg(Expr::col(operations::Column::Delta))).gt(0)
}
