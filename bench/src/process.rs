//! What the system says of a process: its CPU time and its memory.

use std::time::Duration;

use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

use crate::Result;

/// CPU time of a process so far, that of its threads which have ended included; exact to the nanosecond, where
/// `/proc/PID/stat` counts hundredths of a second.
pub(crate) fn cpu(id: u32) -> Result<Duration> {
    let clock = clock_getcpuclockid(Pid::from_raw(id.try_into()?))?;
    Ok(clock_gettime(clock)?.into())
}

/// Memory that a process holds now, in bytes.
pub(crate) fn resident_bytes(id: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.ok_or("no VmRSS")?.parse::<u64>()? * 1024)
}
