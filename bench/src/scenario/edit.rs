//! What one key costs, in a small text and in a large one with its whole history.

use std::path::PathBuf;

use clap::Args;
use tandem_bench::fixture::{Fixture, Fixtures, usual_trace};

use crate::Result;
use crate::conductor::play;
use crate::contest::{Contender, Figures, Setting};
use crate::home::Home;
use crate::load::Work;
use crate::load::edit::{Plan, Report, Text};
use crate::load::hand::Clients;
use crate::table::{self, Row};

/// What to measure.
#[derive(Args)]
pub(crate) struct Choice {
    /// The recorded session that gives the texts their history; by default the one of a Rust file in the repository.
    #[arg(long, value_name = "PATH")]
    trace: Option<PathBuf>,
    /// Which clients; may be repeated.
    #[arg(long, default_values = ["text", "yjs"])]
    clients: Vec<Clients>,
    /// Edits that are on their way at once.
    #[arg(long, default_value_t = 64)]
    on_their_way: usize,
}

impl Choice {
    /// The usual one on a trace.
    pub(crate) fn on(trace: Option<PathBuf>) -> Self {
        Self {
            trace,
            clients: vec![Clients::Text, Clients::Yjs],
            on_their_way: 64,
        }
    }
}

const SMALL: &str = "first 1,036 edits: server CPU per key, µs";
const WHOLE: &str = "whole trace: server CPU per key, µs";
const TENFOLD: &str = "ten times the trace: server CPU per key, µs";
const MORE: &str = "ten times above first edits, µs";
const KEPT: &str = "ten times: server CPU of a snapshot, by edit, µs";
/// Edits of a file from one snapshot to the next.
const SNAPSHOT_EVERY: f64 = tandem::limits::SNAPSHOT_EVERY as f64;

/// Measures.
pub(crate) fn run(setting: &Setting, choice: &Choice) -> Result<()> {
    let trace = choice.trace.clone().unwrap_or_else(usual_trace);
    let fixtures = Fixtures::of(&trace, &fixtures_folder()?)?;
    for &clients in &choice.clients {
        let plan = Plan {
            floor: false,
            clients,
            texts: vec![
                text(SMALL, &fixtures.small),
                text(WHOLE, &fixtures.whole),
                text(TENFOLD, &fixtures.tenfold),
            ],
            copies: if setting.quick { 2 } else { 8 },
            on_their_way: choice.on_their_way,
        };
        let mut lengths = Vec::new();
        let outcome = setting.contest(&format!("edit {clients:?}"), |contender| {
            one(setting, contender, &plan, &mut lengths)
        })?;
        let title = format!(
            "edit: {clients:?} clients, {}: texts of {lengths:?} characters, {} keys on their way; {} runs of {} copies",
            trace.file_name().unwrap_or_default().to_string_lossy(),
            choice.on_their_way,
            setting.runs,
            plan.copies
        );
        let wanted = match clients {
            Clients::Text => "at most 16",
            Clients::Yjs => "at most 4",
        };
        let rows = [SMALL, WHOLE, TENFOLD].map(Row::plain);
        let rows: Vec<Row> = rows
            .into_iter()
            .chain([Row::wanted(MORE, wanted), Row::plain(KEPT)])
            .collect();
        table::print(&title, &rows, &outcome);
    }
    Ok(())
}

/// Where texts are kept that take long to make: beside this program.
fn fixtures_folder() -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("bench-texts"))
}

fn text(name: &str, fixture: &Fixture) -> Text {
    Text {
        name: name.to_owned(),
        state: fixture.state.clone(),
        clients: fixture.clients,
    }
}

fn one(setting: &Setting, contender: Contender, plan: &Plan, lengths: &mut Vec<u32>) -> Result<Figures> {
    let home = Home::start(setting, contender)?;
    let plan = Plan {
        floor: contender == Contender::Floor,
        ..plan.clone()
    };
    let played = play::<Report>(&home, Work::Edit(plan.clone()))?;
    if contender != Contender::Floor {
        lengths.clone_from(&played.report.lengths);
    }
    let edits = f64::from(played.report.edits);
    let mut figures = Figures::new();
    for name in [SMALL, WHOLE, TENFOLD] {
        let copies = (0..plan.copies).map(|copy| {
            let span = played.between(&format!("{name} {copy} begin"), &format!("{name} {copy} end"))?;
            Ok(span.server * 1e6 / edits)
        });
        let copies = copies.collect::<Result<Vec<f64>>>()?;
        figures.push((name, table::middle(copies).unwrap_or_default()));
    }
    figures.push((MORE, figures[2].1 - figures[0].1));
    if contender != Contender::Floor {
        let kept = played.between(&format!("{TENFOLD} kept begin"), &format!("{TENFOLD} kept end"))?;
        figures.push((KEPT, (kept.server * 1e6 - edits * figures[2].1) / SNAPSHOT_EVERY));
    }
    Ok(figures)
}
