//! The tables as SeaORM sees them; what each is for is told in `migration`.
#![expect(unreachable_pub, reason = "SeaORM's macros want their parts public")]

pub(super) mod client_ids;
pub(super) mod files;
pub(super) mod operations;
pub(super) mod requests;
pub(super) mod rooms;
pub(super) mod segments;
pub(super) mod sessions;
pub(super) mod snapshots;
pub(super) mod users;
