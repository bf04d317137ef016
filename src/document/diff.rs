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
use crate::limits::EDIT_CHANGES;

/// Comparisons that one call may make at worst: some tens of milliseconds.
const BUDGET: usize = 32_000_000;

/// The edit that turns the old text into the new one, in `unit`. It never cuts a character, and has no more changes than
/// any edit may have.
#[must_use]
pub fn diff(old: &Rope, new: &str, unit: Unit) -> Vec<UnitChange> {
    let old = old.to_string();
    let mut changes = Vec::new();
    let (mut at, mut offset) = (0, 0_u32);
    for (was, is) in coarsened(differences(&old, new), EDIT_CHANGES) {
        offset += unit.len_of(&old[at..was.start]);
        let delete = unit.len_of(&old[was.clone()]);
        changes.push(UnitChange::new(offset, delete, &new[is]));
        offset += delete;
        at = was.end;
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

/// A text's lines, each with a number that it shares with its equals: numbers are compared in no time.
struct Lines {
    /// Where each line starts, and where the last one ends, in bytes.
    starts: Vec<usize>,
    numbers: Vec<u32>,
}

impl Lines {
    fn of<'t>(text: &'t str, known: &mut HashMap<&'t str, u32>) -> Self {
        let (mut starts, mut numbers) = (vec![0], Vec::new());
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            at += line.len();
            starts.push(at);
            let next = known.len() as u32;
            numbers.push(*known.entry(line).or_insert(next));
        }
        Self { starts, numbers }
    }

    fn bytes(&self, lines: Range<usize>) -> Range<usize> {
        self.starts[lines.start]..self.starts[lines.end]
    }
}

/// What differs, in bytes.
fn differences(old: &str, new: &str) -> Regions {
    let mut known = HashMap::new();
    let old_lines = Lines::of(old, &mut known);
    let new_lines = Lines::of(new, &mut known);
    let mut budget = BUDGET;
    let mut lines = Regions::default();
    by_anchors(
        &old_lines.numbers,
        &new_lines.numbers,
        known.len(),
        &mut budget,
        &mut lines,
    );
    let mut bytes = Regions::default();
    for (was, is) in lines.0 {
        let (was, is) = (old_lines.bytes(was), new_lines.bytes(is));
        by_character((old, was), (new, is), &mut budget, &mut bytes);
    }
    bytes
}

/// Looks closer at lines that differ.
fn by_character(old: (&str, Range<usize>), new: (&str, Range<usize>), budget: &mut usize, regions: &mut Regions) {
    let was: Vec<char> = old.0[old.1.clone()].chars().collect();
    let is: Vec<char> = new.0[new.1.clone()].chars().collect();
    let mut characters = Regions::default();
    by_trimming(&was, &is, (0, 0), budget, &mut characters);
    let mut at = (0, 0);
    let (mut old_byte, mut new_byte) = (old.1.start, new.1.start);
    for (from, to) in characters.0 {
        let bytes = |characters: &[char]| characters.iter().map(|character| character.len_utf8()).sum::<usize>();
        let start = (
            old_byte + bytes(&was[at.0..from.start]),
            new_byte + bytes(&is[at.1..to.start]),
        );
        at = (from.end, to.end);
        (old_byte, new_byte) = (start.0 + bytes(&was[from]), start.1 + bytes(&is[to]));
        regions.push(start.0..old_byte, start.1..new_byte);
    }
}

/// The same in at most so many regions: neighbours are taken together, with what is equal between them.
fn coarsened(regions: Regions, most: usize) -> Vec<(Range<usize>, Range<usize>)> {
    let together = regions.0.len().div_ceil(most).max(1);
    let whole = |part: &[(Range<usize>, Range<usize>)]| {
        let (first, last) = (part.first()?, part.last()?);
        Some((first.0.start..last.0.end, first.1.start..last.1.end))
    };
    regions.0.chunks(together).filter_map(whole).collect()
}

/// Holds fast to the lines that each text has once, and looks closer only between them.
fn by_anchors(old: &[u32], new: &[u32], different: usize, budget: &mut usize, regions: &mut Regions) {
    let mut at = (0, 0);
    let end = (old.len(), new.len());
    for (old_at, new_at) in rising(unique_pairs(old, new, different)).into_iter().chain([end]) {
        by_trimming(&old[at.0..old_at], &new[at.1..new_at], at, budget, regions);
        at = ((old_at + 1).min(end.0), (new_at + 1).min(end.1));
    }
}

/// Where lines stand that each text has exactly once, in the old text's order.
fn unique_pairs(old: &[u32], new: &[u32], different: usize) -> Vec<(usize, usize)> {
    let mut times = vec![(0_u32, 0_u32); different];
    let mut places = vec![0; different];
    for line in old {
        times[*line as usize].0 += 1;
    }
    for (at, line) in new.iter().enumerate() {
        times[*line as usize].1 += 1;
        places[*line as usize] = at;
    }
    let once = |&(_, line): &(usize, &u32)| times[*line as usize] == (1, 1);
    let numbered = old.iter().enumerate();
    numbered
        .filter(once)
        .map(|(at, line)| (at, places[*line as usize]))
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
    // Where nothing is equal, half the ways through a square of this side are walked.
    let side = old.len() + new.len();
    let cost = side.saturating_mul(side);
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

    /// Found by measuring: this took hours.
    #[test]
    fn one_letter_and_the_largest_text_without_it_are_compared_at_once() {
        let large = "b".repeat(crate::limits::FILE_BYTES as usize - 1) + "c";
        let changes = diff(&Rope::from_str("a"), &large, Unit::Utf8);
        assert_eq!(changes, [UnitChange::new(0, 1, large.as_str())]);
    }

    #[test]
    fn a_difference_has_no_more_changes_than_an_edit_may_have() {
        let text = |odd: &str| -> String {
            let line = |at| format!("{at}{}\n", if at % 2 == 1 { odd } else { "" });
            (0..60_000).map(line).collect()
        };
        let (old, new) = (text("é"), text("😀"));
        let changes = diff(&Rope::from_str(&old), &new, Unit::Utf16);
        assert!(
            (EDIT_CHANGES / 2..=EDIT_CHANGES).contains(&changes.len()),
            "{}",
            changes.len()
        );
        assert_eq!(after(&old, &changes, Unit::Utf16), new);
    }

    #[test]
    fn line_breaks_become_line_feeds() {
        assert_eq!(normalise("a\r\nb\rc\n"), ("a\nb\nc\n".to_owned(), false));
        assert_eq!(normalise("a\r\nb\r\n"), ("a\nb\n".to_owned(), true));
        assert_eq!(normalise("a\nb"), ("a\nb".to_owned(), false));
    }
}
