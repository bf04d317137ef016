//! A room's files by id and path, and the rules of living side by side. Pure.

use std::collections::{BTreeMap, HashMap};

use crate::error::{Error, Reason, Result};
use crate::id::{FileId, FileKey, FileRef, Revision};
use crate::room::message::FileInfo;
use crate::store::model::File;
use crate::{limits, path};

/// A file with what the room knows of its newest operation.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The file's row.
    pub(super) file: File,
    /// The revision of its newest operation.
    pub(super) revision: Revision,
    /// Its text's length in bytes of UTF-8.
    pub(super) bytes: u64,
}

impl Entry {
    /// The file as callers see it.
    pub(super) fn info(&self) -> FileInfo {
        FileInfo {
            id: self.file.id,
            path: self.file.path.clone(),
            line_ending: self.file.line_ending,
            deleted: self.file.deleted,
            revision: self.revision,
            epoch: self.file.epoch,
        }
    }
}

/// All files that a room ever had.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    entries: BTreeMap<FileKey, Entry>,
    by_id: HashMap<FileId, FileKey>,
    /// Living files by path; sorted, so that a folder's files stand together.
    by_path: BTreeMap<String, FileKey>,
    /// Living files, and the folders that they make, by folded path.
    by_folded: HashMap<String, FileKey>,
}

