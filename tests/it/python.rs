//! Clients in Python, as the documentation has them, against a server.

use std::path::Path;
use std::process::Command;

/// Runs a script of `tests/python`; what it prints is told when it fails.
#[expect(
    clippy::disallowed_methods,
    reason = "`cargo xtask test` tells the tests where things are by variables"
)]
pub(crate) fn run(script: &str, arguments: &[&str]) {
    let python =
        std::env::var("TANDEM_TEST_PYTHON").expect("TANDEM_TEST_PYTHON is set by `cargo xtask test`: run that");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let output = Command::new(python)
        .arg(folder.join(script))
        .args(arguments)
        .output()
        .expect("python starts");
    assert!(
        output.status.success(),
        "{script} {arguments:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

#[test]
fn the_optimistic_client_transforms_as_the_vectors_say() {
    run("vectors.py", &[]);
}
