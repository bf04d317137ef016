//! The whole product: the database, the rooms on it, the services of the contract, and the server around them.

use std::sync::Arc;
use std::time::Duration;

use super::{Backend, RunningServer, Server};
use crate::config::Config;
use crate::limits;
use crate::room::Rooms;
use crate::rpc::encode::Encoder;
use crate::store::{Settings, Store};

/// Starts everything as the settings say.
///
/// # Errors
/// A sentence for the operator: the database can't be opened, or the address can't be listened on.
pub async fn start(config: &Config) -> Result<RunningServer, String> {
    let mut settings = Settings::new(config.database_url.clone(), &config.data_dir);
    settings.commit_interval = config.commit_interval;
    let store = Store::open(settings).await.map_err(|error| error.to_string())?;
    let rooms = Rooms::new(store, Arc::new(Encoder), limits::ROOM_IDLE);
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
