//! The page in a real browser, outside the tests: what it costs, and its picture in the README.

use std::process::{Command, ExitCode};

use crate::run::{Result, cargo, run, target};
use crate::{apt, environment};

/// `cargo xtask page-bench`: times and bytes of the release build's page.
pub(crate) fn bench() -> Result<ExitCode> {
    run(cargo().args(["build", "--release", "--bin", "tandem"]))?;
    script("release", &["page_bench/main.mjs"])
}

/// `cargo xtask page-picture`: makes the README's picture anew.
pub(crate) fn picture() -> Result<ExitCode> {
    run(cargo().args(["build", "--bin", "tandem"]))?;
    script("debug", &["page_stories/picture.mjs", "../../docs/page.png"])
}

/// Runs a script of `tests/node` with a browser and a build of the server.
fn script(build: &str, words: &[&str]) -> Result<ExitCode> {
    apt::install(&environment::missing_scripts())?;
    let scripts = environment::scripts()?;
    run(Command::new(scripts.node)
        .args(words)
        .current_dir(scripts.folder)
        .env("TANDEM_TEST_CHROMIUM", scripts.chromium)
        .env("TANDEM_TEST_BINARY", target().join(build).join("tandem")))?;
    Ok(ExitCode::SUCCESS)
}
