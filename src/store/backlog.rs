//! Bounds what waits for the database.

use std::sync::{Arc, Mutex, PoisonError};

use metrics::Gauge;

use crate::error::Result;
use crate::store::error::unavailable;

/// Counts operations that are accepted and not yet committed, over all rooms.
#[derive(Debug)]
pub(super) struct Backlog {
    operations: usize,
    bytes: usize,
    taken: Mutex<Taken>,
    /// Looked up once: it is set with every operation.
    gauge: Gauge,
}

#[derive(Debug, Default)]
struct Taken {
    operations: usize,
    bytes: usize,
}

/// A place in the backlog, given back when it is dropped.
#[derive(Debug)]
pub struct Permit {
    backlog: Arc<Backlog>,
    operations: usize,
    bytes: usize,
}

impl Permit {
    /// Bytes that were reserved.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes another's place as well.
    pub(crate) fn join(&mut self, mut other: Self) {
        self.operations += std::mem::take(&mut other.operations);
        self.bytes += std::mem::take(&mut other.bytes);
    }
}

impl Backlog {
    pub(super) fn new(operations: usize, bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            operations,
            bytes,
            taken: Mutex::default(),
            gauge: metrics::gauge!("tandem_store_backlog_operations"),
        })
    }

    /// Takes a place, or says UNAVAILABLE. What is larger than the whole backlog goes through when nothing else waits.
    pub(super) fn reserve(self: &Arc<Self>, operations: usize, bytes: usize) -> Result<Permit> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let more = Taken {
            operations: taken.operations.saturating_add(operations),
            bytes: taken.bytes.saturating_add(bytes),
        };
        let full = more.operations > self.operations || more.bytes > self.bytes;
        if full && taken.operations > 0 {
            metrics::counter!("tandem_store_refused_total").increment(1);
            return Err(unavailable());
        }
        *taken = more;
        self.gauge.set(taken.operations as f64);
        Ok(Permit {
            backlog: Arc::clone(self),
            operations,
            bytes,
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.backlog.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.operations = taken.operations.saturating_sub(self.operations);
        taken.bytes = taken.bytes.saturating_sub(self.bytes);
        self.backlog.gauge.set(taken.operations as f64);
    }
}
