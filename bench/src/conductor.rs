//! Runs one load against one server, and reads the server's accounts at the load's marks.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::Result;
use crate::home::{Counters, Home};
use crate::load::{Job, Line, Work};
use crate::process::{self, Memory};

/// What the server's process and the load's had used at a moment.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    server: Duration,
    load: Duration,
    memory: Memory,
}

/// A mark ends one part and begins another. What it costs the server to tell its counters lies between the two samples.
#[derive(Clone, Debug)]
struct Mark {
    name: String,
    ended: Sample,
    counters: Counters,
    begins: Sample,
}

/// What happened between two marks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// In seconds.
    pub(crate) seconds: f64,
    /// CPU seconds of the server.
    pub(crate) server: f64,
    /// CPU seconds of the load.
    pub(crate) load: f64,
    /// Commits of the log.
    pub(crate) commits: f64,
    /// Seconds that they took.
    commit_seconds: f64,
    /// Times that a file's whole content was encoded.
    pub(crate) encodings: f64,
}

impl Span {
    /// How long a commit took on average, in milliseconds.
    pub(crate) fn mean_commit(&self) -> f64 {
        self.commit_seconds * 1e3 / self.commits
    }
}

/// A load that has ended.
pub(crate) struct Played<R> {
    marks: Vec<Mark>,
    /// What the load itself says.
    pub(crate) report: R,
}

impl<R> Played<R> {
    /// What happened between two marks.
    pub(crate) fn between(&self, from: &str, to: &str) -> Result<Span> {
        let (from, to) = (self.mark(from)?, self.mark(to)?);
        Ok(Span {
            seconds: (to.ended.at - from.begins.at).as_secs_f64(),
            server: (to.ended.server - from.begins.server).as_secs_f64(),
            load: (to.ended.load - from.begins.load).as_secs_f64(),
            commits: to.counters.commits - from.counters.commits,
            commit_seconds: to.counters.commit_seconds - from.counters.commit_seconds,
            encodings: to.counters.encodings - from.counters.encodings,
        })
    }

    /// The server's memory at a mark, in bytes.
    pub(crate) fn resident(&self, name: &str) -> Result<f64> {
        Ok(self.mark(name)?.ended.memory.now as f64)
    }

    /// By how many bytes the server's memory was larger at its peak than at the mark before, where that part began.
    pub(crate) fn peak_growth(&self, from: &str, to: &str) -> Result<f64> {
        let (from, to) = (self.mark(from)?, self.mark(to)?);
        Ok(to.ended.memory.peak as f64 - from.begins.memory.now as f64)
    }

    fn mark(&self, name: &str) -> Result<&Mark> {
        let found = self.marks.iter().find(|mark| mark.name == name);
        Ok(found.ok_or_else(|| format!("the load passed no mark {name}"))?)
    }
}

/// Runs a load to its end.
pub(crate) fn play<R: DeserializeOwned>(home: &Home, work: Work) -> Result<Played<R>> {
    play_with(home, work, |_| Ok(()))
}

/// The same, and does something at each mark, whose name it is told, before the accounts are read.
pub(crate) fn play_with<R: DeserializeOwned>(
    home: &Home,
    work: Work,
    mut at_mark: impl FnMut(&str) -> Result<()>,
) -> Result<Played<R>> {
    let mut load = Load(
        Command::new(std::env::current_exe()?)
            .arg("load")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?,
    );
    let mut up = load.0.stdin.take().ok_or("the load's input is piped")?;
    let down = BufReader::new(load.0.stdout.take().ok_or("the load's output is piped")?);
    let job = Job {
        address: home.address(),
        work,
    };
    writeln!(up, "{}", serde_json::to_string(&job)?)?;
    let mut marks = Vec::new();
    for line in down.lines() {
        match serde_json::from_str(&line?)? {
            Line::Mark(name) => {
                at_mark(&name)?;
                marks.push(Mark {
                    name,
                    ended: sample(home, &load)?,
                    counters: home.counters()?,
                    begins: {
                        home.forget_peak()?;
                        sample(home, &load)?
                    },
                });
                writeln!(up, "go")?;
            }
            Line::Report(report) => {
                return Ok(Played {
                    marks,
                    report: serde_json::from_value(report)?,
                });
            }
            Line::Failed(why) => return Err(why.into()),
        }
    }
    Err("the load ended without a report".into())
}

fn sample(home: &Home, load: &Load) -> Result<Sample> {
    Ok(Sample {
        at: Instant::now(),
        server: home.cpu()?,
        load: process::cpu(load.0.id())?,
        memory: home.memory()?,
    })
}

/// The load's process; it does not outlive the run.
struct Load(Child);

impl Drop for Load {
    fn drop(&mut self) {
        // Either fails only if it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
