//! One writer and many readers: what an edit costs, and how soon it is everywhere.

use std::time::Duration;

use clap::Args;

use super::play_rooms;
use crate::Result;
use crate::contest::{Contender, Figures, Setting};
use crate::load::hand::{Clients, Typing};
use crate::load::person::Pace;
use crate::load::rooms::{Plan, Report};
use crate::table::{self, Row};

/// Time between two edits: 50 a second.
const PERIOD: Duration = Duration::from_millis(20);

/// What to measure.
#[derive(Args)]
pub(crate) struct Choice {
    /// Which clients; may be repeated.
    #[arg(long, default_values = ["text", "yjs"])]
    clients: Vec<Clients>,
    /// Clients in the room, the writer included; may be repeated.
    #[arg(long, default_values_t = SIZES, value_parser = clap::value_parser!(u32).range(2..=200))]
    people: Vec<u32>,
}

const SIZES: [u32; 4] = [2, 10, 50, 200];

impl Default for Choice {
    fn default() -> Self {
        Self {
            clients: vec![Clients::Text, Clients::Yjs],
            people: SIZES.to_vec(),
        }
    }
}

const CPU: &str = "server CPU per edit, µs";
const LOAD: &str = "load's CPU per edit, µs";
const COMMIT: &str = "mean commit, ms";
const DELIVERY_50: &str = "delivery p50, ms";
const DELIVERY_99: &str = "delivery p99, ms";
const RECEIPT_50: &str = "receipt p50, ms";

/// Measures.
pub(crate) fn run(setting: &Setting, choice: &Choice) -> Result<()> {
    let seconds = if setting.quick { 2 } else { 8 };
    for &clients in &choice.clients {
        for &people in &choice.people {
            let plan = Plan {
                floor: false,
                clients,
                typing: Typing::Stamps,
                rooms: 1,
                writers: 1,
                readers: people - 1,
                pace: Pace::Every(PERIOD),
                lasts: Duration::from_secs(seconds),
            };
            let outcome = setting.contest(&format!("fanout {clients:?} {people}"), |contender| {
                one(setting, contender, &plan)
            })?;
            let title = format!(
                "fanout: {people} {clients:?} clients, one writes 50 edits/s; {} runs of {seconds} s",
                setting.runs
            );
            table::print(&title, &ROWS, &outcome);
        }
    }
    Ok(())
}

const ROWS: [Row; 6] = [
    Row::at_most(CPU, "at most twice the floor's + 60", |floor, _| {
        Some(2.0 * floor(CPU)? + 60.0)
    }),
    Row::plain(LOAD),
    Row::plain(COMMIT),
    Row::at_most(DELIVERY_50, "at most the floor's + a commit + 0.5", |floor, own| {
        Some(floor(DELIVERY_50)? + own(COMMIT)? + 0.5)
    }),
    Row::plain(DELIVERY_99),
    Row::plain(RECEIPT_50),
];

fn one(setting: &Setting, contender: Contender, plan: &Plan) -> Result<Figures> {
    let played = play_rooms(setting, contender, plan)?;
    let span = played.between("begin", "end")?;
    let Report { receipts, deliveries } = played.report;
    let each = 1e6 / receipts.count as f64;
    let mut figures = vec![
        (CPU, span.server * each),
        (LOAD, span.load * each),
        (DELIVERY_50, deliveries.p50),
        (DELIVERY_99, deliveries.p99),
        (RECEIPT_50, receipts.p50),
    ];
    if span.commits > 0.0 {
        figures.push((COMMIT, span.mean_commit()));
    }
    Ok(figures)
}
