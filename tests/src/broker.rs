//! [`Mosquitto`]: a city's own broker as a child process, with the settings of docs/broker.md; killed, started again on what
//! it had written down.

use std::io;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::gateway::{Address, signal};
use crate::peer::free_port;
use crate::wait_until;

/// The broker.
#[derive(Debug)]
pub struct Mosquitto {
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Mosquitto {
    /// One that anybody may use; `settings` on top.
    ///
    /// # Panics
    /// When it is not installed or does not start.
    pub fn start(settings: &str) -> Self {
        let (folder, port) = (tempfile::tempdir().expect("a temporary folder"), free_port());
        // As root it would give its rights away, and could not write into a folder of ours.
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {}/\nuser root\n\
             max_inflight_messages 1000\nmax_queued_messages 0\nset_tcp_nodelay true\n{settings}",
            folder.path().display()
        );
        std::fs::write(folder.path().join("mosquitto.conf"), text).expect("the folder is ours");
        let mut mosquitto = Self { folder, port, child: None };
        mosquitto.run();
        mosquitto
    }

    /// Starts it again on what it had written down.
    ///
    /// # Panics
    /// When it is not installed or does not start.
    pub fn run(&mut self) {
        let mut command = Command::new("mosquitto");
        command.arg("-c").arg(self.folder.path().join("mosquitto.conf"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.child = Some(child.unwrap_or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => panic!("mosquitto is missing; install it with: apt-get install mosquitto"),
            _ => panic!("mosquitto: {error}"),
        }));
        let address = self.address().get();
        wait_until("mosquitto to open", || std::net::TcpStream::connect(&address).ok());
    }

    /// Has it write sessions and queues down now, and waits until they are.
    ///
    /// # Panics
    /// When it does not run.
    pub fn write_down(&self) {
        let file = self.folder.path().join("mosquitto.db");
        let before = std::fs::metadata(&file).and_then(|data| data.modified()).ok();
        signal(self.child.as_ref().expect("it runs").id(), "USR1");
        wait_until("mosquitto.db", || {
            let now = std::fs::metadata(&file).and_then(|data| data.modified()).ok();
            (now.is_some() && now != before).then_some(())
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

    /// The process's number.
    ///
    /// # Panics
    /// When it does not run.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Where it listens.
    pub fn address(&self) -> Address {
        Address::fixed(&format!("127.0.0.1:{}", self.port))
    }
}

impl Mosquitto {
    /// Somebody who hears a topic from now on.
    ///
    /// # Panics
    /// When mosquitto_sub is not installed.
    pub fn listen(&self, topic: &str) -> Heard {
        let (port, file) = (self.port.to_string(), self.folder.path().join("heard"));
        let out = std::fs::File::create(&file).expect("the folder is ours");
        let child = Command::new("mosquitto_sub")
            .args(["-h", "127.0.0.1", "-p", &port, "-q", "1", "-t", topic])
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto_sub is missing; install it with: apt-get install mosquitto-clients");
        // A message of our own shows that it listens.
        wait_until("mosquitto_sub to listen", || {
            let said =
                Command::new("mosquitto_pub").args(["-h", "127.0.0.1", "-p", &port, "-t", topic, "-m", READY]).status();
            assert!(said.expect("mosquitto_pub is there").success());
            std::fs::read_to_string(&file).ok().filter(|text| text.contains(READY))
        });
        Heard { child, file }
    }
}

/// What shows that somebody listens.
const READY: &str = "ready";

/// Somebody who hears a topic.
#[derive(Debug)]
pub struct Heard {
    child: Child,
    file: std::path::PathBuf,
}

impl Heard {
    /// Messages so far, one to a line.
    pub fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().filter(|line| *line != READY).map(str::to_owned).collect()
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
