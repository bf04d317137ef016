//! What clients see when the database is in trouble: a pause, or a goodbye and the same again. Never a receipt for what
//! is not in the log, never anything of what is lost, nothing twice.

mod crew;
mod damage;
mod deleted_and_restored;
mod down;
mod foreign;
mod large_write;
mod lost_commit;
mod lost_race;
mod stall;
mod stalled;
mod storm;
mod writer;
