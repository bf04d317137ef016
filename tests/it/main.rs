//! All integration tests, as one binary: one link on a small machine.

#![allow(
    clippy::disallowed_methods,
    reason = "cargo xtask test tells the tests by variables what it has set up"
)]

mod architecture;
mod commit_outcomes;
mod contract;
mod convergence;
mod epoch;
mod hostile;
mod kills;
mod layers;
mod node;
mod plans;
mod program;
mod python;
mod readme;
mod replay;
mod rpc_convert;
mod rpc_encode;
mod rpc_page;
mod rpc_parts;
mod rpc_status;
mod rpc_wire;
mod server;
mod store;
mod trouble;
