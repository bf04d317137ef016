//! Yjs client ids: each belongs to one user in one epoch of one file.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum ClientIds {
    Table,
    Room,
    File,
    Epoch,
    Client,
    UserKey,
    Session,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(ClientIds::Table)
            .col(big_integer(ClientIds::Room))
            .col(big_integer(ClientIds::File))
            .col(big_integer(ClientIds::Epoch))
            .col(big_integer(ClientIds::Client))
            .col(big_integer(ClientIds::UserKey))
            .col(uuid(ClientIds::Session))
            .primary_key(
                Index::create()
                    .col(ClientIds::Room)
                    .col(ClientIds::File)
                    .col(ClientIds::Epoch)
                    .col(ClientIds::Client),
            )
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(ClientIds::Table).to_owned())
            .await
    }
}
