//! [`Gateway`]: the real binary with a configuration and a data folder of its own; started, killed, started again.
//!
//! Its log goes to a file that survives restarts and is printed when the test fails.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::http::{self, Answer};
use crate::ledger::Ledger;
use crate::{wait_longer, wait_until};

/// Lines of the log that a failing test shows.
const LOG_LINES_SHOWN: usize = 60;
/// Longest time for days of backlog to be put together on a busy machine.
const SETTLED_WITHIN: Duration = Duration::from_secs(480);
/// Ticks of `/proc/PID/stat` a second, on every Linux that we run on.
const TICKS: f64 = 100.0;

/// Where a gateway listens now: it may be another port after a restart.
#[derive(Clone, Debug, Default)]
pub struct Address(Arc<Mutex<String>>);

impl Address {
    /// One that does not change.
    pub fn fixed(address: &str) -> Self {
        Self(Arc::new(Mutex::new(address.to_owned())))
    }

    /// `address:port`.
    pub fn get(&self) -> String {
        self.0.lock().expect("nobody panics while holding it").clone()
    }

    fn set(&self, address: &str) {
        *self.0.lock().expect("nobody panics while holding it") = address.to_owned();
    }
}

/// A gateway with a folder of its own.
#[derive(Debug)]
pub struct Gateway {
    folder: TempDir,
    child: Option<Child>,
    mqtt: Address,
    http: Address,
    environment: Vec<(String, String)>,
}

