//! Segments: the older part of the log, many operations a row. A room's log is its segments up to `rooms.packed`, and its
//! rows after that.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob};
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Segments {
    Table,
    Room,
    FirstRevision,
    LastRevision,
    Sources,
    Files,
    Data,
}

#[derive(DeriveIden)]
enum Rooms {
    Table,
    Packed,
}

#[derive(DeriveIden)]
enum Files {
    Table,
    PackedRevision,
    PackedDelta,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // What is searched comes before what is long: SQLite reads a row from its front.
        let segments = Table::create()
            .table(Segments::Table)
            .col(big_integer(Segments::Room))
            .col(big_integer(Segments::FirstRevision))
            .col(big_integer(Segments::LastRevision))
            .col(blob(Segments::Files))
            .col(blob(Segments::Sources))
            .col(blob(Segments::Data))
            .primary_key(Index::create().col(Segments::Room).col(Segments::FirstRevision))
            .to_owned();
        manager.create_table(segments).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            // It is compressed already.
            manager
                .get_connection()
                .execute_unprepared("alter table segments alter column data set storage external")
                .await?;
        }
        add(manager, Rooms::Table, big_integer(Rooms::Packed).default(0)).await?;
        add(manager, Files::Table, big_integer(Files::PackedRevision).default(0)).await?;
        let empty = Expr::value(Vec::<u8>::new());
        add(manager, Files::Table, blob(Files::PackedDelta).default(empty)).await
    }

    /// Refused while there are segments: only the server can read what is in them, and without them it would be lost.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let some = Query::select()
            .expr(Expr::val(1))
            .from(Segments::Table)
            .limit(1)
            .to_owned();
        if manager.get_connection().query_one(&some).await?.is_some() {
            return Err(DbErr::Migration(
                "a part of the log is packed in segments, which an older schema can't hold: nothing was changed"
                    .to_owned(),
            ));
        }
        remove(manager, Files::Table, Files::PackedDelta).await?;
        remove(manager, Files::Table, Files::PackedRevision).await?;
        remove(manager, Rooms::Table, Rooms::Packed).await?;
        let table = Table::drop().table(Segments::Table).to_owned();
        manager.drop_table(table).await
    }
}

/// SQLite adds and drops one column a statement.
async fn add(manager: &SchemaManager<'_>, table: impl IntoTableRef, column: &mut ColumnDef) -> Result<(), DbErr> {
    let alter = Table::alter().table(table).add_column(column).to_owned();
    manager.alter_table(alter).await
}

async fn remove(manager: &SchemaManager<'_>, table: impl IntoTableRef, column: impl IntoIden) -> Result<(), DbErr> {
    let alter = Table::alter().table(table).drop_column(column).to_owned();
    manager.alter_table(alter).await
}
