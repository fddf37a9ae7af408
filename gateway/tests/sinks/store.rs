//! Real stores as child processes on ports and folders of their own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A store that can be killed and started again on the same port and data.
pub(crate) struct Store {
    pub(crate) port: u16,
    folder: TempDir,
    child: Option<Child>,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Victoria,
    Influxd,
}

impl Store {
    pub(crate) async fn victoria() -> Self {
        Self::new(Kind::Victoria).await
    }

    pub(crate) async fn influxd() -> Self {
        Self::new(Kind::Influxd).await
    }

    async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut store = Self { port: free_port(), folder, child: None, kind };
        store.start().await;
        store
    }

    pub(crate) async fn start(&mut self) {
        let path = self.folder.path();
        let address = format!("127.0.0.1:{}", self.port);
        let (mut command, health, package) = match self.kind {
            Kind::Victoria => {
                let mut command = Command::new("victoria-metrics");
                command
                    .arg(format!("-storageDataPath={}", path.display()))
                    .arg(format!("-httpListenAddr={address}"))
                    .args(["-retentionPeriod=20y", "-search.latencyOffset=0s"]);
                (command, "/health", "victoria-metrics")
            }
            Kind::Influxd => {
                let mut command = Command::new("influxd");
                command.arg("-config").arg(influxd_config(path, &address));
                (command, "/ping", "influxdb")
            }
        };
        let log = std::fs::File::create(path.join("log")).expect("a file for the log");
        let child = command
            .stdout(log.try_clone().expect("the file, twice"))
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; install it with: apt-get install {package}"));
        self.child = Some(child);
        let started = Instant::now();
        while reqwest::get(self.url(health)).await.map_or(true, |answer| !answer.status().is_success()) {
            if started.elapsed() > Duration::from_secs(30) {
                panic!("{package} does not start: {}", std::fs::read_to_string(path.join("log")).unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it runs");
            child.wait().expect("it ends");
        }
    }

    /// Asks it to end, so that what it took is on its disk.
    pub(crate) fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let asked = Command::new("kill").arg(child.id().to_string()).status().expect("kill is there");
            assert!(asked.success());
            child.wait().expect("it ends");
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
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
