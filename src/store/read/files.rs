//! Reads of a file's history: snapshots and operations.

use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::error::Result;
use crate::id::{FileKey, OpId, Revision, RoomKey, Source};
use crate::limits::{LOG_PAGE, SEGMENTS_PAGE};
use crate::store::Store;
use crate::store::convert;
use crate::store::entity::snapshots;
use crate::store::error::{ReadError, internal};
use crate::store::log::{self, First, Having, Span};
use crate::store::model::{LoggedChange, Recent, Snapshot};
use crate::store::segment::{Damaged, unpack};

impl Store {
    /// A file's newest snapshot at a revision not above `at_most`, nor above the log's head. A snapshot is as long as all
    /// that was ever written: one is read at a time.
    pub async fn snapshot(&self, room: RoomKey, file: FileKey, at_most: Revision) -> Result<Option<Snapshot>> {
        let select = snapshots::Entity::find()
            .filter(snapshots::Column::Room.eq(room.0))
            .filter(snapshots::Column::File.eq(file.0))
            .filter(snapshots::Column::Revision.lte(convert::column(at_most.0)))
            // A log that was restored from an older copy may have lost what a snapshot still shows.
            .filter(
                Expr::col((snapshots::Entity, snapshots::Column::Revision))
                    .lte(SimpleExpr::SubQuery(None, Box::new(log::head_of(room).into()))),
            )
            .order_by_desc(snapshots::Column::Revision)
            .limit(1);
        self.read("snapshot", async {
            select.one(self.readers()).await?.map(convert::snapshot).transpose()
        })
        .await
    }

    /// A file's operations after one revision up to another, in order.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if some of them can't be read.
    pub async fn changes(
        &self,
        room: RoomKey,
        file: FileKey,
        after: Revision,
        up_to: Revision,
    ) -> Result<Vec<LoggedChange>, ReadError> {
        let span = Span {
            after: convert::column(after.0),
            up_to: convert::column(up_to.0),
        };
        if span.after >= span.up_to {
            return Ok(Vec::new());
        }
        let rows = self.all_rows(room, file, span).await?;
        let mut changes = Vec::new();
        let mut rest = span;
        loop {
            let page = (First::Oldest, SEGMENTS_PAGE);
            let page = log::segments(self.readers(), room, Having::File(file), rest, page);
            let page = self.read("segments", page).await?;
            let full = page.len() as u64 == SEGMENTS_PAGE;
            for segment in page {
                let packed = unpack(&segment).map_err(damaged)?;
                // What was read already may come again, in a segment that has taken the place of a smaller one.
                let packed = log::of_file(packed, file, rest, true);
                changes.extend(self.read("segment", async { packed }).await?);
                rest.after = segment.last_revision;
            }
            if !full {
                break;
            }
        }
        let packed = changes.last().map_or(after, |change| change.revision);
        changes.extend(rows.into_iter().filter(|row| row.revision > packed));
        Ok(changes)
    }

    async fn all_rows(&self, room: RoomKey, file: FileKey, span: Span) -> Result<Vec<LoggedChange>> {
        let mut changes: Vec<LoggedChange> = Vec::new();
        let mut rest = span;
        loop {
            let page = log::rows(self.readers(), (room, file), rest, (First::Oldest, LOG_PAGE), true);
            let page = self.read("changes", page).await?;
            let full = page.len() as u64 == LOG_PAGE;
            changes.extend(page);
            match changes.last() {
                Some(last) if full => rest.after = convert::column(last.revision.0),
                _ => return Ok(changes),
            }
        }
    }

    /// A file's newest operations up to a revision, at most `limit`, or fewer if those before can't be read. They come
    /// without their Yjs bytes.
    pub async fn recent_changes(&self, room: RoomKey, file: FileKey, up_to: Revision, limit: usize) -> Result<Recent> {
        let mut rest = Span {
            after: 0,
            up_to: convert::column(up_to.0),
        };
        let newest = (First::Newest, limit as u64);
        let rows = self.read(
            "recent_changes",
            log::rows(self.readers(), (room, file), rest, newest, false),
        );
        // Newest first, until the end.
        let mut changes = rows.await?;
        let mut complete_after = None;
        while changes.len() < limit {
            let segment = log::segments(self.readers(), room, Having::File(file), rest, (First::Newest, 1));
            let Some(segment) = self.read("segments", segment).await?.pop() else {
                break;
            };
            let Ok(packed) = unpack(&segment).inspect_err(told) else {
                // Of those after it nothing is missing, if it ends before the revision that was asked for.
                complete_after = Some(Revision(segment.last_revision.unsigned_abs()).min(up_to));
                break;
            };
            // A row that was packed after it was read.
            changes.retain(|change| convert::column(change.revision.0) > segment.last_revision);
            let mut packed = self
                .read("segment", async { log::of_file(packed, file, rest, false) })
                .await?;
            packed.reverse();
            changes.extend(packed);
            rest.up_to = segment.first_revision.saturating_sub(1);
        }
        changes.truncate(limit);
        if changes.len() == limit {
            complete_after = changes.last().map(|oldest| oldest.revision);
        }
        changes.reverse();
        Ok(Recent {
            changes,
            complete_after,
        })
    }

    /// The revision of a source's operation, if the log has it.
    pub async fn operation(&self, room: RoomKey, source: Source, op_id: OpId) -> Result<Option<Revision>> {
        if op_id > OpId::MAX {
            return Ok(None);
        }
        let op_id = Some(convert::column(op_id.0));
        let found = log::of_source(self.readers(), room, source.uuid(), op_id);
        let found = self.read("operation", found).await?.map_err(unknown)?;
        found
            .map(|(revision, _)| convert::number("revision", revision).map(Revision))
            .transpose()
            .map_err(|_strange| internal())
    }

    /// The highest number of a source's operations in the log; 0 if there is none.
    pub async fn highest_op_id(&self, room: RoomKey, source: Source) -> Result<OpId> {
        let found = log::of_source(self.readers(), room, source.uuid(), None);
        let found = self.read("highest_op_id", found).await?.map_err(unknown)?;
        found
            .map_or(Ok(OpId(0)), |(_, op_id)| convert::op_id(op_id))
            .map_err(|_strange| internal())
    }
}

fn told(damaged: &Damaged) {
    tracing::error!(%damaged, "a part of the log can't be read");
}

fn damaged(damaged: Damaged) -> ReadError {
    told(&damaged);
    ReadError::Damaged(Revision(damaged.last.unsigned_abs()))
}

/// Whether an operation was committed can't be known, and must not be guessed.
fn unknown(damaged: Damaged) -> crate::error::Error {
    told(&damaged);
    internal()
}
