//! `cargo xtask test`: a database, the other languages' clients, then cargo test. Nothing is skipped.

use std::process::ExitCode;

use crate::run::{Result, cargo, shown};
use crate::{apt, environment, postgres};

/// Sets up, runs the tests with the given arguments, and gives cargo's exit code.
pub(crate) fn test(args: &[String]) -> Result<ExitCode> {
    let mut missing = environment::missing();
    if postgres::programs().is_none() {
        missing.push("postgresql");
    }
    if environment::faketime().is_none() {
        missing.push("faketime");
    }
    apt::install(&missing)?;
    let python = environment::python()?;
    let scripts = environment::scripts()?;
    let faketime = environment::faketime().ok_or("libfaketime was not found")?;
    let cluster = postgres::Cluster::start()?;

    let mut tests = cargo();
    tests
        .args(["test", "--workspace"])
        .args(args)
        .env("TANDEM_TEST_POSTGRES", cluster.url())
        .env("TANDEM_TEST_PYTHON", python.join("python"))
        .env("TANDEM_TEST_GRPCURL", python.join("grpcurl"))
        .env("TANDEM_TEST_FAKETIME", faketime)
        .env("TANDEM_TEST_CHROMIUM", scripts.chromium)
        .env("TANDEM_TEST_NODE", scripts.node)
        .env("TANDEM_TEST_NODE_DIR", scripts.folder);
    eprintln!("xtask: {}", shown(&tests));
    let status = tests.status().map_err(|e| format!("cannot run cargo: {e}"))?;
    drop(cluster);
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
