//! The whole product: the database, the rooms on it, the services of the contract, and the server around them.

use std::sync::Arc;
use std::time::Duration;

use super::{Backend, RunningServer, Server};
use crate::config::Config;
use crate::limits;
use crate::room::Rooms;
use crate::rpc::encode::Encoder;
use crate::store::{Settings, Store};

/// Those of the [`limits`] that a test can't wait for, or can't fill. Nobody else sets them.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// [`limits::STATEMENT_TIMEOUT`].
    pub statement_timeout: Duration,
    /// [`limits::STORE_TIMEOUT`].
    pub store_timeout: Duration,
    /// [`limits::BACKLOG_OPERATIONS`].
    pub backlog_operations: usize,
    /// [`limits::ROOM_IDLE`].
    pub room_idle: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            statement_timeout: limits::STATEMENT_TIMEOUT,
            store_timeout: limits::STORE_TIMEOUT,
            backlog_operations: limits::BACKLOG_OPERATIONS,
            room_idle: limits::ROOM_IDLE,
        }
    }
}

/// Starts everything as the settings say.
///
/// # Errors
/// A sentence for the operator: the database can't be opened, or the address can't be listened on.
pub async fn start(config: &Config) -> Result<RunningServer, String> {
    start_within(config, &Bounds::default()).await
}

/// The same within other bounds.
///
/// # Errors
/// As [`start`].
pub async fn start_within(config: &Config, bounds: &Bounds) -> Result<RunningServer, String> {
    let mut settings = Settings::new(config.database_url.clone(), &config.data_dir);
    settings.commit_interval = config.commit_interval;
    settings.statement_timeout = bounds.statement_timeout;
    settings.call_timeout = bounds.store_timeout;
    settings.backlog_operations = bounds.backlog_operations;
    let store = Store::open(settings).await.map_err(|error| error.to_string())?;
    let rooms = Rooms::new(store, Arc::new(Encoder), bounds.room_idle);
    let backend = RoomsBackend {
        rooms: rooms.clone(),
        grace: config.grace,
    };
    Server::start(
        config,
        crate::rpc::routes(rooms),
        &crate::rpc::SERVICES,
        Arc::new(backend),
    )
    .await
    .map_err(|error| format!("cannot listen on {}: {error}", config.listen))
}

/// The rooms as the server around them knows them.
struct RoomsBackend {
    rooms: Rooms,
    grace: Duration,
}

#[async_trait::async_trait]
impl Backend for RoomsBackend {
    async fn ready(&self) -> bool {
        self.rooms.ready().await.is_ok()
    }

    async fn shutdown(&self) {
        self.rooms.shutdown(self.grace).await;
    }
}
