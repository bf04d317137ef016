//! A file with a long history, opened by the first who comes after a restart.

use std::path::PathBuf;

use clap::Args;
use tandem_bench::fixture::usual_trace;

use crate::Result;
use crate::conductor::{Played, play};
use crate::contest::{Contender, Figures, Outcome, Setting};
use crate::home::Home;
use crate::load::Work;
use crate::load::hand::Clients;
use crate::load::open::{Plan, Read, Written};
use crate::table::{self, Row};

/// What to measure.
#[derive(Args)]
pub(crate) struct Choice {
    /// The recorded session that the file has behind it; by default the one of a Rust file in the repository.
    #[arg(long, value_name = "PATH")]
    pub(crate) trace: Option<PathBuf>,
}

const TEXT: &str = "text client: from join to the whole text, ms";
const YJS: &str = "Yjs client: from join to the whole text, ms";
const CPU: &str = "text client: server CPU, ms";
const MEMORY: &str = "server's memory, growth by the file, MB";
const PEAK: &str = "server's memory, growth at the peak, MB";

const ROWS: [Row; 5] = [
    Row::wanted(TEXT, "at most 30"),
    Row::wanted(YJS, "at most 30"),
    Row::plain(CPU),
    Row::wanted(MEMORY, "at most 6"),
    Row::plain(PEAK),
];

/// Measures.
pub(crate) fn run(setting: &Setting, choice: &Choice) -> Result<()> {
    let trace = choice.trace.clone().unwrap_or_else(usual_trace);
    let mut outcome = Outcome::new();
    let mut title = String::new();
    // The history is written once; what is done again is the restart.
    for &contender in setting.contenders.iter().filter(|one| **one != Contender::Floor) {
        let mut home = Home::start(setting, contender)?;
        let write = Plan::Write { trace: trace.clone() };
        let written: Written = play(&home, Work::Open(write))?.report;
        title = format!(
            "open: {}, {} edits, a text of {} characters; {} restarts",
            trace.file_name().unwrap_or_default().to_string_lossy(),
            written.edits,
            written.length,
            setting.runs
        );
        let runs = (0..setting.runs).map(|_| one(&mut home, &written));
        outcome.insert(contender, runs.collect::<Result<Vec<Figures>>>()?);
    }
    table::print(&title, &ROWS, &outcome);
    Ok(())
}

fn one(home: &mut Home, written: &Written) -> Result<Figures> {
    let mut figures = Figures::new();
    for (clients, name) in [(Clients::Text, TEXT), (Clients::Yjs, YJS)] {
        let played = read(home, written, clients, None)?;
        figures.push((name, played.report.took));
        if clients == Clients::Text {
            figures.push((CPU, played.between("begin", "end")?.server * 1e3));
        }
    }
    // What is set up for the first client of all is not the file's.
    let played = read(home, written, Clients::Text, Some(written.empty.clone()))?;
    let grown = played.resident("end")? - played.resident("begin")?;
    figures.push((MEMORY, grown / 1e6));
    figures.push((PEAK, played.peak_growth("begin", "end")? / 1e6));
    Ok(figures)
}

fn read(home: &mut Home, written: &Written, clients: Clients, before: Option<String>) -> Result<Played<Read>> {
    home.restart()?;
    let plan = Plan::Read {
        room: written.room.clone(),
        clients,
        before,
    };
    let played = play::<Read>(home, Work::Open(plan))?;
    if played.report.length != written.length {
        return Err("what was read is not what was written".into());
    }
    Ok(played)
}
