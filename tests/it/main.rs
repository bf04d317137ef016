//! All integration tests, as one binary: one link on a small machine.

mod contract;
mod layers;
