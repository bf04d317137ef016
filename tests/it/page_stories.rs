//! Longer stories of the page in a real browser, each with servers of its own. A part of each runs here; variables give
//! the full size: `TANDEM_OFFLINE_SECONDS`, `TANDEM_PAGE_KILLS`.

use crate::node::{node, set, told};

/// Runs a story of `tests/node/page_stories`, and prints what it measured.
fn story(name: &str) {
    story_of(name, &[]);
}

/// The same for a story that is told what it is about.
pub(crate) fn story_of(name: &str, words: &[&str]) {
    let figures = told(
        node()
            .env("TANDEM_TEST_CHROMIUM", set("TANDEM_TEST_CHROMIUM"))
            .env("TANDEM_TEST_BINARY", env!("CARGO_BIN_EXE_tandem"))
            .arg(format!("page_stories/{name}.mjs"))
            .args(words),
    );
    println!("{name}: {figures}");
}

#[test]
fn two_pages_type_while_one_is_offline_and_nothing_is_lost_or_doubled() {
    story("offline");
}

#[test]
fn saved_is_never_shown_for_what_the_log_lacks() {
    story("kills");
}

#[test]
fn ten_tabs_in_three_rooms_are_live_and_used_up_connections_are_told() {
    story("tabs");
}

#[test]
fn two_people_on_the_page_meet_what_can_go_wrong() {
    story("people");
}
