//! Tables of medians.

use crate::contest::{Contender, Outcome};

/// One row: a figure, and what it is held against.
pub(crate) struct Row {
    /// The figure's name.
    pub(crate) figure: &'static str,
    /// What is wanted of it, in words.
    pub(crate) wanted: &'static str,
    /// Whether it is shown as a multiple of the floor's too.
    pub(crate) against_floor: bool,
}

impl Row {
    /// A figure that is only shown.
    pub(crate) const fn plain(figure: &'static str) -> Self {
        Self::wanted(figure, "")
    }

    /// A figure with a bound of its own.
    pub(crate) const fn wanted(figure: &'static str, wanted: &'static str) -> Self {
        Self {
            figure,
            wanted,
            against_floor: false,
        }
    }

    /// A figure that counts in multiples of the floor's.
    pub(crate) const fn against_floor(figure: &'static str, wanted: &'static str) -> Self {
        Self {
            figure,
            wanted,
            against_floor: true,
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
        let floor = median(outcome, Contender::Floor, row.figure);
        let cells: Vec<String> = outcome
            .keys()
            .map(|&contender| {
                let Some(value) = median(outcome, contender, row.figure) else {
                    return "–".to_owned();
                };
                match floor.filter(|floor| row.against_floor && contender != Contender::Floor && *floor > 0.0) {
                    Some(floor) => format!("{} ({:.1}x)", number(value), value / floor),
                    None => number(value),
                }
            })
            .collect();
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
fn middle(mut values: Vec<f64>) -> Option<f64> {
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
