//! PostgreSQL is stopped, restarted, or frozen.

use std::time::Duration;

use rand::Rng;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::Process;
use xtask::postgres::{Cluster, Stop};

use super::rounds;
use super::stage::Stage;
use crate::store::sample::eventually;

/// How long it is frozen, in the suite and where rounds are asked for.
const FROZEN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(10));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_stopped_for_a_while_is_a_pause() {
    rounds::run("postgres stopped", 1, |seed| async move {
        let (mut cluster, mut stage) = stage(seed).await;
        for how in [Stop::Fast, Stop::Immediate] {
            stage.some_moment().await;
            cluster.stop(how).expect("stopped");
            let server = &stage.server;
            let before = retries(server).await;
            eventually("it is missed", async || retries(server).await >= before + 2.0).await;
            cluster.start_again().expect("started again");
            stage.faults += 1;
        }
        stage.finish().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_restarted_is_a_pause() {
    rounds::run("postgres restarted", 1, |seed| async move {
        let (mut cluster, mut stage) = stage(seed).await;
        for _ in 0..3 {
            stage.some_moment().await;
            let how = if stage.random.random() {
                Stop::Fast
            } else {
                Stop::Immediate
            };
            cluster.stop(how).expect("stopped");
            cluster.start_again().expect("started again");
            stage.faults += 1;
        }
        stage.finish().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_frozen_is_a_pause() {
    rounds::run("postgres frozen", 1, |seed| async move {
        let (cluster, mut stage) = stage(seed).await;
        stage.some_moment().await;
        cluster.freeze().expect("frozen");
        // This fault is a length of time.
        let long = crate::number("TANDEM_FAULT_ROUNDS").is_some() || crate::number("TANDEM_FAULT_SEED").is_some();
        tokio::time::sleep(if long { FROZEN.1 } else { FROZEN.0 }).await;
        cluster.thaw().expect("thawed");
        stage.faults += 1;
        stage.finish().await
    })
    .await;
}

/// The usual team at work on a cluster of its own: what happens to it must not happen to other tests.
async fn stage(seed: u64) -> (Cluster, Stage) {
    let cluster = tokio::task::spawn_blocking(Cluster::start);
    let cluster = cluster.await.expect("a cluster").expect("a cluster");
    let database = TestDatabase::postgres_on(cluster.url()).await;
    let mut stage = Stage::open(database, seed);
    stage.usual_team().await;
    stage.begin();
    (cluster, stage)
}

/// How often the program has tried again.
async fn retries(server: &Process) -> f64 {
    server.metric("tandem_store_retries_total").await
}
