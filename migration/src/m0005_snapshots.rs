//! Snapshots: files as they were at a revision. They only make loading fast; the log is the truth.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Snapshots {
    Table,
    Room,
    File,
    Revision,
    Epoch,
    State,
    TextHash,
    Created,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Snapshots::Table)
            .col(big_integer(Snapshots::Room))
            .col(big_integer(Snapshots::File))
            .col(big_integer(Snapshots::Revision))
            .col(big_integer(Snapshots::Epoch))
            .col(blob(Snapshots::State))
            .col(blob(Snapshots::TextHash))
            .col(big_integer(Snapshots::Created))
            .primary_key(
                Index::create()
                    .col(Snapshots::Room)
                    .col(Snapshots::File)
                    .col(Snapshots::Revision),
            )
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Snapshots::Table).to_owned())
            .await
    }
}
