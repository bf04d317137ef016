//! The engine: runs the corpus, then makes new inputs of it, one after the other.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::failure::smallest;
use crate::{Found, Seen, Target, run_once};

/// Inputs that are damaged further: with more, each gets its turn too seldom.
const POOL: usize = 4_096;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After so many new inputs.
    Runs(u64),
    /// After so long.
    Time(Duration),
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Inputs that were run.
    pub runs: u64,
    /// What they have shown.
    pub seen: Seen,
    /// Inputs that showed something new, in order.
    pub new: Vec<Vec<u8>>,
    /// The first that failed.
    pub found: Option<Found>,
}

/// Runs one target.
pub struct Engine {
    target: &'static Target,
    random: SmallRng,
    pool: Vec<Vec<u8>>,
    report: Report,
    /// The input that is being run, since when: for whoever watches over runs that never end.
    now: Arc<Mutex<(Instant, Vec<u8>)>>,
}

impl Engine {
    /// An engine whose inputs follow from the seed and the corpus.
    pub fn new(target: &'static Target, seed: u64) -> Self {
        Self {
            target,
            random: SmallRng::seed_from_u64(seed),
            pool: Vec::new(),
            report: Report::default(),
            now: Arc::new(Mutex::new((Instant::now(), Vec::new()))),
        }
    }

    /// The input that is being run, and since when.
    pub fn now(&self) -> Arc<Mutex<(Instant, Vec<u8>)>> {
        Arc::clone(&self.now)
    }

    /// Runs the corpus, and then new inputs until it is time or one fails. `told` hears of progress.
    pub fn run(mut self, corpus: &[(String, Vec<u8>)], until: Until, mut told: impl FnMut(&Report)) -> Report {
        for (name, input) in corpus {
            if let Err(said) = self.try_input(input.clone()) {
                let said = format!("{name} of the corpus: {said}");
                self.report.found = Some(Found {
                    input: input.clone(),
                    said,
                    is_new: false,
                });
                return self.report;
            }
        }
        self.report.new.clear();
        let (begun, before) = (Instant::now(), self.report.runs);
        loop {
            let over = match until {
                Until::Runs(count) => self.report.runs - before >= count,
                Until::Time(time) => begun.elapsed() >= time,
            };
            if over {
                return self.report;
            }
            let input = self.new_input();
            if let Err(said) = self.try_input(input.clone()) {
                self.report.found = Some(smallest(self.target, &input, said));
                return self.report;
            }
            told(&self.report);
        }
    }

    fn new_input(&mut self) -> Vec<u8> {
        if self.pool.is_empty() || self.random.random_range(0..8) == 0 {
            return (self.target.fresh)(&mut self.random);
        }
        let mut one = || self.random.random_range(0..self.pool.len());
        let (input, other) = (one(), one());
        let (input, other) = (self.pool[input].clone(), self.pool[other].clone());
        (self.target.mutate)(&mut self.random, &input, &other)
    }

    fn try_input(&mut self, input: Vec<u8>) -> Result<(), String> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), input.clone());
        self.report.runs += 1;
        let seen = run_once(self.target, &input)?;
        if self.report.seen.take_in(&seen) {
            self.report.new.push(input.clone());
            if self.pool.len() < POOL {
                self.pool.push(input);
            } else {
                let at = self.random.random_range(0..POOL);
                self.pool[at] = input;
            }
        }
        Ok(())
    }
}
