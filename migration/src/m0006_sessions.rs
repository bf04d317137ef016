//! Sessions: one user's place in one room. Of the resume token only a hash is kept.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, boolean, small_integer, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Sessions {
    Table,
    Id,
    Room,
    UserKey,
    Participant,
    TokenHash,
    Name,
    Mode,
    Unit,
    Created,
    Ended,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Sessions::Table)
            .col(uuid(Sessions::Id).primary_key())
            .col(big_integer(Sessions::Room))
            .col(big_integer(Sessions::UserKey))
            .col(uuid(Sessions::Participant))
            .col(blob(Sessions::TokenHash).unique_key())
            .col(blob(Sessions::Name))
            .col(small_integer(Sessions::Mode))
            .col(small_integer(Sessions::Unit))
            .col(big_integer(Sessions::Created))
            .col(boolean(Sessions::Ended))
            .to_owned();
        manager.create_table(table).await?;
        // Deleting a room ends its sessions.
        let room = Index::create()
            .name("sessions_room")
            .table(Sessions::Table)
            .col(Sessions::Room)
            .to_owned();
        manager.create_index(room).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Sessions::Table).to_owned())
            .await
    }
}
