//! Tables of medians.

use crate::contest::{Contender, Outcome};

/// One row: a figure, and what it is held against.
pub(crate) struct Row {
    figure: &'static str,
    wanted: &'static str,
    against_floor: bool,
    at_most: Option<AtMost>,
}

/// A bound that follows from other figures of the same runs: given those of the floor and the contender's own, by name.
type AtMost = fn(floor: &dyn Fn(&str) -> Option<f64>, own: &dyn Fn(&str) -> Option<f64>) -> Option<f64>;

impl Row {
    /// A figure that is only shown.
    pub(crate) const fn plain(figure: &'static str) -> Self {
        Self::wanted(figure, "")
    }

    /// A figure, and what is wanted of it in words.
    pub(crate) const fn wanted(figure: &'static str, wanted: &'static str) -> Self {
        Self {
            figure,
            wanted,
            against_floor: false,
            at_most: None,
        }
    }

    /// A figure that is shown as a multiple of the floor's too.
    pub(crate) const fn against_floor(figure: &'static str, wanted: &'static str) -> Self {
        Self {
            against_floor: true,
            ..Self::wanted(figure, wanted)
        }
    }

    /// A figure whose bound is computed, and shown beside it.
    pub(crate) const fn at_most(figure: &'static str, wanted: &'static str, at_most: AtMost) -> Self {
        Self {
            at_most: Some(at_most),
            ..Self::wanted(figure, wanted)
        }
    }

    fn cell(&self, outcome: &Outcome, contender: Contender) -> String {
        let own = |figure: &str| median(outcome, contender, figure);
        let floor = |figure: &str| median(outcome, Contender::Floor, figure);
        let Some(value) = own(self.figure) else {
            return "–".to_owned();
        };
        let shown = number(value);
        if contender == Contender::Floor {
            return shown;
        }
        if let Some(floor) = floor(self.figure).filter(|floor| self.against_floor && *floor > 0.0) {
            return format!("{shown} ({:.1}x)", value / floor);
        }
        match self.at_most.and_then(|at_most| at_most(&floor, &own)) {
            Some(bound) => format!("{shown} (≤ {})", number(bound)),
            None => shown,
        }
    }
}

/// Prints the medians of an outcome as a Markdown table.
pub(crate) fn print(title: &str, rows: &[Row], outcome: &Outcome) {
    println!("\n{title}\n");
    let titles: Vec<&str> = outcome.keys().map(|contender| contender.title()).collect();
    println!("| | {} | wanted |", titles.join(" | "));
    println!("|---|{}---|", "--:|".repeat(titles.len()));
    for row in rows {
        let cells: Vec<String> = outcome.keys().map(|&contender| row.cell(outcome, contender)).collect();
        println!("| {} | {} | {} |", row.figure, cells.join(" | "), row.wanted);
    }
}

/// The median of a figure over all runs of a contender.
pub(crate) fn median(outcome: &Outcome, contender: Contender, figure: &str) -> Option<f64> {
    let runs = outcome.get(&contender)?;
    let values = runs
        .iter()
        .filter_map(|run| run.iter().find(|(name, _)| *name == figure))
        .map(|(_, value)| *value);
    middle(values.collect())
}

/// The middle of some values, or the mean of the two in the middle.
pub(crate) fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = *values.get(half)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(*values.get(half - 1)?, upper))
}

/// Three digits that matter.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        assert_eq!(middle(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(middle(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(middle(Vec::new()), None);
    }
}
