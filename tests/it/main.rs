//! All integration tests, as one binary: one link on a small machine.

#![allow(
    clippy::disallowed_methods,
    reason = "cargo xtask test tells the tests by variables what it has set up"
)]

mod architecture;
mod catching_up;
mod commit_outcomes;
mod contract;
mod convergence;
mod epoch;
mod errors;
mod faults;
mod garbage;
mod hostile;
mod hostile_doors;
mod kills;
mod layers;
mod leaving;
mod node;
mod old_base;
mod packed;
mod page;
mod page_looks;
mod page_stories;
mod pasted;
mod plans;
mod positions;
mod presence;
mod python;
mod readme;
mod readme_lines;
mod renamed;
mod replay;
mod retries;
mod rpc_convert;
mod rpc_encode;
mod rpc_page;
mod rpc_parts;
mod rpc_status;
mod rpc_wire;
mod server;
mod slow_reader;
mod store;
mod trouble;
mod web_client;
mod web_readme;

/// A number that a variable gives, such as a seed.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
