//! The web client library, as it is published, against the real server: its own tests, which kill and start servers as
//! they need.

use std::path::Path;

use crate::node::{node, told};

/// Runs one file of the library's tests.
fn passes(file: &str) {
    told(
        node()
            .args(["--test", "--test-reporter=spec", &format!("test/{file}.test.mjs")])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("web/client"))
            .env("TANDEM_TEST_BINARY", env!("CARGO_BIN_EXE_tandem")),
    );
}

#[test]
fn the_web_clients_parts_do_what_they_say() {
    passes("parts");
}

#[test]
fn web_clients_type_at_once_and_agree() {
    passes("together");
}

#[test]
fn web_clients_lose_and_double_nothing_when_they_or_the_server_are_gone_for_a_while() {
    passes("offline");
}

#[test]
fn web_clients_rename_delete_and_restore_open_files_and_get_what_is_refused_as_a_draft() {
    passes("files");
}

#[test]
fn web_clients_see_each_others_cursors() {
    passes("presence");
}

#[test]
fn a_browsers_tabs_share_their_streams() {
    passes("tabs");
}
