//! What the server tells about itself: log lines and metrics. Every metric is declared in [`metric`].

pub mod metric;

use std::panic;
use std::sync::{Once, OnceLock};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Starts log lines as the settings say. Later calls in one process change nothing.
pub fn start_logging(config: &Config) {
    // The filter was checked with the settings.
    let filter = EnvFilter::try_new(&config.log).unwrap_or_default();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A line for which there is no room, on a full disk or after its reader has gone, is dropped: telling that on
        // standard error would panic, inside the panic's own report again, and end the process.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let _ = match config.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}

/// The process's metrics, ready to be printed. The first call begins to collect them.
///
/// It is `None` if another recorder was installed, which nothing in the server does.
pub fn metrics() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new().set_buckets(&metric::SECONDS).ok()?;
            let handle = builder.install_recorder().ok()?;
            metric::declare();
            Some(handle)
        })
        .as_ref()
}

/// Counts panics: each is a defect, wherever it was caught.
pub fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            metrics::counter!(metric::PANICS).increment(1);
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "a defect: something panicked");
            before(info);
        }));
    });
}
