//! The page in a real browser, with the real server.

use std::path::PathBuf;
use std::process::Command;

use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::{Place, Process};

/// Runs a story of `tests/node/page.mjs`; it fails if any page complains.
#[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the server's")]
fn story(name: &str) -> String {
    let set = |name: &str| {
        let value = std::env::var(name);
        value.unwrap_or_else(|_| panic!("{name} is set by `cargo xtask test`: run that"))
    };
    let database = TestDatabase::sqlite();
    let server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
    let output = Command::new(set("TANDEM_TEST_NODE"))
        .current_dir(PathBuf::from(set("TANDEM_TEST_NODE_DIR")))
        .env("TANDEM_TEST_CHROMIUM", set("TANDEM_TEST_CHROMIUM"))
        .args(["page.mjs", &server.address().to_string(), name])
        .output()
        .expect("node starts");
    let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{}\n{}", output.status, told.concat());
    told.concat()
}

#[test]
fn a_first_visit_is_small_and_asks_nobody_else() {
    println!("{}", story("first-visit"));
}

#[test]
fn two_people_type_in_one_line_at_once_and_both_see_both() {
    story("one-line");
}

#[test]
fn a_file_is_renamed_while_somebody_types_in_it_and_comes_back_after_it_was_deleted() {
    story("files");
}

#[test]
fn a_page_that_is_offline_for_a_while_says_so_and_loses_nothing() {
    story("offline");
}

#[test]
fn whatever_is_pasted_is_text_with_plain_line_ends() {
    story("pastes");
}

#[test]
fn whoever_follows_somebody_sees_where_they_are() {
    story("follow");
}

#[test]
fn what_comes_next_is_offered_as_a_list_and_as_grey_text() {
    story("completions");
}
