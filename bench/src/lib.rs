//! What Tandem's benchmarks and its micro measurements share.

pub mod fixture;
