//! What one server counts: the servers of other tests run in the same process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use tandem::telemetry;

/// A recorder for the threads of one server.
#[derive(Clone, Copy)]
pub(super) struct OwnMetrics(&'static Trap);

/// Collects, and panics where a test wants it: between two steps of the product, wherever it counts something.
struct Trap {
    recorder: PrometheusRecorder,
    panic_at: PanicAt,
}

/// The metric whose next count is to panic; shared with the counters, which the product may look up once and keep.
type PanicAt = Arc<Mutex<Option<&'static str>>>;

impl OwnMetrics {
    pub(super) fn new() -> Self {
        // The process's own recorder, which the server's page reads, is not to be set up on a thread that has another.
        let _own = telemetry::metrics();
        // As long as the threads, of which nobody knows the last.
        Self(Box::leak(Box::new(Trap {
            recorder: PrometheusBuilder::new().build_recorder(),
            panic_at: PanicAt::default(),
        })))
    }

    pub(super) fn collect_on_this_thread(self) {
        std::mem::forget(metrics::set_default_local_recorder(self.0));
    }

    pub(super) fn value(self, name: &str) -> i64 {
        let page = self.0.recorder.handle().render();
        let mut values = page
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<f64>().ok());
        values.next().map_or(0, |value| value.round() as i64)
    }

    pub(super) fn panic_at(self, name: &'static str) {
        *lock(&self.0.panic_at) = Some(name);
    }
}

fn lock(panic_at: &PanicAt) -> MutexGuard<'_, Option<&'static str>> {
    panic_at.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A counter of the product's.
struct Trapped {
    name: String,
    counter: Counter,
    panic_at: PanicAt,
}

impl CounterFn for Trapped {
    fn increment(&self, value: u64) {
        let meant = lock(&self.panic_at).take_if(|name| *name == self.name);
        assert!(meant.is_none(), "as the test wants it");
        self.counter.increment(value);
    }

    fn absolute(&self, value: u64) {
        self.counter.absolute(value);
    }
}

impl Recorder for Trap {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, description: SharedString) {
        self.recorder.describe_counter(name, unit, description);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, description: SharedString) {
        self.recorder.describe_gauge(name, unit, description);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, description: SharedString) {
        self.recorder.describe_histogram(name, unit, description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(Trapped {
            name: key.name().to_owned(),
            counter: self.recorder.register_counter(key, metadata),
            panic_at: Arc::clone(&self.panic_at),
        }))
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.recorder.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.recorder.register_histogram(key, metadata)
    }
}
