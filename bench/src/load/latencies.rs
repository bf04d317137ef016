//! How long things took.

use serde::{Deserialize, Serialize};

/// Times in microseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies(Vec<u32>);

/// What is told of them, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Spread {
    /// How many there were.
    pub(crate) count: usize,
    /// Half of them took no longer.
    pub(crate) p50: f64,
    /// 95 of 100 took no longer.
    pub(crate) p95: f64,
    /// 99 of 100 took no longer.
    pub(crate) p99: f64,
    /// The longest.
    pub(crate) most: f64,
}

impl Latencies {
    /// Notes one, in microseconds.
    pub(crate) fn note(&mut self, micros: u64) {
        self.0.push(u32::try_from(micros).unwrap_or(u32::MAX));
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What is told of them.
    pub(crate) fn spread(&mut self) -> Spread {
        self.0.sort_unstable();
        let count = self.0.len();
        let at = |percent: usize| {
            let rank = (count * percent).div_ceil(100).saturating_sub(1);
            self.0.get(rank).map_or(0.0, |micros| f64::from(*micros) / 1_000.0)
        };
        Spread {
            count,
            p50: at(50),
            p95: at(95),
            p99: at(99),
            most: at(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_smallest_that_so_many_do_not_exceed() {
        let mut latencies = Latencies::default();
        (1..=200).rev().for_each(|micros| latencies.note(micros * 1_000));
        let spread = latencies.spread();
        assert_eq!((spread.count, spread.p50, spread.p95), (200, 100.0, 190.0));
        assert_eq!((spread.p99, spread.most), (198.0, 200.0));
    }
}
