//! Texts as paths. The input is a list of paths; the rules are told here once more, in other words.

use std::collections::BTreeSet;

use rand::Rng;
use rand::rngs::SmallRng;
use tandem::error::Reason;
use tandem::path::{folded, folders, parse};
use tandem_testkit::requests::new_path;
use unicode_normalization::UnicodeNormalization;

use super::{Target, damaged};
use crate::Seen;
use crate::frames;
use crate::seen::about;

/// Paths of an input that are looked at.
const PATHS: usize = 12;

pub(super) const TARGET: Target = Target {
    name: "path",
    run,
    fresh,
    mutate,
};

fn run(input: &[u8], seen: &mut Seen) {
    let mut accepted = BTreeSet::new();
    for part in frames::read(input).into_iter().take(PATHS) {
        let given = String::from_utf8_lossy(part);
        match parse(&given, "new_path") {
            Ok(path) => {
                alone(&given, &path);
                seen.note(("path", about(path.len()), path.matches('/').count(), path == given));
                accepted.insert(path);
            }
            Err(error) => {
                assert_eq!(error.details().field.as_deref(), Some("new_path"));
                let reason = if given.is_empty() {
                    Reason::FieldMissing
                } else {
                    Reason::PathInvalid
                };
                assert_eq!(error.reason(), reason);
                assert!(
                    !is_allowed(&given.nfc().collect::<String>()),
                    "{given:?} keeps every rule and is refused"
                );
                seen.note(error.details().message.as_str());
            }
        }
    }
    for one in &accepted {
        for other in &accepted {
            let (relation, back) = (relation(one, other), relation(other, one));
            assert_eq!(relation, back, "{one:?} and {other:?}");
            seen.note(relation);
        }
    }
}

/// What holds of an accepted path by itself.
fn alone(given: &str, path: &str) {
    assert!(is_allowed(path), "{path:?} breaks a rule");
    assert_eq!(path, given.nfc().collect::<String>(), "another path than was given");
    assert_eq!(
        parse(path, "path").as_deref(),
        Ok(path),
        "a path changes when it is read again"
    );
    let parts: Vec<&str> = path.split('/').collect();
    let above: Vec<String> = (1..parts.len()).map(|count| parts[..count].join("/")).collect();
    assert!(folders(path).eq(above.iter().map(String::as_str)));
    for folder in folders(path) {
        assert_eq!(
            parse(folder, "path").as_deref(),
            Ok(folder),
            "a folder of a path is none"
        );
    }
    let fold = folded(path);
    assert_eq!(folded(&fold), fold, "{path:?} folds differently the second time");
    // Part by part or as a whole: what is compared are folders too.
    let by_parts: Vec<String> = parts.iter().map(|part| folded(part)).collect();
    assert_eq!(by_parts.join("/"), fold);
    for twin in [path.to_lowercase(), path.to_uppercase()] {
        let twin: String = twin.nfc().collect();
        assert_eq!(folded(&twin), fold, "{path:?} and {twin:?} differ in case only");
    }
}

/// The rules of File.path, and those of names that no common file system takes.
fn is_allowed(path: &str) -> bool {
    let is_plain = |c: char| {
        let direction = ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
        !c.is_control() && !direction && !"\\\u{fffd}\u{200e}\u{200f}\u{2028}\u{2029}".contains(c)
    };
    let is_name = |part: &str| {
        !part.is_empty() && part != "." && part != ".." && !part.starts_with(' ') && !part.ends_with([' ', '.'])
    };
    path.len() <= 512 && path.chars().all(is_plain) && path.split('/').all(is_name)
}

/// How two paths stand to each other on a disk that does not tell upper from lower case.
fn relation(one: &str, other: &str) -> &'static str {
    let (a, b) = (folded(one), folded(other));
    if one == other {
        "the same"
    } else if a == b {
        "case twins"
    } else if a.starts_with(&format!("{b}/")) || b.starts_with(&format!("{a}/")) {
        "one under the other"
    } else {
        "apart"
    }
}

fn fresh(random: &mut SmallRng) -> Vec<u8> {
    let paths: Vec<String> = (0..random.random_range(1..6))
        .map(|_| match random.random_range(0..8) {
            0 => (0..random.random_range(1..6))
                .map(|_| random.random::<char>())
                .collect(),
            1 => new_path(random).repeat(random.random_range(1..200)),
            _ => new_path(random),
        })
        .collect();
    frames::write(&paths)
}

fn mutate(random: &mut SmallRng, input: &[u8], other: &[u8]) -> Vec<u8> {
    frames::mutate(random, input, other, |random, part| damaged(random, part, other))
}
