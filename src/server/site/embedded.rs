//! The files of `web/dist`.

use bytes::Bytes;

// `FILES`: each path below web/dist with its bytes; build.rs writes it.
include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// Each file's path, with `/` between its parts, and its bytes.
pub(super) fn files() -> Vec<(String, Bytes)> {
    #[cfg(debug_assertions)]
    if let Some(files) = on_disk::files() {
        return files;
    }
    let embedded = FILES.iter();
    embedded
        .map(|(path, bytes)| ((*path).to_owned(), Bytes::from_static(bytes)))
        .collect()
}

/// The same from the folder itself, so that a new bundle needs a restart and no compiler.
#[cfg(debug_assertions)]
mod on_disk {
    use std::path::Path;
    use std::{fs, io};

    use bytes::Bytes;

    /// `None` if the folder is not there any more or can't be read.
    pub(super) fn files() -> Option<Vec<(String, Bytes)>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/dist");
        let mut files = Vec::new();
        read(&root, "", &mut files).ok()?;
        files
            .iter()
            .any(|(path, _)| path == super::super::PAGE)
            .then_some(files)
    }

    fn read(folder: &Path, prefix: &str, files: &mut Vec<(String, Bytes)>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                read(&entry.path(), &format!("{path}/"), files)?;
            } else {
                files.push((path, fs::read(entry.path())?.into()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_holds_what_the_folder_holds() {
        let embedded: std::collections::BTreeMap<_, _> = FILES
            .iter()
            .map(|(path, bytes)| ((*path).to_owned(), Bytes::from_static(bytes)))
            .collect();
        assert!(embedded.len() > 3, "the page, a script, a style and an icon at least");
        assert_eq!(embedded, files().into_iter().collect());
    }
}
