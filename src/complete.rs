//! Completions from the words of a room's own texts and the keywords of the language.
//!
//! Pure: the answer is a function of the query, whatever the order of the other files. A query looks at a bounded window
//! of each text (see [`crate::limits`]), so it stays quick in a text of any length. A comment or string that begins
//! before the window is not known to be one.

mod language;
mod lexer;
mod matching;
mod rank;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::ops::Range;

pub use language::Language;
use lexer::{Lexer, Place, Token};
use rank::{Candidate, Typed};
use vocabulary::{ORDERS, Source, Vocabulary, Word};

use crate::limits::{
    COMPLETE_AFTER_BYTES, COMPLETE_BEFORE_BYTES, COMPLETE_ITEMS, COMPLETE_OTHER_BYTES, COMPLETE_OTHERS_BYTES,
    COMPLETE_WORD_CHARS,
};

/// How sure the engine has to be of a ghost text: two of three shown are right.
const GHOST_CONFIDENCE: f32 = 0.65;
/// The least that a ghost text saves, in characters.
const GHOST_CHARS: usize = 2;

/// What completions are wanted for.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The text that is being edited.
    pub text: &'a str,
    /// Where the cursor is, in bytes. Past the end means the end; inside a character means its beginning.
    pub cursor: usize,
    /// The text's language.
    pub language: Language,
    /// Other files whose words may be offered, each with its path and text. Their order does not matter.
    pub others: &'a [(&'a str, &'a str)],
    /// How many items are wanted at most.
    pub max_items: usize,
}

/// Completions.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What an item replaces, in bytes: the part before the cursor of the word that the cursor touches.
    pub replace: Range<usize>,
    /// The items, best first.
    pub items: Vec<Item>,
    /// What most likely comes, if that is likely enough. Never inside a comment, a string or a word.
    pub ghost: Option<Ghost>,
}

/// One completion.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What to show.
    pub label: String,
    /// What to put in place of [`Answer::replace`].
    pub insert: String,
    /// What kind of thing it is.
    pub kind: Kind,
    /// Higher is better; comparable within one answer.
    pub score: f32,
    /// Where it is from, for people.
    pub detail: String,
}

/// What kind of thing a completion is, as far as the text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A word of prose, a comment or a string.
    Text,
    /// A keyword of the language.
    Keyword,
    /// Something that is called.
    Function,
    /// A variable, field or constant.
    Variable,
    /// A type.
    Type,
}

/// Text to show greyed at the cursor.
#[derive(Clone, Debug, PartialEq)]
pub struct Ghost {
    /// What to insert at the cursor; it replaces nothing and has no line break.
    pub text: String,
    /// How many bytes of `text` its first word has.
    pub first_word: usize,
    /// How likely it is to be right, from 0 to 1.
    pub confidence: f32,
}

/// Answers a query.
pub fn complete(query: &Query<'_>) -> Answer {
    let Query { text, language, .. } = *query;
    let cursor = text.floor_char_boundary(query.cursor);
    let replace = word_start(text, cursor, language)..cursor;
    let prefix = slice(text, replace.clone());
    if prefix.starts_with(char::is_numeric) {
        return Answer {
            replace,
            items: Vec::new(),
            ghost: None,
        };
    }
    let end = word_end(text, cursor, language);
    let (vocabulary, in_code) = read(query, replace.start, end);
    let typed = Typed {
        prefix,
        whole: slice(text, replace.start..end),
        in_code,
    };
    let found = rank::rank(&vocabulary, &typed);
    let ghost = if in_code && end == cursor {
        ghost(text, &replace, found.first())
    } else {
        None
    };
    let items = found
        .iter()
        .take(query.max_items.min(COMPLETE_ITEMS))
        .map(|found| item(found, language))
        .collect();
    Answer { replace, items, ghost }
}

