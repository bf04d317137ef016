//! Fuzzing on stable Rust: five targets, a corpus that is kept, and an engine that makes new inputs of it.
//!
//! The usual engines watch which branches a run takes, which needs a nightly compiler or libraries of the system. Here a
//! target says itself what it has [`Seen`]: outcomes and shapes that it had reached. An input that shows something new is
//! kept and damaged further.
//!
//! `cargo run --release -p tandem-fuzz -- gate --seconds 600` runs one target for long; the tests of this crate run every
//! input of the corpus and some thousand new ones.

mod corpus;
mod dice;
mod engine;
mod failure;
mod frames;
mod seen;
mod targets;

pub use corpus::Corpus;
pub use engine::{Engine, Report, Until};
pub use failure::{Found, run_once};
pub use seen::Seen;
pub use targets::{TARGETS, Target};

#[cfg(test)]
mod tests;
