//! Time-series stores as child processes, on ports and folders of their own: killed, started again on the same data.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{self, Answer, Request};
use crate::wait_until;

/// A store.
#[derive(Debug)]
pub struct Store {
    kind: Kind,
    port: u16,
    folder: TempDir,
    child: Option<Child>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Victoria,
    Influxd,
}

impl Store {
    /// VictoriaMetrics.
    pub fn victoria() -> Self {
        Self::new(Kind::Victoria)
    }

    /// InfluxDB 1.x: its own engine, with version 1's paths.
    pub fn influxd() -> Self {
        Self::new(Kind::Influxd)
    }

    fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut store = Self { kind, port: free_port(), folder, child: None };
        store.start();
        store
    }

    /// Starts it, on the port and the data it had before.
    ///
    /// # Panics
    /// When it is not installed or does not start.
    pub fn start(&mut self) {
        let folder = self.folder.path();
        let (mut command, health, package) = match self.kind {
            Kind::Victoria => {
                let mut command = Command::new("victoria-metrics");
                command
                    .arg(format!("-storageDataPath={}", folder.display()))
                    .arg(format!("-httpListenAddr={}", self.address()))
                    .args(["-retentionPeriod=20y", "-search.latencyOffset=0s"]);
                (command, "/health", "victoria-metrics")
            }
            Kind::Influxd => {
                let mut command = Command::new("influxd");
                command.arg("-config").arg(influxd_config(folder, &self.address()));
                (command, "/ping", "influxdb")
            }
        };
        let log = std::fs::File::create(folder.join("log")).expect("the folder is ours");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("the file, twice")).stderr(log);
        let child = command.spawn();
        self.child = Some(child.unwrap_or_else(|error| {
            panic!("{package} cannot be started: {error}; install it with: apt-get install {package}")
        }));
        wait_until(&format!("{package} to answer"), || {
            http::get(&self.address(), health).ok().filter(|answer| answer.status < 300)
        });
    }

    /// Ends it in the middle of whatever it does.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
    }

    /// Asks it to end, so that what it took is on its disk.
    ///
    /// # Panics
    /// When it does not run.
    pub fn end(&mut self) {
        let mut child = self.child.take().expect("it runs");
        crate::gateway::signal(child.id(), "TERM");
        child.wait().expect("it ends");
    }

    /// `address:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Rows of an InfluxQL query: each a map of columns.
    ///
    /// # Panics
    /// When the query is refused.
    pub fn query(&self, query: &str) -> Vec<Value> {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = http::post(&self.address(), &format!("/query?db=city&epoch=ms&q={encoded}"), &[]);
        let answer = answer.expect("influxd answers").json();
        assert!(answer["results"][0]["error"].is_null(), "{query}: {answer}");
        let series = &answer["results"][0]["series"][0];
        let columns = series["columns"].as_array().cloned().unwrap_or_default();
        let rows = series["values"].as_array().cloned().unwrap_or_default();
        let row = |row: Value| {
            let pairs = columns.iter().zip(row.as_array().cloned().unwrap_or_default());
            pairs.map(|(column, value)| (column.as_str().unwrap_or_default().to_owned(), value)).collect()
        };
        rows.into_iter().map(|values| Value::Object(row(values))).collect()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A port that was free a moment ago.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

fn influxd_config(folder: &Path, address: &str) -> PathBuf {
    let path = folder.join("influxd.toml");
    let sub = |name: &str| folder.join(name).display().to_string();
    let text = format!(
        "reporting-disabled = true\nbind-address = \"127.0.0.1:0\"\n[meta]\ndir = {:?}\n\
         [data]\ndir = {:?}\nwal-dir = {:?}\n[monitor]\nstore-enabled = false\n\
         [http]\nbind-address = {address:?}\nlog-enabled = false\n",
        sub("meta"),
        sub("data"),
        sub("wal"),
    );
    std::fs::write(&path, text).expect("the folder is ours");
    path
}

/// Stands before influxd 1.x and gives it the paths of version 2, so that InfluxDB's own engine judges our lines. Lives
/// as long as the test's process.
///
/// # Panics
/// When no port is free.
pub fn version_2(store: &Store, token: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let (store, token) = (store.address(), format!("Token {token}"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (store, token) = (store.clone(), token.clone());
            std::thread::spawn(move || rewrite(stream, &store, &token));
        }
    });
    address
}

fn rewrite(mut stream: TcpStream, store: &str, authorization: &str) -> Option<()> {
    let request = Request::read(&mut stream)?;
    let answer = match request.path.split_once('?')? {
        _ if request.header("authorization") != Some(authorization) => Ok(Answer::of(401, b"{}".to_vec())),
        ("/api/v2/write", query) => {
            let headers: Vec<(&str, &str)> =
                request.header("content-encoding").map(|value| ("Content-Encoding", value)).into_iter().collect();
            let query = query.replace("bucket=", "db=");
            http::ask(store, "POST", &format!("/write?{query}"), &headers, &request.body)
        }
        ("/api/v2/buckets", _) => {
            let bucket = json!({"id": "0123456789abcdef", "orgID": "fedcba9876543210", "type": "user", "name": "city",
                "retentionRules": [{"type": "expire", "everySeconds": 0}]});
            Ok(Answer::of(
                200,
                json!({"buckets": [bucket], "links": {"self": "/api/v2/buckets"}}).to_string().into_bytes(),
            ))
        }
        _ => Ok(Answer::of(404, Vec::new())),
    };
    // A store that is away looks like a connection that breaks.
    stream.write_all(&answer.ok()?.to_bytes()).ok()
}
