//! Reads of a file's history: snapshots and operations.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Order, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::error::Result;
use crate::id::{Epoch, FileKey, OpId, Revision, RoomKey, Source};
use crate::limits::{LOG_PAGE, SNAPSHOTS_KEPT};
use crate::store::Store;
use crate::store::convert;
use crate::store::entity::{operations, snapshots};
use crate::store::model::{LoggedChange, Snapshot};

/// The columns that loading needs.
#[derive(FromQueryResult)]
struct Row {
    revision: i64,
    epoch: i64,
    kind: i16,
    source: Uuid,
    op_id: i64,
    origin: i16,
    yjs_update: Vec<u8>,
    delta: Vec<u8>,
}

impl Store {
    /// A file's snapshots at revisions not above `at_most`, nor above the log's head, newest first.
    pub async fn snapshots(&self, room: RoomKey, file: FileKey, at_most: Revision) -> Result<Vec<Snapshot>> {
        let head = Query::select()
            .expr(operations::Column::Revision.max())
            .from(operations::Entity)
            .and_where(operations::Column::Room.eq(room.0))
            .to_owned();
        let select = snapshots::Entity::find()
            .filter(snapshots::Column::Room.eq(room.0))
            .filter(snapshots::Column::File.eq(file.0))
            .filter(snapshots::Column::Revision.lte(convert::column(at_most.0)))
            // A log that was restored from an older copy may have lost what a snapshot still shows.
            .filter(
                Expr::col((snapshots::Entity, snapshots::Column::Revision))
                    .lte(SimpleExpr::SubQuery(None, Box::new(head.into()))),
            )
            .order_by_desc(snapshots::Column::Revision)
            .limit(SNAPSHOTS_KEPT);
        self.read("snapshots", async {
            select
                .all(self.readers())
                .await?
                .into_iter()
                .map(convert::snapshot)
                .collect()
        })
        .await
    }

    /// A file's operations after one revision up to another, in order.
    pub async fn changes(
        &self,
        room: RoomKey,
        file: FileKey,
        after: Revision,
        up_to: Revision,
    ) -> Result<Vec<LoggedChange>> {
        let mut changes = Vec::new();
        let mut after = after;
        loop {
            let select = of_file(room, file)
                .column(operations::Column::YjsUpdate)
                .filter(operations::Column::Revision.gt(convert::column(after.0)))
                .filter(operations::Column::Revision.lte(convert::column(up_to.0)))
                .order_by_asc(operations::Column::Revision)
                .limit(LOG_PAGE);
            let page = self.read("changes", logged(self.readers(), select)).await?;
            let full = page.len() as u64 == LOG_PAGE;
            changes.extend(page);
            match changes.last() {
                Some(last) if full => after = last.revision,
                _ => return Ok(changes),
            }
        }
    }

    /// A file's newest operations up to a revision, at most `limit`, in order. They come without their Yjs bytes.
    pub async fn recent_changes(
        &self,
        room: RoomKey,
        file: FileKey,
        up_to: Revision,
        limit: u64,
    ) -> Result<Vec<LoggedChange>> {
        let select = of_file(room, file)
            .expr_as(Expr::val(Vec::<u8>::new()), "yjs_update")
            .filter(operations::Column::Revision.lte(convert::column(up_to.0)))
            .order_by(operations::Column::Revision, Order::Desc)
            .limit(limit);
        let mut changes = self.read("recent_changes", logged(self.readers(), select)).await?;
        changes.reverse();
        Ok(changes)
    }

    /// The revision of a source's operation, if the log has it.
    pub async fn operation(&self, room: RoomKey, source: Source, op_id: OpId) -> Result<Option<Revision>> {
        if op_id > OpId::MAX {
            return Ok(None);
        }
        let select = operations::Entity::find()
            .select_only()
            .column(operations::Column::Revision)
            .filter(operations::Column::Room.eq(room.0))
            .filter(operations::Column::Source.eq(source.uuid()))
            .filter(operations::Column::OpId.eq(convert::column(op_id.0)))
            .into_tuple::<i64>();
        self.read("operation", async {
            let revision = select.one(self.readers()).await?;
            revision
                .map(|revision| convert::number("revision", revision).map(Revision))
                .transpose()
        })
        .await
    }

    /// The highest number of a source's operations in the log; 0 if there is none.
    pub async fn highest_op_id(&self, room: RoomKey, source: Source) -> Result<OpId> {
        let select = operations::Entity::find()
            .select_only()
            .column(operations::Column::OpId)
            .filter(operations::Column::Room.eq(room.0))
            .filter(operations::Column::Source.eq(source.uuid()))
            .order_by_desc(operations::Column::OpId)
            .limit(1)
            .into_tuple::<i64>();
        self.read("highest_op_id", async {
            select.one(self.readers()).await?.map_or(Ok(OpId(0)), convert::op_id)
        })
        .await
    }
}

fn of_file(room: RoomKey, file: FileKey) -> sea_orm::Select<operations::Entity> {
    operations::Entity::find()
        .select_only()
        .columns([
            operations::Column::Revision,
            operations::Column::Epoch,
            operations::Column::Kind,
            operations::Column::Source,
            operations::Column::OpId,
            operations::Column::Origin,
            operations::Column::Delta,
        ])
        .filter(operations::Column::Room.eq(room.0))
        .filter(operations::Column::File.eq(file.0))
}

async fn logged(
    connection: &impl ConnectionTrait,
    select: sea_orm::Select<operations::Entity>,
) -> Result<Vec<LoggedChange>, DbErr> {
    let rows = select.into_model::<Row>().all(connection).await?;
    rows.into_iter()
        .map(|row| {
            Ok(LoggedChange {
                revision: Revision(convert::number("revision", row.revision)?),
                epoch: Epoch(convert::number("epoch", row.epoch)?),
                kind: convert::kind(row.kind)?,
                source: row.source,
                op_id: convert::op_id(row.op_id)?,
                origin: convert::origin(row.origin)?,
                update: row.yjs_update,
                delta: row.delta,
            })
        })
        .collect()
}
