//! What a browser says that it takes, and what it has already.

use http::header::{ACCEPT_ENCODING, AsHeaderName, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue};

/// Whether it takes gzip: named, or by a star, and not at a weight of nothing.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let mut star = false;
    for (name, weight) in listed(headers, ACCEPT_ENCODING).map(weighed) {
        if name.eq_ignore_ascii_case("gzip") {
            return weight;
        }
        star |= name == "*" && weight;
    }
    star
}

/// Whether it has what the tag stands for. A tag that was made weak on the way stands for the same.
pub(super) fn has(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    listed(headers, IF_NONE_MATCH).any(|listed| {
        let strong = listed.strip_prefix("W/").unwrap_or(listed);
        strong == "*" || strong.as_bytes() == tag.as_bytes()
    })
}

/// The parts of a header that is a list, however many lines it takes.
fn listed(headers: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// A part's name, and whether its weight is above zero.
fn weighed(part: &str) -> (&str, bool) {
    let mut words = part.split(';').map(str::trim);
    let name = words.next().unwrap_or_default();
    let weight = words.find_map(|word| word.strip_prefix("q=").or_else(|| word.strip_prefix("Q=")));
    (name, weight.is_none_or(|weight| weight.parse().unwrap_or(1.0) > 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        let name = http::HeaderName::from_static(name);
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn gzip_is_taken_by_whoever_names_it() {
        for yes in [
            "gzip",
            "br, GZIP",
            "deflate, gzip;q=0.5",
            "*",
            "gzip;q=1.0, identity; q=0.5",
        ] {
            assert!(takes_gzip(&headers("accept-encoding", yes)), "{yes}");
        }
        for no in ["", "br", "gzip;q=0", "*;q=0", "gzip; q=0.0, *", "xgzip"] {
            assert!(!takes_gzip(&headers("accept-encoding", no)), "{no}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_tag_is_known_in_a_list_and_when_made_weak() {
        let tag = HeaderValue::from_static("\"a1\"");
        for yes in ["\"a1\"", "W/\"a1\"", "\"b2\", \"a1\"", "*"] {
            assert!(has(&headers("if-none-match", yes), &tag), "{yes}");
        }
        for no in ["", "a1", "\"b2\"", "\"a1", "\"a1-gzip\""] {
            assert!(!has(&headers("if-none-match", no), &tag), "{no}");
        }
    }
}
