//! Rounds of one fault: each from a seed, each on a database of its own.

use std::fs;
use std::future::Future;
use std::io::Write;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tandem_testkit::database::TestDatabase;

/// What happened in rounds that ended well.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) rounds: u64,
    /// Edits that were sent.
    pub(super) edits: usize,
    /// Receipts, each of which was found in the log.
    pub(super) receipts: usize,
    /// Edits, updates and whole texts that somebody was shown, each of which was found in the log.
    pub(super) shown: usize,
    /// Times that somebody came back.
    pub(super) resumes: usize,
    /// Faults of this kind: kills, cuts, jumps.
    pub(super) faults: usize,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.edits += other.edits;
        self.receipts += other.receipts;
        self.shown += other.shown;
        self.resumes += other.resumes;
        self.faults += other.faults;
    }
}

/// As [`run`], each round on a new database of the same kind as this one.
pub(super) async fn on<F>(database: &TestDatabase, fault: &str, usual: u64, round: fn(TestDatabase, u64) -> F)
where
    F: Future<Output = Figures> + Send + 'static,
{
    let is_postgres = database.is_postgres();
    let fault = format!("{fault} on {}", if is_postgres { "postgres" } else { "sqlite" });
    run(&fault, usual, |seed| async move {
        let database = if is_postgres {
            TestDatabase::postgres().await
        } else {
            TestDatabase::sqlite()
        };
        round(database, seed).await
    })
    .await;
}

/// Runs the rounds of a fault: those whose seeds are kept, and as many others as usual or as is asked for.
pub(super) async fn run<F>(fault: &str, usual: u64, round: impl Fn(u64) -> F)
where
    F: Future<Output = Figures> + Send + 'static,
{
    let begun = Instant::now();
    let seeds = match crate::number("TANDEM_FAULT_SEED") {
        Some(seed) => vec![seed],
        None => {
            let mut seeds = kept(fault);
            seeds.extend(1..=crate::number("TANDEM_FAULT_ROUNDS").unwrap_or(usual));
            seeds
        }
    };
    let (mut whole, mut failed) = (Figures::default(), Vec::new());
    for seed in seeds {
        eprintln!("{fault}: seed {seed}");
        // On a task of its own, so that its panic is a result.
        match tokio::spawn(round(seed)).await {
            Ok(figures) => whole += figures,
            Err(_) => {
                keep(fault, seed);
                failed.push(seed);
            }
        }
    }
    println!("{fault}: {whole:?} in {:.1?}", begun.elapsed());
    assert!(failed.is_empty(), "{fault}: the seeds {failed:?} failed");
}

/// Whether somebody asked for rounds, which take the time that they take.
pub(super) fn asked_for() -> bool {
    crate::number("TANDEM_FAULT_ROUNDS")
        .or(crate::number("TANDEM_FAULT_SEED"))
        .is_some()
}

fn file(fault: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    folder.join(format!("{}.seeds", fault.replace(' ', "_")))
}

/// One seed a line.
fn kept(fault: &str) -> Vec<u64> {
    let lines = fs::read_to_string(file(fault)).unwrap_or_default();
    lines.lines().filter_map(|line| line.trim().parse().ok()).collect()
}

fn keep(fault: &str, seed: u64) {
    if kept(fault).contains(&seed) {
        return;
    }
    let path = file(fault);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for seeds");
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .expect("a file for seeds");
    writeln!(file, "{seed}").expect("the seed is kept");
    eprintln!("{fault}: seed {seed} failed; it is kept in {}", path.display());
}
