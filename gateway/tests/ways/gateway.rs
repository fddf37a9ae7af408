//! The real gateway, started, killed and asked.

use std::cell::OnceCell;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

const PASSWORD: &str = "correct horse battery staple";

/// A gateway with a folder of its own; killed at the end of its test.
pub(crate) struct Gateway {
    folder: tempfile::TempDir,
    child: Option<Child>,
    http: String,
    /// An operator's session, once somebody signed in.
    cookie: OnceCell<String>,
}

impl Gateway {
    /// One that takes every node, with these sections added to its configuration.
    pub(crate) fn start(sections: &str) -> Self {
        Self::start_as("open", sections)
    }

    /// One with that mode of enrolment.
    pub(crate) fn start_as(enrolment: &str, sections: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = format!(
            "data_dir = \"data\"\n[listen]\nmqtt = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n[access]\nread = \"anyone\"\n\
             [enrolment]\nmode = \"{enrolment}\"\n[limits]\ncheckpoint_s = 1\n{sections}\n"
        );
        std::fs::write(folder.path().join("gateway.toml"), text).expect("the configuration can be written");
        let mut gateway = Self { folder, child: None, http: String::new(), cookie: OnceCell::new() };
        gateway.run();
        gateway
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("gateway.toml")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the program and waits until it is open.
    pub(crate) fn run(&mut self) {
        let ports = self.folder.path().join("data/ports.json");
        let _ = std::fs::remove_file(&ports);
        let child = Command::new(env!("CARGO_BIN_EXE_city-gateway"))
            .args(["run", "--config"])
            .arg(self.config())
            .stdin(Stdio::null())
            .spawn()
            .expect("the program starts");
        self.child = Some(child);
        wait("the gateway is open", || ports.exists());
        let text = std::fs::read_to_string(&ports).expect("ports.json can be read");
        let ports: Value = serde_json::from_str(&text).expect("ports.json is JSON");
        self.http = ports["http"].as_str().expect("an address").to_owned();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    /// SIGTERM; it has to end well.
    pub(crate) fn stop(&mut self) {
        signal(self.pid(), "TERM");
        let status = self.child.take().expect("it runs").wait().expect("it ends");
        assert!(status.success(), "{status}");
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.ask(|client, url| client.get(format!("{url}{path}")))
    }

    /// Posts as an operator who signed in.
    pub(crate) fn post(&self, path: &str) -> String {
        let cookie = self.cookie.get_or_init(|| self.operator());
        self.ask(|client, url| client.post(format!("{url}{path}")).header("origin", url).header("cookie", cookie))
    }

    fn operator(&self) -> String {
        let mut add = Command::new(env!("CARGO_BIN_EXE_city-gateway"))
            .args(["user", "add", "nikos", "--role", "operator", "--password-file", "-", "--config"])
            .arg(self.config())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut typed = add.stdin.take().expect("it is piped");
        typed.write_all(PASSWORD.as_bytes()).expect("the program reads");
        drop(typed);
        assert!(add.wait().expect("it ends").success());
        let url = format!("http://{}", self.http);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let client =
                reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
            let form = format!("login=nikos&password={}", PASSWORD.replace(' ', "+"));
            let request = client.post(format!("{url}/sign-in")).header("origin", &url);
            let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
            let answer = request.send().await.expect("the gateway answers");
            let cookie = answer.headers().get("set-cookie").expect("the operator comes in");
            cookie.to_str().expect("text").split(';').next().expect("a cookie").to_owned()
        })
    }

    fn ask(&self, request: impl FnOnce(&reqwest::Client, &str) -> reqwest::RequestBuilder) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let request = request(&reqwest::Client::new(), &format!("http://{}", self.http));
            let answer = request.send().await.expect("the gateway answers");
            answer.text().await.expect("a text")
        })
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        let text = self.get(path);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let all = self.json("/api/ledger")["all"].clone();
        let number = |value: &Value| value.as_u64().expect("a number");
        let sum = |reasons: &Value| reasons.as_object().expect("reasons").values().map(number).sum();
        Ledger {
            frames: number(&all["frames"]["received"]),
            frames_rejected: sum(&all["frames"]["rejected"]),
            frames_pending: number(&all["frames"]["pending"]),
            frames_decoded: number(&all["frames"]["decoded"]),
            decoded: number(&all["readings"]["decoded"]),
            stored: number(&all["readings"]["stored"]),
            duplicate: number(&all["readings"]["duplicate"]),
            rejected: sum(&all["readings"]["rejected"]),
            text: all.to_string(),
        }
    }

    /// Waits until so many readings are stored and nothing is pending; then the ledger has to balance.
    pub(crate) fn wait_stored(&self, stored: u64) -> Ledger {
        wait(&format!("{stored} readings are stored"), || {
            let ledger = self.ledger();
            assert!(ledger.stored <= stored, "more than were sent: {}", ledger.text);
            ledger.stored == stored && ledger.frames_pending == 0
        });
        let ledger = self.ledger();
        ledger.check();
        ledger
    }

    pub(crate) fn metric(&self, name: &str) -> f64 {
        let page = self.get("/metrics");
        let line = page.lines().find_map(|line| line.strip_prefix(&format!("city_gateway_{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in\n{page}")).parse().expect("a number")
    }

    pub(crate) fn wait_connected(&self) {
        wait("the broker is connected", || self.metric("broker_connected") == 1.0);
    }

    /// Waits until the broker is connected and has sent nothing for two seconds.
    pub(crate) fn wait_quiet(&self) {
        let (mut seen, mut since) = (-1.0, Instant::now());
        wait("the broker has no more", || {
            let messages = self.metric("broker_messages_total");
            if messages != seen || self.metric("broker_connected") == 0.0 {
                (seen, since) = (messages, Instant::now());
            }
            since.elapsed() > Duration::from_secs(2)
        });
    }

    /// What `city-gateway COMMAND --config FILE ARGUMENTS` says.
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_city-gateway"));
        command.arg(arguments[0]).arg("--config").arg(self.config()).args(&arguments[1..]);
        let output = command.output().expect("the program starts");
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        let _ = write!(text, "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {text}");
        text
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What the ledger says of everything.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) frames: u64,
    pub(crate) frames_decoded: u64,
    pub(crate) frames_rejected: u64,
    pub(crate) frames_pending: u64,
    pub(crate) decoded: u64,
    pub(crate) stored: u64,
    pub(crate) duplicate: u64,
    pub(crate) rejected: u64,
    pub(crate) text: String,
}

impl Ledger {
    fn check(&self) {
        assert_eq!(self.frames, self.frames_decoded + self.frames_rejected + self.frames_pending, "{}", self.text);
        assert_eq!(self.decoded, self.stored + self.duplicate + self.rejected, "{}", self.text);
    }
}

/// Waits until `condition` holds.
pub(crate) fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "given up: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Sends a signal to a process that this test started.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().expect("kill is there");
    assert!(status.success(), "the process is there");
}
