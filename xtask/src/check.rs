//! `cargo xtask check`.

use std::process::{Command, ExitCode};

use crate::run::{Result, cargo, root, run};
use crate::{apt, environment};

/// What must hold before a change is worth reading.
pub(crate) fn check() -> Result<ExitCode> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    apt::install(&environment::missing_node())?;
    let tools = root().join("tools");
    environment::npm(&tools)?;
    run(Command::new(tools.join("node_modules/.bin/buf"))
        .args(["lint", "proto"])
        .current_dir(root()))?;
    run(cargo()
        .env("RUSTDOCFLAGS", "-D warnings")
        .args(["doc", "--workspace", "--no-deps"]))?;
    eprintln!("xtask: all is well");
    Ok(ExitCode::SUCCESS)
}
