//! One commit of the log: looks what is there, then writes what is not, for many rooms in one transaction.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use sea_orm::sea_query::{LockType, OnConflict, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult,
};
use uuid::Uuid;

use super::outcome::{Verdict, Waiting};
use crate::id::{OpId, RoomKey};
use crate::limits::STATEMENT_ROWS;
use crate::store::convert::{answered_row, column, file_row, operation_row};
use crate::store::entity::{files, operations, requests, rooms};
use crate::store::failure::Failure;
use crate::store::log::{self, Span};
use crate::store::model::{Append, Operation};
use crate::store::queue::Queued;

/// One room's appends in a batch, all of one copy of the room, in their order.
pub(super) struct RoomBatch {
    pub(super) room: RoomKey,
    pub(super) incarnation: u64,
    pub(super) appends: Vec<Append>,
}

/// What the database says of a room at the begin of a try.
#[derive(Debug, FromQueryResult)]
struct RoomNow {
    key: i64,
    term: i64,
    deleted: Option<i64>,
    head: Option<i64>,
}

/// Sorts a batch by room, with those who wait for each room's appends; refuses at once what builds on something refused.
pub(super) fn by_room(batch: Vec<Queued>, poisoned: &HashMap<RoomKey, u64>) -> (Vec<RoomBatch>, Vec<Vec<Waiting>>) {
    let mut rooms: BTreeMap<(RoomKey, u64), (Vec<Append>, Vec<Waiting>)> = BTreeMap::new();
    for Queued { append, reply, permit } in batch {
        let waiting = Waiting { reply, permit };
        let key = (append.room, append.incarnation);
        if poisoned.get(&key.0).is_some_and(|newest| key.1 <= *newest) {
            Verdict::refused(0, "an earlier append of this copy was refused").tell(vec![waiting]);
            continue;
        }
        let room = rooms.entry(key).or_default();
        room.0.push(append);
        room.1.push(waiting);
    }
    rooms
        .into_iter()
        .map(|((room, incarnation), (appends, waiting))| {
            let batch = RoomBatch {
                room,
                incarnation,
                appends,
            };
            (batch, waiting)
        })
        .unzip()
}

/// One try: verdicts in the order of the rooms, true once this returns.
pub(super) async fn write(connection: DatabaseConnection, rooms: &[RoomBatch]) -> Result<Vec<Verdict>, Failure> {
    let transaction = super::begin(&connection).await?;
    let now = rooms_now(&transaction, rooms).await?;
    let mut verdicts = Vec::with_capacity(rooms.len());
    let mut fresh: Vec<&Append> = Vec::new();
    // Two copies of one room can meet in a batch. The second one's turn is the next try, alone.
    let mut previous = None;
    for room in rooms {
        if previous == Some(room.room) {
            return Err(Failure::Definite("two copies of a room in one batch".to_owned()));
        }
        previous = Some(room.room);
        let (verdict, from) = judge(&transaction, room, now.get(&room.room.0)).await?;
        if verdict.why().is_none() {
            fresh.extend(room.appends.iter().skip(from));
        }
        verdicts.push(verdict);
    }
    insert(&transaction, &fresh).await?;
    transaction.commit().await?;
    Ok(verdicts)
}

/// Counts a commit.
pub(super) fn measure(rooms: &[RoomBatch], took: Duration) {
    let rows: usize = rooms
        .iter()
        .flat_map(|room| &room.appends)
        .map(|append| append.operations.len())
        .sum();
    metrics::counter!("tandem_store_commits_total").increment(1);
    metrics::histogram!("tandem_store_commit_operations").record(rows as f64);
    metrics::histogram!("tandem_store_commit_seconds").record(took.as_secs_f64());
}

/// Reads the rooms' rows, and keeps others from changing them until the commit.
async fn rooms_now(transaction: &DatabaseTransaction, rooms: &[RoomBatch]) -> Result<HashMap<i64, RoomNow>, DbErr> {
    let select = Query::select()
        .columns([rooms::Column::Key, rooms::Column::Term, rooms::Column::Deleted])
        .expr_as(log::head(), "head")
        .from(rooms::Entity)
        .and_where(rooms::Column::Key.is_in(rooms.iter().map(|room| room.room.0)))
        .lock(LockType::Share)
        .to_owned();
    let rows = transaction.query_all(&select).await?;
    rows.iter()
        .map(|row| RoomNow::from_query_result(row, "").map(|now| (now.key, now)))
        .collect()
}

/// Says what is to become of a room's appends, and which of them is the first that is still to be written.
async fn judge(
    transaction: &DatabaseTransaction,
    batch: &RoomBatch,
    now: Option<&RoomNow>,
) -> Result<(Verdict, usize), DbErr> {
    let Some(now) = now else {
        return Ok((Verdict::refused(0, "there is no such room"), 0));
    };
    // What an earlier try has brought into the log is there, whatever became of the room since.
    let stored = match already_there(transaction, batch, now).await? {
        Ok(stored) => stored,
        Err((stored, why)) => return Ok((Verdict::refused(stored, why), stored)),
    };
    let mut head = now.head.unwrap_or(0);
    for append in batch.appends.iter().skip(stored) {
        let refusal = if now.deleted.is_some() {
            Some("the room is deleted".to_owned())
        } else if append.term.0 != now.term {
            Some(format!("the room's term is {}, not {}", now.term, append.term))
        } else {
            follow(&mut head, &append.operations).err()
        };
        if let Some(why) = refusal {
            // None of the room's appends is written: a part of a batch is never kept back in silence.
            return Ok((Verdict::refused(stored, why), stored));
        }
    }
    Ok((Verdict::stored(batch.appends.len()), stored))
}

