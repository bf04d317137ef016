//! Writes of snapshots.

use std::sync::Arc;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};

use crate::error::{Error, Reason, Result};
use crate::id::RoomKey;
use crate::limits::SNAPSHOTS_KEPT;
use crate::store::Store;
use crate::store::convert;
use crate::store::entity::snapshots;
use crate::store::error::WriteError;
use crate::store::job::Refusal;
use crate::store::log;
use crate::store::model::Snapshot;

impl Store {
    /// Stores a snapshot of a committed revision and forgets those of the file that are too old to fall back on. One
    /// above the log's head is refused as INTERNAL: whoever made it shows what is not durable.
    pub async fn put_snapshot(&self, room: RoomKey, snapshot: Snapshot) -> Result<()> {
        let wanted = Arc::new(snapshot);
        Ok(self
            .write(move |transaction| Box::pin(put(transaction, room, Arc::clone(&wanted))))
            .await?)
    }

    /// Forgets a room's snapshots above the log's head: a log that was restored from an older copy has lost what they
    /// show.
    pub async fn forget_strange_snapshots(&self, room: RoomKey) -> Result<()> {
        Ok(self
            .write(move |transaction| Box::pin(forget_strange(transaction, room)))
            .await?)
    }
}

async fn forget_strange(transaction: &DatabaseTransaction, room: RoomKey) -> Result<(), Refusal> {
    let head = head(transaction, room).await?.unwrap_or(0);
    snapshots::Entity::delete_many()
        .filter(snapshots::Column::Room.eq(room.0))
        .filter(snapshots::Column::Revision.gt(head))
        .exec(transaction)
        .await?;
    Ok(())
}

async fn head(transaction: &DatabaseTransaction, room: RoomKey) -> Result<Option<i64>, Refusal> {
    let row = transaction.query_one(&log::head_of(room)).await?;
    Ok(row.map(|row| row.try_get("", "head")).transpose()?)
}

async fn put(transaction: &DatabaseTransaction, room: RoomKey, snapshot: Arc<Snapshot>) -> Result<(), Refusal> {
    let revision = convert::column(snapshot.revision.0);
    let head = head(transaction, room).await?;
    if head.is_none_or(|head| revision > head) {
        let error = Error::new(
            Reason::Internal,
            "a snapshot of a revision that is not committed was refused: this is a defect, please report it",
        )
        .with("revision", snapshot.revision);
        return Err(WriteError::Failed(error).into());
    }
    let row = snapshots::ActiveModel {
        room: Set(room.0),
        file: Set(snapshot.file.0),
        revision: Set(revision),
        epoch: Set(snapshot.epoch.0.into()),
        state: Set(snapshot.state.clone()),
        text_hash: Set(snapshot.text_hash.to_vec()),
        created: Set(convert::now()),
    };
    // A snapshot whose hash disagreed with the log is made again at the same revision.
    let again = OnConflict::columns([
        snapshots::Column::Room,
        snapshots::Column::File,
        snapshots::Column::Revision,
    ])
    .update_columns([
        snapshots::Column::Epoch,
        snapshots::Column::State,
        snapshots::Column::TextHash,
    ])
    .to_owned();
    snapshots::Entity::insert(row)
        .on_conflict(again)
        .exec_without_returning(transaction)
        .await?;
    prune(transaction, room, &snapshot).await
}

async fn prune(transaction: &DatabaseTransaction, room: RoomKey, newest: &Snapshot) -> Result<(), Refusal> {
    let of_epoch = || {
        sea_orm::Condition::all()
            .add(snapshots::Column::Room.eq(room.0))
            .add(snapshots::Column::File.eq(newest.file.0))
            .add(snapshots::Column::Epoch.eq(i64::from(newest.epoch.0)))
    };
    let oldest_kept: Option<i64> = snapshots::Entity::find()
        .select_only()
        .column(snapshots::Column::Revision)
        .filter(of_epoch())
        .order_by_desc(snapshots::Column::Revision)
        .offset(SNAPSHOTS_KEPT.saturating_sub(1))
        .limit(1)
        .into_tuple()
        .one(transaction)
        .await?;
    if let Some(oldest) = oldest_kept {
        let older = of_epoch().add(snapshots::Column::Revision.lt(oldest));
        snapshots::Entity::delete_many().filter(older).exec(transaction).await?;
    }
    Ok(())
}
