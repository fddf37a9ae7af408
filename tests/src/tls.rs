//! Certificates of an authority of the test's own, and the ordinary clients that judge the gateway's TLS: curl,
//! mosquitto, openssl.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::gateway::Gateway;

/// Runs a program to its end, at most half a minute: 124 then.
///
/// # Panics
/// When it is not installed.
pub fn run(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.arg("30").arg(program).args(arguments).stdin(Stdio::null());
    command.output().unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// Runs a program that must succeed; gives what it printed.
///
/// # Panics
/// When it does not.
pub fn well(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{out}{err}", output.status);
    out.into_owned()
}

/// A private authority in a folder.
#[derive(Debug)]
pub struct PrivateCa {
    folder: PathBuf,
    name: String,
}

/// A certificate and its key.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The certificate.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl PrivateCa {
    /// Makes one.
    pub fn new(folder: &Path, name: &str) -> Self {
        let ca = Self { folder: folder.to_owned(), name: name.to_owned() };
        let (cert, key) = (text(&ca.cert()), text(&ca.folder.join(format!("{name}.key"))));
        let subject = format!("/CN={name}");
        let mut arguments = vec!["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        arguments.extend(["-days", "30", "-subj", &subject, "-keyout", &key, "-out", &cert]);
        well("openssl", &arguments);
        ca
    }

    /// Its certificate.
    pub fn cert(&self) -> PathBuf {
        self.folder.join(format!("{}.pem", self.name))
    }

    /// A certificate for `common`, for servers at localhost and for clients.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn issue(&self, file: &str, common: &str, names: &str) -> Pair {
        let path = |ending: &str| self.folder.join(format!("{file}.{ending}"));
        let pair = Pair { cert: path("pem"), key: path("key") };
        let (request, extensions) = (path("csr"), path("ext"));
        std::fs::write(&extensions, format!("subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n"))
            .expect("the folder is ours");
        let subject = format!("/CN={common}");
        let (key, csr, cert) = (text(&pair.key), text(&request), text(&pair.cert));
        let mut arguments = vec!["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        arguments.extend(["-subj", &subject, "-keyout", &key, "-out", &csr]);
        well("openssl", &arguments);
        let (ca, ca_key) = (text(&self.cert()), text(&self.folder.join(format!("{}.key", self.name))));
        let extensions = text(&extensions);
        let mut arguments = vec!["x509", "-req", "-in", &csr, "-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial"];
        arguments.extend(["-days", "30", "-extfile", &extensions, "-out", &cert]);
        well("openssl", &arguments);
        pair
    }
}

/// A path as an argument.
///
/// # Panics
/// When it is not UTF-8.
pub fn text(path: &Path) -> String {
    path.to_str().expect("a path of the test's own").to_owned()
}

/// The port at the end of an address.
pub fn port(address: &str) -> &str {
    address.rsplit(':').next().expect("address:port")
}

/// Publishes one message with QoS 1 at the gateway's TLS port; it succeeds when the PUBACK came.
pub fn publish(gateway: &Gateway, ca: &Path, topic: &str, payload: &str, more: &[&str]) -> Output {
    let (address, ca) = (gateway.mqtts(), text(ca));
    let mut arguments = vec!["-h", "localhost", "-p", port(&address), "--cafile", &ca, "-q", "1", "-t", topic];
    arguments.extend(["-m", payload]);
    arguments.extend(more);
    run("mosquitto_pub", &arguments)
}

/// Subscribes at the gateway's TLS port and stays.
///
/// # Panics
/// When mosquitto_sub is not installed.
pub fn subscribe(gateway: &Gateway, ca: &Path, topic: &str, more: &[&str]) -> Child {
    let (address, ca) = (gateway.mqtts(), text(ca));
    let mut command = Command::new("mosquitto_sub");
    command.args(["-h", "localhost", "-p", port(&address), "--cafile", &ca, "-q", "1", "-t", topic]).args(more);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("mosquitto_sub is installed")
}
