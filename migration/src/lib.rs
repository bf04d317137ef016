//! Tandem's database schema, one change a file, up and down, on PostgreSQL and SQLite.
//!
//! Rules that every table follows: the log refers to rooms, files and users by bigint keys; UUIDs and slugs are for the
//! outside. Times are microseconds since 1970 in UTC as bigint, because the databases' own types round differently.
//! What people write (names, titles, paths) is stored as bytes of UTF-8: PostgreSQL's text refuses U+0000, and no
//! character may ever fail a statement.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod m0001_users;
mod m0002_rooms;
mod m0003_files;
mod m0004_operations;
mod m0005_snapshots;
mod m0006_sessions;
mod m0007_client_ids;
mod m0008_requests;
mod m0009_segments;

/// All changes, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_users::Migration),
            Box::new(m0002_rooms::Migration),
            Box::new(m0003_files::Migration),
            Box::new(m0004_operations::Migration),
            Box::new(m0005_snapshots::Migration),
            Box::new(m0006_sessions::Migration),
            Box::new(m0007_client_ids::Migration),
            Box::new(m0008_requests::Migration),
            Box::new(m0009_segments::Migration),
        ]
    }
}
