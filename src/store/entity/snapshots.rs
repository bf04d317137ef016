//! The table of snapshots.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "snapshots")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub room: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub file: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    pub epoch: i64,
    pub state: Vec<u8>,
    pub text_hash: Vec<u8>,
    pub created: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
