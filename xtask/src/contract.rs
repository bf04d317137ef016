//! The contract, `proto/`: its lint, and that it goes on serving the clients that are out there.

use std::process::{Command, ExitCode};

use crate::run::{Result, root, run};
use crate::{apt, environment};

/// The contract as last released, as buf has compiled it: without comments, so that these may change.
const RELEASED: &str = "proto/released.binpb";

/// Style and comments, and nothing that breaks a client of what was released.
pub(crate) fn check() -> Result {
    set_up()?;
    buf(&["lint", "proto"])?;
    compare()?;
    generated()
}

/// `cargo xtask release-proto`: from now on clients may rely on the contract as it is now.
pub(crate) fn release() -> Result<ExitCode> {
    set_up()?;
    if root().join(RELEASED).exists() {
        compare()?;
    }
    buf(&["build", "proto", "--exclude-source-info", "--output", RELEASED])?;
    eprintln!("xtask: {RELEASED} is the contract as it is now");
    Ok(ExitCode::SUCCESS)
}

fn compare() -> Result {
    buf(&["breaking", "proto", "--against", RELEASED]).map_err(|error| {
        format!(
            "{error}: the lines above break clients of {RELEASED}; add beside what is there, as CONTRIBUTING.md says"
        )
    })
}

/// The web client's committed messages are those of the contract.
fn generated() -> Result {
    environment::npm(&root().join("web"))?;
    run(Command::new("node")
        .args(["web/client/scripts/generate.mjs", "--check"])
        .current_dir(root()))
}

fn set_up() -> Result {
    apt::install(&environment::missing_node())?;
    environment::npm(&root().join("tools"))
}

fn buf(arguments: &[&str]) -> Result {
    run(Command::new(root().join("tools/node_modules/.bin/buf"))
        .args(arguments)
        .current_dir(root()))
}
