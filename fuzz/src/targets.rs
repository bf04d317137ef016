//! The targets.

mod gate;
mod index;
mod path;
mod rebase;
mod request;

use rand::rngs::SmallRng;
use tandem_testkit::mutate;

use crate::Seen;

/// One thing to feed with inputs.
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// Takes any input, and panics where something is not as it has to be.
    pub run: fn(&[u8], &mut Seen),
    /// Makes an input that gets far.
    pub fresh: fn(&mut SmallRng) -> Vec<u8>,
    /// Makes another input of one; the second lends parts.
    pub mutate: fn(&mut SmallRng, &[u8], &[u8]) -> Vec<u8>,
}

/// All targets.
pub static TARGETS: [Target; 5] = [
    gate::TARGET,
    index::TARGET,
    path::TARGET,
    rebase::TARGET,
    request::TARGET,
];

/// Any bytes, damaged.
fn damaged(random: &mut SmallRng, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut damaged = input.to_vec();
    mutate::bytes(random, &mut damaged, other);
    damaged
}
