//! [`MailServer`]: a real SMTP server (aiosmtpd) as a child process, which keeps what it was given; killed, started again on its port.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::peer::free_port;
use crate::tls::{Pair, text};
use crate::wait_until;

/// Writes each message as a line of JSON: to whom, its headers as people read them, its text. An address that begins with `nobody` is
/// refused for good.
const SERVER: &str = r#"
import email, email.policy, json, ssl, sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

class Keep:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 there is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        kept = {"to": envelope.rcpt_tos, "subject": mail["subject"], "id": mail["message-id"],
                "from": str(mail["from"]), "text": mail.get_content()}
        with open(sys.argv[2], "a", encoding="utf-8") as file:
            file.write(json.dumps(kept) + "\n")
        return "250 kept"

guard = {}
if len(sys.argv) > 3:
    cert, key, name, password = sys.argv[3:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    def known(server, session, envelope, mechanism, data):
        right = (data.login, data.password) == (name.encode(), password.encode())
        return AuthResult(success=right, handled=False)

    guard = dict(tls_context=context, require_starttls=True, auth_required=True, authenticator=known)

Controller(Keep(), hostname="127.0.0.1", port=int(sys.argv[1]), **guard).start()
while True:
    time.sleep(60)
"#;

/// The server.
#[derive(Debug)]
pub struct MailServer {
    folder: TempDir,
    port: u16,
    guard: Vec<String>,
    child: Option<Child>,
}

impl MailServer {
    /// One that does not run yet.
    ///
    /// # Panics
    /// When there is no room for its files.
    pub fn prepare() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("server.py"), SERVER).expect("the folder is ours");
        Self { folder, port: free_port(), guard: Vec::new(), child: None }
    }

    /// It takes nothing before STARTTLS with this certificate, and nothing from who does not sign in.
    pub fn guard(&mut self, pair: &Pair, name: &str, password: &str) {
        self.guard = vec![text(&pair.cert), text(&pair.key), name.to_owned(), password.to_owned()];
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it does not start.
    pub fn run(&mut self) {
        let mut command = Command::new(python());
        command.arg(self.folder.path().join("server.py")).arg(self.port.to_string()).arg(self.kept()).args(&self.guard);
        let errors = std::fs::File::create(self.folder.path().join("errors")).expect("the folder is ours");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn();
        self.child = Some(child.expect("python3 is missing; install it with: apt-get install python3"));
        let address = format!("127.0.0.1:{}", self.port);
        wait_until("the mail server to open (it needs: apt-get install python3-aiosmtpd)", || {
            std::net::TcpStream::connect(&address).ok()
        });
    }

    /// Ends it.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// What it was given, in order.
    ///
    /// # Panics
    /// When it wrote something that is no JSON.
    pub fn mails(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.kept()).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    fn kept(&self) -> PathBuf {
        self.folder.path().join("kept")
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The python that has the mail server: the first in the path, or Debian's own, where Debian's package puts it.
fn python() -> &'static str {
    const HERE: [&str; 2] = ["python3", "/usr/bin/python3"];
    let has_it = |python: &&str| {
        Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
    };
    HERE.into_iter().find(has_it).unwrap_or("python3")
}
