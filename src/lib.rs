//! Tandem.

pub mod document;
pub mod error;
pub mod id;
pub mod limits;
