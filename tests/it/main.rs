//! All integration tests, as one binary: one link on a small machine.

mod commit_outcomes;
mod contract;
mod layers;
mod python;
mod rpc_convert;
mod rpc_encode;
mod rpc_page;
mod rpc_parts;
mod rpc_status;
mod server;
mod store;
