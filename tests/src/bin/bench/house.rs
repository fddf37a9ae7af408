//! The program under measurement, on a folder of its own, and what the system says of its process.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Ticks of `/proc/PID/stat` a second, as Linux has them on every architecture that we run on.
const TICKS: f64 = 100.0;

/// The program, on a folder of its own.
pub(crate) struct Gateway {
    child: Child,
    folder: tempfile::TempDir,
    pub(crate) mqtt: u16,
    http: u16,
}

impl Gateway {
    pub(crate) fn start() -> Result<Self> {
        Self::start_with("")
    }

    pub(crate) fn start_with(limits: &str) -> Result<Self> {
        let folder = tempfile::tempdir_in(std::env::var_os("BENCH_DIR").unwrap_or_else(|| ".".into()))?;
        let mut config =
            String::from("data_dir = \"data\"\n[listen]\nmqtt = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n");
        write!(config, "[enrolment]\nmode = \"open\"\n[access]\nread = \"anyone\"\n[limits]\n{limits}")?;
        std::fs::write(folder.path().join("gateway.toml"), config)?;
        let child = spawn(folder.path())?;
        let mut gateway = Self { child, folder, mqtt: 0, http: 0 };
        gateway.wait_open()?;
        Ok(gateway)
    }

    /// One that looks each second by `rules` rules of alerts; what comes is beyond the level of one in a hundred.
    pub(crate) fn start_with_rules(rules: usize) -> Result<Self> {
        let folder = tempfile::tempdir_in(std::env::var_os("BENCH_DIR").unwrap_or_else(|| ".".into()))?;
        let catalogues = folder.path().join("catalogues");
        let ours = tests::gateway::repository("config/catalogues");
        Command::new("cp").arg("-r").arg(ours).arg(&catalogues).status()?;
        let mut text = String::new();
        for n in 0..rules {
            write!(
                text,
                "[[rule]]\ncode = \"r{n}\"\nname = {{ el = \"α\", en = \"a\" }}\nseverity = \"warning\"\non = \"above\"\n\
                 quantity = \"{}\"\nlevel = {}\nfor_s = 600\ninstructions = {{ el = \"α\", en = \"a\" }}\nsource = \"x\"\n",
                ["pm25", "pm10", "temperature", "humidity"][n % 4],
                // What comes is beyond one in a hundred of them, half of the time.
                if n % 99 == 0 { 15 } else { 900 + n % 90 }
            )?;
        }
        std::fs::write(catalogues.join("alerts.toml"), text)?;
        let mut config =
            String::from("data_dir = \"data\"\n[listen]\nmqtt = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n");
        config.push_str("[enrolment]\nmode = \"open\"\n[access]\nread = \"anyone\"\n[alerts]\nevery_s = 1\n");
        std::fs::write(folder.path().join("gateway.toml"), config)?;
        let child = spawn(folder.path())?;
        let mut gateway = Self { child, folder, mqtt: 0, http: 0 };
        gateway.wait_open()?;
        Ok(gateway)
    }

    pub(crate) fn wait_open(&mut self) -> Result<()> {
        let ports = self.folder.path().join("data/ports.json");
        for _ in 0..600 {
            if let Ok(text) = std::fs::read_to_string(&ports) {
                let value: serde_json::Value = serde_json::from_str(&text)?;
                let port = |name: &str| value[name].as_str()?.rsplit(':').next()?.parse().ok();
                self.mqtt = port("mqtt").context("no mqtt port")?;
                self.http = port("http").context("no http port")?;
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the gateway ended: {status}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("the gateway did not open")
    }

    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        std::fs::remove_file(self.folder.path().join("data/ports.json"))?;
        Ok(())
    }

    pub(crate) fn restart(&mut self) -> Result<()> {
        self.child = spawn(self.folder.path())?;
        self.wait_open()
    }

    pub(crate) fn stop(&mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        self.child.wait()?;
        Ok(())
    }

    fn get(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.http))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.split_once("\r\n\r\n").context("an answer")?.1.to_owned())
    }

    fn all(&self) -> Result<serde_json::Value> {
        let mut ledger: serde_json::Value = serde_json::from_str(&self.get("/api/ledger")?).context("the ledger")?;
        Ok(ledger["all"].take())
    }

    /// Waits until every frame that is on disk is taken up.
    pub(crate) fn wait_taken_up(&self) -> Result<()> {
        while self.all()?["frames"]["pending"] != 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Waits until all of it is stored, and every window that is due is written.
    pub(crate) fn wait_settled(&self) -> Result<()> {
        while self.all()?["pending"] != 0 {
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The journal's own commits: how many, and the time that 99 of 100 took at most.
    pub(crate) fn commits(&self) -> Result<(u64, Duration)> {
        let metrics = self.get("/metrics")?;
        let prefix = "city_gateway_journal_commit_seconds_bucket{le=\"";
        let pairs: Vec<(f64, u64)> = metrics
            .lines()
            .filter_map(|line| line.strip_prefix(prefix)?.split_once("\"} "))
            .map(|(bound, count)| (bound.parse().unwrap_or(f64::INFINITY), count.parse().unwrap_or(0)))
            .collect();
        let count = pairs.last().context("no times of commits in /metrics")?.1;
        let wanted = count as f64 * 0.99;
        let mut before = (0.0, 0);
        for (bound, so_far) in pairs {
            if so_far as f64 >= wanted {
                let share = (wanted - before.1 as f64) / (so_far - before.1).max(1) as f64;
                let seconds = before.0 + (bound.min(10.0) - before.0) * share;
                return Ok((count, Duration::from_secs_f64(seconds)));
            }
            before = (bound, so_far);
        }
        bail!("no commits")
    }

    /// Bytes that the process had the system write to disk, and bytes that it gave to write calls of any kind.
    pub(crate) fn written(&self) -> Result<(u64, u64)> {
        let io = std::fs::read_to_string(format!("/proc/{}/io", self.child.id()))?;
        let value = |name: &str| -> Result<u64> {
            let line = io.lines().find_map(|line| line.strip_prefix(name)).with_context(|| name.to_owned())?;
            Ok(line.trim().parse()?)
        };
        Ok((value("write_bytes:")?, value("wchar:")?))
    }

    /// Copies the store's file, to be looked into.
    pub(crate) fn keep_store(&self, to: &Path) -> Result<()> {
        std::fs::copy(self.folder.path().join("data/telemetry.db"), to)?;
        Ok(())
    }

    /// Bytes of the store's file.
    pub(crate) fn store_bytes(&self) -> Result<u64> {
        Ok(std::fs::metadata(self.folder.path().join("data/telemetry.db"))?.len())
    }

    /// User and system time of the process.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / TICKS)
    }

    pub(crate) fn resident_mb(&self) -> Result<f64> {
        self.memory_mb("VmRSS:")
    }

    /// The most that it ever had.
    pub(crate) fn resident_most_mb(&self) -> Result<f64> {
        self.memory_mb("VmHWM:")
    }

    fn memory_mb(&self, name: &'static str) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with(name)).context(name)?;
        Ok(line.split_whitespace().nth(1).context("a number")?.parse::<f64>()? / 1_024.0)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path) -> Result<Child> {
    let program = std::env::var_os("CITY_GATEWAY_BIN").map_or_else(beside, PathBuf::from);
    Command::new(&program)
        .args(["run", "--config"])
        .arg(folder.join("gateway.toml"))
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{}: build it with cargo build --release -p city-gateway", program.display()))
}

fn beside() -> PathBuf {
    std::env::current_exe().map_or_else(|_| "city-gateway".into(), |own| own.with_file_name("city-gateway"))
}
