//! Plans: what several people do in one room, step by step, made from a seed and kept as a file if it fails.
//!
//! A plan says who does what, and in which order it is set going. What the network makes of it differs from run to run;
//! what has to hold at quiet does not: every client, the server and the database after a restart have one text a file.

mod person;
mod runner;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use tandem::document::Unit;

use crate::client::Door;

pub use runner::{Outcome, run};

/// A room's story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What it was made from.
    pub seed: u64,
    /// Who takes part; steps name them by their place here.
    pub people: Vec<Taking>,
    /// How many files there are at the beginning; steps name files by their place in the order of creation.
    pub files: usize,
    /// What happens.
    pub steps: Vec<Step>,
}

/// How somebody takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taking {
    /// What kind of client they have.
    pub client: Kind,
    /// What its offsets count: the number of the contract.
    pub unit: i32,
    /// Whether they come by Subscribe and Publish; else by Collaborate.
    pub subscribes: bool,
}

/// A kind of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Shows what is committed; sends several edits on one base.
    Plain,
    /// Shows its own edits at once.
    Optimistic,
    /// Has a Y.Doc.
    Yjs,
}

/// One step. A `seed` decides what is typed where, in the text of that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Step {
    /// Somebody edits a file, several times without waiting.
    Edit {
        /// Who.
        who: usize,
        /// Where.
        file: usize,
        /// How often.
        times: usize,
        /// What.
        seed: u64,
    },
    /// A Yjs client edits several times and sends one update for all.
    Batch {
        /// Who; a text client edits once for each.
        who: usize,
        /// Where.
        file: usize,
        /// How often.
        times: usize,
        /// What.
        seed: u64,
    },
    /// Somebody takes in what has come, at most so many messages.
    Take {
        /// Who.
        who: usize,
        /// How many.
        most: usize,
    },
    /// Somebody's stream is cut.
    Cut {
        /// Who.
        who: usize,
    },
    /// Somebody comes back; those who were not cut replace their own stream.
    Resume {
        /// Who.
        who: usize,
        /// Whether everything is sent before the server has answered.
        at_once: bool,
    },
    /// Somebody sends again on the same stream what has no receipt yet; on a stream that allows it.
    Resend {
        /// Who.
        who: usize,
    },
    /// Somebody leaves for good and comes as a new session.
    Leave {
        /// Who.
        who: usize,
    },
    /// A file gets another path.
    Rename {
        /// Which.
        file: usize,
    },
    /// A file is deleted.
    Delete {
        /// Which.
        file: usize,
    },
    /// A deleted file is brought back.
    Restore {
        /// Which.
        file: usize,
    },
    /// A file is created.
    Create,
    /// Somebody without a session merges a whole text.
    Write {
        /// Where.
        file: usize,
        /// Whether it starts from the text that was read last, not from the newest.
        stale: bool,
        /// What.
        seed: u64,
    },
    /// The server restarts as in a deploy.
    Restart,
    /// The server ends as in a crash and starts again.
    Crash,
    /// Everybody comes back, everything arrives, all texts are compared.
    Quiesce,
}

/// The most files that a plan has.
const FILES: usize = 4;

impl Plan {
    /// A plan of so many steps.
    pub fn generate(seed: u64, steps: usize) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        let kinds = [Kind::Plain, Kind::Optimistic, Kind::Optimistic, Kind::Yjs, Kind::Yjs];
        let turn = random.random_range(0..3);
        let taking = |(at, client): (usize, Kind)| Taking {
            client,
            unit: Unit::ALL[(at + turn) % 3].number(),
            subscribes: random.random(),
        };
        let people: Vec<Taking> = kinds.into_iter().enumerate().map(taking).collect();
        let mut plan = Self {
            seed,
            people,
            files: 2,
            steps: Vec::with_capacity(steps),
        };
        let mut files = plan.files;
        for at in 1..=steps {
            let step = match at % (steps / 2).max(1) {
                0 => Step::Quiesce,
                _ => plan.step(&mut random, files),
            };
            files += usize::from(step == Step::Create);
            plan.steps.push(step);
        }
        plan
    }

    fn step(&self, random: &mut SmallRng, files: usize) -> Step {
        let who = random.random_range(0..self.people.len());
        // Most happens in one file: that is where people meet.
        let file = if random.random_bool(0.7) {
            0
        } else {
            random.random_range(0..files)
        };
        let seed = random.random();
        match random.random_range(0..100) {
            0..38 => Step::Edit {
                who,
                file,
                times: random.random_range(1..4),
                seed,
            },
            38..44 => Step::Batch {
                who,
                file,
                times: random.random_range(2..5),
                seed,
            },
            44..66 => Step::Take {
                who,
                most: random.random_range(1..12),
            },
            66..71 => Step::Cut { who },
            71..78 => Step::Resume {
                who,
                at_once: random.random(),
            },
            78..80 => Step::Resend { who },
            80..81 => Step::Leave { who },
            81..84 => Step::Rename { file },
            84..86 => Step::Delete { file },
            86..90 => Step::Restore { file },
            90..91 if files < FILES => Step::Create,
            90..96 => Step::Write {
                file,
                stale: random.random(),
                seed,
            },
            96..97 => Step::Restart,
            97..98 => Step::Crash,
            _ => Step::Take { who, most: 40 },
        }
    }
}

impl Taking {
    fn unit(self) -> Unit {
        Unit::from_number(self.unit).unwrap_or(Unit::CodePoint)
    }

    fn door(self) -> Door {
        if self.subscribes {
            Door::Subscribe
        } else {
            Door::Collaborate
        }
    }
}
