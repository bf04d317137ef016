//! What the pages and the way out need to know of a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

use super::Backend;
use crate::limits;

/// How often collected samples are added up, so that they take no more room while nobody asks for them.
const UPKEEP: Duration = Duration::from_secs(5);

/// A server's state, shared by its requests.
pub(super) struct State {
    backend: Arc<dyn Backend>,
    metrics: Option<&'static PrometheusHandle>,
    /// The names that health knows; the empty one is the server's own.
    services: Vec<String>,
    leaving: AtomicBool,
}

impl State {
    pub(super) fn new(
        backend: Arc<dyn Backend>,
        metrics: Option<&'static PrometheusHandle>,
        services: &[&str],
    ) -> Self {
        let services = std::iter::once("")
            .chain(services.iter().copied())
            .map(str::to_owned)
            .collect();
        Self {
            backend,
            metrics,
            services,
            leaving: AtomicBool::new(false),
        }
    }

    pub(super) fn backend(&self) -> &dyn Backend {
        self.backend.as_ref()
    }

    pub(super) fn services(&self) -> &[String] {
        &self.services
    }

    /// From now on the server is not ready.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    /// Whether new work is welcome, or why not.
    pub(super) async fn ready(&self) -> Result<(), &'static str> {
        if self.leaving.load(Ordering::Acquire) {
            return Err("leaving");
        }
        match timeout(limits::READY_CHECK, self.backend.ready()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err("the database does not answer"),
            Err(_) => Err("the database does not answer in time"),
        }
    }

    /// The metrics as text.
    pub(super) fn metrics(&self) -> String {
        self.metrics.map(PrometheusHandle::render).unwrap_or_default()
    }
}

/// Adds up samples until the server leaves.
pub(super) async fn keep_metrics_small(metrics: &'static PrometheusHandle, stop: CancellationToken) {
    let mut tick = interval(UPKEEP);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        metrics.run_upkeep();
    }
}
