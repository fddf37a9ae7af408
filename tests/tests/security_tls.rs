//! TLS: pages over HTTPS, nodes over MQTT with a password or a certificate, a reverse proxy in front; and whoever stalls,
//! speaks in clear, or shows a certificate that is revoked, expired or another's.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::tls::{Pair, PrivateCa, port, publish, run, subscribe, text, well};
use tests::{Gateway, wait_until};

const READING: &str = r#"[{"n":"temperature","v":20.5}]"#;
const LOCALHOST: &str = "DNS:localhost,IP:127.0.0.1";

/// A gateway that speaks HTTPS with a certificate of a private authority.
fn https(more: &[(&str, &str)]) -> (Gateway, PrivateCa, Pair) {
    let mut gateway = Gateway::prepare(&[]);
    let ca = PrivateCa::new(gateway.folder(), "city");
    let pair = ca.issue("shown", "localhost", LOCALHOST);
    let mut settings = vec![("http.tls.cert_file", "\"shown.pem\""), ("http.tls.key_file", "\"shown.key\"")];
    settings.extend(more);
    gateway.configure(&settings);
    gateway.restart();
    (gateway, ca, pair)
}

/// Asks over HTTPS; gives the answer with its headers.
fn ask(gateway: &Gateway, ca: &PrivateCa, path: &str) -> String {
    let address = gateway.http().get();
    let url = format!("https://localhost:{}{path}", port(&address));
    well("curl", &["-sS", "-i", "--max-time", "10", "--cacert", &text(&ca.cert()), &url])
}

/// The serial number of the certificate that is shown now.
fn serial_shown(gateway: &Gateway) -> String {
    let address = gateway.http().get();
    let output = run("openssl", &["s_client", "-connect", &address, "-servername", "localhost"]);
    let shown = gateway.folder().join("as-shown.pem");
    std::fs::write(&shown, &output.stdout).expect("the folder is ours");
    well("openssl", &["x509", "-in", &text(&shown), "-noout", "-serial"])
}

fn serial(pair: &Pair) -> String {
    well("openssl", &["x509", "-in", &text(&pair.cert), "-noout", "-serial"])
}

/// An HTTPS connection that stays.
struct Open {
    child: Child,
    say: ChildStdin,
    hear: BufReader<ChildStdout>,
}

impl Open {
    fn to(gateway: &Gateway) -> Self {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-connect", &gateway.http().get(), "-servername", "localhost"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("openssl is installed");
        let (say, hear) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Self { child, say, hear: BufReader::new(hear) }
    }

