//! A server for one test: the whole product on a real database and a real port.
//!
//! It has a runtime of its own, so that it can end as a process does that is killed.

mod own_metrics;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tandem::config::Config;
use tandem::server::RunningServer;
use tandem::server::product::{self, Bounds};
use tokio::runtime::{Builder, Runtime};

use crate::client::Client;
use crate::database::TestDatabase;

use own_metrics::OwnMetrics;

/// How long a stop may take before the test fails.
const GRACE: Duration = Duration::from_secs(10);

/// A server on a loopback port. It and its database are gone when this value is dropped.
pub struct TestServer {
    running: Option<RunningServer>,
    address: SocketAddr,
    // Before the database, so that nothing writes there any more when that goes.
    runtime: Option<Runtime>,
    database: Option<TestDatabase>,
    metrics: OwnMetrics,
}

/// How a server is to run, where that is not as always.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Where its database is, if it is to be reached by another way, such as a proxy.
    pub database_url: Option<String>,
    /// Its bounds.
    pub bounds: Bounds,
}

impl TestServer {
    /// Starts on a database.
    ///
    /// # Panics
    ///
    /// If there is no free port, or the database does not open.
    pub async fn start(database: TestDatabase) -> Self {
        Self::start_as(database, Setup::default()).await
    }

    /// Starts on a database, in another way than always.
    ///
    /// # Panics
    ///
    /// As [`Self::start`].
    pub async fn start_as(database: TestDatabase, setup: Setup) -> Self {
        let own_url = database.is_postgres().then(|| database.url());
        let config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            database_url: setup.database_url.or(own_url),
            data_dir: database.folder().to_owned(),
            grace: GRACE,
            ..Config::default()
        };
        let metrics = OwnMetrics::new();
        let mut threads = Builder::new_multi_thread();
        threads.worker_threads(2).enable_all();
        threads.on_thread_start(move || metrics.collect_on_this_thread());
        let runtime = threads.build().expect("threads for the server");
        let started = runtime.spawn(async move { product::start_within(&config, &setup.bounds).await });
        let running = started.await.expect("the server's task").expect("the server starts");
        Self {
            address: running.address(),
            running: Some(running),
            runtime: Some(runtime),
            database: Some(database),
            metrics,
        }
    }

    /// The value of a counter or gauge of this server alone, rounded; 0 if it has none.
    pub fn metric(&self, name: &str) -> i64 {
        self.metrics.value(name)
    }

    /// Makes the task panic that next counts this, once.
    pub fn panic_at(&self, name: &'static str) {
        self.metrics.panic_at(name);
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client of it, with a connection of its own.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Its database.
    ///
    /// # Panics
    ///
    /// Never while it runs.
    pub fn database(&self) -> &TestDatabase {
        self.database.as_ref().expect("a running server has a database")
    }

    /// Stops it as a deploy does, and starts another on the same database and a new port.
    ///
    /// # Panics
    ///
    /// As [`Self::start`] and [`Self::stop`].
    pub async fn restart(self) -> Self {
        Self::start(self.stop().await).await
    }

    /// Stops it as a deploy does: streams get goodbye, what was accepted is committed.
    ///
    /// # Panics
    ///
    /// If it does not end in time.
    pub async fn stop(mut self) -> TestDatabase {
        let (running, runtime) = (self.running.take(), self.runtime.as_ref());
        let (running, runtime) = running.zip(runtime).expect("it runs");
        let ended = runtime.spawn(running.shutdown(GRACE)).await;
        assert!(ended.expect("the server's task"), "the server did not end in time");
        self.crash().await
    }

    /// Stops it as a crash does: nobody is told, and what is not committed is lost.
    ///
    /// # Panics
    ///
    /// If its threads do not end in time.
    pub async fn crash(mut self) -> TestDatabase {
        drop(self.running.take());
        let runtime = self.runtime.take().expect("it runs");
        let ended = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(GRACE));
        ended.await.expect("the server's threads end");
        self.database.take().expect("it has a database")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A test's runtime can't be blocked on from inside.
            runtime.shutdown_background();
        }
    }
}
