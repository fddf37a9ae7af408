//! A real Mosquitto, started, stopped and made to forget.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use super::gateway::{signal, wait};

/// What a city needs, as docs/broker.md says.
pub(crate) const SOUND: &str =
    "max_inflight_messages 1000\nmax_queued_messages 0\npersistence true\nset_tcp_nodelay true\n";
/// What Mosquitto does when nobody says otherwise.
pub(crate) const DEFAULTS: &str = "persistence true\n";

/// A broker with a folder of its own; killed at the end of its test.
pub(crate) struct Mosquitto {
    folder: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
}

impl Mosquitto {
    pub(crate) fn start(settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let path = folder.path().display();
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nsys_interval 1\npersistence_location {path}/\nuser root\n{settings}"
        );
        std::fs::write(folder.path().join("mosquitto.conf"), text).expect("the configuration can be written");
        let mut mosquitto = Self { folder, port, child: None };
        mosquitto.run();
        mosquitto
    }

    pub(crate) fn run(&mut self) {
        let child = Command::new("mosquitto")
            .arg("-c")
            .arg(self.folder.path().join("mosquitto.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto is installed: apt-get install mosquitto mosquitto-clients");
        self.child = Some(child);
        wait("mosquitto is open", || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
    }

    /// SIGTERM: it writes its sessions down.
    pub(crate) fn stop(&mut self) {
        let mut child = self.child.take().expect("it runs");
        signal(child.id(), "TERM");
        child.wait().expect("it ends");
    }

    /// Takes away what it has written down.
    pub(crate) fn forget(&self) {
        std::fs::remove_file(self.folder.path().join("mosquitto.db")).expect("it has written its sessions down");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The section `[broker]` for a gateway.
    pub(crate) fn section(&self, rest: &str) -> String {
        format!("[broker]\nurl = \"mqtt://127.0.0.1:{}\"\n{rest}\n", self.port)
    }

    /// A client that publishes each line as a message with QoS 1 and ends when all are acknowledged.
    pub(crate) fn publisher(&self, topic: &str, lines: String) -> std::thread::JoinHandle<()> {
        let mut command = self.client("mosquitto_pub");
        command.args(["-l", "-q", "1", "-t", topic]).stdin(Stdio::piped());
        std::thread::spawn(move || {
            let mut child = command.spawn().expect("mosquitto-clients are installed");
            let mut input = child.stdin.take().expect("it is piped");
            input.write_all(lines.as_bytes()).expect("it reads all");
            drop(input);
            assert!(child.wait().expect("it ends").success());
        })
    }

    /// Publishes one message and waits for its acknowledgement.
    pub(crate) fn publish(&self, topic: &str, payload: &[u8], options: &[&str]) {
        let mut child = self
            .client("mosquitto_pub")
            .args(["-s", "-q", "1", "-t", topic])
            .args(options)
            .stdin(Stdio::piped())
            .spawn()
            .expect("mosquitto-clients are installed");
        child.stdin.take().expect("it is piped").write_all(payload).expect("it reads all");
        assert!(child.wait().expect("it ends").success());
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// SenML messages of one reading each, a line each, one second apart; numbers `from` to `until`.
pub(crate) fn readings(from: u64, until: u64) -> String {
    let hours_ago =
        SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() / 3_600 * 3_600 - 86_400;
    (from..until).fold(String::new(), |mut lines, i| {
        let time = hours_ago + i;
        let _ = writeln!(lines, r#"[{{"n":"temperature","u":"Cel","v":{}.5,"t":{time}}}]"#, i % 30);
        lines
    })
}
