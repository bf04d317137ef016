//! The log: one accepted operation is one row is one revision. Append only; it is the truth.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, small_integer, uuid};
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Operations {
    Table,
    Room,
    Revision,
    Source,
    OpId,
    File,
    Epoch,
    Author,
    Kind,
    Origin,
    YjsUpdate,
    Delta,
    Path,
    Term,
    Time,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign keys: every append reads the row of its room in the same transaction, and rooms never go away.
        let mut table = Table::create()
            .table(Operations::Table)
            .col(big_integer(Operations::Room))
            .col(big_integer(Operations::Revision))
            .col(uuid(Operations::Source))
            .col(big_integer(Operations::OpId))
            .col(big_integer(Operations::File))
            .col(big_integer(Operations::Epoch))
            .col(big_integer(Operations::Author))
            .col(small_integer(Operations::Kind))
            .col(small_integer(Operations::Origin))
            .col(blob(Operations::YjsUpdate))
            .col(blob(Operations::Delta))
            .col(blob(Operations::Path))
            .col(big_integer(Operations::Term))
            .col(big_integer(Operations::Time))
            .primary_key(Index::create().col(Operations::Room).col(Operations::Revision))
            .to_owned();
        if manager.get_database_backend() == DbBackend::Sqlite {
            // Rows stand in the primary key's own tree: one tree less to write for each edit.
            table.extra("without rowid");
        }
        manager.create_table(table).await?;
        // An operation that is sent twice is accepted once.
        let once = Index::create()
            .name("operations_source")
            .table(Operations::Table)
            .col(Operations::Room)
            .col(Operations::Source)
            .col(Operations::OpId)
            .unique()
            .to_owned();
        manager.create_index(once).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Operations::Table).to_owned())
            .await
    }
}
