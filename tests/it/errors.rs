//! The table of errors: every kind of bad input through the public doors of a running server, and what a client is told.
//!
//! Each row says what is sent, by which way, where the error shows, and its reason and field. The files beside this one
//! hold the rows by subject and play them; `check` looks at what every error has to have. `cargo xtask test --test it
//! the_table_of_errors -- --nocapture` prints the table.

mod check;
mod completions;
mod docs;
mod edits;
mod files;
mod guards;
mod joins;
mod limits;
mod messages;
mod rooms;
mod row;
mod stage;
mod trouble;
mod updates;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tandem::error::Reason;

use self::row::{Row, Shows};
use crate::contract::name;

/// Reasons that need trouble, not bad input: each with the file and the test that provokes it.
const IN_TROUBLE: [(Reason, &str, &str); 6] = [
    (
        Reason::RoomUnavailable,
        "trouble/lost_race.rs",
        "a_foreign_row_at_the_next_revision_costs_a_goodbye_and_no_operation",
    ),
    (
        Reason::FileUnreadable,
        "trouble/damage.rs",
        "a_delta_of_garbage_refuses_its_file_and_nothing_else",
    ),
    (
        Reason::StoreUnavailable,
        "errors/trouble.rs",
        "a_database_that_does_not_answer_is_told_with_a_delay",
    ),
    (
        Reason::ShuttingDown,
        "rpc_wire.rs",
        "a_restart_says_goodbye_and_the_session_goes_on",
    ),
    (
        Reason::Overloaded,
        "errors/trouble.rs",
        "too_many_who_wait_for_a_room_are_told_to_come_back",
    ),
    (
        Reason::Internal,
        "server/protocols.rs",
        "a_defect_is_counted_and_harms_only_its_own_call",
    ),
];

/// The whole table.
fn table() -> Vec<Row> {
    [
        rooms::rows(),
        files::rows(),
        completions::rows(),
        joins::rows(),
        edits::rows(),
        updates::rows(),
        messages::rows(),
        limits::rows(),
        guards::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn the_table_of_errors_can_be_read() {
    let rows: BTreeSet<[String; 6]> = table().into_iter().map(line).collect();
    let head = ["input", "by", "shows", "code", "reason", "field"].map(str::to_owned);
    let widths: [usize; 6] = std::array::from_fn(|at| {
        let cells = rows.iter().chain([&head]).map(|row| row[at].chars().count());
        cells.max().unwrap_or_default()
    });
    let mut text = String::new();
    for row in [&head].into_iter().chain(&rows) {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join(" | ").trim_end());
        text.push('\n');
    }
    println!("{text}{} kinds of bad input, {} rows", inputs().len(), rows.len());
    assert!(inputs().len() >= 50);
}

fn inputs() -> BTreeSet<(&'static str, &'static str)> {
    table().iter().map(|row| (row.input, row.reason.name())).collect()
}

fn line(row: Row) -> [String; 6] {
    [
        row.input.to_owned(),
        row.by.to_owned(),
        row.shows.name().to_owned(),
        name(row.reason.code()).to_owned(),
        row.reason.name().to_owned(),
        row.field,
    ]
}

/// Where each reason shows in the table.
fn shown() -> BTreeMap<&'static str, BTreeSet<Shows>> {
    let mut shown: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for row in table() {
        shown.entry(row.reason.name()).or_default().insert(row.shows);
    }
    shown
}

#[test]
fn every_reason_is_provoked_by_a_row_or_by_a_test_that_makes_trouble() {
    let by_rows = shown();
    for reason in Reason::ALL {
        let in_trouble = IN_TROUBLE.iter().any(|(troubled, ..)| troubled == reason);
        let in_table = by_rows.contains_key(reason.name());
        assert!(in_table || in_trouble, "nothing provokes {}", reason.name());
        assert!(!(in_table && in_trouble), "{} needs no trouble", reason.name());
    }
}

#[test]
fn the_tests_that_make_trouble_are_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for (reason, file, test) in IN_TROUBLE {
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains(&format!("fn {test}(")), "{file} has no {test}");
        // The test itself, or what it calls beside it.
        assert!(
            text.contains(reason.name()),
            "{file} does not speak of {}",
            reason.name()
        );
    }
}
