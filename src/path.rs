//! File paths: what makes a text a path, and when two paths cannot live side by side.
//!
//! The rules are those of a checkout that works on every common file system: names that differ in case only would be
//! one file on macOS and Windows, and different normal forms of one name would look alike and differ.

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::error::{Error, Reason, Result};
use crate::limits;

/// A path as the room keeps it: in NFC and within the rules.
///
/// # Errors
/// PATH_INVALID, with the rule that it breaks; FIELD_MISSING if it is empty.
pub fn parse(text: &str, field: &str) -> Result<String> {
    if text.is_empty() {
        return Err(Error::new(
            Reason::FieldMissing,
            format!("{field} is required: give the file's path"),
        )
        .field(field));
    }
    let path: String = if is_nfc(text) {
        text.to_owned()
    } else {
        text.nfc().collect()
    };
    match broken_rule(&path) {
        None => Ok(path),
        Some(rule) => Err(Error::new(Reason::PathInvalid, format!("{rule}: choose another path")).field(field)),
    }
}

fn broken_rule(path: &str) -> Option<&'static str> {
    if path.len() > limits::PATH_BYTES {
        return Some("a path has at most 512 bytes of UTF-8");
    }
    if path.chars().any(is_forbidden) {
        return Some("a path has no control or direction characters, no \\ and no U+FFFD");
    }
    for part in path.split('/') {
        match part {
            "" => return Some("a path neither begins nor ends with /, and has no //"),
            "." | ".." => return Some("no part of a path is . or .."),
            _ => {}
        }
        if part.starts_with(' ') || part.ends_with([' ', '.']) {
            return Some("no part of a path begins with a space, or ends with a space or a full stop");
        }
    }
    None
}

/// Control characters break terminals and file systems; direction marks make one path look like another; `\` is a
/// separator elsewhere; U+FFFD is what a broken character became.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\\' | '\u{FFFD}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// What two paths have in common if they differ in case only.
pub fn folded(path: &str) -> String {
    // NFC again: lower case of a composed character can be decomposed.
    path.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

/// The folders above a path, from the outermost in.
pub fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_paths_pass() {
        for path in [
            "main.rs",
            "src/lib.rs",
            "a b/ç.txt",
            ".gitignore",
            "日本/語.md",
            "a..b",
            "...x",
        ] {
            assert_eq!(parse(path, "path").unwrap(), path);
        }
    }

    #[test]
    fn a_decomposed_name_is_composed() {
        assert_eq!(parse("e\u{301}.txt", "path").unwrap(), "é.txt");
    }

    #[test]
    fn broken_paths_are_refused_with_the_field() {
        let long = "x".repeat(513);
        for path in [
            "../secret",
            "a//b",
            "/a",
            "a/",
            ".",
            "a/./b",
            "a\\b",
            "a\nb",
            "a\0",
            "a /b",
            "b.",
            " a",
            &long,
        ] {
            let error = parse(path, "new_path").unwrap_err();
            assert_eq!(error.reason(), Reason::PathInvalid, "{path:?}");
            assert_eq!(error.details().field.as_deref(), Some("new_path"));
        }
        assert_eq!(parse("", "path").unwrap_err().reason(), Reason::FieldMissing);
    }

    #[test]
    fn case_twins_fold_to_the_same() {
        assert_eq!(folded("SRC/Straße.rs"), folded("src/STRASSE.rs"));
        assert_ne!(folded("a"), folded("b"));
        assert_eq!(folders("a/b/c").collect::<Vec<_>>(), ["a", "a/b"]);
    }
}
