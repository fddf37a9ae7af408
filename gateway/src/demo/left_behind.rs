//! A gateway whose demonstration was killed lives on, for it is a process of its own: it is stopped before its folder is
//! used or removed.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::screen::Screen;
use crate::app::JOURNAL_FOLDER;
use crate::telemetry::journal;

/// The gateway's process number.
pub(super) const PID_FILE: &str = "gateway.pid";
const STOP_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Stops the gateway that has `folder` open, if there is one; says whether nobody has it open then. Blocks.
pub(super) fn stop(folder: &Path, screen: &Screen) -> bool {
    let journal = folder.join(JOURNAL_FOLDER);
    if !journal::is_open(&journal) {
        return true;
    }
    let Some(pid) = pid(folder) else { return false };
    screen.say("  A gateway that an earlier demonstration left behind is stopped first.");
    // What is acknowledged is on disk: a gateway that takes too long may be killed.
    for signal in [Signal::TERM, Signal::KILL] {
        let _ = kill_process(pid, signal);
        let deadline = Instant::now() + STOP_WITHIN;
        while Instant::now() < deadline {
            if !journal::is_open(&journal) {
                return true;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
    false
}

/// The gateway's number, if that process was started with this folder's configuration: it may be another one's by now.
fn pid(folder: &Path) -> Option<Pid> {
    let pid = fs::read_to_string(folder.join(PID_FILE)).ok()?.trim().parse().ok().and_then(Pid::from_raw)?;
    let line = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).ok()?;
    let folder = fs::canonicalize(folder).ok()?;
    String::from_utf8_lossy(&line).contains(&*folder.to_string_lossy()).then_some(pid)
}
