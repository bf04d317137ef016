//! The inputs that are kept: a folder a target, a file an input.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

/// A target's folder.
#[derive(Clone, Debug)]
pub struct Corpus(PathBuf);

impl Corpus {
    /// The one in this repository.
    pub fn of(target: &str) -> Self {
        Self(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target))
    }

    /// All inputs with their files' names, in the order of these.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn read(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut inputs = Vec::new();
        for entry in std::fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            inputs.push((name, std::fs::read(entry.path())?));
        }
        inputs.sort();
        Ok(inputs)
    }

    /// Keeps an input; where it stands.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn keep(&self, why: &str, input: &[u8]) -> io::Result<PathBuf> {
        let mut hasher = DefaultHasher::new();
        input.hash(&mut hasher);
        std::fs::create_dir_all(&self.0)?;
        let path = self.0.join(format!("{why}-{:016x}", hasher.finish()));
        std::fs::write(&path, input)?;
        Ok(path)
    }
}