impl Gateway {
    /// Starts one that enrols whoever comes and lets anyone read, with `settings` on top: dotted keys and TOML values,
    /// `("windows.settle_s", "0")`.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let mut gateway = Self::prepare(settings);
        gateway.restart();
        gateway
    }

    /// Writes folder and configuration, and starts nothing.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn prepare(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let gateway =
            Self { folder, child: None, mqtt: Address::default(), http: Address::default(), environment: Vec::new() };
        gateway.configure(settings);
        gateway
    }

    /// Writes the configuration anew; holds from the next start.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn configure(&self, settings: &[(&str, &str)]) {
        let mut all = BTreeMap::from([
            ("data_dir", "\"data\""),
            ("listen.mqtt", "\"127.0.0.1:0\""),
            ("listen.http", "\"127.0.0.1:0\""),
            ("enrolment.mode", "\"open\""),
            ("access.read", "\"anyone\""),
        ]);
        all.extend(settings.iter().copied());
        let text: String = all.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        std::fs::write(self.config(), text).expect("the folder is ours");
    }

    /// Sets an environment variable of the next starts.
    pub fn set_environment(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Starts it, when it does not run; gives how long it took to be ready.
    ///
    /// # Panics
    /// When it ends instead.
    pub fn restart(&mut self) -> Duration {
        assert!(self.child.is_none(), "it runs already");
        let ports = self.data().join("ports.json");
        let _ = std::fs::remove_file(&ports);
        let log = File::options().create(true).append(true).open(self.log_file()).expect("the folder is ours");
        let started = Instant::now();
        let mut command = Command::new(binary());
        command.args(["run", "--config"]).arg(self.config());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("the file, twice")).stderr(log);
        self.child = Some(command.spawn().expect("the binary starts"));
        let ports: Value = wait_until("ports.json", || {
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().expect("it is our child")) {
                panic!("the gateway ended at its start: {status}");
            }
            serde_json::from_slice(&std::fs::read(&ports).ok()?).ok()
        });
        self.mqtt.set(ports["mqtt"].as_str().expect("an address"));
        self.http.set(ports["http"].as_str().expect("an address"));
        started.elapsed()
    }

    /// Ends it in the middle of whatever it does, as a power cut would.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
    }

    /// Stops it in the middle of whatever it does; returns when each of its threads stands still.
    ///
    /// # Panics
    /// When it does not run, or does not stop.
    pub fn freeze(&self) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-STOP", &pid]).status().expect("kill is there");
        assert!(sent.success(), "it runs");
        let stands_still = |task: std::io::Result<std::fs::DirEntry>| {
            let stat = std::fs::read_to_string(task.expect("a thread").path().join("stat")).unwrap_or_default();
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
        };
        wait_until("the gateway to stand still", || {
            let mut tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
            tasks.all(stands_still).then_some(())
        });
    }

    /// Whether it has ended, by itself.
    ///
    /// # Panics
    /// When it was never started.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().expect("it was started").try_wait().expect("it is our child").is_some()
    }

    /// Waits until it ends by itself; gives its exit.
    ///
    /// # Panics
    /// When it does not run, or goes on running.
    pub fn wait_ended(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        wait_until("the gateway to end by itself", || child.try_wait().expect("it is our child"))
    }

    /// Asks it to stop (SIGTERM), and waits; gives its exit and how long it took.
    ///
    /// # Panics
    /// When it does not run, or does not end.
    pub fn terminate(&mut self) -> (ExitStatus, Duration) {
        let mut child = self.child.take().expect("it runs");
        let started = Instant::now();
        signal(child.id(), "TERM");
        let status = wait_until("the gateway's end", || child.try_wait().expect("it is our child"));
        (status, started.elapsed())
    }

    /// Runs another command of the program, written as one would type it; `FILE` stands for the configuration.
    ///
    /// # Panics
    /// When the program cannot be started.
    pub fn command(&self, line: &str) -> Output {
        // A command that runs on where it is to be refused fails the test: 124, and no wait without end.
        let mut command = Command::new("timeout");
        command.arg("60").arg(binary());
        for word in line.split_whitespace() {
            match word {
                "FILE" => command.arg(self.config()),
                word => command.arg(word),
            };
        }
        command.stdin(Stdio::null()).output().expect("the binary starts")
    }

    /// Where it listens for MQTT.
    pub fn mqtt(&self) -> Address {
        self.mqtt.clone()
    }

    /// Where it listens for HTTP.
    pub fn http(&self) -> Address {
        self.http.clone()
    }

    /// Where it listens for MQTT over TLS.
    ///
    /// # Panics
    /// When it does not.
    pub fn mqtts(&self) -> String {
        let ports = std::fs::read(self.data().join("ports.json")).expect("it runs");
        let ports: Value = serde_json::from_slice(&ports).expect("JSON");
        ports["mqtts"].as_str().expect("[listen] mqtts is set").to_owned()
    }

    /// Asks it for a path.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn get(&self, path: &str) -> Answer {
        http::get(&self.http.get(), path).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Posts nothing to a path.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn post(&self, path: &str) -> Answer {
        http::post(&self.http.get(), path, &[]).unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Its ledger now; balanced, or the test fails.
    pub fn ledger(&self) -> Ledger {
        let ledger = Ledger::read(&self.get("/api/ledger").json());
        ledger.assert_balances();
        ledger
    }

    /// Waits until everything received is stored and every window due is written; gives the ledger then.
    pub fn settled(&self) -> Ledger {
        wait_longer("pending = 0 in the ledger", SETTLED_WITHIN, || {
            let ledger = self.ledger();
            (ledger.pending == 0 && ledger.all.frames_pending == 0).then_some(ledger)
        })
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder that holds its configuration.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("gateway.toml")
    }

    /// The process's number.
    ///
    /// # Panics
    /// When it does not run.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Seconds of processor time that it has used since its start.
    ///
    /// # Panics
    /// When it does not run.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).expect("it runs");
        // After the name in brackets: state is the third field, user and system time are the 14th and 15th.
        let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        fields[11..13].iter().map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / TICKS
    }

    /// All that it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
            eprintln!("--- the gateway's log, its last {} lines ---\n{}\n---", shown.len(), shown.join("\n"));
        }
    }
}

/// Sends a signal by the system's own command.
///
/// # Panics
/// When there is no such command or process.
pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().expect("kill is there");
    assert!(sent.success(), "kill -{name} {pid}");
}

/// The program under test: what `CITY_GATEWAY_BIN` names, else the one beside this test's own program.
///
/// # Panics
/// When there is none; says how to build it.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("CITY_GATEWAY_BIN") {
        let path = PathBuf::from(path);
        assert!(path.is_file(), "CITY_GATEWAY_BIN names {}, which is no file", path.display());
        return path;
    }
    let own = std::env::current_exe().expect("this program has a path");
    let beside = own.parent().and_then(Path::parent).expect("target/PROFILE/deps").join("city-gateway");
    assert!(
        beside.is_file(),
        "there is no {}: build it first with `cargo build -p city-gateway`, or use `tests/run`",
        beside.display()
    );
    beside
}

/// A file of the repository.
///
/// # Panics
/// When it is not there.
pub fn repository(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the repository");
    let path = root.join(path);
    assert!(path.exists(), "the repository has no {}", path.display());
    path
}
