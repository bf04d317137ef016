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

/// A process's memory, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// What it holds now.
    pub(crate) now: u64,
    /// The most that it held since [`forget_peak`].
    pub(crate) peak: u64,
}

/// A process's memory.
pub(crate) fn memory(id: u32) -> Result<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next());
        Ok::<_, Box<dyn std::error::Error>>(kib.ok_or("a process's status tells no memory")?.parse::<u64>()? * 1024)
    };
    Ok(Memory {
        now: value("VmRSS:")?,
        peak: value("VmHWM:")?,
    })
}

/// Lets the peak begin anew.
pub(crate) fn forget_peak(id: u32) -> Result<()> {
    Ok(std::fs::write(format!("/proc/{id}/clear_refs"), "5")?)
}