    /// Asks for the health and reads the answer's first line and its body's last.
    fn ask(&mut self) -> String {
        self.say.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it is open");
        let mut first = String::new();
        self.hear.read_line(&mut first).expect("it is open");
        let mut line = String::new();
        while line != "ok\n" {
            line.clear();
            assert!(self.hear.read_line(&mut line).expect("it is open") > 0, "closed after {first}");
        }
        first.trim().to_owned()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_certificate_that_changes_is_shown_within_seconds_and_connections_go_on() {
    let (gateway, ca, pair) = https(&[]);
    let answer = ask(&gateway, &ca, "/healthz");
    assert!(answer.contains("200") && answer.contains("strict-transport-security: max-age="), "{answer}");
    let url = format!("https://localhost:{}/healthz", port(&gateway.http().get()));
    assert_eq!(
        run("curl", &["-sS", &url]).status.code(),
        Some(60),
        "who does not know the authority does not trust it"
    );
    assert_eq!(serial_shown(&gateway), serial(&pair));

    let mut open = Open::to(&gateway);
    assert!(open.ask().contains("200"));
    let next = ca.issue("next", "localhost", LOCALHOST);
    std::fs::copy(&next.key, &pair.key).expect("the folder is ours");
    std::fs::copy(&next.cert, &pair.cert).expect("the folder is ours");
    let started = Instant::now();
    wait_until("the new certificate", || (serial_shown(&gateway) == serial(&next)).then_some(()));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert!(open.ask().contains("200"), "the connection went on");

    // A broken one is told and not shown; so is one whose key is another's.
    std::fs::write(&pair.cert, "-----BEGIN CERTIFICATE-----\nbroken\n").expect("the folder is ours");
    let warnings = || ask(&gateway, &ca, "/readyz");
    wait_until("a warning", || warnings().contains("was not taken").then_some(()));
    assert_eq!(serial_shown(&gateway), serial(&next));
    std::fs::copy(&next.cert, &pair.cert).expect("the folder is ours");
    wait_until("no warning", || (!warnings().contains("was not taken")).then_some(()));
    let other = ca.issue("other", "localhost", LOCALHOST);
    std::fs::copy(&other.key, &pair.key).expect("the folder is ours");
    wait_until("a warning", || warnings().contains("not the key of the certificate").then_some(()));
    assert_eq!(serial_shown(&gateway), serial(&next));
    assert!(open.ask().contains("200"), "the connection went on");
}

#[test]
fn who_speaks_http_in_clear_to_the_tls_port_is_told_so() {
    let (gateway, ca, _) = https(&[]);
    let mut clear = TcpStream::connect(gateway.http().get()).expect("it listens");
    clear.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
    clear.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it is open");
    let mut answer = String::new();
    clear.read_to_string(&mut answer).expect("it closes");
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("https://"), "{answer}");
    let metrics = ask(&gateway, &ca, "/metrics");
    let failed = metrics.lines().find(|line| line.contains("tls_handshakes_failed_total{door=\"http\"}"));
    assert!(failed.is_some_and(|line| line.ends_with(" 1")), "{failed:?}");
}

#[test]
fn two_hundred_stalled_handshakes_keep_no_honest_client_out() {
    // So few places that those who stall would take them all.
    let places = [("limits.http_connections_max", "100"), ("limits.connections_max", "60")];
    let (gateway, ca, _) = https(&[("listen.mqtts", "\"127.0.0.1:0\""), places[0], places[1]]);
    let authority = exported(&gateway);
    let stall = |address: &str| -> Vec<TcpStream> {
        let half = |n: usize| {
            let mut stream = TcpStream::connect(address).expect("it listens");
            // Half of them say nothing at all, half begin a handshake and stop.
            if n.is_multiple_of(2) {
                stream.write_all(&[0x16, 3, 1, 2, 0, 1, 0]).expect("it is open");
            }
            stream
        };
        (0..200).map(half).collect()
    };
    let (_http, _mqtts) = (stall(&gateway.http().get()), stall(&gateway.mqtts()));
    let started = Instant::now();
    assert!(ask(&gateway, &ca, "/healthz").contains("200"));
    let sent = publish(&gateway, &authority, "city/quick/readings", READING, &["-u", "quick", "-P", "a secret"]);
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    // A stalled one would have its ten seconds.
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

/// The authority's certificate, as nodes are given it.
fn exported(gateway: &Gateway) -> PathBuf {
    let output = gateway.command("ca --config FILE export");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = gateway.folder().join("authority.pem");
    std::fs::write(&path, output.stdout).expect("the folder is ours");
    path
}

fn told(gateway: &Gateway, line: &str) -> String {
    let output = gateway.command(line);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{line}: {out}{err}");
    out.into_owned()
}

/// A gateway with nodes `lamp` and `bin`, and lamp's certificate.
fn with_certificate(certificates: &str) -> (Gateway, PathBuf, Pair) {
    let certificates = format!("\"{certificates}\"");
    let settings = [
        ("listen.mqtts", "\"127.0.0.1:0\""),
        ("enrolment.mode", "\"claim\""),
        ("enrolment.certificates", &certificates),
        ("limits.checkpoint_s", "1"),
    ];
    let gateway = Gateway::start(&settings);
    told(&gateway, "node --config FILE add lamp");
    told(&gateway, "node --config FILE add bin");
    let authority = exported(&gateway);
    let pair = issue(&gateway, "issue lamp");
    (gateway, authority, pair)
}

fn issue(gateway: &Gateway, how: &str) -> Pair {
    let folder = gateway.folder().join(how.replace(' ', "-"));
    told(gateway, &format!("node --config FILE certificate {how} --out {}", folder.display()));
    let node = how.split(' ').nth(1).expect("a node");
    Pair { cert: folder.join(format!("{node}.pem")), key: folder.join(format!("{node}.key")) }
}

fn show(pair: &Pair, user: &str) -> [String; 6] {
    ["--cert", &text(&pair.cert), "--key", &text(&pair.key), "-u", user].map(str::to_owned)
}

fn try_as(gateway: &Gateway, authority: &Path, pair: &Pair, user: &str, topic: &str) -> (bool, String) {
    let shown = show(pair, user);
    let output = publish(gateway, authority, topic, READING, &shown.each_ref().map(String::as_str));
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn stored(gateway: &Gateway, node: &str) -> u64 {
    gateway.settled().node(node).stored
}

#[test]
fn a_node_comes_in_over_tls_with_its_password_or_with_its_certificate() {
    let (gateway, authority, pair) = with_certificate("optional");
    let secret = told(&gateway, "node --config FILE secret bin");
    let secret = secret.lines().find(|line| line.starts_with("    ")).expect("the secret").trim();
    let sent = publish(&gateway, &authority, "city/bin/readings", READING, &["-u", "bin", "-P", secret]);
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let sent = publish(&gateway, &authority, "city/bin/readings", READING, &["-u", "bin", "-P", "guessed"]);
    assert!(!sent.status.success(), "a guessed password");
    let (sent, why) = try_as(&gateway, &authority, &pair, "lamp", "city/lamp/readings");
    assert!(sent, "{why}");
    assert_eq!((stored(&gateway, "bin"), stored(&gateway, "lamp")), (1, 1));

    // Another node's topic: acknowledged, since the node could only send it again, and kept as what it is.
    let (sent, why) = try_as(&gateway, &authority, &pair, "lamp", "city/bin/readings");
    assert!(sent, "{why}");
    let refused = wait_until("the rejection", || {
        let list = gateway.get("/api/rejections?node=lamp").json();
        list["rejections"].as_array().and_then(|list| list.first().cloned())
    });
    assert_eq!(refused["reason"], "foreign_topic");
    assert_eq!(stored(&gateway, "bin"), 1, "nothing was taken for the other");

    // Another node's name with this certificate.
    let (sent, why) = try_as(&gateway, &authority, &pair, "bin", "city/bin/readings");
    assert!(!sent && why.contains("not authori"), "{why}");
    assert!(gateway.get("/metrics").text().contains("mqtt_refused_total{reason=\"wrong_certificate\"} 1"));

    // MQTT in clear at the TLS port ends at once.
    let mut clear = TcpStream::connect(gateway.mqtts()).expect("it listens");
    clear.set_read_timeout(Some(Duration::from_secs(5))).expect("a time-out");
    clear.write_all(&tests::raw::connect("bin", secret)).expect("it is open");
    let ended = clear.read(&mut [0; 16]);
    assert!(matches!(ended, Ok(0)) || ended.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset));
}

#[test]
fn a_certificate_that_is_revoked_expired_or_anothers_lets_nobody_in() {
    let (gateway, authority, pair) = with_certificate("required");
    let (sent, why) = try_as(&gateway, &authority, &pair, "lamp", "city/lamp/readings");
    assert!(sent, "{why}");
    let secret = told(&gateway, "node --config FILE secret bin");
    let secret = secret.lines().find(|line| line.starts_with("    ")).expect("the secret").trim();
    let sent = publish(&gateway, &authority, "city/bin/readings", READING, &["-u", "bin", "-P", secret]);
    assert!(!sent.status.success(), "without a certificate, where one is required");

    // Another authority's, with the right name in it.
    let other = PrivateCa::new(gateway.folder(), "elsewhere").issue("forged", "lamp", LOCALHOST);
    let (sent, why) = try_as(&gateway, &authority, &other, "lamp", "city/lamp/readings");
    assert!(!sent, "{why}");

    // One that has expired.
    let short = issue(&gateway, "issue bin --life 1s");
    wait_until("its end", || {
        let list: Value =
            serde_json::from_str(&told(&gateway, "node --config FILE certificate list bin --json")).ok()?;
        (list["certificates"][0]["holds"] == false).then_some(())
    });
    let (sent, why) = try_as(&gateway, &authority, &short, "bin", "city/bin/readings");
    assert!(!sent, "{why}");

    // The next one lives beside the first; the first is revoked under a connection that stands.
    let next = issue(&gateway, "renew lamp");
    let shown = show(&pair, "lamp");
    let mut live = subscribe(&gateway, &authority, "city/lamp/commands", &shown.each_ref().map(String::as_str));
    wait_until("the connection", || gateway.get("/metrics").text().contains("mqtt_connections 1\n").then_some(()));
    let list: Value =
        serde_json::from_str(&told(&gateway, "node --config FILE certificate list lamp --json")).expect("JSON");
    let first = list["certificates"].as_array().expect("a list").last().expect("the first")["fingerprint"].clone();
    let first = first.as_str().expect("a text");
    told(&gateway, &format!("node --config FILE certificate revoke lamp --fingerprint {first}"));
    let revoked = Instant::now();
    let (sent, why) = try_as(&gateway, &authority, &pair, "lamp", "city/lamp/readings");
    assert!(!sent && why.contains("not authori"), "refused at once: {why}");
    let ended = wait_until("the live connection's end", || live.try_wait().expect("our child"));
    assert!(!ended.success(), "it came back and was refused");
    assert!(revoked.elapsed() < Duration::from_secs(10), "{:?}", revoked.elapsed());
    let (sent, why) = try_as(&gateway, &authority, &next, "lamp", "city/lamp/readings");
    assert!(sent, "the next one holds: {why}");
    assert_eq!(stored(&gateway, "lamp"), 2);

    // A revoked node's certificate lets it in no more, good as it is.
    told(&gateway, "node --config FILE revoke lamp");
    let (sent, why) = try_as(&gateway, &authority, &next, "lamp", "city/lamp/readings");
    assert!(!sent, "{why}");
    let log = told(&gateway, "audit --config FILE list --subject node/lamp");
    for what in ["issue certificate", "renew certificate", "revoke certificate"] {
        assert!(log.contains(what), "{what} is not in the audit log: {log}");
    }
    told(&gateway, "audit --config FILE verify");
}

/// nginx in front of the gateway, as docs/tls.md shows it.
struct Proxy {
    child: Child,
    port: u16,
}

impl Proxy {
    fn start(gateway: &Gateway, pair: &Pair, port: u16) -> Self {
        let folder = gateway.folder().join("nginx");
        std::fs::create_dir(&folder).expect("the folder is ours");
        let (cert, key, at) = (text(&pair.cert), text(&pair.key), text(&folder));
        let upstream = gateway.http().get();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary: String = temporary.map(|name| format!("    {name}_temp_path {at}/{name};\n")).concat();
        // Without a line for the user nginx would become another one, who cannot read the folder.
        let user = if well("id", &["-u"]).trim() == "0" { "user root;\n" } else { "" };
        let config = format!(
            "{user}pid {at}/pid;\nerror_log stderr;\ndaemon off;\nworker_processes 1;\nevents {{}}\nhttp {{\n    access_log off;\n{temporary}\
             \x20   server {{\n        listen 127.0.0.1:{port} ssl;\n        server_name gateway.test;\n        ssl_certificate {cert};\n\
             \x20       ssl_certificate_key {key};\n        location / {{\n            proxy_pass http://{upstream};\n\
             \x20           proxy_http_version 1.1;\n            proxy_set_header Host $http_host;\n\
             \x20           proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
             \x20           proxy_set_header X-Forwarded-Proto $scheme;\n        }}\n    }}\n}}\n"
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, config).expect("the folder is ours");
        let program = if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
        let mut command = Command::new(program);
        command.args(["-p", &at, "-c", &text(&file)]).stdin(Stdio::null());
        let child = command.spawn().expect("nginx is installed: apt-get install nginx-light");
        let proxy = Self { child, port };
        wait_until("nginx", || TcpStream::connect(("127.0.0.1", port)).ok());
        proxy
    }

    fn ask(&self, ca: &PrivateCa, path: &str, more: &[&str]) -> String {
        let (host, url) =
            (format!("gateway.test:{}:127.0.0.1", self.port), format!("https://gateway.test:{}{path}", self.port));
        let ca = text(&ca.cert());
        let mut arguments = vec!["-sS", "-i", "--max-time", "10", "--cacert", &ca, "--resolve", &host, &url];
        arguments.extend(more);
        well("curl", &arguments)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Told, and not killed, so that its worker ends too.
        tests::gateway::signal(self.child.id(), "TERM");
        let _ = self.child.wait();
    }
}

