//! docs/errors.md tells the same as the server.

use std::collections::BTreeSet;
use std::path::Path;

use tandem::error::Reason;

use super::shown;
use crate::contract::name;

/// The rows of the page's table, each as its cells.
fn rows() -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    let text = std::fs::read_to_string(path).expect("docs/errors.md");
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}

#[test]
fn the_page_on_errors_has_every_reason_with_its_code() {
    let page: Vec<(String, String)> = rows()
        .into_iter()
        .map(|row| (row[0].replace('`', ""), row[1].clone()))
        .collect();
    let ours: Vec<(String, String)> = Reason::ALL
        .iter()
        .map(|reason| (reason.name().to_owned(), name(reason.code()).to_owned()))
        .collect();
    assert_eq!(page, ours);
}

#[test]
fn the_page_on_errors_says_where_each_shows_and_what_to_do() {
    let shown = shown();
    for row in rows() {
        let [reason, _, shows, then] = row.as_slice() else {
            panic!("a row has four cells: {row:?}")
        };
        let told: BTreeSet<&str> = shows.split(", ").collect();
        let known = ["call", "end", "goodbye", "receipt", "refused"];
        assert!(told.iter().all(|place| known.contains(place)), "{reason}: {shows}");
        let reason = reason.replace('`', "");
        for place in shown.get(reason.as_str()).into_iter().flatten() {
            assert!(told.contains(place.name()), "{reason} shows as {} too", place.name());
        }
        assert!(then.len() > 10, "{reason} does not say what to do");
    }
}
