//! The heart: one actor a room decides, commits, and then tells.

pub mod message;