/// Reads the texts around the word at `start..end`, which itself is left out; tells whether it stands in code.
fn read<'a>(query: &Query<'a>, start: usize, end: usize) -> (Vocabulary<'a>, bool) {
    let Query { text, language, .. } = *query;
    let mut lexer = Lexer::new(slice(text, window_start(text, start)..start), language, Vec::new());
    let before: Vec<Token<'a>> = lexer.by_ref().collect();
    let in_code = lexer.in_code();
    let last = text.floor_char_boundary(end.saturating_add(COMPLETE_AFTER_BYTES));
    let after: Vec<Token<'a>> = Lexer::new(slice(text, end..last), language, lexer.into_stack()).collect();

    let code = before
        .iter()
        .rev()
        .filter(|token| in_code && token.place == Place::Code);
    let mut vocabulary = Vocabulary::new(code.map(|token| token.text).take(ORDERS).collect());
    vocabulary.learn(&before, Source::Before);
    vocabulary.learn(&after, Source::After);
    let mut others = query.others.to_vec();
    others.sort_unstable();
    let mut left = COMPLETE_OTHERS_BYTES;
    for (path, text) in others {
        let part = slice(text, 0..text.floor_char_boundary(COMPLETE_OTHER_BYTES.min(left)));
        left -= part.len();
        let tokens: Vec<Token<'a>> = Lexer::new(part, Language::from_path(path), Vec::new()).collect();
        vocabulary.learn(&tokens, Source::Other(path));
    }
    vocabulary.add_keywords(language.keywords());
    (vocabulary, in_code)
}

fn slice(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// Where the text that is looked at begins: with a line, if one begins in the window.
fn window_start(text: &str, cursor: usize) -> usize {
    let Some(start) = cursor.checked_sub(COMPLETE_BEFORE_BYTES) else {
        return 0;
    };
    let start = text.floor_char_boundary(start);
    slice(text, start..cursor)
        .find('\n')
        .map_or(start, |line| start + line + 1)
}

fn word_start(text: &str, cursor: usize, language: Language) -> usize {
    // One character more than a word may have: such a prefix answers to nothing.
    let before = slice(text, 0..cursor)
        .char_indices()
        .rev()
        .take(COMPLETE_WORD_CHARS + 1);
    before
        .take_while(|(_, c)| language.is_word(*c))
        .last()
        .map_or(cursor, |(at, _)| at)
}

fn word_end(text: &str, cursor: usize, language: Language) -> usize {
    let after = text
        .get(cursor..)
        .unwrap_or_default()
        .chars()
        .take(COMPLETE_WORD_CHARS + 1);
    cursor
        + after
            .take_while(|c| language.is_word(*c))
            .map(char::len_utf8)
            .sum::<usize>()
}

fn item(found: &Candidate<'_, '_>, language: Language) -> Item {
    let detail = match found.word.path {
        _ if found.word.keyword => "keyword",
        Some(path) if found.word.own == 0 => path,
        _ => "this file",
    };
    Item {
        label: found.text.to_owned(),
        insert: found.text.to_owned(),
        kind: kind(found.text, found.word, language),
        score: f32::from(found.tier as u8) + found.probability,
        detail: detail.to_owned(),
    }
}

/// What kind of thing a word is, by how it is written and used.
fn kind(text: &str, word: &Word<'_>, language: Language) -> Kind {
    let camel = text.starts_with(char::is_uppercase) && text.contains(char::is_lowercase);
    match language {
        _ if word.keyword => Kind::Keyword,
        _ if !word.in_code => Kind::Text,
        Language::Other => Kind::Text,
        // Go's exported functions begin with a capital, too.
        Language::Go if word.called => Kind::Function,
        _ if camel => Kind::Type,
        _ if word.called => Kind::Function,
        _ => Kind::Variable,
    }
}

/// The ghost text: what is left of the best word, if it goes on with what was typed.
fn ghost(text: &str, replace: &Range<usize>, best: Option<&Candidate<'_, '_>>) -> Option<Ghost> {
    let best = best.filter(|best| best.probability >= GHOST_CONFIDENCE)?;
    let rest = best.text.strip_prefix(slice(text, replace.clone()))?;
    // Without anything typed, a word stands here only after a gap or an opening.
    let gap = |c: char| c.is_whitespace() || matches!(c, '.' | '(' | '[' | '{' | ':' | '&' | '!');
    let placed = !replace.is_empty() || slice(text, 0..replace.start).chars().next_back().is_none_or(gap);
    (placed && rest.chars().nth(GHOST_CHARS - 1).is_some()).then(|| Ghost {
        text: rest.to_owned(),
        first_word: rest.len(),
        confidence: best.probability,
    })
}
