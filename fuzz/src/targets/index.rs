//! Editors who write at once, each byte of the input one of their decisions, against yrs's own report.

use rand::Rng;
use rand::rngs::SmallRng;
use tandem_testkit::at_once::editors;

use super::{Target, damaged};
use crate::Seen;
use crate::dice::Dice;
use crate::seen::{about, shape};

/// What the longest input can decide.
const STEPS: usize = 60;

pub(super) const TARGET: Target = Target {
    name: "index",
    run,
    fresh,
    mutate: damaged,
};

fn run(input: &[u8], seen: &mut Seen) {
    let mut dice = Dice::new(input);
    // A step takes three decisions or more.
    let steps = STEPS.min(input.len() / 3);
    let both = editors(&mut dice, steps);
    seen.note((about(both.deltas.len()), about(both.document.len().chars as usize)));
    let mut before = None;
    for delta in &both.deltas {
        let shape = shape(delta);
        seen.note((before, shape));
        before = Some(shape);
    }
}

fn fresh(random: &mut SmallRng) -> Vec<u8> {
    (0..random.random_range(10..400)).map(|_| random.random()).collect()
}
