//! Reads of rooms.

use sea_orm::sea_query::{Cond, Query, SelectStatement};
use sea_orm::{
    AccessMode, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, FromQueryResult,
    IsolationLevel, Order, QueryFilter, QuerySelect, TransactionOptions, TransactionTrait,
};

use crate::error::Result;
use crate::id::{Revision, RoomKey, RoomRef};
use crate::store::Store;
use crate::store::convert;
use crate::store::entity::{rooms, snapshots};
use crate::store::log;
use crate::store::model::{Micros, RoomAt, RoomState};
use crate::store::read::newest;

/// What stands beside a room's own columns.
#[derive(FromQueryResult)]
struct Head {
    head: Option<i64>,
}

impl Store {
    /// The living room of that id or slug.
    pub async fn find_room(&self, room: &RoomRef) -> Result<Option<RoomAt>> {
        let wanted = match room {
            RoomRef::Id(id) => rooms::Column::Id.eq(id.0),
            // Slugs are ASCII; anything else is nobody's, and PostgreSQL must not see U+0000 in a text.
            RoomRef::Slug(slug) if slug.is_ascii() && !slug.contains('\0') => rooms::Column::Slug.eq(slug.as_str()),
            RoomRef::Slug(_) => return Ok(None),
        };
        let mut select = rooms_with_heads();
        select.and_where(wanted);
        Ok(self.read("find_room", self.rooms(select)).await?.pop())
    }

    /// Living rooms, newest first: at most `limit` of those before a time and key, or from the newest on.
    pub async fn list_rooms(&self, before: Option<(Micros, RoomKey)>, limit: u64) -> Result<Vec<RoomAt>> {
        let mut select = rooms_with_heads();
        if let Some((created, key)) = before {
            let older = Cond::any().add(rooms::Column::Created.lt(created)).add(
                Cond::all()
                    .add(rooms::Column::Created.eq(created))
                    .add(rooms::Column::Key.lt(key.0)),
            );
            select.cond_where(older);
        }
        select
            .order_by(rooms::Column::Created, Order::Desc)
            .order_by(rooms::Column::Key, Order::Desc)
            .limit(limit);
        self.read("list_rooms", self.rooms(select)).await
    }

    /// A living room as the log has it at one moment, without the texts; `None` if it is deleted or was never there.
    pub async fn load_room(&self, key: RoomKey) -> Result<Option<RoomState>> {
        let work = async {
            let transaction = self.one_moment().await?;
            let state = load(&transaction, key).await?;
            transaction.commit().await?;
            Ok(state)
        };
        self.read("load_room", work).await
    }

    async fn rooms(&self, select: SelectStatement) -> Result<Vec<RoomAt>, DbErr> {
        let rows = room_rows(self.readers(), &select).await?;
        Ok(rows.into_iter().map(|(room, _)| room).collect())
    }

    /// A transaction whose reads all see the same state.
    async fn one_moment(&self) -> Result<DatabaseTransaction, DbErr> {
        let mut options = TransactionOptions::default();
        // In SQLite every transaction is like that.
        if self.readers().get_database_backend() == DbBackend::Postgres {
            options.isolation_level = Some(IsolationLevel::RepeatableRead);
            options.access_mode = Some(AccessMode::ReadOnly);
        }
        self.readers().begin_with_options(options).await
    }
}

/// Living rooms, each with its head: one look at the end of its part of the primary key.
fn rooms_with_heads() -> SelectStatement {
    Query::select()
        .columns([
            rooms::Column::Key,
            rooms::Column::Id,
            rooms::Column::Slug,
            rooms::Column::Title,
            rooms::Column::Term,
            rooms::Column::Created,
            rooms::Column::Deleted,
            rooms::Column::Packed,
        ])
        .expr_as(log::head(), "head")
        .from(rooms::Entity)
        .and_where(rooms::Column::Deleted.is_null())
        .to_owned()
}

async fn room_rows(connection: &impl ConnectionTrait, select: &SelectStatement) -> Result<Vec<(RoomAt, i64)>, DbErr> {
    let rows = connection.query_all(select).await?;
    rows.iter()
        .map(|row| {
            let room = rooms::Model::from_query_result(row, "")?;
            let packed = room.packed;
            let room = convert::room(room)?;
            let head = Head::from_query_result(row, "")?.head.unwrap_or(0);
            let head = Revision(convert::number("revision", head)?);
            Ok((RoomAt { room, head }, packed))
        })
        .collect()
}

async fn load(transaction: &DatabaseTransaction, key: RoomKey) -> Result<Option<RoomState>, DbErr> {
    let mut select = rooms_with_heads();
    select.and_where(rooms::Column::Key.eq(key.0));
    let Some((RoomAt { room, head }, packed)) = room_rows(transaction, &select).await?.pop() else {
        return Ok(None);
    };
    let ahead = snapshots::Entity::find()
        .select_only()
        .column(snapshots::Column::Revision)
        .filter(snapshots::Column::Room.eq(key.0))
        .filter(snapshots::Column::Revision.gt(convert::column(head.0)))
        .limit(1)
        .into_tuple::<i64>();
    Ok(Some(RoomState {
        room,
        head,
        files: newest::files(transaction, key).await?,
        strange_snapshots: ahead.one(transaction).await?.is_some(),
        packed: Revision(convert::number("revision", packed)?),
    }))
}
