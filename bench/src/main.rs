//! Tandem's benchmarks.
//!
//! A scenario starts a server, the real one or the floor, and a load: this same program again, in a process of its own,
//! told over stdin what to do. The scenario reads the server's CPU time and memory where the load says that a part
//! begins or ends. The floor is what gRPC itself costs: a bare server that passes opaque bytes on.
//!
//! Each scenario is one file in `scenario`, and what its clients do is the file of the same name in `load`.
//! docs/performance.md tells what each measures.

mod arguments;
mod conductor;
mod contest;
mod database;
mod floor;
mod home;
mod load;
mod process;
mod scenario;
mod table;

use std::process::ExitCode;

use clap::Parser;

/// What may go wrong here: told in words, and the end of the run.
type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    match arguments::Arguments::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tandem-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
