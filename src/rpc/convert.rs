//! Between the contract's messages and the domain's types. Every refusal names the field that is wrong, by its path in
//! the message that was sent.

pub mod answers;
pub mod calls;
pub mod names;
pub mod offsets;
pub mod upward;
