//! The languages that clients are written in: a Python environment and Node's packages; and another clock.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::run::{Result, find, root, run, succeeds, target};

/// Debian's packages for what is missing of Python, Node and a browser.
pub(crate) fn missing() -> Vec<&'static str> {
    let mut packages = Vec::new();
    if find("python3").is_none() {
        packages.push("python3");
    }
    // Debian ships venv without the part that puts pip into it.
    if !succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"])) {
        packages.push("python3-venv");
    }
    packages.extend(missing_scripts());
    packages
}

/// The same for Node alone.
pub(crate) fn missing_node() -> Vec<&'static str> {
    let node = [("node", "nodejs"), ("npm", "npm")];
    node.into_iter()
        .filter(|(program, _)| find(program).is_none())
        .map(|(_, package)| package)
        .collect()
}

/// The same for Node and a browser.
pub(crate) fn missing_scripts() -> Vec<&'static str> {
    let mut packages = missing_node();
    if chromium().is_none() {
        packages.push("chromium");
    }
    packages
}

/// What the scripts of `tests/node` run with.
pub(crate) struct Scripts {
    /// Node itself.
    pub(crate) node: PathBuf,
    /// Where they are.
    pub(crate) folder: PathBuf,
    /// A browser.
    pub(crate) chromium: PathBuf,
}

/// Makes them ready: their packages, and the client library that they use.
pub(crate) fn scripts() -> Result<Scripts> {
    let folder = root().join("tests/node");
    npm(&folder)?;
    web_client()?;
    Ok(Scripts {
        node: find("node").ok_or("node is not in PATH")?,
        folder,
        chromium: chromium().ok_or("chromium is not in PATH")?,
    })
}

/// A browser of the Chromium family.
fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names.into_iter().find_map(find)
}

/// The library that gives a process another clock, where Debian puts it: in a folder of the machine's kind.
pub(crate) fn faketime() -> Option<PathBuf> {
    let kinds = fs::read_dir("/usr/lib").ok()?.flatten();
    let mut files = kinds.map(|kind| kind.path().join("faketime/libfaketime.so.1"));
    files.find(|file| file.is_file())
}

/// Makes the Python environment that the tests use; the folder of its programs.
pub(crate) fn python() -> Result<PathBuf> {
    let folder = target().join("test-env");
    let programs = folder.join("bin");
    let requirements = root().join("tests/python/requirements.txt");
    once(&folder.join("requirements.stamp"), &requirements, || {
        // An environment half made, or made for other requirements, is not worth mending.
        let _ = fs::remove_dir_all(&folder);
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(programs.join("python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--requirement",
            ])
            .arg(&requirements))
    })?;
    Ok(programs)
}

/// Installs the packages that a folder's package-lock.json names, if it has one.
pub(crate) fn npm(folder: &Path) -> Result {
    let lock = folder.join("package-lock.json");
    if !lock.is_file() {
        return Ok(());
    }
    once(&folder.join("node_modules/.stamp"), &lock, || {
        run(Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(folder))
    })
}

/// Installs what the browser's packages need and compiles the client library, which tests run as it is published.
pub(crate) fn web_client() -> Result {
    let web = root().join("web");
    npm(&web)?;
    run(Command::new("npm")
        .args(["run", "--silent", "build", "--workspace", "tandem-client"])
        .current_dir(web))
}

/// Does `work` unless `stamp` says that it was done for the same content of `input`, in the same place.
fn once(stamp: &Path, input: &Path, work: impl FnOnce() -> Result) -> Result {
    let content = fs::read_to_string(input).map_err(|e| format!("cannot read {}: {e}", input.display()))?;
    let wanted = format!("{}\n{}\n{content}", stamp.display(), env::consts::ARCH);
    if fs::read_to_string(stamp).is_ok_and(|done| done == wanted) {
        return Ok(());
    }
    work()?;
    fs::write(stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))
}
