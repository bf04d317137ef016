//! One port for everything: gRPC over HTTP/2, gRPC-Web over HTTP/1.1 and HTTP/2, the page for people, and a
//! few plain ones.
//!
//! Start reading at [`Server::start`]. A connection goes through `listener` and `connection`; a request through
//! `router`, the guards from the outside in, and then to its service or page. What is served is handed in: this module
//! knows no room.

mod connection;
mod guard;
mod health;
mod listener;
mod pages;
pub mod product;
mod refusal;
mod router;
mod site;
mod state;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::{LayerExt as _, Routes};
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};
use tower::ServiceBuilder;

use crate::config::Config;
use crate::limits;
use crate::telemetry;
use state::State;

/// What the server asks of that which it serves.
#[async_trait::async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Whether the database answers just now.
    async fn ready(&self) -> bool;

    /// Says goodbye on every stream and finishes what is on its way to the database.
    async fn shutdown(&self);
}

/// Starts servers.
#[derive(Debug)]
pub struct Server;

/// A server that accepts connections until [`RunningServer::shutdown`]. Dropping it cuts everything at once.
pub struct RunningServer {
    address: SocketAddr,
    health: HealthReporter,
    state: Arc<State>,
    tasks: TaskTracker,
    /// Cancelled: accept nothing more, finish what is open.
    stop: CancellationToken,
    /// Cancelled: end at once.
    cut: CancellationToken,
}

impl Server {
    /// Listens and serves `routes`, with health and the plain pages beside them.
    ///
    /// `services` are the full names of the routes' services, for health checks of one service.
    ///
    /// # Errors
    /// The address can't be listened on.
    pub async fn start(
        config: &Config,
        routes: Routes,
        services: &[&str],
        backend: Arc<dyn Backend>,
    ) -> io::Result<RunningServer> {
        telemetry::count_panics();
        let metrics = telemetry::metrics();
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let (health, health_service) = health_reporter();
        for service in services {
            health.set_service_status(service, ServingStatus::Serving).await;
        }
        let state = Arc::new(State::new(backend, metrics, services));
        let (tasks, stop, cut) = (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
        let ending = ServiceBuilder::new().layer(health::ending(stop.clone()));
        let routes = routes.add_service(ending.named_layer(health_service));
        let router = router::router(routes, config, Arc::clone(&state));
        tasks.spawn(listener::accept(
            listener,
            router,
            tasks.clone(),
            stop.clone(),
            cut.clone(),
        ));
        if let Some(metrics) = metrics {
            tasks.spawn(state::keep_metrics_small(metrics, stop.clone()));
        }
        tracing::info!(%address, "listening");
        Ok(RunningServer {
            address,
            health,
            state,
            tasks,
            stop,
            cut,
        })
    }
}

impl RunningServer {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leaves: tells (health, readiness, goodbye, GOAWAY), waits, and just before the end of `grace` cuts what is still
    /// open.
    ///
    /// Returns whether everything ended by itself.
    pub async fn shutdown(self, grace: Duration) -> bool {
        let deadline = Instant::now() + grace.saturating_sub(limits::LAST_MOMENT);
        tracing::info!(seconds = grace.as_secs(), "leaving");
        self.state.leave();
        for service in self.state.services() {
            self.health.set_service_status(service, ServingStatus::NotServing).await;
        }
        self.stop.cancel();
        self.tasks.close();
        let goodbye = timeout_at(deadline, self.state.backend().shutdown()).await;
        if goodbye.is_err() {
            tracing::warn!("the rooms did not finish in time; what was acknowledged is in the database");
        }
        let ended = timeout_at(deadline, self.tasks.wait()).await;
        if ended.is_err() {
            tracing::warn!(
                connections = self.tasks.len(),
                "cutting connections that are still open"
            );
            self.cut.cancel();
        }
        goodbye.is_ok() && ended.is_ok()
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.cut.cancel();
        self.stop.cancel();
    }
}
