//! The contract on the wire: proto messages come in and go out here, and nothing is decided here.

pub mod encode;
pub mod frame;
pub mod page;
pub mod proto;
pub mod status;

pub mod convert;
