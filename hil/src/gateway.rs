//! The real gateway as a process of its own, and what its API says.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

/// A gateway with a data folder of its own and addresses that stay over restarts.
pub(crate) struct Gateway {
    program: PathBuf,
    folder: PathBuf,
    mqtt: SocketAddr,
    http: SocketAddr,
    process: Option<Child>,
}

/// A port that nobody has, below those that the system gives to outgoing connections: a gateway that is killed has to find its
/// own free again, with other scenarios beside it.
fn free_port(address: Ipv4Addr) -> anyhow::Result<SocketAddr> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = (std::process::id() % 100) as u16 * 100;
    for _ in 0..10_000 {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind((address, port)).is_ok() {
            return Ok((address, port).into());
        }
    }
    bail!("no port from 20000 to 29999 is free")
}

impl Gateway {
    /// Starts one whose nodes reach it at `address`.
    pub(crate) fn start(program: &Path, folder: &Path, address: Ipv4Addr) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let (mqtt, http) = (free_port(address)?, free_port(Ipv4Addr::LOCALHOST)?);
        let config = format!(
            "data_dir = \"data\"\n[municipality]\nname = \"Bench\"\n[listen]\nmqtt = \"{mqtt}\"\nhttp = \"{http}\"\n\
             [enrolment]\nmode = \"open\"\n[access]\nread = \"anyone\"\n"
        );
        std::fs::write(folder.join("gateway.toml"), config)?;
        let mut gateway = Self { program: program.canonicalize()?, folder: folder.into(), mqtt, http, process: None };
        gateway.resume()?;
        Ok(gateway)
    }

    /// Where nodes connect.
    pub(crate) fn mqtt(&self) -> SocketAddr {
        self.mqtt
    }

    /// Starts it again, and waits until it is ready.
    pub(crate) fn resume(&mut self) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(self.folder.join("gateway.log"))?;
        let process = Process::new(&self.program)
            .args(["run", "--config"])
            .arg(self.folder.join("gateway.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| self.program.display().to_string())?;
        self.process = Some(process);
        let until = Instant::now() + Duration::from_secs(20);
        while self.get("/readyz").is_err() {
            ensure!(Instant::now() < until, "the gateway did not get ready: see gateway.log");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Kills it, with nothing written that it did not write already.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Both fail only when it is gone already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// What it answers on that path, as JSON where it is.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Value> {
        let mut stream = TcpStream::connect_timeout(&self.http, Duration::from_secs(2))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let path = path.replace(' ', "%20").replace('\'', "%27");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.http)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n").context("not HTTP")?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        ensure!(status == "200", "{path}: {status} {}", body.trim());
        let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            unchunked(body)
        } else {
            body.into()
        };
        Ok(serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    /// What `city-gateway node …` prints, beside the running gateway as a person at the command line has it.
    pub(crate) fn node(&self, words: &str) -> anyhow::Result<String> {
        let output = Process::new(&self.program)
            .args(["node", "--config"])
            .arg(self.folder.join("gateway.toml"))
            .args(words.split(' '))
            .output()
            .with_context(|| self.program.display().to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        ensure!(output.status.success(), "node {words}: {said}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Asks something of a node, and waits until it answers that it is done.
    pub(crate) fn ask(&self, node: &str, words: &str) -> anyhow::Result<()> {
        self.node(&format!("command {node} --wait 15 {words}")).map(|_| ())
    }

    /// Opens a serial line at `path`, on which `node` is polled, from its next start on.
    pub(crate) fn open_line(&self, path: &Path, node: &str) -> anyhow::Result<()> {
        let mut file = File::options().append(true).open(self.folder.join("gateway.toml"))?;
        let line =
            format!("[[serial]]\npath = \"{}\"\nbaud = 115200\nnodes = [\"{node}\"]\npoll_ms = 200\n", path.display());
        Ok(file.write_all(line.as_bytes())?)
    }

    /// A number of the ledger of `node`, `readings.stored`.
    pub(crate) fn ledger(&self, node: &str, path: &str) -> anyhow::Result<u64> {
        let ledger = self.get("/api/ledger")?;
        let pointer = format!("/nodes/{node}/{}", path.replace('.', "/"));
        Ok(ledger.pointer(&pointer).and_then(Value::as_u64).unwrap_or(0))
    }

    /// The values of a node's datastream, oldest first; none when there is no such datastream yet.
    pub(crate) fn values(&self, node: &str, quantity: &str) -> anyhow::Result<Vec<f64>> {
        Ok(self.times(node, quantity)?.into_iter().map(|(_, value)| value).collect())
    }

    /// Its values with their times, in milliseconds since 1970, oldest first.
    pub(crate) fn times(&self, node: &str, quantity: &str) -> anyhow::Result<Vec<(i64, f64)>> {
        let filter = format!("Thing/name eq '{node}' and ObservedProperty/name eq '{quantity}'");
        let found = self.get(&format!("/v1.1/Datastreams?$filter={filter}&$select=id,properties"))?;
        let streams = found["value"].as_array().context("no list of Datastreams")?;
        // Its aggregates are Datastreams too, and say so.
        let Some(id) =
            streams.iter().find(|stream| stream["properties"]["aggregate"].is_null()).map(|stream| &stream["@iot.id"])
        else {
            return Ok(Vec::new());
        };
        let mut values = Vec::new();
        let mut next = Some(format!("/v1.1/Datastreams({id})/Observations?$orderby=phenomenonTime asc&$top=500"));
        while let Some(path) = next {
            let page = self.get(&path)?;
            for observation in page["value"].as_array().context("no list of Observations")? {
                let time: jiff::Timestamp =
                    observation["phenomenonTime"].as_str().context("an Observation without a time")?.parse()?;
                let value = observation["result"].as_f64().context("a result that is no number")?;
                values.push((time.as_millisecond(), value));
            }
            next = page["@iot.nextLink"].as_str().map(|link| match link.find("/v1.1") {
                Some(at) => link[at..].to_owned(),
                None => link.to_owned(),
            });
        }
        Ok(values)
    }
}

fn unchunked(body: &str) -> String {
    let mut rest = body;
    let mut whole = String::new();
    while let Some((length, after)) = rest.split_once("\r\n") {
        let Ok(length) = usize::from_str_radix(length.trim(), 16) else { break };
        if length == 0 || after.len() < length {
            break;
        }
        whole.push_str(&after[..length]);
        rest = after[length..].trim_start_matches("\r\n");
    }
    whole
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until `condition` says yes, or `timeout` is over: then `what` was not so.
pub(crate) fn eventually(
    what: &str,
    timeout: Duration,
    mut condition: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    loop {
        match condition() {
            Ok(true) => return Ok(begun.elapsed()),
            Ok(false) if begun.elapsed() > timeout => bail!("not within {} s: {what}", timeout.as_secs()),
            Err(error) if begun.elapsed() > timeout => return Err(error.context(format!("while waiting: {what}"))),
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}
