//! Answers of unary calls, so that a retry gets the first one. Scope is a room's key, or 0 where there is no room yet.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Requests {
    Table,
    Scope,
    Request,
    Digest,
    Answer,
    Created,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Requests::Table)
            .col(big_integer(Requests::Scope))
            .col(uuid(Requests::Request))
            .col(blob(Requests::Digest))
            .col(blob(Requests::Answer))
            .col(big_integer(Requests::Created))
            .primary_key(Index::create().col(Requests::Scope).col(Requests::Request))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Requests::Table).to_owned())
            .await
    }
}
