//! A disk that can be full: a small file system in memory, where mounting is allowed.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use uuid::Uuid;

/// The size of the file system, in bytes.
const SIZE: u64 = 24 << 20;
/// What the ballast is written in, from large to small, in bytes: the last leaves not a page.
const PIECES: [usize; 2] = [1 << 20, 4 << 10];

/// A small file system of its own. It is gone when this value is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts one; `None` where this user may not.
    ///
    /// # Panics
    ///
    /// If there is no place for a folder.
    pub fn mount() -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("tandem-disk-{}", Uuid::new_v4().simple()));
        fs::create_dir_all(&folder).expect("a folder for the test");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={SIZE},mode=0700"), "tandem-test"])
            .arg(&folder)
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self { folder });
        }
        // An empty folder in the system's place for such things.
        let _ = fs::remove_dir(&folder);
        None
    }

    /// Where it is mounted.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes until nothing more goes onto it.
    ///
    /// # Panics
    ///
    /// If something else than its size is in the way.
    pub fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("a file on the disk");
        for piece in PIECES {
            let piece = vec![0; piece];
            let full = loop {
                if let Err(error) = ballast.write_all(&piece) {
                    break error;
                }
            };
            assert_eq!(full.kind(), std::io::ErrorKind::StorageFull, "{full}");
        }
    }

    /// Makes room again.
    ///
    /// # Panics
    ///
    /// If it was not full.
    pub fn free(&self) {
        fs::remove_file(self.ballast()).expect("the ballast is there");
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: what is still open on it goes when it is closed.
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.folder).status();
        if unmounted.is_ok_and(|status| status.success()) {
            let _ = fs::remove_dir(&self.folder);
        } else {
            eprintln!("a test's disk was left behind: {}", self.folder.display());
        }
    }
}
