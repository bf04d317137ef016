//! The load: many lean clients in one process, on one thread, so that the server has the rest of the machine.

pub(crate) mod cursors;
pub(crate) mod edit;
pub(crate) mod hand;
pub(crate) mod idle;
pub(crate) mod joiners;
pub(crate) mod latencies;
pub(crate) mod messages;
pub(crate) mod open;
pub(crate) mod person;
pub(crate) mod rooms;
pub(crate) mod session;
pub(crate) mod stamp;
pub(crate) mod typist;
pub(crate) mod wire;

use std::io::BufRead;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::task::LocalSet;

use crate::Result;

/// What the load is told to do, in one line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Where the server listens.
    pub(crate) address: SocketAddr,
    /// What to do with it.
    pub(crate) work: Work,
}

/// What there is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Work {
    /// Writers in rooms.
    Rooms(rooms::Plan),
    /// Keys in texts of several sizes.
    Edit(edit::Plan),
    /// Many who join at once.
    Joiners(joiners::Plan),
    /// Many who move their cursors.
    Cursors(cursors::Plan),
    /// Clients that do nothing, and rooms without clients.
    Idle(idle::Plan),
    /// A file with a long history.
    Open(open::Plan),
}

/// What the load answers, a line each.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Line {
    /// A part begins or ends. The load waits for a line before it goes on.
    Mark(String),
    /// The end, and what was seen.
    Report(Value),
    /// It did not work.
    Failed(String),
}

/// Reads the job and does it.
pub(crate) fn run() -> Result<()> {
    let job: Job = serde_json::from_str(&line()?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let told = LocalSet::new().block_on(&runtime, async {
        match job.work {
            Work::Rooms(plan) => rooms::run(job.address, plan).await,
            Work::Edit(plan) => edit::run(job.address, plan).await,
            Work::Joiners(plan) => joiners::run(job.address, plan).await,
            Work::Cursors(plan) => cursors::run(job.address, plan).await,
            Work::Idle(plan) => idle::run(job.address, plan).await,
            Work::Open(plan) => open::run(job.address, plan).await,
        }
    });
    tell(&match told {
        Ok(report) => Line::Report(report),
        Err(error) => Line::Failed(error.to_string()),
    })
}

/// Passes a mark: the accounts are read while all clients stand still.
pub(crate) fn mark(name: &str) -> Result<()> {
    tell(&Line::Mark(name.to_owned()))?;
    line().map(drop)
}

fn tell(line: &Line) -> Result<()> {
    println!("{}", serde_json::to_string(line)?);
    Ok(())
}

fn line() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    if line.is_empty() {
        return Err("nobody tells the load to go on".into());
    }
    Ok(line)
}
