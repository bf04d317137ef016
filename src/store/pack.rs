//! Packs a room's log: moves its oldest rows into a [segment](crate::store::segment).
//!
//! Reading and packing happen beside the writer, because rows of the log never change. The writer gets one short
//! transaction: the room is packed up to here (unless somebody else has packed it meanwhile, or its term has moved), the
//! segment is there, and exactly its rows are gone. A step moves a bounded part; whoever packs a lot makes steps with
//! pauses. A small last segment is packed anew with what comes after it, so that a room which is written little by little
//! has few segments.

use std::collections::BTreeMap;
use std::sync::Arc;

use sea_orm::sea_query::{Expr, Func};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Set,
};

use crate::error::Result;
use crate::id::{Revision, RoomKey, Term};
use crate::limits::{PACK_BYTES, PACK_OPERATIONS, SEGMENT_BYTES, SEGMENT_OPERATIONS};
use crate::store::Store;
use crate::store::convert;
use crate::store::entity::{files, operations, rooms, segments};
use crate::store::error::{WriteError, internal};
use crate::store::job::Refusal;
use crate::store::log::{self, First, Having, Span};
use crate::store::segment::{pack, unpack};

/// The first bytes of a delta have the file's length; the rest is not kept twice.
const DELTA_START: usize = 32;

/// One step, ready for the writer.
struct Step {
    room: RoomKey,
    term: Term,
    /// How far the room was packed.
    packed: i64,
    /// The rows that become packed.
    last: i64,
    count: u64,
    /// The segment that the new one takes the place of, by its first revision.
    replaces: Option<i64>,
    segment: segments::Model,
    files: Vec<FileEnd>,
}

/// What loading a room wants to know of a file's packed operations.
struct FileEnd {
    file: i64,
    revision: i64,
    /// Of the newest of the rows that changed text, if one did.
    delta: Option<Vec<u8>>,
}

impl Store {
    /// Packs some of a room's oldest rows up to a committed revision, and returns how far the room is packed now. If that
    /// is no further than before there was nothing to do: nothing is left, or another term has begun.
    ///
    /// # Errors
    /// STORE_UNAVAILABLE; INTERNAL if the rows are not what a log has. Nothing has changed then.
    pub async fn pack(&self, room: RoomKey, term: Term, up_to: Revision) -> Result<Revision> {
        let Ok(_turn) = self.shared.packing.acquire().await else {
            return Err(internal());
        };
        let packed = self.read("packed", packed(self.readers(), room)).await?;
        let rows = self
            .read("rows to pack", self.rows_to_pack(room, packed, up_to))
            .await?;
        let now = if rows.is_empty() {
            packed
        } else {
            let last = self.small_last_segment(room, packed, &rows).await?;
            // It takes some milliseconds of a thread.
            let made = tokio::task::spawn_blocking(move || step(room, term, packed, last, rows)).await;
            let step = Arc::new(made.ok().flatten().ok_or_else(|| strange(room, packed))?);
            let count = step.count;
            let now = self
                .write(move |transaction| Box::pin(commit(transaction, Arc::clone(&step))))
                .await?;
            if now > packed {
                metrics::counter!("tandem_store_packed_operations_total").increment(count);
            }
            now
        };
        convert::number("revision", now)
            .map(Revision)
            .map_err(|_strange| internal())
    }

    /// The oldest rows, as many as one step may take.
    async fn rows_to_pack(&self, room: RoomKey, packed: i64, up_to: Revision) -> Result<Vec<operations::Model>, DbErr> {
        let oldest = |up_to: i64| {
            operations::Entity::find()
                .filter(operations::Column::Room.eq(room.0))
                .filter(operations::Column::Revision.gt(packed))
                .filter(operations::Column::Revision.lte(up_to))
                .order_by_asc(operations::Column::Revision)
                .limit(PACK_OPERATIONS as u64)
        };
        let length = |column: operations::Column| Expr::expr(Func::cust("length").arg(Expr::col(column)));
        let sizes: Vec<(i64, i32, i32)> = oldest(convert::column(up_to.0))
            .select_only()
            .column(operations::Column::Revision)
            .expr_as(length(operations::Column::YjsUpdate), "update_length")
            .expr_as(length(operations::Column::Delta), "delta_length")
            .into_tuple()
            .all(self.readers())
            .await?;
        let mut bytes = 0_usize;
        let fits = sizes.iter().take_while(|(_, update, delta)| {
            let begun = bytes > 0;
            bytes = bytes.saturating_add(update.unsigned_abs() as usize + delta.unsigned_abs() as usize + 1);
            !begun || bytes <= PACK_BYTES
        });
        match fits.last() {
            Some(&(last, ..)) => oldest(last).all(self.readers()).await,
            None => Ok(Vec::new()),
        }
    }

