//! Developer commands: `cargo xtask <command>`, and the PostgreSQL cluster that tests may have for themselves. Plain
//! std, so that all of it compiles in a second.

mod apt;
mod check;
mod contract;
mod environment;
mod page;
pub mod postgres;
mod run;
mod test;
mod web;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test [ARGS]   sets up what the tests need, then runs cargo test --workspace ARGS
cargo xtask check         formatting, clippy, the proto files' lint and what they owe clients, the page's bundle, the
                          documentation's links
cargo xtask page-bench    how fast the release build's page is in a browser, and what it takes on the wire
cargo xtask page-picture  makes the README's picture of the page anew
cargo xtask release-proto makes the contract as it is now the one that check compares with";

/// Does what the command line says.
pub fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let outcome = match args.next().as_deref() {
        Some("test") => test::test(&args.collect::<Vec<_>>()),
        Some("check") => check::check(),
        Some("page-bench") => page::bench(),
        Some("page-picture") => page::picture(),
        Some("release-proto") => contract::release(),
        Some("help" | "--help" | "-h") | None => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Some(other) => Err(format!("there is no command {other}\n{HELP}")),
    };
    outcome.unwrap_or_else(|message| {
        eprintln!("xtask: {message}");
        ExitCode::FAILURE
    })
}
