//! Installs what is missing on a Debian-like machine, or says the one line that does.

use std::process::Command;

use crate::run::{Result, find, is_root, run, succeeds};

/// Installs packages. Asks for no password: where one would be needed, it stops with the line to type.
pub(crate) fn install(packages: &[&str]) -> Result {
    if packages.is_empty() {
        return Ok(());
    }
    let line = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if find("apt-get").is_none() {
        return Err(format!("please install what Debian calls: {}", packages.join(" ")));
    }
    let prefix: &[&str] = if is_root() {
        &[]
    } else if succeeds(Command::new("sudo").args(["-n", "true"])) {
        &["sudo", "-n"]
    } else {
        return Err(format!(
            "some programs are missing; this installs them: sudo apt-get update && sudo {line}"
        ));
    };
    let apt = |arguments: &str| {
        let words = prefix.iter().copied().chain(["env", "DEBIAN_FRONTEND=noninteractive"]);
        let mut words = words.chain(arguments.split(' '));
        let mut command = Command::new(words.next().unwrap_or("env"));
        command.args(words);
        command
    };
    // An outdated list of packages is the usual reason why an install fails; an unreachable mirror need not be one.
    if let Err(message) = run(&mut apt("apt-get update -q")) {
        eprintln!("xtask: {message}; going on with the lists that are there");
    }
    run(&mut apt(&line))
}
