//! From two texts to an edit: by line first, then by character inside the lines that differ.
//!
//! Both texts come from outside, so the work is bounded by a budget that counts comparisons, not by a clock: the same
//! texts always give the same edit. What the budget does not reach is replaced as a whole.

use std::collections::HashMap;
use std::ops::Range;

use ropey::Rope;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::transform::join;
use super::unit::{Unit, UnitChange};

/// Comparisons that one call may make at worst: some tens of milliseconds.
const BUDGET: usize = 16_000_000;

/// The edit that turns the old text into the new one, in `unit`. It never cuts a character.
#[must_use]
pub fn diff(old: &Rope, new: &str, unit: Unit) -> Vec<UnitChange> {
    let old = old.to_string();
    let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    let mut budget = BUDGET;
    let mut lines = Regions::default();
    by_anchors(&old_lines, &new_lines, &mut budget, &mut lines);

    let mut changes = Vec::new();
    let (mut line, mut offset) = (0, 0_u32);
    for (old_range, new_range) in lines.0 {
        offset += unit.len_of(&old_lines[line..old_range.start].concat());
        let was: Vec<char> = old_lines[old_range.clone()]
            .iter()
            .flat_map(|line| line.chars())
            .collect();
        let is: Vec<char> = new_lines[new_range].iter().flat_map(|line| line.chars()).collect();
        let mut characters = Regions::default();
        by_trimming(&was, &is, (0, 0), &mut budget, &mut characters);
        for (from, to) in characters.0 {
            let at = offset + length(&was[..from.start], unit);
            changes.push(UnitChange::new(
                at,
                length(&was[from], unit),
                is[to].iter().collect::<String>(),
            ));
        }
        offset += length(&was, unit);
        line = old_range.end;
    }
    join(changes)
}

/// The text with line feeds as its only line breaks, and whether most of its line breaks were carriage return and line
/// feed.
#[must_use]
pub fn normalise(text: &str) -> (String, bool) {
    if !text.contains('\r') {
        return (text.to_owned(), false);
    }
    let pairs = text.matches("\r\n").count();
    let normal = text.replace("\r\n", "\n").replace('\r', "\n");
    let breaks = normal.matches('\n').count();
    (normal, 2 * pairs >= breaks && pairs > 0)
}

/// Ranges of the old and the new that differ, in order.
#[derive(Default)]
struct Regions(Vec<(Range<usize>, Range<usize>)>);

impl Regions {
    fn push(&mut self, old: Range<usize>, new: Range<usize>) {
        if !old.is_empty() || !new.is_empty() {
            self.0.push((old, new));
        }
    }
}

/// Holds fast to the lines that each text has once, and looks closer only between them.
fn by_anchors(old: &[&str], new: &[&str], budget: &mut usize, regions: &mut Regions) {
    let mut at = (0, 0);
    let end = (old.len(), new.len());
    for (old_at, new_at) in rising(unique_pairs(old, new)).into_iter().chain([end]) {
        by_trimming(&old[at.0..old_at], &new[at.1..new_at], at, budget, regions);
        at = ((old_at + 1).min(end.0), (new_at + 1).min(end.1));
    }
}

/// Where lines stand that each text has exactly once, in the old text's order.
fn unique_pairs(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let mut places: HashMap<&str, Option<usize>> = HashMap::new();
    for (at, line) in new.iter().enumerate() {
        places.entry(line).and_modify(|place| *place = None).or_insert(Some(at));
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for line in old {
        *seen.entry(line).or_default() += 1;
    }
    let once = |line: &&str| seen.get(line) == Some(&1);
    let pair = |(at, line): (usize, &&str)| Some((at, (*places.get(*line)?)?));
    old.iter()
        .enumerate()
        .filter(|(_, line)| once(line))
        .filter_map(pair)
        .collect()
}

/// The longest run of pairs that rise on both sides.
fn rising(pairs: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut tails: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, &(_, new)) in pairs.iter().enumerate() {
        let pile = tails.partition_point(|&tail| pairs[tail].1 < new);
        before.push(pile.checked_sub(1).map(|below| tails[below]));
        if pile == tails.len() {
            tails.push(index);
        } else {
            tails[pile] = index;
        }
    }
    let mut chain = Vec::with_capacity(tails.len());
    let mut next = tails.last().copied();
    while let Some(index) = next {
        chain.push(pairs[index]);
        next = before[index];
    }
    chain.reverse();
    chain
}

