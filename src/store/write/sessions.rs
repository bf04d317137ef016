//! Writes of users, sessions and client ids.

use std::sync::Arc;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, NotSet, QueryFilter, Set};

use crate::error::Result;
use crate::id::{RoomKey, SessionId, UserKey};
use crate::store::Store;
use crate::store::convert;
use crate::store::entity::{client_ids, rooms, sessions, users};
use crate::store::error::WriteError;
use crate::store::job::Refusal;
use crate::store::model::{BindOutcome, Binding, NewUser, Session};

impl Store {
    /// Stores a guest and its first session, and returns the session with the user's key. The session's own user key is
    /// overlooked. A room that is deleted by now refuses it.
    pub async fn new_session(&self, user: NewUser, session: Session) -> Result<Session> {
        let wanted = Arc::new((user, session));
        Ok(self
            .write(move |transaction| Box::pin(begin_session(transaction, Arc::clone(&wanted))))
            .await?)
    }

    /// Ends a session for good: its token is worth nothing afterwards.
    pub async fn end_session(&self, session: SessionId) -> Result<()> {
        Ok(self
            .write(move |transaction| Box::pin(end_session(transaction, session)))
            .await?)
    }

    /// Binds a Yjs client id to a user, unless another user has it.
    pub async fn bind(&self, room: RoomKey, binding: Binding) -> Result<BindOutcome> {
        Ok(self
            .write(move |transaction| Box::pin(bind(transaction, room, binding)))
            .await?)
    }
}

async fn begin_session(transaction: &DatabaseTransaction, wanted: Arc<(NewUser, Session)>) -> Result<Session, Refusal> {
    let (user, session) = wanted.as_ref();
    if let Some(row) = sessions::Entity::find_by_id(session.id.0).one(transaction).await? {
        return Ok(convert::session(row)?);
    }
    let living = rooms::Entity::find_by_id(session.room.0).filter(rooms::Column::Deleted.is_null());
    if living.one(transaction).await?.is_none() {
        return Err(WriteError::NoRoom.into());
    }
    let guest = users::ActiveModel {
        key: NotSet,
        id: Set(user.id.0),
        name: Set(user.name.clone().into_bytes()),
        created: Set(session.created),
    };
    let guest = guest.insert(transaction).await?;
    let row = sessions::ActiveModel {
        id: Set(session.id.0),
        room: Set(session.room.0),
        user_key: Set(guest.key),
        participant: Set(session.participant.0),
        token_hash: Set(session.token_hash.to_vec()),
        name: Set(session.name.clone().into_bytes()),
        mode: Set(session.mode as i16),
        unit: Set(session.unit.into()),
        created: Set(session.created),
        ended: Set(false),
    };
    sessions::Entity::insert(row)
        .exec_without_returning(transaction)
        .await?;
    Ok(Session {
        user: UserKey(guest.key),
        ..session.clone()
    })
}

async fn end_session(transaction: &DatabaseTransaction, session: SessionId) -> Result<(), Refusal> {
    sessions::Entity::update_many()
        .col_expr(sessions::Column::Ended, true.into())
        .filter(sessions::Column::Id.eq(session.0))
        .exec(transaction)
        .await?;
    Ok(())
}

async fn bind(transaction: &DatabaseTransaction, room: RoomKey, binding: Binding) -> Result<BindOutcome, Refusal> {
    let row = client_ids::ActiveModel {
        room: Set(room.0),
        file: Set(binding.file.0),
        epoch: Set(binding.epoch.0.into()),
        client: Set(binding.client.0.into()),
        user_key: Set(binding.user.0),
        session: Set(binding.session.0),
    };
    let first = OnConflict::columns([
        client_ids::Column::Room,
        client_ids::Column::File,
        client_ids::Column::Epoch,
        client_ids::Column::Client,
    ])
    .do_nothing()
    .to_owned();
    client_ids::Entity::insert(row)
        .on_conflict(first)
        .exec_without_returning(transaction)
        .await?;
    let key = (
        room.0,
        binding.file.0,
        i64::from(binding.epoch.0),
        i64::from(binding.client.0),
    );
    let row = client_ids::Entity::find_by_id(key).one(transaction).await?;
    Ok(match row {
        Some(row) if row.user_key != binding.user.0 => BindOutcome::TakenBy(UserKey(row.user_key)),
        _ => BindOutcome::Bound,
    })
}
