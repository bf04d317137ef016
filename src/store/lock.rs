//! Keeps a second process off the SQLite file.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::store::error::OpenError;

/// The lock beside a database file; held as long as this value lives, and let go by the operating system if the process
/// dies.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock of a database file, or says who is in the way. Two stores on one file would each believe that
    /// they alone number the revisions.
    pub(super) fn take(database: &Path) -> Result<Self, OpenError> {
        let mut name = database.file_name().unwrap_or_default().to_os_string();
        name.push(".lock");
        let path = database.with_file_name(name);
        let io = |source| OpenError::Io {
            path: path.clone(),
            source,
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(database.to_path_buf())),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}
