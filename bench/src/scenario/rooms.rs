//! Many rooms at once: what a delivery costs, and how soon an edit has its receipt.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::play_rooms;
use crate::Result;
use crate::contest::{Contender, Figures, Setting};
use crate::load::hand::{Clients, Typing};
use crate::load::person::Pace;
use crate::load::rooms::{Plan, Report};
use crate::table::{self, Row};

/// What to measure.
#[derive(Args)]
pub(crate) struct Choice {
    /// Which clients; may be repeated.
    #[arg(long, default_values = ["text", "yjs"])]
    clients: Vec<Clients>,
    /// How fast they write; may be repeated.
    #[arg(long, default_values = ["full", "human"])]
    pace: Vec<PaceName>,
    /// At full speed: edits of each writer that are on their way at once.
    #[arg(long, default_value_t = 64)]
    on_their_way: usize,
    /// Rooms.
    #[arg(long, default_value_t = 25)]
    rooms: u32,
    /// Writers in each room.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..))]
    writers: u32,
    /// Seconds that a run lasts; by default 5 at full speed and 10 at a human one.
    #[arg(long)]
    seconds: Option<f64>,
}

/// How fast.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PaceName {
    /// As fast as it goes.
    Full,
    /// 10 edits a second of each writer.
    Human,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            clients: vec![Clients::Text, Clients::Yjs],
            pace: vec![PaceName::Full, PaceName::Human],
            on_their_way: 64,
            rooms: 25,
            writers: 4,
            seconds: None,
        }
    }
}

/// Measures.
pub(crate) fn run(setting: &Setting, choice: &Choice) -> Result<()> {
    for &pace in &choice.pace {
        for &clients in &choice.clients {
            measure(setting, choice, clients, pace)?;
        }
    }
    Ok(())
}

fn measure(setting: &Setting, choice: &Choice, clients: Clients, pace: PaceName) -> Result<()> {
    let usual = match pace {
        PaceName::Full => 5.0,
        PaceName::Human => 10.0,
    };
    let seconds = choice.seconds.unwrap_or(if setting.quick { 2.0 } else { usual });
    let plan = Plan {
        floor: false,
        clients,
        typing: Typing::Stamps,
        rooms: choice.rooms,
        writers: choice.writers,
        readers: 0,
        pace: match pace {
            PaceName::Full => Pace::Full {
                on_their_way: choice.on_their_way,
            },
            PaceName::Human => Pace::Every(Duration::from_millis(100)),
        },
        lasts: Duration::from_secs_f64(seconds),
    };
    let (name, speed) = match pace {
        PaceName::Full => (
            "full",
            format!("at full speed, {} edits of each on their way", choice.on_their_way),
        ),
        PaceName::Human => ("human", "at 10 edits/s each".to_owned()),
    };
    let outcome = setting.contest(&format!("rooms {clients:?} {name}"), |contender| {
        one(setting, contender, &plan)
    })?;
    let title = format!(
        "rooms: {} rooms of {} {clients:?} writers {speed}; {} runs of {seconds} s",
        choice.rooms, choice.writers, setting.runs
    );
    table::print(&title, rows(pace), &outcome);
    Ok(())
}

const CPU: &str = "server CPU per delivery, µs";
const LOAD: &str = "load's CPU per delivery, µs";
const EDITS: &str = "edits/s";
const COMMITS: &str = "commits/s";
const RECEIPT_50: &str = "receipt p50, ms";
const RECEIPT_99: &str = "receipt p99, ms";
const DELIVERY_50: &str = "delivery p50, ms";
const DELIVERY_99: &str = "delivery p99, ms";
const BUSY: &str = "server's share of a core";
const MEMORY: &str = "server's memory, MB";

fn one(setting: &Setting, contender: Contender, plan: &Plan) -> Result<Figures> {
    let played = play_rooms(setting, contender, plan)?;
    let span = played.between("begin", "end")?;
    let Report { receipts, deliveries } = played.report;
    let each = 1e6 / deliveries.count as f64;
    Ok(vec![
        (CPU, span.server * each),
        (LOAD, span.load * each),
        (EDITS, receipts.count as f64 / span.seconds),
        (COMMITS, span.commits / span.seconds),
        (RECEIPT_50, receipts.p50),
        (RECEIPT_99, receipts.p99),
        (DELIVERY_50, deliveries.p50),
        (DELIVERY_99, deliveries.p99),
        (BUSY, span.server / span.seconds),
        (MEMORY, played.resident("end")? / 1e6),
    ])
}

fn rows(pace: PaceName) -> &'static [Row] {
    const FULL: [Row; 10] = [
        Row::against_floor(CPU, "at most 12x, on PostgreSQL 16x; aim 8x"),
        Row::plain(LOAD),
        Row::plain(EDITS),
        Row::plain(COMMITS),
        Row::plain(RECEIPT_50),
        Row::plain(RECEIPT_99),
        Row::plain(DELIVERY_50),
        Row::plain(DELIVERY_99),
        Row::plain(BUSY),
        Row::plain(MEMORY),
    ];
    const HUMAN: [Row; 10] = [
        Row::against_floor(CPU, "at most 2.5x; aim 1.6x"),
        Row::plain(LOAD),
        Row::plain(EDITS),
        Row::plain(COMMITS),
        Row::wanted(RECEIPT_50, "at most 5"),
        Row::wanted(RECEIPT_99, "at most 50"),
        Row::plain(DELIVERY_50),
        Row::plain(DELIVERY_99),
        Row::plain(BUSY),
        Row::plain(MEMORY),
    ];
    match pace {
        PaceName::Full => &FULL,
        PaceName::Human => &HUMAN,
    }
}
