//! Seeded plans through the doors: whatever people do at once, at quiet there is one text a file, for every client, for
//! the server, and for the database.
//!
//! `TANDEM_SEEDS` says how many seeds to run, `TANDEM_SEED` runs one alone. A plan that fails is kept as a file in
//! `tests/plans`; what stands there is run every time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tandem_testkit::both_databases;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::plan::{self, Outcome, Plan};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const SEEDS: u64 = 50;
const STEPS: usize = 80;
/// How many plans run at once: each waits for the network and the database most of its time.
const AT_ONCE: usize = 4;

both_databases! {
    async fn fifty_plans_end_with_one_text_a_file(database) {
        let seeds = match crate::number("TANDEM_SEED") {
            Some(seed) => seed..seed + 1,
            None => 0..crate::number("TANDEM_SEEDS").unwrap_or(SEEDS),
        };
        let plans = seeds.map(|seed| Plan::generate(seed, STEPS)).collect();
        let (outcome, failed) = run_all(plans, database.is_postgres()).await;
        println!("{outcome:?}");
        assert!(failed.is_empty(), "kept as {failed:?}");
        assert!(outcome.committed > 0 && outcome.refused > 0, "nothing happened: {outcome:?}");
    }

    async fn plans_that_failed_once_hold(database) {
        let kept = kept();
        let plans = kept.iter().map(|path| {
            let json = std::fs::read_to_string(path).expect("a kept plan");
            serde_json::from_str(&json).expect("a plan as JSON")
        });
        let (_, failed) = run_all(plans.collect(), database.is_postgres()).await;
        assert!(failed.is_empty(), "failed again: {failed:?}");
    }
}

#[test]
fn a_plan_is_the_same_after_it_was_kept() {
    let plan = Plan::generate(7, STEPS);
    let json = serde_json::to_string(&plan).expect("JSON");
    assert_eq!(serde_json::from_str::<Plan>(&json).expect("a plan"), plan);
    assert_eq!(Plan::generate(7, STEPS), plan);
}

/// Runs plans, several at once, each on a database of its own; says where those are that failed.
async fn run_all(plans: Vec<Plan>, postgres: bool) -> (Outcome, Vec<PathBuf>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for plan in plans {
        let places = places.clone();
        running.spawn(async move {
            let _place = places.acquire_owned().await;
            let database = if postgres {
                TestDatabase::postgres().await
            } else {
                TestDatabase::sqlite()
            };
            let kept = plan.clone();
            // On a task of its own, so that its panic is a result.
            let ran = tokio::spawn(async move { plan::run(&plan, database).await }).await;
            ran.map_err(|_| kept)
        });
    }
    let (mut whole, mut failed) = (Outcome::default(), Vec::new());
    while let Some(ran) = running.join_next().await {
        match ran.expect("a task that only waits") {
            Ok(outcome) => {
                whole.committed += outcome.committed;
                whole.refused += outcome.refused;
                whole.compared += outcome.compared;
            }
            Err(plan) => failed.push(keep(&plan)),
        }
    }
    (whole, failed)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans")
}

fn kept() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder()) else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect()
}

fn keep(plan: &Plan) -> PathBuf {
    let path = folder().join(format!("seed-{}.json", plan.seed));
    std::fs::create_dir_all(folder()).expect("a folder for plans");
    std::fs::write(&path, serde_json::to_string_pretty(plan).expect("JSON")).expect("the plan is kept");
    eprintln!("the failed plan is in {}", path.display());
    path
}
