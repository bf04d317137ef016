//! A server for one test: the whole product on a real database and a real port.
//!
//! It has a runtime of its own, so that it can end as a process does that is killed.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tandem::config::Config;
use tandem::server::{RunningServer, product};
use tokio::runtime::{Builder, Runtime};

use crate::client::Client;
use crate::database::TestDatabase;

/// How long a stop may take before the test fails.
const GRACE: Duration = Duration::from_secs(10);

/// A server on a loopback port. It and its database are gone when this value is dropped.
pub struct TestServer {
    running: Option<RunningServer>,
    address: SocketAddr,
    // Before the database, so that nothing writes there any more when that goes.
    runtime: Option<Runtime>,
    database: Option<TestDatabase>,
}

impl TestServer {
    /// Starts on a database.
    ///
    /// # Panics
    ///
    /// If there is no free port, or the database does not open.
    pub async fn start(database: TestDatabase) -> Self {
        let config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            database_url: database.is_postgres().then(|| database.url()),
            data_dir: database.folder().to_owned(),
            grace: GRACE,
            ..Config::default()
        };
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("threads for the server");
        let started = runtime.spawn(async move { product::start(&config).await }).await;
        let running = started.expect("the server's task").expect("the server starts");
        Self {
            address: running.address(),
            running: Some(running),
            runtime: Some(runtime),
            database: Some(database),
        }
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
