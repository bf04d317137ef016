//! `cargo xtask check`.

use std::process::ExitCode;

use crate::run::{Result, cargo, run};
use crate::{contract, web};

/// What must hold before a change is worth reading.
pub(crate) fn check() -> Result<ExitCode> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    contract::check()?;
    web::check()?;
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    run(cargo()
        .env("RUSTDOCFLAGS", "-D warnings")
        .args(["doc", "--workspace", "--no-deps"]))?;
    eprintln!("xtask: all is well");
    Ok(ExitCode::SUCCESS)
}
