//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::contest::{Contender, Setting};
use crate::database::Database;
use crate::{Result, floor, load, scenario};

/// Measures Tandem against the floor.
#[derive(Parser)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Every scenario.
    All(All),
    /// 25 rooms of 4 writers: server CPU per delivery, receipts, commits.
    Rooms(One<scenario::rooms::Choice>),
    /// Keys in texts of 1 KB, 100 KB and 1 MB with their history: server CPU per key.
    Edit(One<scenario::edit::Choice>),
    /// One writer and up to 199 readers: server CPU per edit, and how soon it is everywhere.
    Fanout(One<scenario::fanout::Choice>),
    /// 150 joiners at once on a text of 4 MB: time to the whole text, CPU, memory.
    Joiners(One<scenario::joiners::Choice>),
    /// 100 people who move their cursors 25 times a second, and one who writes.
    Cursors(Plain),
    /// Memory of connections that do nothing, and of rooms that were left.
    Idle(Plain),
    /// The first to open a file with a long history after a restart.
    Open(One<scenario::open::Choice>),
    /// Commits a second, and bytes stored per typed character.
    Store(One<scenario::stored::Choice>),
    /// The floor's server.
    #[command(hide = true)]
    Floor,
    /// The load of one scenario, told over stdin.
    #[command(hide = true)]
    Load,
}

#[derive(Args)]
struct All {
    #[command(flatten)]
    common: Common,
    /// The recorded session that gives texts their history; by default the one of a Rust file in the repository.
    #[arg(long, value_name = "PATH")]
    trace: Option<PathBuf>,
}

/// One scenario.
#[derive(Args)]
struct One<Choice: Args> {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    choice: Choice,
}

/// One scenario without choices.
#[derive(Args)]
struct Plain {
    #[command(flatten)]
    common: Common,
}

/// What every scenario asks for.
#[derive(Args)]
struct Common {
    /// One short run of each instead of five.
    #[arg(long)]
    quick: bool,
    /// Runs of each server; the tables show medians.
    #[arg(long, conflicts_with = "quick")]
    runs: Option<usize>,
    /// Also measures on PostgreSQL: the URL of a database from which others can be created.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Only these; may be repeated.
    #[arg(long, value_name = "WHO")]
    only: Vec<Contender>,
    /// The server's release binary; by default the one beside this program.
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// Where the servers keep their data while they are measured; by default the system's temporary folder.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl Arguments {
    /// Does what was asked for.
    pub(crate) fn run(self) -> Result<()> {
        match self.command {
            Command::All(all) => scenario::all(&all.common.setting()?, all.trace),
            Command::Rooms(one) => scenario::rooms::run(&one.common.setting()?, &one.choice),
            Command::Edit(one) => scenario::edit::run(&one.common.setting()?, &one.choice),
            Command::Fanout(one) => scenario::fanout::run(&one.common.setting()?, &one.choice),
            Command::Joiners(one) => scenario::joiners::run(&one.common.setting()?, &one.choice),
            Command::Cursors(plain) => scenario::cursors::run(&plain.common.setting()?),
            Command::Idle(plain) => scenario::idle::run(&plain.common.setting()?),
            Command::Open(one) => scenario::open::run(&one.common.setting()?, &one.choice),
            Command::Store(one) => scenario::store::run(&one.common.setting()?, &one.choice),
            Command::Floor => floor::serve(),
            Command::Load => load::run(),
        }
    }
}

impl Common {
    fn setting(self) -> Result<Setting> {
        let server = match self.server {
            Some(server) => server,
            None => std::env::current_exe()?.with_file_name("tandem"),
        };
        if !server.is_file() {
            let hint = "build it with `cargo build --release`, or name it with --server";
            return Err(format!("there is no server at {}: {hint}", server.display()).into());
        }
        let mut contenders = vec![Contender::Floor, Contender::Sqlite];
        let database = self.database.map(Database::new).transpose()?;
        contenders.extend(database.as_ref().map(|_| Contender::Postgres));
        if !self.only.is_empty() {
            contenders.retain(|contender| self.only.contains(contender));
        }
        Ok(Setting {
            quick: self.quick,
            runs: if self.quick { 1 } else { self.runs.unwrap_or(5).max(1) },
            server,
            database,
            folder: self.folder.unwrap_or_else(std::env::temp_dir),
            contenders,
        })
    }
}
