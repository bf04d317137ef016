//! Many join at once: a class opens the same long file.

use clap::Args;

use crate::Result;
use crate::conductor::play;
use crate::contest::{Contender, Figures, Setting};
use crate::home::Home;
use crate::load::Work;
use crate::load::hand::Clients;
use crate::load::joiners::{Plan, Report};
use crate::table::{self, Row};

/// What to measure.
#[derive(Args)]
pub(crate) struct Choice {
    /// Which clients; may be repeated.
    #[arg(long, default_values = ["text", "yjs"])]
    clients: Vec<Clients>,
    /// How many join.
    #[arg(long, default_value_t = JOINERS, value_parser = clap::value_parser!(u32).range(1..=199))]
    joiners: u32,
}

const JOINERS: u32 = 150;
/// The text's length, in bytes.
const BYTES: usize = 4_000_000;

impl Default for Choice {
    fn default() -> Self {
        Self {
            clients: vec![Clients::Text, Clients::Yjs],
            joiners: JOINERS,
        }
    }
}

const WHOLE_50: &str = "time to the whole text p50, ms";
const WHOLE_99: &str = "time to the whole text p99, ms";
const CPU: &str = "server CPU, ms";
const LOAD: &str = "load's CPU, ms";
const GROWTH: &str = "server's memory, growth at the peak, MB";
const BYTES_SENT: &str = "bytes sent, MB";

const ENCODINGS: &str = "times that the text was encoded";

const ROWS: [Row; 7] = [
    Row::plain(WHOLE_50),
    Row::wanted(WHOLE_99, "at most 2,500"),
    Row::against_floor(CPU, "at most 2x"),
    Row::plain(LOAD),
    Row::wanted(GROWTH, "at most 200"),
    Row::plain(BYTES_SENT),
    Row::wanted(ENCODINGS, "1"),
];

/// Measures.
pub(crate) fn run(setting: &Setting, choice: &Choice) -> Result<()> {
    for &clients in &choice.clients {
        let outcome = setting.contest(&format!("joiners {clients:?}"), |contender| {
            let plan = Plan {
                floor: contender == Contender::Floor,
                clients,
                joiners: choice.joiners,
                bytes: BYTES,
            };
            one(setting, contender, plan)
        })?;
        let title = format!(
            "joiners: {} {clients:?} clients join at once, a text of {BYTES} bytes; {} runs",
            choice.joiners, setting.runs
        );
        table::print(&title, &ROWS, &outcome);
    }
    Ok(())
}

fn one(setting: &Setting, contender: Contender, plan: Plan) -> Result<Figures> {
    let home = Home::start(setting, contender)?;
    let played = play::<Report>(&home, Work::Joiners(plan))?;
    let span = played.between("begin", "end")?;
    let Report { whole, bytes } = played.report;
    let mut figures = vec![
        (WHOLE_50, whole.p50),
        (WHOLE_99, whole.p99),
        (CPU, span.server * 1e3),
        (LOAD, span.load * 1e3),
        (GROWTH, played.peak_growth("begin", "end")? / 1e6),
        (BYTES_SENT, bytes as f64 / 1e6),
    ];
    if contender != Contender::Floor {
        // The one who was there before them is among those who share it.
        figures.push((ENCODINGS, played.between("made", "end")?.encodings));
    }
    Ok(figures)
}
