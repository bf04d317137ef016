//! People and programs. Key 0 is the server itself and has no row.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, uuid_uniq};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Users {
    Table,
    Key,
    Id,
    Name,
    Created,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Users::Table)
            .col(big_integer(Users::Key).auto_increment().primary_key())
            .col(uuid_uniq(Users::Id))
            .col(blob(Users::Name))
            .col(big_integer(Users::Created))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Users::Table).to_owned()).await
    }
}
