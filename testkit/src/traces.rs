//! Reads recorded editing sessions in the form of the public editing-traces collection: JSON, compressed with gzip.
//! Positions count Unicode characters.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use flate2::bufread::GzDecoder;
use serde::Deserialize;
use tandem::document::UnitChange;

/// One replacement; those of a transaction are made one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Patch(pub u32, pub u32, pub String);

impl Patch {
    /// As a change in code points.
    pub fn change(&self) -> UnitChange {
        UnitChange::new(self.0, self.1, self.2.as_str())
    }
}

/// A session of one author, or of several as if they had taken turns.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SequentialTrace {
    /// The text before.
    pub start_content: String,
    /// The text after.
    pub end_content: String,
    /// What was done in between.
    pub txns: Vec<Turn>,
}

/// One transaction of a sequential trace.
#[derive(Clone, Debug, Deserialize)]
pub struct Turn {
    /// The replacements.
    pub patches: Vec<Patch>,
}

/// A session of several authors at once.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConcurrentTrace {
    /// The text after everything is merged.
    pub end_content: String,
    /// How many authors there are.
    pub num_agents: usize,
    /// What they did; parents come before their children.
    pub txns: Vec<ConcurrentTurn>,
}

/// One transaction of a concurrent trace.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConcurrentTurn {
    /// The transactions whose merge is the text before this one, by number.
    pub parents: Vec<usize>,
    /// The author's number.
    pub agent: usize,
    /// The replacements.
    pub patches: Vec<Patch>,
}

/// Reads a sequential trace.
pub fn sequential(path: &Path) -> io::Result<SequentialTrace> {
    read(path)
}

/// Reads a concurrent trace.
pub fn concurrent(path: &Path) -> io::Result<ConcurrentTrace> {
    read(path)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<T> {
    let file = BufReader::new(File::open(path)?);
    serde_json::from_reader(BufReader::new(GzDecoder::new(file))).map_err(io::Error::other)
}
