//! Files: the projection of a room's directory operations, changed in their transaction.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, boolean, small_integer, uuid_uniq};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Files {
    Table,
    Room,
    Key,
    Id,
    Path,
    LineEnding,
    Deleted,
    Epoch,
    ServerClient,
    CreatedRevision,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Files::Table)
            .col(big_integer(Files::Room))
            .col(big_integer(Files::Key))
            .col(uuid_uniq(Files::Id))
            .col(blob(Files::Path))
            .col(small_integer(Files::LineEnding))
            .col(boolean(Files::Deleted))
            .col(big_integer(Files::Epoch))
            .col(big_integer(Files::ServerClient))
            .col(big_integer(Files::CreatedRevision))
            .primary_key(Index::create().col(Files::Room).col(Files::Key))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Files::Table).to_owned()).await
    }
}
