//! The table of files.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "files")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub room: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: i64,
    pub id: Uuid,
    pub path: Vec<u8>,
    pub line_ending: i16,
    pub deleted: bool,
    pub epoch: i64,
    pub server_client: i64,
    pub created_revision: i64,
    pub packed_revision: i64,
    pub packed_delta: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
