//! The log and its projections, in PostgreSQL or SQLite.

pub mod model;
