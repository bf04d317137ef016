//! How many bytes a typed character takes in the database: while people type, and when they have left.

use std::time::Duration;

use clap::Args;

use crate::Result;
use crate::conductor::{Played, play_with};
use crate::contest::{Contender, Figures, Setting};
use crate::home::{Home, Stored};
use crate::load::Work;
use crate::load::hand::{Clients, Typing};
use crate::load::person::Pace;
use crate::load::rooms::{Plan, Report};
use crate::table::{self, Row};

/// How fast people type.
const PERIOD: Duration = Duration::from_millis(100);

/// What to measure.
#[derive(Args)]
pub(crate) struct Choice {
    /// Rooms, with one who types in each.
    #[arg(long, default_value_t = 100)]
    rooms: u32,
    /// Seconds for which they type, 10 keys in each.
    #[arg(long)]
    seconds: Option<u64>,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            rooms: 100,
            seconds: None,
        }
    }
}

const TYPING: &str = "bytes stored per character, people still there";
const LEFT: &str = "the same when all have left, with what the database could use again";
const AT_REST: &str = "the same when all have left, without that (PostgreSQL: after VACUUM)";
const SNAPSHOTS: &str = "of which snapshots";
const COMMIT: &str = "mean commit, ms";

const ROWS: [Row; 5] = [
    Row::plain(TYPING),
    Row::wanted(LEFT, "at most 120"),
    Row::wanted(AT_REST, "at most 120"),
    Row::plain(SNAPSHOTS),
    Row::plain(COMMIT),
];

/// Measures.
pub(crate) fn run(setting: &Setting, choice: &Choice) -> Result<()> {
    let seconds = choice.seconds.unwrap_or(if setting.quick { 10 } else { 30 });
    for clients in [Clients::Text, Clients::Yjs] {
        let plan = Plan {
            floor: false,
            clients,
            typing: Typing::Keys,
            rooms: choice.rooms,
            writers: 1,
            readers: 0,
            pace: Pace::Every(PERIOD),
            lasts: Duration::from_secs(seconds),
        };
        let outcome = setting.contest_of_databases(&format!("stored {clients:?}"), |contender| {
            one(setting, contender, &plan)
        })?;
        let title = format!(
            "store: {} rooms, one {clients:?} client in each types 10 keys/s for {seconds} s; indexes and snapshots \
             included; {} runs",
            choice.rooms, setting.runs
        );
        table::print(&title, &ROWS, &outcome);
    }
    Ok(())
}

fn one(setting: &Setting, contender: Contender, plan: &Plan) -> Result<Figures> {
    let home = Home::start(setting, contender)?;
    let mut marks = Vec::new();
    let played: Played<Report> = play_with(&home, Work::Rooms(plan.clone()), |_| {
        marks.push(home.stored()?);
        Ok(())
    })?;
    let [before, typing] = marks[..] else {
        return Err("the load did not pass two marks".into());
    };
    // A room that leaves the memory has written everything down as it stays.
    home.wait_until_left()?;
    let left = home.stored()?;
    home.reclaim()?;
    let at_rest = home.stored()?;
    let span = played.between("begin", "end")?;
    let characters = played.report.receipts.count as f64;
    let each = |now: f64, then: f64| (now - then) / characters;
    let used = |stored: Stored| stored.all - stored.free;
    Ok(vec![
        (TYPING, each(typing.all, before.all)),
        (LEFT, each(left.all, before.all)),
        (AT_REST, each(used(at_rest), used(before))),
        (SNAPSHOTS, each(at_rest.snapshots, before.snapshots)),
        (COMMIT, span.mean_commit()),
    ])
}