/// Moves the head over operations that follow it without a gap.
pub(super) fn follow(head: &mut i64, operations: &[Operation]) -> Result<(), String> {
    for operation in operations {
        if column(operation.revision.0) != *head + 1 {
            return Err(format!(
                "revision {} does not follow the log's head {head}",
                operation.revision
            ));
        }
        if operation.op_id > OpId::MAX {
            return Err(format!("op id {} is too great", operation.op_id));
        }
        *head += 1;
    }
    Ok(())
}

/// Counts the appends whose operations are all in the log already; or says from which one on the log has others.
async fn already_there(
    transaction: &DatabaseTransaction,
    batch: &RoomBatch,
    now: &RoomNow,
) -> Result<Result<usize, (usize, String)>, DbErr> {
    let head = now.head.unwrap_or(0);
    let mut revisions = batch
        .appends
        .iter()
        .flat_map(|append| &append.operations)
        .map(|it| it.revision.0);
    let (Some(first), last) = (revisions.next().map(column), revisions.next_back().map(column)) else {
        return Ok(Ok(0));
    };
    if first > head {
        return Ok(Ok(0));
    }
    let span = Span {
        after: first - 1,
        up_to: last.unwrap_or(first),
    };
    let rows = match log::numbers(transaction, batch.room, span).await? {
        Ok(rows) => rows,
        Err(damaged) => return Ok(Err((0, damaged.to_string()))),
    };
    let rows: HashMap<i64, (Uuid, i64)> = rows
        .into_iter()
        .map(|(revision, source, op)| (revision, (source, op)))
        .collect();
    for (index, append) in batch.appends.iter().enumerate() {
        let operations = &append.operations;
        let differs = operations.iter().find(|operation| {
            let ours = (operation.source.uuid(), column(operation.op_id.0));
            rows.get(&column(operation.revision.0)).is_some_and(|row| *row != ours)
        });
        if let Some(operation) = differs {
            return Ok(Err((
                index,
                format!("the log has another operation at revision {}", operation.revision),
            )));
        }
        if !operations
            .iter()
            .all(|operation| rows.contains_key(&column(operation.revision.0)))
        {
            return Ok(Ok(index));
        }
    }
    Ok(Ok(batch.appends.len()))
}

/// Writes what one append brings to a room that is stored in the same transaction.
pub(in crate::store) async fn insert_append(transaction: &DatabaseTransaction, append: &Append) -> Result<(), DbErr> {
    insert(transaction, &[append]).await
}

async fn insert(transaction: &DatabaseTransaction, appends: &[&Append]) -> Result<(), DbErr> {
    let rows: Vec<_> = appends
        .iter()
        .flat_map(|append| {
            append
                .operations
                .iter()
                .map(|operation| operation_row(append.room, append.term, operation))
        })
        .collect();
    insert_rows(transaction, rows).await?;
    upsert_files(transaction, appends).await?;
    let answers: Vec<_> = appends
        .iter()
        .filter_map(|append| {
            append
                .answered
                .as_ref()
                .map(|answered| answered_row(append.room, answered))
        })
        .collect();
    if !answers.is_empty() {
        // The first answer stays. It is the operations' own unique key that keeps a request from being done twice.
        let first = OnConflict::columns([requests::Column::Scope, requests::Column::Request])
            .do_nothing()
            .to_owned();
        requests::Entity::insert_many(answers)
            .on_conflict(first)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

async fn insert_rows(transaction: &DatabaseTransaction, rows: Vec<operations::ActiveModel>) -> Result<(), DbErr> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let part: Vec<_> = rows.by_ref().take(STATEMENT_ROWS).collect();
        operations::Entity::insert_many(part)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// Brings the projection up to date; a file that changed more than once in the batch is written as it is at its end.
async fn upsert_files(transaction: &DatabaseTransaction, appends: &[&Append]) -> Result<(), DbErr> {
    let mut latest = BTreeMap::new();
    for append in appends {
        for file in &append.files {
            latest.insert((append.room, file.key), file_row(append.room, file));
        }
    }
    let mut rows = latest.into_values().peekable();
    while rows.peek().is_some() {
        let part: Vec<_> = rows.by_ref().take(STATEMENT_ROWS).collect();
        let update = OnConflict::columns([files::Column::Room, files::Column::Key])
            .update_columns([
                files::Column::Path,
                files::Column::LineEnding,
                files::Column::Deleted,
                files::Column::Epoch,
                files::Column::ServerClient,
            ])
            .to_owned();
        files::Entity::insert_many(part)
            .on_conflict(update)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}
