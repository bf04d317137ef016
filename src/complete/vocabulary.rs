//! What the texts around a cursor say about each word: how often it stands where, and what it follows.

use std::collections::HashMap;

use super::lexer::{Place, Shape, Token};
use crate::limits::COMPLETE_WORD_CHARS;

/// How many tokens before the cursor are compared with tokens before a word.
pub(super) const ORDERS: usize = 4;
/// How much more a recurrence in the cursor's own file counts than one elsewhere, right at the cursor.
const OWN_WEIGHT: f32 = 8.0;
/// After how many tokens that advantage has halved.
const HALF_LIFE: f32 = 500.0;

/// Where tokens are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source<'a> {
    /// The cursor's file, before the cursor.
    Before,
    /// The cursor's file, after the cursor.
    After,
    /// Another file, by its path.
    Other(&'a str),
}

/// What is known of one word.
#[derive(Clone, Debug, Default)]
pub(super) struct Word<'a> {
    /// Occurrences in the cursor's file.
    pub(super) own: u32,
    /// Occurrences in other files.
    pub(super) others: u32,
    /// Tokens from the last occurrence before the cursor to the cursor.
    pub(super) before: Option<usize>,
    /// Tokens from the cursor to the first occurrence after it.
    pub(super) after: Option<usize>,
    /// Whether it stands outside comments and strings somewhere.
    pub(super) in_code: bool,
    /// Whether an opening parenthesis follows it somewhere.
    pub(super) called: bool,
    /// Whether it is a keyword of the language.
    pub(super) keyword: bool,
    /// The first other file that has it.
    pub(super) path: Option<&'a str>,
    /// By length of agreement: how much it follows what stands before the cursor.
    pub(super) follows: Follows,
}

/// A weight for each length of agreement, from one token on.
pub(super) type Follows = [f32; ORDERS];

/// The words of the texts around a cursor.
#[derive(Default)]
pub(super) struct Vocabulary<'a> {
    words: HashMap<&'a str, Word<'a>>,
    /// The tokens of code before the cursor, nearest first.
    context: Vec<&'a str>,
    /// What follows the same tokens elsewhere and is not a word: its weight, and how many different ones.
    symbols: HashMap<&'a str, Follows>,
}

impl<'a> Vocabulary<'a> {
    /// An empty vocabulary for a cursor in code after these tokens; without any, nothing is said to follow.
    pub(super) fn new(context: Vec<&'a str>) -> Self {
        Self {
            context,
            ..Self::default()
        }
    }

    /// The token just before the cursor.
    pub(super) fn last_token(&self) -> Option<&'a str> {
        self.context.first().copied()
    }

    /// Every word, in no particular order.
    pub(super) fn words(&self) -> impl Iterator<Item = (&'a str, &Word<'a>)> {
        self.words.iter().map(|(text, word)| (*text, word))
    }

    /// The weights of symbols that follow the same tokens, in the order of the symbols.
    pub(super) fn symbols(&self) -> Vec<&Follows> {
        let mut symbols: Vec<_> = self.symbols.iter().collect();
        symbols.sort_unstable_by_key(|(text, _)| **text);
        symbols.into_iter().map(|(_, follows)| follows).collect()
    }

    /// Notes the words that a language reserves.
    pub(super) fn add_keywords(&mut self, keywords: &'static [&'static str]) {
        for keyword in keywords {
            self.words.entry(keyword).or_default().keyword = true;
        }
    }

    /// Notes the tokens of one text.
    pub(super) fn learn(&mut self, tokens: &[Token<'a>], source: Source<'a>) {
        let mut code: Vec<&'a str> = Vec::with_capacity(tokens.len());
        for (index, token) in tokens.iter().enumerate() {
            let distance = match source {
                Source::Before => tokens.len() - index,
                Source::After | Source::Other(_) => index + 1,
            };
            let follows = (token.place == Place::Code)
                .then(|| self.agreement(&code, source, distance))
                .flatten();
            if token.shape == Shape::Word && token.text.chars().nth(COMPLETE_WORD_CHARS).is_none() {
                let called = tokens.get(index + 1).is_some_and(|next| next.text == "(");
                self.note(token, source, distance, called, follows);
            } else if let Some(follows) = follows {
                add(self.symbols.entry(token.text).or_default(), &follows);
            }
            if token.place == Place::Code {
                code.push(token.text);
            }
        }
    }

    fn note(&mut self, token: &Token<'a>, source: Source<'a>, distance: usize, called: bool, follows: Option<Follows>) {
        let word = self.words.entry(token.text).or_default();
        match source {
            Source::Before => word.before = Some(word.before.map_or(distance, |nearest| nearest.min(distance))),
            Source::After => word.after = Some(word.after.map_or(distance, |nearest| nearest.min(distance))),
            Source::Other(path) => word.path = word.path.or(Some(path)),
        }
        match source {
            Source::Before | Source::After => word.own += 1,
            Source::Other(_) => word.others += 1,
        }
        let in_code = token.place == Place::Code;
        word.in_code |= in_code;
        word.called |= in_code && called;
        if let Some(follows) = follows {
            add(&mut word.follows, &follows);
        }
    }

    /// The weight of what comes after `code`, for each length to which its end agrees with the context.
    fn agreement(&self, code: &[&str], source: Source<'_>, distance: usize) -> Option<Follows> {
        let length = code
            .iter()
            .rev()
            .zip(&self.context)
            .take_while(|(left, right)| left == right)
            .count();
        if length == 0 {
            return None;
        }
        let weight = match source {
            Source::Other(_) => 1.0,
            Source::Before | Source::After => 1.0 + (OWN_WEIGHT - 1.0) * 0.5_f32.powf(distance as f32 / HALF_LIFE),
        };
        let mut follows = Follows::default();
        follows.iter_mut().take(length).for_each(|order| *order = weight);
        Some(follows)
    }
}

fn add(sum: &mut Follows, more: &Follows) {
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}
