//! Testkit.

pub mod database;
pub mod proxy;
