//! What the operating system allows a process: how large its files may grow, how many it may have open.

use std::process::Command;

/// Says how large a file a process may write from now on, in bytes; `None`: as large as it likes.
///
/// # Panics
///
/// If the system does not let us, though the process is ours.
pub fn limit_files(process: u32, most: Option<u64>) {
    let most = most.map_or_else(|| "unlimited".to_owned(), |most| most.to_string());
    prlimit(process, &format!("--fsize={most}:"));
}

/// Lets this process have at least so many files and connections open.
///
/// # Panics
///
/// If the system's hard limit is lower.
pub fn allow_open_files(count: u64) {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    if soft.is_some_and(|soft: u64| soft < count) {
        prlimit(std::process::id(), &format!("--nofile={count}:"));
    }
}

/// Sets a process's soft limit; its hard one stays.
fn prlimit(process: u32, limit: &str) {
    let set = Command::new("prlimit")
        .args(["--pid", &process.to_string(), limit])
        .status();
    assert!(set.is_ok_and(|status| status.success()), "prlimit {limit} failed");
}
