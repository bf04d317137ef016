//! The benchmarks run, in seconds: floor, load and server understand each other. Nothing is measured here.

use std::process::Command;

/// Runs a scenario against the server of the same build, and gives its tables.
fn tables(arguments: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_tandem-bench"))
        .args(arguments)
        .arg("--quick")
        .output()
        .expect("the benchmarks start");
    let (out, told) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    assert!(run.status.success(), "{arguments:?}: {told}{out}");
    out.into_owned()
}

#[test]
fn writers_in_rooms_are_measured_beside_the_floor() {
    let tables = tables(&["rooms", "--rooms", "2", "--writers", "2", "--seconds", "0.5"]);
    assert_eq!(tables.matches("| server CPU per delivery, µs |").count(), 4, "{tables}");
    assert_eq!(tables.matches("floor | SQLite FULL").count(), 4, "{tables}");
}

#[test]
fn joiners_get_the_whole_text_and_readers_every_edit() {
    let joined = tables(&["joiners", "--joiners", "3"]);
    assert_eq!(joined.matches("| bytes sent, MB | 12.0 |").count(), 2, "{joined}");
    let told = tables(&["fanout", "--people", "3", "--clients", "yjs"]);
    assert_eq!(told.matches("| delivery p99, ms |").count(), 1, "{told}");
}
