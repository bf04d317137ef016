//! The page in a real browser, with the real server.

use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::{Place, Process};

use crate::node::{node, set, told};

/// Runs a story of `tests/node/page.mjs`; it fails if any page complains.
fn story(name: &str) -> String {
    let database = TestDatabase::sqlite();
    let server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
    told(node().env("TANDEM_TEST_CHROMIUM", set("TANDEM_TEST_CHROMIUM")).args([
        "page.mjs",
        &server.address().to_string(),
        name,
    ]))
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
