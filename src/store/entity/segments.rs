//! The table of segments: the log's older part.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "segments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub room: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_revision: i64,
    pub last_revision: i64,
    pub files: Vec<u8>,
    pub sources: Vec<u8>,
    pub data: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
