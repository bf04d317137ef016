//! Many move their cursors in one file while one writes.

use std::time::Duration;

use crate::Result;
use crate::conductor::play;
use crate::contest::{Contender, Figures, Setting};
use crate::home::Home;
use crate::load::Work;
use crate::load::cursors::{Plan, Report};
use crate::table::{self, Row};

const PEOPLE: u32 = 100;
const MOVES_PER_SECOND: u32 = 25;
const EDITS_PER_SECOND: u32 = 10;

const EDIT_50: &str = "edit p50, ms";
const EDIT_95: &str = "edit p95, ms";
const LAST_50: &str = "last place p50, ms";
const LAST_95: &str = "last place p95, ms";
const PLACE_95: &str = "any place p95, ms";
const ARRIVED: &str = "places that arrived, of each cursor at each other person, per second";
const SENT: &str = "places sent, of each cursor, per second";
const BUSY: &str = "server's share of a core";
const LOAD: &str = "load's share of a core";

const ROWS: [Row; 9] = [
    Row::plain(EDIT_50),
    Row::wanted(EDIT_95, "at most 10"),
    Row::plain(LAST_50),
    Row::wanted(LAST_95, "at most 150"),
    Row::plain(PLACE_95),
    Row::plain(SENT),
    Row::plain(ARRIVED),
    Row::plain(BUSY),
    Row::plain(LOAD),
];

/// Measures.
pub(crate) fn run(setting: &Setting) -> Result<()> {
    let plan = Plan {
        people: PEOPLE,
        move_every: Duration::from_secs(1) / MOVES_PER_SECOND,
        edit_every: Duration::from_secs(1) / EDITS_PER_SECOND,
        rounds: if setting.quick { 1 } else { 3 },
        lasts: Duration::from_secs(if setting.quick { 2 } else { 4 }),
    };
    let outcome = setting.contest_of_databases("cursors", |contender| one(setting, contender, &plan))?;
    let title = format!(
        "cursors: {PEOPLE} people move {MOVES_PER_SECOND} times a second, one writes {EDITS_PER_SECOND} edits/s; \
         {} runs of {} times {} s. A run in which an edit or a last place does not arrive is no run",
        setting.runs,
        plan.rounds,
        plan.lasts.as_secs()
    );
    table::print(&title, &ROWS, &outcome);
    Ok(())
}

fn one(setting: &Setting, contender: Contender, plan: &Plan) -> Result<Figures> {
    let home = Home::start(setting, contender)?;
    let played = play::<Report>(&home, Work::Cursors(plan.clone()))?;
    let span = played.between("begin", "end")?;
    let Report {
        edits,
        last_places,
        places,
        moves,
    } = played.report;
    let moving = plan.lasts.as_secs_f64() * f64::from(plan.rounds);
    // Everybody but the one who moves sees a place: the other movers and the writer.
    let pairs = f64::from(plan.people) * f64::from(plan.people);
    Ok(vec![
        (EDIT_50, edits.p50),
        (EDIT_95, edits.p95),
        (LAST_50, last_places.p50),
        (LAST_95, last_places.p95),
        (PLACE_95, places.p95),
        (SENT, moves as f64 / f64::from(plan.people) / moving),
        (ARRIVED, places.count as f64 / pairs / moving),
        (BUSY, span.server / span.seconds),
        (LOAD, span.load / span.seconds),
    ])
}
