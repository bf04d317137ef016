//! Testkit.

pub mod client;
pub mod database;
pub mod proxy;
