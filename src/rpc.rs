//! The contract on the wire: proto messages come in and go out here, and nothing is decided here.

pub mod convert;
pub mod encode;
pub mod frame;
pub mod op_order;
pub mod page;
pub mod proto;
pub mod read_parts;
pub mod status;
