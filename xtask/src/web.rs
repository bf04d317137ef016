//! The page's bundle, `web/dist`: it is committed, and it is what the sources make.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use crate::run::{Result, root, run, target};
use crate::{apt, environment};

/// Checks the types, builds the bundle beside the committed one, and compares the two.
pub(crate) fn check() -> Result {
    apt::install(&environment::missing_node())?;
    environment::web_client()?;
    let web = root().join("web");
    let demo = web.join("demo");
    let npm = |arguments: &[&str]| run(Command::new("npm").args(arguments).current_dir(&demo));
    npm(&["run", "--silent", "check"])?;
    let made = target().join("web-dist");
    let folder = made.to_string_lossy();
    npm(&[
        "exec",
        "--",
        "vite",
        "build",
        "--outDir",
        &folder,
        "--emptyOutDir",
        "--logLevel",
        "warn",
    ])?;
    compare(&web.join("dist"), &made)
}

fn compare(committed: &Path, made: &Path) -> Result {
    let read = |folder: &Path| {
        let mut files = BTreeMap::new();
        match read(folder, "", &mut files) {
            Ok(()) => Ok(files),
            Err(error) => Err(format!("cannot read {}: {error}", folder.display())),
        }
    };
    let (committed, made) = (read(committed)?, read(made)?);
    let differing: Vec<&str> = committed
        .keys()
        .chain(made.keys())
        .filter(|path| committed.get(*path) != made.get(*path))
        .map(String::as_str)
        .collect();
    if differing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "web/dist is not what web makes: `npm run build` in web, and commit what it writes ({})",
        differing.join(", ")
    ))
}

fn read(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}
