//! The generated types of the contract; no other part of the server sees them.

/// All messages and enums of `tandem.v1`, and clients for tests and tools.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
#[allow(rustdoc::all, reason = "the comments are the contract's, written for every language")]
pub mod v1 {
    tonic::include_proto!("tandem.v1");
}

/// The server's side of the services. Its two streamed answers are [`Frame`](super::frame::Frame)s.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
#[allow(rustdoc::all, reason = "the comments are the contract's, written for every language")]
pub(super) mod server {
    include!(concat!(env!("OUT_DIR"), "/server/tandem.v1.rs"));
}

/// The contract with its comments and imports, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));
