//! Slugs: the names of rooms in links.

use crate::error::{Error, Reason, Result};

/// Checks a slug: 3 to 64 characters of a-z, 0-9 and single hyphens inside, and no UUID.
///
/// # Errors
/// SLUG_INVALID.
pub(super) fn check(slug: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let well_formed = (3..=64).contains(&slug.len())
        && slug.chars().all(allowed)
        && !slug.starts_with('-')
        && !slug.ends_with('-')
        && !slug.contains("--");
    if well_formed && uuid::Uuid::parse_str(slug).is_err() {
        return Ok(());
    }
    Err(Error::new(
        Reason::SlugInvalid,
        "a slug has 3 to 64 characters of a-z, 0-9 and single hyphens inside, and is no UUID: choose another",
    )
    .field("slug"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_plain_and_no_uuids() {
        for good in ["abc", "pair-1", "a1b2c3", &"x".repeat(64)] {
            check(good).unwrap();
        }
        let uuid = uuid::Uuid::nil().to_string();
        for bad in [
            "",
            "ab",
            "Abc",
            "a b c",
            "-abc",
            "abc-",
            "a--b",
            "äbc",
            &"x".repeat(65),
            &uuid,
            &uuid.replace('-', ""),
        ] {
            assert_eq!(check(bad).unwrap_err().reason(), Reason::SlugInvalid, "{bad:?}");
        }
    }
}
