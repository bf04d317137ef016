//! What is held in memory for those who do nothing, and what is left of rooms that everybody has left.

use std::time::Duration;

use serde::de::IgnoredAny;

use crate::Result;
use crate::conductor::{play, play_with};
use crate::contest::{Contender, Figures, Setting};
use crate::home::Home;
use crate::load::Work;
use crate::load::idle::Plan;
use crate::table::{self, Row};

/// Connections that stay.
const CONNECTIONS: u32 = 1_000;
/// How many share a room.
const IN_A_ROOM: u32 = 4;
/// Rooms that are left first.
const FIRST: u32 = 1_000;
/// Rooms that are left in all.
const ALL: u32 = 10_000;
/// How long after the last has left, and again after the last room is gone, memory is read.
const AFTER: Duration = Duration::from_secs(30);

const EACH: &str = "KiB for each connection, a quarter of a room included";
const AFTER_FIRST: &str = "memory when the first 1,000 rooms are gone, MB";
const SOON_AFTER_ALL: &str = "memory 30 s after all 10,000 are left, MB";
const AFTER_ALL: &str = "memory when all 10,000 are gone, MB";

/// Measures.
pub(crate) fn run(setting: &Setting) -> Result<()> {
    let outcome = setting.contest("idle connections", |contender| connections(setting, contender))?;
    let title = format!(
        "idle: {CONNECTIONS} joined clients that do nothing, {IN_A_ROOM} in a room; {} runs",
        setting.runs
    );
    let bound = |floor: &dyn Fn(&str) -> Option<f64>, _: &dyn Fn(&str) -> Option<f64>| Some(floor(EACH)? + 16.0);
    table::print(
        &title,
        &[Row::at_most(EACH, "at most the floor's + 16", bound)],
        &outcome,
    );
    if setting.quick {
        println!("\nThe rooms that are left take minutes: they are no part of --quick.");
        return Ok(());
    }
    let outcome = setting
        .once()
        .contest_of_databases("idle rooms", |contender| rooms(setting, contender))?;
    let rows = [
        Row::plain(AFTER_FIRST),
        Row::plain(SOON_AFTER_ALL),
        Row::at_most(AFTER_ALL, "at most the first's + 10 %", |_, own| {
            Some(own(AFTER_FIRST)? * 1.1)
        }),
    ];
    let title = format!("idle: {ALL} rooms made, opened, edited and left, {FIRST} of them first; one run");
    table::print(&title, &rows, &outcome);
    Ok(())
}

fn connections(setting: &Setting, contender: Contender) -> Result<Figures> {
    let home = Home::start(setting, contender)?;
    let plan = Plan::Connections {
        floor: contender == Contender::Floor,
        count: CONNECTIONS,
        in_a_room: IN_A_ROOM,
    };
    let played = play::<IgnoredAny>(&home, Work::Idle(plan))?;
    let grown = played.resident("end")? - played.resident("begin")?;
    Ok(vec![(EACH, grown / 1024.0 / f64::from(CONNECTIONS))])
}

fn rooms(setting: &Setting, contender: Contender) -> Result<Figures> {
    let home = Home::start(setting, contender)?;
    let plan = Plan::Rooms { first: FIRST, all: ALL };
    let mut soon = 0;
    let played = play_with::<IgnoredAny>(&home, Work::Idle(plan), |_| {
        std::thread::sleep(AFTER);
        soon = home.memory()?.now;
        home.wait_until_left()?;
        std::thread::sleep(AFTER);
        Ok(())
    })?;
    Ok(vec![
        (AFTER_FIRST, played.resident("first")? / 1e6),
        (SOON_AFTER_ALL, soon as f64 / 1e6),
        (AFTER_ALL, played.resident("all")? / 1e6),
    ])
}
