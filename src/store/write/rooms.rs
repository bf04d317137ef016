//! Writes of rooms.

use std::sync::Arc;

use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, NotSet, QueryFilter, Set,
};

use crate::error::Error;
use crate::id::{RoomId, RoomKey};
use crate::store::Store;
use crate::store::convert;
use crate::store::entity::{requests, rooms, sessions};
use crate::store::error::WriteError;
use crate::store::job::Refusal;
use crate::store::model::{Answered, Append, Room, RoomEdit};
use crate::store::writer::insert_append;

/// The scope of the request ids of RoomService: a deleted room is no longer there to look its own up.
const NO_ROOM: RoomKey = RoomKey(0);

impl Store {
    /// Stores a room with its first operations, all or nothing, and returns it with its key. The append's own room key is
    /// overlooked; its answer is kept in scope 0. Repeating it with the same room id is safe.
    pub async fn create_room(&self, room: Room, append: Append) -> Result<Room, WriteError> {
        let wanted = Arc::new((room, append));
        self.write(move |transaction| Box::pin(create(transaction, Arc::clone(&wanted))))
            .await
    }

    /// Changes a living room's slug and title.
    pub async fn update_room(
        &self,
        room: RoomKey,
        edit: RoomEdit,
        answered: Option<Answered>,
    ) -> Result<Room, WriteError> {
        let wanted = Arc::new((edit, answered));
        self.write(move |transaction| Box::pin(update(transaction, room, Arc::clone(&wanted))))
            .await
    }

    /// Marks a room deleted, gives its slug away and ends its sessions. The log stays.
    pub async fn delete_room(&self, room: RoomKey, answered: Option<Answered>) -> Result<(), WriteError> {
        let answered = Arc::new(answered);
        self.write(move |transaction| Box::pin(delete(transaction, room, Arc::clone(&answered))))
            .await
    }
}

async fn create(transaction: &DatabaseTransaction, wanted: Arc<(Room, Append)>) -> Result<Room, Refusal> {
    let (room, append) = wanted.as_ref();
    // An earlier try may have done it without our hearing of it.
    if let Some(row) = rooms::Entity::find()
        .filter(rooms::Column::Id.eq(room.id.0))
        .one(transaction)
        .await?
    {
        return Ok(convert::room(row)?);
    }
    keep_answer(transaction, NO_ROOM, append.answered.as_ref()).await?;
    slug_is_free(transaction, room.slug.as_deref(), room.id).await?;
    let row = rooms::ActiveModel {
        key: NotSet,
        id: Set(room.id.0),
        slug: Set(room.slug.clone()),
        title: Set(room.title.clone().into_bytes()),
        term: Set(room.term.0),
        created: Set(room.created),
        deleted: Set(None),
        packed: Set(0),
    };
    let stored = convert::room(row.insert(transaction).await?)?;
    let append = Append {
        room: stored.key,
        answered: None,
        ..append.clone()
    };
    insert_append(transaction, &append).await?;
    Ok(stored)
}

async fn update(
    transaction: &DatabaseTransaction,
    key: RoomKey,
    wanted: Arc<(RoomEdit, Option<Answered>)>,
) -> Result<Room, Refusal> {
    let (edit, answered) = wanted.as_ref();
    keep_answer(transaction, NO_ROOM, answered.as_ref()).await?;
    let row = living(transaction, key).await?;
    let id = RoomId(row.id);
    let unchanged = row.clone();
    let mut row = row.into_active_model();
    if let Some(slug) = &edit.slug {
        slug_is_free(transaction, slug.as_deref(), id).await?;
        row.slug = Set(slug.clone());
    }
    if let Some(title) = &edit.title {
        row.title = Set(title.clone().into_bytes());
    }
    let row = if row.is_changed() {
        row.update(transaction).await?
    } else {
        unchanged
    };
    Ok(convert::room(row)?)
}

async fn delete(
    transaction: &DatabaseTransaction,
    key: RoomKey,
    answered: Arc<Option<Answered>>,
) -> Result<(), Refusal> {
    // First, so that a retry that meets its first try hears of its answer, not that the room is gone.
    keep_answer(transaction, NO_ROOM, answered.as_ref().as_ref()).await?;
    let mut row = living(transaction, key).await?.into_active_model();
    row.slug = Set(None);
    row.deleted = Set(Some(convert::now()));
    row.update(transaction).await?;
    sessions::Entity::update_many()
        .col_expr(sessions::Column::Ended, true.into())
        .filter(sessions::Column::Room.eq(key.0))
        .exec(transaction)
        .await?;
    Ok(())
}

async fn living(transaction: &DatabaseTransaction, key: RoomKey) -> Result<rooms::Model, Refusal> {
    let row = rooms::Entity::find_by_id(key.0)
        .filter(rooms::Column::Deleted.is_null())
        .one(transaction)
        .await?;
    row.ok_or(Refusal::Caller(WriteError::NoRoom))
}

/// Refuses a slug that another room has. The unique key would refuse it too, but could not say why.
async fn slug_is_free(transaction: &DatabaseTransaction, slug: Option<&str>, room: RoomId) -> Result<(), Refusal> {
    let Some(slug) = slug else { return Ok(()) };
    if !slug.is_ascii() || slug.contains('\0') {
        let error = Error::new(
            crate::error::Reason::SlugInvalid,
            "a slug has ASCII characters only: choose another",
        );
        return Err(WriteError::Failed(error).into());
    }
    let other = rooms::Entity::find()
        .filter(rooms::Column::Slug.eq(slug).and(rooms::Column::Id.ne(room.0)))
        .one(transaction)
        .await?;
    if other.is_some() {
        Err(WriteError::SlugTaken.into())
    } else {
        Ok(())
    }
}

/// Keeps an answer, or gives back the one that the request id has.
async fn keep_answer(
    transaction: &DatabaseTransaction,
    scope: RoomKey,
    answered: Option<&Answered>,
) -> Result<(), Refusal> {
    let Some(answered) = answered else { return Ok(()) };
    if let Some(row) = requests::Entity::find_by_id((scope.0, answered.request.0))
        .one(transaction)
        .await?
    {
        return Err(WriteError::Answered(convert::answered(row)?).into());
    }
    requests::Entity::insert(convert::answered_row(scope, answered))
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}
