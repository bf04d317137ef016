//! What may happen to a cluster: it is stopped, started again, frozen.

use std::fs;
use std::process::{Child, Command};

use super::Cluster;
use crate::run::Result;

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its clients are cut off, what they did is rolled back, and it ends in order.
    Fast,
    /// It ends at once, and looks through its own log when it starts again.
    Immediate,
}

impl Cluster {
    /// Stops the server and waits for its end.
    ///
    /// # Errors
    ///
    /// A sentence that says what did not work.
    pub fn stop(&mut self, how: Stop) -> Result {
        let signal = match how {
            Stop::Fast => "INT",
            Stop::Immediate => "QUIT",
        };
        kill(signal, &[self.server.id()])?;
        let ended = self.server.wait();
        ended.map(drop).map_err(|e| format!("PostgreSQL did not stop: {e}"))
    }

    /// Starts it again, on the same port, and waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// A sentence that says what did not work.
    pub fn start_again(&mut self) -> Result {
        self.server = self.site.launch()?;
        self.wait_until_ready()
    }

    /// Freezes all its processes where they are.
    ///
    /// # Errors
    ///
    /// A sentence that says what did not work.
    pub fn freeze(&self) -> Result {
        // The first one first: it makes the others.
        kill("STOP", &[self.server.id()])?;
        kill("STOP", &children(&self.server))
    }

    /// Lets them go on.
    ///
    /// # Errors
    ///
    /// A sentence that says what did not work.
    pub fn thaw(&self) -> Result {
        kill("CONT", &children(&self.server))?;
        kill("CONT", &[self.server.id()])
    }
}

/// The processes that a server has for its connections and for its own work.
fn children(server: &Child) -> Vec<u32> {
    let parent = server.id().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    ids.filter(|id: &u32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The name, which is in brackets, may have anything in it.
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        after_name.split_whitespace().nth(1) == Some(parent.as_str())
    })
    .collect()
}

/// Sends a signal to processes; one that has ended meanwhile is no trouble, as long as it is not the only one.
fn kill(signal: &str, processes: &[u32]) -> Result {
    // The shell's own kill: a small machine has no program of that name.
    let sent = Command::new("sh")
        .args([
            "-c",
            r#"signal=$1; shift; for id; do kill -"$signal" "$id" && sent=yes; done; [ "$sent" ]"#,
            "kill",
        ])
        .arg(signal)
        .args(processes.iter().map(u32::to_string))
        .status();
    if sent.is_ok_and(|status| status.success()) {
        Ok(())
    } else {
        Err(format!("SIG{signal} could not be sent to {processes:?}"))
    }
}
