//! A server for one test: real rooms on a real database, and the services of the contract on a real port.
//!
//! It serves the routes alone. What surrounds them in the product (one port for everything, guards, health) has tests of
//! its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tandem::room::Rooms;
use tandem::rpc::encode::Encoder;
use tandem::rpc::routes;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use crate::client::Client;
use crate::database::TestDatabase;

/// How long a stop may take before the test fails.
const GRACE: Duration = Duration::from_secs(10);

/// A server on a loopback port. It and its database are gone when this value is dropped.
pub struct TestServer {
    address: SocketAddr,
    rooms: Rooms,
    serving: JoinHandle<()>,
    leave: CancellationToken,
    database: TestDatabase,
}

impl TestServer {
    /// Starts on a database.
    ///
    /// # Panics
    ///
    /// If there is no free port, or the database does not open.
    pub async fn start(database: TestDatabase) -> Self {
        let rooms = Rooms::new(database.open().await, Arc::new(Encoder), tandem::limits::ROOM_IDLE);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let leave = CancellationToken::new();
        let serving = Server::builder()
            .tcp_nodelay(true)
            .add_routes(routes(rooms.clone()))
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), leave.clone().cancelled_owned());
        let serving = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::warn!(%error, "the test's server ended");
            }
        });
        Self {
            address,
            rooms,
            serving,
            leave,
            database,
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

    /// Its rooms, to look behind the services.
    pub fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// Its database.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// Stops it as a deploy does, and starts another on the same database and a new port.
    ///
    /// # Panics
    ///
    /// As [`Self::start`].
    pub async fn restart(self) -> Self {
        Self::start(self.stop().await).await
    }

    /// Stops it as a deploy does: streams get goodbye, what was accepted is committed.
    ///
    /// # Panics
    ///
    /// If it does not end in time.
    pub async fn stop(self) -> TestDatabase {
        let Self {
            rooms,
            serving,
            leave,
            database,
            ..
        } = self;
        rooms.shutdown(GRACE).await;
        leave.cancel();
        let ended = tokio::time::timeout(GRACE, serving).await;
        ended.expect("no stream holds the server").expect("the server's task");
        database
    }
}
