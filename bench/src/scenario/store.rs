//! The log: how many commits a second, and, in `stored`, how many bytes a typed character takes in the database.

use std::time::Duration;

use crate::Result;
use crate::conductor::{Played, play};
use crate::contest::{Contender, Figures, Setting};
use crate::home::Home;
use crate::load::Work;
use crate::load::hand::{Clients, Typing};
use crate::load::person::Pace;
use crate::load::rooms::{Plan, Report};
use crate::scenario::stored;
use crate::table::{self, Row};

/// How fast people type.
const HUMAN: Pace = Pace::Every(Duration::from_millis(100));

const ALONE: &str = "one writer, one edit on its way: commits/s";
const ALONE_CPU: &str = "one writer, one edit on its way: server CPU per commit, µs";
const FULL_COMMITS: &str = "100 writers at full speed: commits/s";
const FULL_EDITS: &str = "100 writers at full speed: edits/s";
const FULL_COMMIT: &str = "100 writers at full speed: mean commit, ms";
const HUMAN_COMMITS: &str = "100 writers, 10 keys/s each: commits/s";
const HUMAN_COMMIT: &str = "100 writers, 10 keys/s each: mean commit, ms";

const ROWS: [Row; 7] = [
    Row::plain(ALONE),
    Row::plain(ALONE_CPU),
    Row::plain(FULL_COMMITS),
    Row::plain(FULL_EDITS),
    Row::plain(FULL_COMMIT),
    Row::plain(HUMAN_COMMITS),
    Row::plain(HUMAN_COMMIT),
];

/// Measures.
pub(crate) fn run(setting: &Setting, choice: &stored::Choice) -> Result<()> {
    let outcome = setting.contest_of_databases("store", |contender| one(setting, contender))?;
    let title = format!("store: single keys; {} runs", setting.runs);
    table::print(&title, &ROWS, &outcome);
    stored::run(setting, choice)
}

fn one(setting: &Setting, contender: Contender) -> Result<Figures> {
    let seconds = |usual| Duration::from_secs(if setting.quick { 3 } else { usual });
    let plan = |rooms, writers, clients, pace, lasts| Plan {
        floor: false,
        clients,
        typing: Typing::Keys,
        rooms,
        writers,
        readers: 0,
        pace,
        lasts,
    };
    let full = |on_their_way| Pace::Full { on_their_way };
    let mut figures = Figures::new();

    let home = Home::start(setting, contender)?;
    let alone: Played<Report> = play(&home, Work::Rooms(plan(1, 1, Clients::Text, full(1), seconds(4))))?;
    let span = alone.between("begin", "end")?;
    figures.push((ALONE, span.commits / span.seconds));
    figures.push((ALONE_CPU, span.server * 1e6 / span.commits));

    let crowd: Played<Report> = play(&home, Work::Rooms(plan(25, 4, Clients::Text, full(64), seconds(4))))?;
    let span = crowd.between("begin", "end")?;
    figures.push((FULL_COMMITS, span.commits / span.seconds));
    figures.push((FULL_EDITS, crowd.report.receipts.count as f64 / span.seconds));
    figures.push((FULL_COMMIT, span.mean_commit()));

    let home = Home::start(setting, contender)?;
    let typed: Played<Report> = play(&home, Work::Rooms(plan(25, 4, Clients::Text, HUMAN, seconds(10))))?;
    let span = typed.between("begin", "end")?;
    figures.push((HUMAN_COMMITS, span.commits / span.seconds));
    figures.push((HUMAN_COMMIT, span.mean_commit()));
    Ok(figures)
}
