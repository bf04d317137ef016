//! The table of rooms.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "rooms")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub key: i64,
    pub id: Uuid,
    pub slug: Option<String>,
    pub title: Vec<u8>,
    pub term: i64,
    pub created: i64,
    pub deleted: Option<i64>,
    pub packed: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
