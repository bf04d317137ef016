//! Faults: the real program on a real database, with a team at work, while something goes wrong.
//!
//! However it ends, every receipt and everything that anybody was shown is in the log, nothing is there twice, and all
//! clients have one text, which is the server's and that of the log. The suite runs each fault once or twice.
//! `TANDEM_FAULT_ROUNDS` says how many rounds of each to run, `TANDEM_FAULT_SEED` runs one alone. The seed of a round that
//! fails is kept in `tests/faults`; what stands there is run every time.

mod check;
mod clock_jumps;
mod cut_connections;
mod disk_full;
mod killed;
mod member;
mod postgres_down;
mod reconnect_storm;
mod rounds;
mod slow_readers;
mod stage;
mod team;
