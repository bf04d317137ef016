//! Clients in Python, as the documentation has them, against the product.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::{Place, Process};

/// A script of `tests/python`.
#[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the server's")]
fn script(name: &str) -> Command {
    let python =
        std::env::var("TANDEM_TEST_PYTHON").expect("TANDEM_TEST_PYTHON is set by `cargo xtask test`: run that");
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name));
    command
}

/// Runs a script; what it prints is told when it fails.
fn run(name: &str, arguments: &[&str]) {
    let output = script(name).args(arguments).output().expect("python starts");
    assert!(
        output.status.success(),
        "{name} {arguments:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

#[test]
fn the_optimistic_client_transforms_as_the_vectors_say() {
    run("vectors.py", &[]);
}

#[test]
fn the_plain_client_takes_part_without_a_transform() {
    let database = TestDatabase::sqlite();
    let server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
    run("plain_story.py", &[&server.address().to_string()]);
}

#[test]
fn the_optimistic_client_shows_its_edits_at_once_and_outlives_a_crash_of_the_server() {
    let database = TestDatabase::sqlite();
    let mut server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
    let mut story = script("optimistic_story.py")
        .args([&server.address().to_string(), "11", "restart"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut told = BufReader::new(story.stdout.take().expect("its output is piped")).lines();
    // On failure the line is missing, and the reason stands in the error output.
    let line = told.next().and_then(Result::ok);
    if line.as_deref() == Some("restart") {
        server.kill();
        server.start_again();
        let input = story.stdin.as_mut().expect("its input is piped");
        writeln!(input, "it runs again").expect("the story listens");
    }
    assert!(story.wait().expect("the story ends").success());
    assert_eq!(line.as_deref(), Some("restart"));
}
