//! Reads of sessions, client ids and kept answers.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::error::Result;
use crate::id::{FileKey, RequestId, RoomKey};
use crate::store::Store;
use crate::store::convert;
use crate::store::entity::{client_ids, requests, sessions};
use crate::store::model::{Answered, Binding, Session};

impl Store {
    /// The session whose resume token has this hash, if it has not ended.
    pub async fn session_by_token(&self, token_hash: &[u8; 32]) -> Result<Option<Session>> {
        let select = sessions::Entity::find()
            .filter(sessions::Column::TokenHash.eq(token_hash.to_vec()))
            .filter(sessions::Column::Ended.eq(false));
        self.read("session_by_token", async {
            select.one(self.readers()).await?.map(convert::session).transpose()
        })
        .await
    }

    /// All Yjs client ids bound in a file, in all its epochs.
    pub async fn bindings(&self, room: RoomKey, file: FileKey) -> Result<Vec<Binding>> {
        let select = client_ids::Entity::find()
            .filter(client_ids::Column::Room.eq(room.0))
            .filter(client_ids::Column::File.eq(file.0))
            .order_by_asc(client_ids::Column::Epoch)
            .order_by_asc(client_ids::Column::Client);
        self.read("bindings", async {
            select
                .all(self.readers())
                .await?
                .into_iter()
                .map(convert::binding)
                .collect()
        })
        .await
    }

    /// The answer that a request id has got in a room, or in scope 0 where there was no room yet.
    pub async fn answered(&self, scope: RoomKey, request: RequestId) -> Result<Option<Answered>> {
        let select = requests::Entity::find_by_id((scope.0, request.0));
        self.read("answered", async {
            select.one(self.readers()).await?.map(convert::answered).transpose()
        })
        .await
    }
}