    /// The operations of the last segment, if they and the rows make one that is not too large.
    async fn small_last_segment(
        &self,
        room: RoomKey,
        packed: i64,
        rows: &[operations::Model],
    ) -> Result<Vec<operations::Model>> {
        let span = Span {
            after: packed.saturating_sub(1),
            up_to: packed,
        };
        let last = log::segments(self.readers(), room, Having::Anything, span, (First::Newest, 1));
        let last = self.read("last segment", last).await?.pop();
        // A damaged one stays as it is, for whoever can mend it.
        let Some(last) = last.and_then(|last| unpack(&last).ok()) else {
            return Ok(Vec::new());
        };
        let bytes: usize = last.iter().chain(rows).map(weight).sum();
        let small = last.len() + rows.len() <= SEGMENT_OPERATIONS && bytes <= SEGMENT_BYTES;
        Ok(if small { last } else { Vec::new() })
    }
}

async fn packed(connection: &impl sea_orm::ConnectionTrait, room: RoomKey) -> Result<i64, DbErr> {
    let select = rooms::Entity::find_by_id(room.0)
        .select_only()
        .column(rooms::Column::Packed)
        .into_tuple();
    Ok(select.one(connection).await?.unwrap_or(0))
}

fn weight(row: &operations::Model) -> usize {
    row.yjs_update.len() + row.delta.len() + row.path.len()
}

fn strange(room: RoomKey, packed: i64) -> crate::error::Error {
    tracing::error!(
        room = room.0,
        packed,
        "the log's rows don't follow each other: they are not packed"
    );
    internal()
}

/// Makes a segment of the last one's operations and the rows after it, and reads it back. `None`: they don't follow.
fn step(
    room: RoomKey,
    term: Term,
    packed: i64,
    last: Vec<operations::Model>,
    rows: Vec<operations::Model>,
) -> Option<Step> {
    let mut ends: BTreeMap<i64, FileEnd> = BTreeMap::new();
    for row in &rows {
        let end = ends.entry(row.file).or_insert(FileEnd {
            file: row.file,
            revision: 0,
            delta: None,
        });
        end.revision = row.revision;
        if !row.delta.is_empty() {
            end.delta = Some(row.delta.iter().take(DELTA_START).copied().collect());
        }
    }
    let follows = rows.first()?.revision == packed.checked_add(1)?;
    let (replaces, count) = (last.first().map(|row| row.revision), rows.len() as u64);
    let all = [last, rows].concat();
    let segment = pack(&all)?;
    let step = Step {
        room,
        term,
        packed,
        last: segment.last_revision,
        count,
        replaces,
        segment,
        files: ends.into_values().collect(),
    };
    (follows && unpack(&step.segment).is_ok_and(|read| read == all)).then_some(step)
}

/// One transaction. Run again after a commit that nobody heard of, it finds the room packed, and does nothing.
async fn commit(transaction: &DatabaseTransaction, step: Arc<Step>) -> Result<i64, Refusal> {
    let moved = rooms::Entity::update_many()
        .col_expr(rooms::Column::Packed, step.last.into())
        .filter(rooms::Column::Key.eq(step.room.0))
        .filter(rooms::Column::Packed.eq(step.packed))
        .filter(rooms::Column::Term.eq(step.term.0))
        .exec(transaction)
        .await?;
    if moved.rows_affected == 0 {
        return Ok(packed(transaction, step.room).await?);
    }
    if let Some(first) = step.replaces {
        let gone = segments::Entity::delete_by_id((step.room.0, first))
            .exec(transaction)
            .await?;
        exactly(1, gone.rows_affected, &step)?;
    }
    segments::Entity::insert(step.segment.clone().into_active_model().reset_all())
        .exec_without_returning(transaction)
        .await?;
    let gone = operations::Entity::delete_many()
        .filter(operations::Column::Room.eq(step.room.0))
        .filter(operations::Column::Revision.gt(step.packed))
        .filter(operations::Column::Revision.lte(step.last))
        .exec(transaction)
        .await?;
    exactly(step.count, gone.rows_affected, &step)?;
    for end in &step.files {
        let mut row = files::ActiveModel {
            packed_revision: Set(end.revision),
            ..Default::default()
        };
        if let Some(delta) = &end.delta {
            row.packed_delta = Set(delta.clone());
        }
        files::Entity::update_many()
            .set(row)
            .filter(files::Column::Room.eq(step.room.0))
            .filter(files::Column::Key.eq(end.file))
            .exec(transaction)
            .await?;
    }
    Ok(step.last)
}

/// Takes everything back if the log is not what it was a moment ago.
fn exactly(wanted: u64, done: u64, step: &Step) -> Result<(), Refusal> {
    if wanted == done {
        return Ok(());
    }
    Err(WriteError::Failed(strange(step.room, step.packed)).into())
}