#[test]
fn behind_a_trusted_proxy_pages_are_as_over_tls_and_behind_another_they_are_not() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a free port").port();
    let url = format!("\"https://gateway.test:{port}\"");
    let trusted = [("listen.public_url", url.as_str()), ("listen.trusted_proxies", "[\"127.0.0.1\"]")];
    let mut gateway = Gateway::start(&trusted);
    let ca = PrivateCa::new(gateway.folder(), "city");
    let pair = ca.issue("proxy", "gateway.test", "DNS:gateway.test");
    let proxy = Proxy::start(&gateway, &pair, port);
    let answer = proxy.ask(&ca, "/healthz", &[]);
    assert!(answer.contains("200") && answer.contains("strict-transport-security"), "{answer}");

    // A form of our own page passes as far as the door of who signed in; one of another host's does not.
    let own = format!("Origin: https://gateway.test:{port}");
    let post = |origin: &str| proxy.ask(&ca, "/api/rejections/1/replay", &["-X", "POST", "-H", origin]);
    assert!(post(&own).contains("not_signed_in"), "{}", post(&own));
    assert!(post("Origin: https://elsewhere.test").contains("\"reason\":\"origin\""));
    // Whom the trusted proxy names is who asked.
    proxy.ask(&ca, "/api/rejections/1/replay", &["-X", "POST", "-H", &own, "-H", "X-Forwarded-For: 203.0.113.7"]);
    wait_until("the client's address in the log", || gateway.log().contains("203.0.113.7").then_some(()));

    let (status, _) = gateway.terminate();
    assert!(status.success());
    let address = format!("\"{}\"", gateway.http().get());
    gateway.configure(&[("listen.public_url", &url), ("listen.http", &address)]);
    gateway.restart();
    let answer = proxy.ask(&ca, "/healthz", &[]);
    assert!(answer.contains("200") && !answer.contains("strict-transport-security"), "{answer}");
}