impl Directory {
    /// The directory of the given files.
    pub(super) fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut directory = Self::default();
        for entry in entries {
            directory.put(entry);
        }
        directory
    }

    /// The key that the next new file gets.
    pub(super) fn next_key(&self) -> FileKey {
        FileKey(self.entries.last_key_value().map_or(0, |(key, _)| key.0) + 1)
    }

    /// Adds a file or replaces what was known of it.
    pub(super) fn put(&mut self, entry: Entry) {
        let key = entry.file.key;
        if let Some(old) = self.entries.get(&key)
            && !old.file.deleted
        {
            self.by_path.remove(&old.file.path);
            self.by_folded.remove(&path::folded(&old.file.path));
        }
        self.by_id.insert(entry.file.id, key);
        if !entry.file.deleted {
            self.by_path.insert(entry.file.path.clone(), key);
            self.by_folded.insert(path::folded(&entry.file.path), key);
        }
        self.entries.insert(key, entry);
    }

    /// The file with this key.
    pub(super) fn get(&self, key: FileKey) -> Option<&Entry> {
        self.entries.get(&key)
    }

    /// Notes a file's newest operation and its text's length after it.
    pub(super) fn touch(&mut self, key: FileKey, revision: Revision, bytes: u64) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.revision = revision;
            entry.bytes = bytes;
        }
    }

    /// The file that a caller names, deleted or not.
    ///
    /// # Errors
    /// FILE_NOT_FOUND. A path finds living files only.
    pub(super) fn find(&self, name: &FileRef) -> Result<&Entry> {
        let key = match name {
            FileRef::Id(id) => self.by_id.get(id),
            FileRef::Path(given) => {
                let parsed = path::parse(given, "path")?;
                self.by_path.get(&parsed)
            }
        };
        key.and_then(|key| self.entries.get(key)).ok_or_else(|| {
            Error::new(
                Reason::FileNotFound,
                format!("the room has no file {name}: list its files"),
            )
            .with("file", name)
        })
    }

    /// The living file that a caller names.
    ///
    /// # Errors
    /// FILE_NOT_FOUND, FILE_DELETED.
    pub(super) fn find_living(&self, name: &FileRef) -> Result<&Entry> {
        let entry = self.find(name)?;
        if entry.file.deleted {
            return Err(Error::new(
                Reason::FileDeleted,
                format!("the file {} is deleted: RestoreFile brings it back", entry.file.path),
            )
            .with("file", entry.file.id));
        }
        Ok(entry)
    }

    /// Living files by path.
    pub(super) fn living(&self) -> impl Iterator<Item = &Entry> {
        self.by_path.values().filter_map(|key| self.entries.get(key))
    }

    /// All files.
    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Bytes of all living texts together.
    pub(super) fn bytes(&self) -> u64 {
        self.living().map(|entry| entry.bytes).sum()
    }

    /// Whether one more living file is allowed.
    ///
    /// # Errors
    /// TOO_MANY_FILES.
    pub(super) fn room_for_one(&self) -> Result<()> {
        if self.by_path.len() < limits::FILES {
            return Ok(());
        }
        let limit = limits::FILES;
        let message = format!("a room has at most {limit} files: delete one, or use another room");
        Err(Error::new(Reason::TooManyFiles, message).with("limit", limit))
    }

    /// Whether one more file is allowed that was not there before.
    ///
    /// # Errors
    /// TOO_MANY_FILES.
    pub(super) fn room_for_a_new_one(&self) -> Result<()> {
        if self.entries.len() < limits::FILES_EVER {
            return self.room_for_one();
        }
        let limit = limits::FILES_EVER;
        let message = format!("a room has at most {limit} files, deleted ones included: use another room");
        Err(Error::new(Reason::TooManyFiles, message).with("limit", limit))
    }

    /// Whether a file may live under `path`; `except` is the file itself when it is renamed.
    ///
    /// # Errors
    /// FILE_EXISTS, PATH_CASE_CONFLICT, PATH_UNDER_FILE.
    pub(super) fn admit(&self, wanted: &str, except: Option<FileKey>) -> Result<()> {
        let other = |key: &&FileKey| Some(**key) != except;
        if self.by_path.get(wanted).filter(other).is_some() {
            let message = format!("the room has a file {wanted} already: choose another path");
            return Err(Error::new(Reason::FileExists, message).with("path", wanted));
        }
        let folded = path::folded(wanted);
        if let Some(key) = self.by_folded.get(&folded).filter(other) {
            return Err(self.conflict(Reason::PathCaseConflict, wanted, *key));
        }
        for folder in path::folders(wanted) {
            if let Some(key) = self.by_folded.get(&path::folded(folder)).filter(other) {
                return Err(self.conflict(Reason::PathUnderFile, wanted, *key));
            }
        }
        let below = format!("{folded}/");
        let under = self
            .living()
            .find(|entry| Some(entry.file.key) != except && path::folded(&entry.file.path).starts_with(&below));
        match under {
            Some(entry) => Err(self.conflict(Reason::PathUnderFile, wanted, entry.file.key)),
            None => self.admit_folders(wanted, except),
        }
    }

    /// Folders that differ in case only would be one folder elsewhere.
    fn admit_folders(&self, wanted: &str, except: Option<FileKey>) -> Result<()> {
        let mine: HashMap<String, &str> = path::folders(wanted).map(|f| (path::folded(f), f)).collect();
        if mine.is_empty() {
            return Ok(());
        }
        for entry in self.living().filter(|entry| Some(entry.file.key) != except) {
            for folder in path::folders(&entry.file.path) {
                if mine.get(&path::folded(folder)).is_some_and(|own| *own != folder) {
                    return Err(self.conflict(Reason::PathCaseConflict, wanted, entry.file.key));
                }
            }
        }
        Ok(())
    }

    fn conflict(&self, reason: Reason, wanted: &str, key: FileKey) -> Error {
        let other = self.entries.get(&key).map_or("", |entry| entry.file.path.as_str());
        let message = match reason {
            Reason::PathUnderFile => format!(
                "the paths {wanted} and {other} cannot both be files, one is the other's folder: choose another path"
            ),
            _ => format!("the paths {wanted} and {other} differ in upper and lower case only: choose another path"),
        };
        Error::new(reason, message).with("path", wanted).with("other", other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ClientId, Epoch};
    use crate::store::model::LineEnding;

    fn entry(key: i64, path: &str) -> Entry {
        Entry {
            file: File {
                key: FileKey(key),
                id: FileId::new(),
                path: path.to_owned(),
                line_ending: LineEnding::Lf,
                deleted: false,
                epoch: Epoch(1),
                server_client: ClientId(7),
                created: Revision(1),
            },
            revision: Revision(1),
            bytes: 3,
        }
    }

    #[test]
    fn files_that_would_collide_on_a_disk_are_refused() {
        let directory = Directory::new([entry(1, "src/main.rs"), entry(2, "README.md")]);
        let reason = |path: &str| directory.admit(path, None).unwrap_err().reason();
        assert_eq!(reason("README.md"), Reason::FileExists);
        assert_eq!(reason("readme.md"), Reason::PathCaseConflict);
        assert_eq!(reason("README.md/x"), Reason::PathUnderFile);
        assert_eq!(reason("src"), Reason::PathUnderFile);
        assert_eq!(reason("Src/lib.rs"), Reason::PathCaseConflict);
        directory.admit("src/lib.rs", None).unwrap();
        directory.admit("src2", None).unwrap();
    }

    #[test]
    fn a_file_may_be_renamed_to_another_case_of_itself() {
        let directory = Directory::new([entry(1, "src/main.rs")]);
        directory.admit("src/Main.rs", Some(FileKey(1))).unwrap();
        directory.admit("SRC/main.rs", Some(FileKey(1))).unwrap();
    }

    #[test]
    fn a_deleted_file_frees_its_path_and_keeps_its_id() {
        let mut gone = entry(1, "a");
        let id = gone.file.id;
        let mut directory = Directory::new([gone.clone()]);
        gone.file.deleted = true;
        directory.put(gone);
        directory.admit("a", None).unwrap();
        assert_eq!(
            directory.find(&FileRef::Path("a".into())).unwrap_err().reason(),
            Reason::FileNotFound
        );
        assert_eq!(
            directory.find_living(&FileRef::Id(id)).unwrap_err().reason(),
            Reason::FileDeleted
        );
        assert_eq!(directory.bytes(), 0);
        assert_eq!(directory.next_key(), FileKey(2));
    }
    #[test]
    fn deleted_files_count_for_new_ones_and_not_for_old_ones() {
        let gone = (1..=limits::FILES_EVER as i64).map(|key| {
            let mut gone = entry(key, "a");
            gone.file.deleted = true;
            gone
        });
        let directory = Directory::new(gone);
        directory.room_for_one().unwrap();
        let error = directory.room_for_a_new_one().unwrap_err();
        assert_eq!(error.reason(), Reason::TooManyFiles);
        assert!(error.details().message.contains("use another room"));
    }
}
