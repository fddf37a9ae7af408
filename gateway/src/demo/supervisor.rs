//! The gateway as a child of the demonstration: started with a configuration of its own, started again when it dies.
//!
//! Its log goes to a file. It is in a process group of its own, so that Ctrl-C reaches the demonstration alone, which
//! lets the nodes leave before it stops the gateway.

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use super::folder::{Folder, LOG};
use super::left_behind::PID_FILE;
use super::screen::Screen;
use crate::app::{self, PORTS_FILE};

const READY_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(30);
const DELAY_MIN: Duration = Duration::from_millis(500);
const DELAY_MAX: Duration = Duration::from_secs(30);
/// How long one that was killed on purpose stays away: long enough to be seen gone on a page that looks every second.
const AWAY: Duration = Duration::from_secs(3);
/// A gateway that ran this long was well: the next one is started without a long delay.
const WELL: Duration = Duration::from_secs(60);
/// Starts that may fail in a row.
const FAILURES_MAX: u32 = 5;

/// Ports that are wanted; the usual ones or others when those are taken, unless said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    /// As said by the user.
    pub mqtt: Option<u16>,
    /// As said by the user.
    pub http: Option<u16>,
}

/// Where the gateway is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Addresses {
    /// For nodes.
    pub mqtt: SocketAddr,
    /// For people.
    pub http: SocketAddr,
}

/// Why there is no gateway.
#[derive(Debug, thiserror::Error)]
pub(super) enum SupervisorError {
    /// A port that was asked for.
    #[error("port {0} cannot be had: {1}")]
    Port(u16, io::Error),
    /// The program or a file of the folder.
    #[error("{0}: {1}")]
    Io(&'static str, io::Error),
    /// The folder's.
    #[error(transparent)]
    Folder(#[from] super::folder::FolderError),
    /// It does not come up.
    #[error("the gateway does not start; the end of its log, {log}:\n{tail}")]
    DoesNotStart {
        /// The log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
}

/// What the gateway is told of the rest of the demonstration.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around {
    /// Where the tour is.
    pub tour: Option<SocketAddr>,
    /// Where the store is that the tour takes away.
    pub store: Option<SocketAddr>,
}

/// Keeps a gateway running.
pub(super) struct Supervisor {
    folder: Arc<Folder>,
    ports: Ports,
    around: Around,
    told: watch::Sender<Option<Addresses>>,
    kills: mpsc::Receiver<()>,
    screen: Arc<Screen>,
}

impl Supervisor {
    /// A supervisor that tells where its gateway is, and none while it is away. What comes through `kills` kills it.
    pub(super) fn new(
        folder: Arc<Folder>,
        ports: Ports,
        around: Around,
        told: watch::Sender<Option<Addresses>>,
        kills: mpsc::Receiver<()>,
        screen: Arc<Screen>,
    ) -> Self {
        Self { folder, ports, around, told, kills, screen }
    }

    /// Keeps a gateway running until `stop` holds true, then stops it and waits until it has stored everything.
    ///
    /// # Errors
    /// [`SupervisorError`]: it does not start.
    pub(super) async fn run(mut self, stop: watch::Receiver<bool>) -> Result<(), SupervisorError> {
        let (mut delay, mut failures, mut ever_ready) = (DELAY_MIN, 0, false);
        loop {
            let mut child = self.start()?;
            let began = Instant::now();
            let ready = tokio::select! {
                () = app::until(stop.clone()) => return end(&mut child).await,
                ready = self.ready(&mut child) => ready,
            };
            let mut on_purpose = false;
            let status = match ready {
                Ok(addresses) => {
                    (failures, ever_ready) = (0, true);
                    self.told.send_replace(Some(addresses));
                    tokio::select! {
                        () = app::until(stop.clone()) => return end(&mut child).await,
                        status = child.wait() => told_status(status),
                        Some(()) = self.kills.recv() => {
                            on_purpose = true;
                            // As a power cut would: no signal that it could answer.
                            child.kill().await.map_err(|error| SupervisorError::Io("the gateway", error))?;
                            told_status(child.wait().await)
                        }
                    }
                }
                Err(status) => {
                    failures += 1;
                    status
                }
            };
            self.told.send_replace(None);
            // One that never came up will not by itself; one that did may meet a passing trouble.
            if failures == if ever_ready { FAILURES_MAX } else { 1 } {
                return Err(self.does_not_start());
            }
            if began.elapsed() > WELL {
                delay = DELAY_MIN;
            }
            let away = if on_purpose { AWAY } else { delay };
            let seconds = away.as_secs_f64();
            self.screen.say(&format!(
                "  The gateway has ended ({status}). It is started again in {seconds} s; the nodes keep what they measure."
            ));
            tokio::select! {
                () = app::until(stop.clone()) => return Ok(()),
                () = tokio::time::sleep(away) => {}
            }
            if !on_purpose {
                delay = (delay * 2).min(DELAY_MAX);
            }
        }
    }

    fn start(&mut self) -> Result<Child, SupervisorError> {
        let failed = |what| move |error| SupervisorError::Io(what, error);
        let path = self.folder.path();
        // What a gateway left that was killed would be taken for this one's.
        let _ = std::fs::remove_file(path.join(PORTS_FILE));
        let mqtt = address(self.ports.mqtt, 1883)?;
        let http = address(self.ports.http, 8080)?;
        let config = self.folder.write_config(mqtt, http, self.around.store)?;
        let log = File::options().create(true).append(true).open(path.join(LOG)).map_err(failed("the log"))?;
        let program = std::env::current_exe().map_err(failed("this program"))?;
        let tour = self.around.tour.map(|tour| format!("http://{tour}/"));
        let child = Command::new(program)
            .arg("run")
            .arg("--config")
            .arg(&config)
            .args(tour.iter().flat_map(|tour| ["--tour", tour]))
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed("the log"))?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .map_err(failed("the gateway"))?;
        let pid = child.id().map_or_else(String::new, |pid| pid.to_string());
        std::fs::write(path.join(PID_FILE), pid).map_err(failed(PID_FILE))?;
        Ok(child)
    }

    /// Waits until the gateway tells its addresses; the words for how it ended when it ends before.
    async fn ready(&mut self, child: &mut Child) -> Result<Addresses, String> {
        let file = self.folder.path().join(PORTS_FILE);
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if let Some(addresses) = read_addresses(&file) {
                // From now on these are the ports: nodes and bookmarks find the gateway again.
                self.ports = Ports { mqtt: Some(addresses.mqtt.port()), http: Some(addresses.http.port()) };
                return Ok(addresses);
            }
            if let Ok(status) = timeout(Duration::from_millis(50), child.wait()).await {
                return Err(told_status(status));
            }
            if Instant::now() > deadline {
                let _ = end(child).await;
                return Err("it was not ready within a minute".into());
            }
        }
    }

