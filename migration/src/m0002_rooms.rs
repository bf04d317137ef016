//! Rooms. A deleted room keeps its row and its log and gives its slug away.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, text_null, uuid_uniq};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Rooms {
    Table,
    Key,
    Id,
    Slug,
    Title,
    Term,
    Created,
    Deleted,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Slugs are ASCII by their own rule, so they may be text and be read by people.
        let table = Table::create()
            .table(Rooms::Table)
            .col(big_integer(Rooms::Key).auto_increment().primary_key())
            .col(uuid_uniq(Rooms::Id))
            .col(text_null(Rooms::Slug).unique_key())
            .col(blob(Rooms::Title))
            .col(big_integer(Rooms::Term).default(0))
            .col(big_integer(Rooms::Created))
            .col(big_integer_null(Rooms::Deleted))
            .to_owned();
        manager.create_table(table).await?;
        // ListRooms: newest first.
        let newest = Index::create()
            .name("rooms_created")
            .table(Rooms::Table)
            .col(Rooms::Created)
            .col(Rooms::Key)
            .to_owned();
        manager.create_index(newest).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Rooms::Table).to_owned()).await
    }
}
