//! Clients, traces and fixtures that Tandem's tests and tools share.

pub mod at_once;
pub mod by_hand;
pub mod client;
pub mod crafted;
pub mod database;
pub mod hostile;
pub mod log;
pub mod mutate;
pub mod pipeline;
pub mod plan;
pub mod process;
pub mod proxy;
pub mod random_edit;
pub mod reference;
pub mod replay;
pub mod requests;
pub mod rough_network;
pub mod server;
pub mod small_disk;
pub mod steady;
pub mod system_limits;
pub mod text_client;
pub mod traces;
pub mod yjs_client;
