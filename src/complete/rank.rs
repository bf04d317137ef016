//! Puts the words that answer what was typed in order.
//!
//! Within a tier of matching, a word's probability is built up from its own score (how often, how near), and then, for
//! each longer agreement of what stands before, mixed with what followed there (prediction by partial matching).

use super::matching::{self, Tier};
use super::vocabulary::{Follows, ORDERS, Vocabulary, Word};

/// How much a further different follower says that something new may come.
const ESCAPE: f32 = 0.5;
/// The same before anything was seen.
const ESCAPE_FLOOR: f32 = 0.3;
/// After how many tokens nearness has faded to a third.
const NEAR_TOKENS: f32 = 80.0;

/// What a word that stands nowhere yet is worth while nothing is typed, and how much of that each typed character takes.
const UNSEEN: f32 = 2.5;
const UNSEEN_FADE: f32 = 0.7;

/// A word that answers what was typed.
pub(super) struct Candidate<'v, 'a> {
    pub(super) text: &'a str,
    pub(super) word: &'v Word<'a>,
    pub(super) tier: Tier,
    /// How likely it is among the words of its tier, from 0 to 1.
    pub(super) probability: f32,
}

/// What the ranking goes by.
pub(super) struct Typed<'a> {
    /// The part of the word before the cursor.
    pub(super) prefix: &'a str,
    /// The whole word that the cursor touches.
    pub(super) whole: &'a str,
    /// Whether the cursor is outside comments and strings.
    pub(super) in_code: bool,
}

/// The candidates, best first: by tier, then probability, then text.
pub(super) fn rank<'v, 'a>(vocabulary: &'v Vocabulary<'a>, typed: &Typed<'_>) -> Vec<Candidate<'v, 'a>> {
    let mut found: Vec<Candidate<'v, 'a>> = vocabulary
        .words()
        .filter(|(text, word)| is_offered(text, word, vocabulary, typed))
        .filter_map(|(text, word)| {
            let tier = matching::tier(typed.prefix, text)?;
            Some(Candidate {
                text,
                word,
                tier,
                probability: 0.0,
            })
        })
        .collect();
    // The order of the sums below must not hang on the order of the hash table.
    found.sort_unstable_by(|left, right| right.tier.cmp(&left.tier).then_with(|| left.text.cmp(right.text)));
    let symbols = if typed.prefix.is_empty() {
        vocabulary.symbols()
    } else {
        Vec::new()
    };
    for tier in Tier::ALL {
        let start = found.partition_point(|candidate| candidate.tier > tier);
        let end = found.partition_point(|candidate| candidate.tier >= tier);
        if let Some(group) = found.get_mut(start..end) {
            weigh(group, &symbols, typed);
        }
    }
    found.sort_by(|left, right| {
        right
            .tier
            .cmp(&left.tier)
            .then(right.probability.total_cmp(&left.probability))
            .then_with(|| left.text.cmp(right.text))
    });
    found
}

fn is_offered(text: &str, word: &Word<'_>, vocabulary: &Vocabulary<'_>, typed: &Typed<'_>) -> bool {
    let seen = word.own + word.others > 0;
    // After a dot no keyword stands, and prose has none.
    let reserved = word.keyword && typed.in_code && vocabulary.last_token() != Some(".");
    text != typed.prefix && text != typed.whole && text.chars().nth(1).is_some() && (seen || reserved)
}

/// Sets the probabilities of the candidates of one tier.
fn weigh(group: &mut [Candidate<'_, '_>], symbols: &[&Follows], typed: &Typed<'_>) {
    let scores: Vec<f32> = group
        .iter()
        .map(|candidate| score(candidate.word, typed.in_code))
        .collect();
    let unseen = UNSEEN - UNSEEN_FADE * typed.prefix.chars().count() as f32;
    let best = scores.iter().copied().fold(unseen, f32::max);
    let sum: f32 = scores.iter().chain([&unseen]).map(|score| (score - best).exp()).sum();
    for (candidate, score) in group.iter_mut().zip(&scores) {
        candidate.probability = (score - best).exp() / sum;
    }
    for order in 0..ORDERS {
        let weight = |follows: &Follows| follows.get(order).copied().unwrap_or_default();
        let words = group.iter().map(|candidate| weight(&candidate.word.follows));
        let (mut total, mut different) = (0.0, 0.0);
        for weight in words
            .chain(symbols.iter().map(|follows| weight(follows)))
            .filter(|weight| *weight > 0.0)
        {
            total += weight;
            different += 1.0;
        }
        if total == 0.0 {
            break;
        }
        let trust = total / (total + ESCAPE * different + ESCAPE_FLOOR);
        for candidate in group.iter_mut() {
            let here = weight(&candidate.word.follows) / total;
            candidate.probability = trust * here + (1.0 - trust) * candidate.probability;
        }
    }
}

/// What a word is worth by itself: often, and near the cursor.
fn score(word: &Word<'_>, in_code: bool) -> f32 {
    let near = |distance: Option<usize>| distance.map_or(0.0, |tokens| (-(tokens as f32) / NEAR_TOKENS).exp());
    let often = 1.4 * (1.0 + word.own as f32).ln() + 0.3 * (1.0 + word.others as f32).ln();
    let reserved = if word.keyword { 0.3 } else { 0.0 };
    let prose = if in_code && !word.in_code && !word.keyword {
        -1.5
    } else {
        0.0
    };
    often + 4.0 * near(word.before) + near(word.after) + reserved + prose
}