    fn does_not_start(&self) -> SupervisorError {
        let log = self.folder.path().join(LOG);
        let text = std::fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(8)..].join("\n");
        SupervisorError::DoesNotStart { log, tail }
    }
}

/// Asks the gateway to stop and waits until it has; one that takes too long is killed: what is acknowledged is on disk.
async fn end(child: &mut Child) -> Result<(), SupervisorError> {
    if let Some(pid) = child.id().and_then(|pid| Pid::from_raw(pid as i32)) {
        let _ = kill_process(pid, Signal::TERM);
    }
    if timeout(STOP_WITHIN, child.wait()).await.is_err() {
        child.kill().await.map_err(|error| SupervisorError::Io("the gateway", error))?;
    }
    Ok(())
}

/// An address on this machine: the port that was asked for, else the usual one, else any that is free.
pub(super) fn address(asked: Option<u16>, usual: u16) -> Result<SocketAddr, SupervisorError> {
    let local = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    let free = |port: u16| TcpListener::bind(local(port)).and_then(|listener| listener.local_addr());
    match asked {
        Some(port) => free(port).map_err(|error| SupervisorError::Port(port, error)),
        None => free(usual).or_else(|_| free(0)).map_err(|error| SupervisorError::Port(usual, error)),
    }
}

fn read_addresses(file: &Path) -> Option<Addresses> {
    let ports: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    let address = |name: &str| ports.get(name)?.as_str()?.parse().ok();
    Some(Addresses { mqtt: address("mqtt")?, http: address("http")? })
}

fn told_status(status: io::Result<ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_replaced_unless_it_was_asked_for() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = taken.local_addr().expect("an address").port();
        let other = address(None, port).expect("another");
        assert_ne!(other.port(), port);
        assert!(matches!(address(Some(port), 1), Err(SupervisorError::Port(p, _)) if p == port));
        drop(taken);
        assert_eq!(address(None, port).map(|a| a.port()).ok(), Some(port));
    }
}
