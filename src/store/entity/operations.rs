//! The log's table.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "operations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub room: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    pub source: Uuid,
    pub op_id: i64,
    pub file: i64,
    pub epoch: i64,
    pub author: i64,
    pub kind: i16,
    pub origin: i16,
    pub yjs_update: Vec<u8>,
    pub delta: Vec<u8>,
    pub path: Vec<u8>,
    pub term: i64,
    pub time: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