/// Leaves out what is equal at both ends, and compares what is left if the budget has room for the worst.
fn by_trimming<T>(old: &[T], new: &[T], at: (usize, usize), budget: &mut usize, regions: &mut Regions)
where
    T: Clone + Eq + std::hash::Hash + Ord,
{
    let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let at = (at.0 + head, at.1 + head);
    let whole = (at.0..at.0 + old.len(), at.1..at.1 + new.len());
    let cost = (old.len() + new.len()).saturating_mul(old.len().min(new.len()).saturating_add(1));
    if old.is_empty() || new.is_empty() || cost > *budget {
        regions.push(whole.0, whole.1);
        return;
    }
    *budget -= cost;
    let mut done = at;
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        // Only lengths are taken from an operation: where insertions stand in the old text it does not tell reliably.
        let end = (done.0 + op.old_range().len(), done.1 + op.new_range().len());
        if !matches!(op, DiffOp::Equal { .. }) {
            regions.push(done.0..end.0, done.1..end.1);
        }
        done = end;
    }
}

fn length(characters: &[char], unit: Unit) -> u32 {
    let sum: usize = match unit {
        Unit::CodePoint => characters.len(),
        Unit::Utf16 => characters.iter().map(|character| character.len_utf16()).sum(),
        Unit::Utf8 => characters.iter().map(|character| character.len_utf8()).sum(),
    };
    u32::try_from(sum).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};

    use super::*;
    use crate::document::Document;
    use crate::id::ClientId;

    fn after(old: &str, changes: &[UnitChange], unit: Unit) -> String {
        let mut document = Document::new(ClientId(1));
        document
            .edit(unit, &[UnitChange::new(0, 0, old)])
            .expect("the old text");
        document.edit(unit, changes).expect("the difference fits");
        document.text().to_string()
    }

    #[test]
    fn a_difference_leads_from_the_old_text_to_the_new_in_every_unit() {
        let texts = [
            "",
            "a\nb\nc\n",
            "a\nB😀\nc",
            "x\na\nb\nc\n",
            "c\nb\na\n",
            "👩‍👧 e\u{301}\n你好\n",
            "b\nb\nb\n",
        ];
        for old in texts {
            for new in texts {
                for unit in Unit::ALL {
                    let changes = diff(&Rope::from_str(old), new, unit);
                    assert_eq!(after(old, &changes, unit), new, "{old:?} to {new:?} in {unit:?}");
                }
            }
        }
    }

    #[test]
    fn any_two_texts_are_told_apart_rightly() {
        for seed in 0..3_000 {
            let mut random = SmallRng::seed_from_u64(seed);
            let mut text = || -> String {
                let length = random.random_range(0..14);
                (0..length)
                    .map(|_| ['a', 'b', '\n', 'é', '😀'][random.random_range(0..5)])
                    .collect()
            };
            let (old, new) = (text(), text());
            let unit = Unit::ALL[seed as usize % 3];
            let changes = diff(&Rope::from_str(&old), &new, unit);
            assert_eq!(after(&old, &changes, unit), new, "seed {seed}: {old:?} {changes:?}");
        }
    }

    #[test]
    fn a_difference_touches_only_what_differs() {
        let old = Rope::from_str("fn one() {}\nfn two() {}\nfn three() {}\n");
        let changes = diff(
            &old,
            "fn one() {}\nfn two(x: u8) {}\nfn three() {}\n// end\n",
            Unit::CodePoint,
        );
        assert_eq!(
            changes,
            [UnitChange::new(19, 0, "x: u8"), UnitChange::new(38, 0, "// end\n")]
        );
    }

    #[test]
    fn texts_made_to_be_slow_are_replaced_as_a_whole() {
        let old: String = (0..200_000).map(|at| if at % 3 == 0 { "a\n" } else { "b\n" }).collect();
        let new: String = (0..200_000).map(|at| if at % 5 == 0 { "b\n" } else { "c\n" }).collect();
        let changes = diff(&Rope::from_str(&old), &new, Unit::Utf8);
        assert!(changes.len() < 10);
        assert_eq!(after(&old, &changes, Unit::Utf8), new);
    }

    #[test]
    fn line_breaks_become_line_feeds() {
        assert_eq!(normalise("a\r\nb\rc\n"), ("a\nb\nc\n".to_owned(), false));
        assert_eq!(normalise("a\r\nb\r\n"), ("a\nb\n".to_owned(), true));
        assert_eq!(normalise("a\nb"), ("a\nb".to_owned(), false));
    }
}
