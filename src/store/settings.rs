//! What the operator chooses.

use std::path::PathBuf;
use std::time::Duration;

use crate::limits;

/// Where the data is and how patient the store is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The database, `postgres://…` or `sqlite://path`; without it, the SQLite file `tandem.db` in `data_dir`.
    pub url: Option<String>,
    /// The folder of the embedded database; it is made if it is not there.
    pub data_dir: PathBuf,
    /// How soon after the last commit of the log began a busy log begins the next. An idle log commits at once.
    pub commit_interval: Duration,
    /// How long one try of a commit, or one statement, may take before its connection is given up.
    pub statement_timeout: Duration,
    /// How long a read, or a write other than an append, waits for the database before it is answered UNAVAILABLE.
    pub call_timeout: Duration,
    /// Operations that may wait for the database before new ones are answered UNAVAILABLE.
    pub backlog_operations: usize,
    /// The same in bytes.
    pub backlog_bytes: usize,
}

impl Settings {
    /// The defaults for a database and a data directory.
    pub fn new(url: Option<String>, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            url,
            data_dir: data_dir.into(),
            commit_interval: limits::COMMIT_INTERVAL,
            statement_timeout: limits::STATEMENT_TIMEOUT,
            call_timeout: limits::STORE_TIMEOUT,
            backlog_operations: limits::BACKLOG_OPERATIONS,
            backlog_bytes: limits::BACKLOG_BYTES,
        }
    }
}
