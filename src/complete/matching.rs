//! Whether a word answers what was typed, and how well.

use crate::limits::COMPLETE_WORD_CHARS;

/// How a word answers what was typed; the greater the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// It has the typed characters in order (`cnt` for `counter`).
    Scattered,
    /// It has them as beginnings of its parts (`gci` for `getCartItem`, `rb` for `read_buffer`).
    Abbreviation,
    /// It begins with them but for upper and lower case.
    PrefixFolded,
    /// It begins with them.
    Prefix,
}

impl Tier {
    /// All of them, best first.
    pub(super) const ALL: [Self; 4] = [Self::Prefix, Self::PrefixFolded, Self::Abbreviation, Self::Scattered];
}

/// Characters needed before scattered ones count: two are in almost every word.
const SCATTERED_CHARS: usize = 3;

/// How `word` answers `typed`; `None`: it does not.
pub(super) fn tier(typed: &str, word: &str) -> Option<Tier> {
    if word.starts_with(typed) {
        return Some(Tier::Prefix);
    }
    let bare = word.trim_start_matches('_');
    let first = typed.chars().next().map(fold)?;
    if first != '_' && bare.chars().next().map(fold) != Some(first) {
        return None;
    }
    let typed: Vec<char> = typed.chars().map(fold).take(COMPLETE_WORD_CHARS + 1).collect();
    if begins(word.chars(), &typed) {
        return Some(Tier::PrefixFolded);
    }
    let letters = letters(bare);
    if is_abbreviation(&typed, &letters) {
        return Some(Tier::Abbreviation);
    }
    (typed.len() >= SCATTERED_CHARS && is_scattered(&typed, &letters)).then_some(Tier::Scattered)
}

/// A character without its case; of several lower-case characters the first.
fn fold(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn begins(word: impl Iterator<Item = char>, typed: &[char]) -> bool {
    let mut word = word.map(fold);
    typed.iter().all(|c| word.next() == Some(*c))
}

/// The characters of a word without underscores, each with whether a part of the word begins with it.
fn letters(word: &str) -> Vec<(char, bool)> {
    let mut letters = Vec::new();
    let mut before = '_';
    let mut ahead = word.chars().peekable();
    while let Some(c) = ahead.next() {
        let hump = c.is_uppercase() && (!before.is_uppercase() || ahead.peek().is_some_and(|next| next.is_lowercase()));
        let digits = c.is_numeric() && !before.is_numeric();
        if c != '_' {
            letters.push((fold(c), before == '_' || hump || digits));
        }
        before = c;
    }
    letters
}

/// Whether `typed` can be cut into beginnings of parts of the word, in order, the first part among them.
fn is_abbreviation(typed: &[char], letters: &[(char, bool)]) -> bool {
    // After each letter: `last[n]`, the first n typed characters end with this letter; `reached[n]`, or with one before.
    let mut last = vec![false; typed.len() + 1];
    let mut reached = last.clone();
    for (index, (letter, starts)) in letters.iter().enumerate() {
        let mut now = vec![false; typed.len() + 1];
        for (n, c) in typed.iter().enumerate() {
            let from_part = *starts && (if n == 0 { index == 0 } else { reached[n] });
            now[n + 1] = c == letter && (from_part || (n > 0 && last[n]));
        }
        for (reached, now) in reached.iter_mut().zip(&now) {
            *reached |= *now;
        }
        last = now;
    }
    reached.last() == Some(&true)
}

fn is_scattered(typed: &[char], letters: &[(char, bool)]) -> bool {
    let mut ahead = letters.iter();
    typed.iter().all(|c| ahead.any(|(letter, _)| letter == c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_better_than_a_prefix_in_another_case_and_that_than_an_abbreviation() {
        assert_eq!(tier("get", "getCartItem"), Some(Tier::Prefix));
        assert_eq!(tier("", "anything"), Some(Tier::Prefix));
        assert_eq!(tier("GET", "getCartItem"), Some(Tier::PrefixFolded));
        assert_eq!(tier("hash", "HashMap"), Some(Tier::PrefixFolded));
        assert!(Tier::Prefix > Tier::PrefixFolded && Tier::PrefixFolded > Tier::Abbreviation);
    }

    #[test]
    fn initials_and_beginnings_of_parts_find_a_word() {
        for (typed, word) in [
            ("gci", "getCartItem"),
            ("rb", "read_buffer"),
            ("rebuf", "read_buffer"),
            ("hr", "HTTPRequest"),
            ("pt", "_private_thing"),
            ("gi", "getCartItem"),
            ("u8", "unsigned_8"),
            ("ЧГ", "читать_главу"),
        ] {
            assert_eq!(tier(typed, word), Some(Tier::Abbreviation), "{typed} {word}");
        }
    }

    #[test]
    fn scattered_characters_find_a_word_from_three_on() {
        assert_eq!(tier("cnt", "counter"), Some(Tier::Scattered));
        assert_eq!(tier("ct", "counter"), None);
        assert_eq!(tier("tnc", "counter"), None);
        assert_eq!(tier("ounter", "counter"), None, "the first character has to agree");
    }

    #[test]
    fn nothing_is_too_odd_to_be_compared() {
        for typed in ["_", "__", "İ", "ß", "é", "1", "a\u{301}"] {
            for word in ["", "_", "ĲSSEL", "straße", "é1", "İİ"] {
                let _ = tier(typed, word);
            }
        }
        assert_eq!(tier("_", "__init__"), Some(Tier::Prefix));
    }
}
