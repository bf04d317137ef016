//! Page tokens open their own list and nothing else.

use tandem::error::Reason;
use tandem::rpc::page::{open, seal};

const LIST: &[&[u8]] = &[b"files", b"room", b"\x01"];

#[test]
fn a_token_leads_on_in_the_list_that_gave_it() {
    for after in [&b""[..], b"src/main.rs", &[0, 255, 128]] {
        let token = seal(LIST, after);
        assert_eq!(open(LIST, &token).expect("our own token"), Some(after.to_vec()));
        assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    }
    assert_eq!(open(LIST, "").expect("the first page"), None);
}

#[test]
fn foreign_bytes_are_refused() {
    let token = seal(LIST, b"src/main.rs");
    let mut changed = token.clone();
    changed.replace_range(3..4, if &token[3..4] == "A" { "B" } else { "A" });
    for foreign in [
        "a",
        "!",
        "é",
        "AAAA",
        "////",
        &token[1..],
        &token[..token.len() - 1],
        &changed,
        "AQ",
    ] {
        let error = open(LIST, foreign).expect_err(foreign);
        assert_eq!(error.reason(), Reason::PageTokenInvalid);
        assert_eq!(error.details().field.as_deref(), Some("page_token"));
    }
}

#[test]
fn a_token_of_another_list_is_refused() {
    let token = seal(LIST, b"src/main.rs");
    let others: [&[&[u8]]; 3] = [
        &[b"files", b"other", b"\x01"],
        &[b"files", b"room", b"\x00"],
        &[b"filesroom", b"\x01"],
    ];
    for other in others {
        assert!(open(other, &token).is_err());
    }
}
