//! Plays a recorded editing session through a server of its own, while a text client with another unit and a Yjs client
//! watch, and compares all texts at the end: theirs, ReadFile's, and the database's after a restart.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tandem_testkit::process::{Place, Process};
use tandem_testkit::replay;
use tandem_testkit::traces;

/// Plays a trace through Collaborate.
#[derive(Parser)]
struct Arguments {
    /// The trace: JSON compressed with gzip, one author.
    trace: PathBuf,
    /// The database's URL; without it a SQLite file in a temporary folder.
    #[arg(long)]
    database: Option<String>,
    /// Maps letters to characters of 2, 3 and 4 bytes.
    #[arg(long)]
    wide: bool,
    /// Plays only so many edits.
    #[arg(long)]
    limit: Option<usize>,
    /// The server's binary; by default the one built beside this one.
    #[arg(long)]
    server: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match play(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("replay: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn play(arguments: &Arguments) -> Result<bool, Box<dyn std::error::Error>> {
    let trace = traces::sequential(&arguments.trace)?;
    let mut edits = replay::edits(&trace, arguments.wide);
    edits.truncate(arguments.limit.unwrap_or(usize::MAX));
    let end = arguments
        .limit
        .is_none()
        .then(|| replay::text(&trace.end_content, arguments.wide));
    let binary = match &arguments.server {
        Some(binary) => binary.clone(),
        None => std::env::current_exe()?.with_file_name("tandem"),
    };
    let folder = std::env::temp_dir().join(format!("tandem-replay-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut server = Process::start(
        binary,
        Place {
            url: arguments.database.clone(),
            folder: folder.clone(),
        },
    );
    let played = replay::play(&mut server, &edits, end.as_deref()).await?;
    server.kill();
    std::fs::remove_dir_all(&folder)?;
    let name = arguments
        .trace
        .file_name()
        .map(|name| name.to_string_lossy().replace(".json.gz", ""));
    let count = edits.len() as f64;
    #[expect(clippy::print_stdout, reason = "the command's result")]
    {
        println!(
            "{}{} on {}: {count} edits in {:.1} s, {:.0} edits/s, {:.0} µs of server CPU each, {} waits; {}",
            name.unwrap_or_default(),
            if arguments.wide { " with wide letters" } else { "" },
            if arguments.database.is_some() {
                "PostgreSQL"
            } else {
                "SQLite"
            },
            played.seconds,
            count / played.seconds,
            played.cpu_seconds * 1e6 / count,
            played.waits,
            if played.different.is_empty() {
                format!("equal: {}", replay::TEXTS.join(", "))
            } else {
                format!("DIFFERENT: {}", played.different.join(", "))
            },
        );
    }
    Ok(played.different.is_empty())
}
