//! PostgreSQL is stopped, restarted, or frozen.

use std::time::Duration;

use rand::Rng;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::Process;
use tokio::task::block_in_place;
use xtask::postgres::{Cluster, Stop};

use super::rounds;
use super::stage::Stage;
use crate::store::sample::eventually;

/// How long it is frozen, in the suite and where rounds are asked for.
const FROZEN: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(10)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_stopped_for_a_while_is_a_pause() {
    rounds::run("postgres stopped", 1, |seed| async move {
        let (mut cluster, mut stage) = stage(seed).await;
        for how in [Stop::Fast, Stop::Immediate] {
            stage.some_moment().await;
            block_in_place(|| cluster.stop(how)).expect("stopped");
            let server = &stage.server;
            eventually("it is missed", async || !is_ready(server).await).await;
            block_in_place(|| cluster.start_again()).expect("started again");
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
            block_in_place(|| cluster.stop(how)).expect("stopped");
            block_in_place(|| cluster.start_again()).expect("started again");
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
        block_in_place(|| cluster.freeze()).expect("frozen");
        // This fault is a length of time.
        tokio::time::sleep(FROZEN[usize::from(rounds::asked_for())]).await;
        block_in_place(|| cluster.thaw()).expect("thawed");
        stage.faults += 1;
        stage.finish().await
    })
    .await;
}

/// The usual team at work on a cluster of its own: what happens to it must not happen to other tests.
async fn stage(seed: u64) -> (Cluster, Stage) {
    let cluster = block_in_place(Cluster::start).expect("a cluster");
    let database = TestDatabase::postgres_on(cluster.url()).await;
    let mut stage = Stage::open(database, seed);
    stage.usual_team().await;
    stage.begin();
    (cluster, stage)
}

/// Whether the program says that its database answers.
async fn is_ready(server: &Process) -> bool {
    server.page("/readyz").await.starts_with("HTTP/1.1 200")
}
