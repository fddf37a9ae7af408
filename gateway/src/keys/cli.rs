//! `city-gateway ca …` and `node certificate …`: keys from the command line, beside a gateway that may be running.

use std::fs::{OpenOptions, create_dir_all};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Authority, Certificate, Issued, Keys, KeysError, RENEW_DAYS, days_left};
use crate::audit::{self, Cause};
use crate::reading::{NodeId, Timestamp};

/// What is done with the authority.
#[derive(Debug, Subcommand)]
pub enum CaCommand {
    /// Make the authority, when there is none; else it is made when first needed
    Init {
        /// Why; kept with the change
        #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
        reason: String,
    },
    /// Say what the authority is known by, and until when it holds
    Show,
    /// Print the authority's certificate in PEM form: what nodes trust. It is no secret
    Export {
        /// Write it to this file instead
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// What is done with a node's certificates.
#[derive(Debug, Subcommand)]
pub enum CertificateCommand {
    /// Make a certificate and its key, which is shown once and kept nowhere
    Issue(IssueArgs),
    /// Make the next certificate of a node; the one before holds until its end, or until it is revoked
    Renew(IssueArgs),
    /// List certificates and how long they hold
    List {
        /// Of this node only
        #[arg(value_parser = node_id)]
        id: Option<NodeId>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a node's certificates, at once; a connection made with one is closed
    Revoke {
        /// The node's name
        #[arg(value_parser = node_id)]
        id: NodeId,
        /// Only the one whose fingerprint begins so
        #[arg(long, default_value = "", hide_default_value = true, value_name = "HEX")]
        fingerprint: String,
        /// Why; kept with the change
        #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
        reason: String,
    },
}

/// A certificate to be made.
#[derive(Debug, Args)]
pub struct IssueArgs {
    /// The node's name
    #[arg(value_parser = node_id)]
    id: NodeId,
    /// How long it holds: `365d`, `12h`, `30m`, `90s`
    #[arg(long, value_name = "TIME", default_value = "365d", value_parser = life)]
    life: Duration,
    /// A folder to write NODE.pem, NODE.key and ca.pem to, instead of printing them
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Why; kept with the change
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    reason: String,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The authority or the table said why.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A file could not be written.
    #[error("{0} cannot be written: {1}")]
    File(PathBuf, #[source] io::Error),
    /// Standard output.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Does what `command` says with the authority, and prints to `out`.
///
/// # Errors
/// What a person reads.
pub fn run_authority(command: CaCommand, keys: &Keys, out: &mut impl Write) -> Result<(), CliError> {
    let existing = || keys.authority()?.ok_or(KeysError::NoAuthority);
    match command {
        CaCommand::Init { reason } => {
            let before = keys.authority()?.is_some();
            let actor = audit::cli::actor();
            let cause = Cause { actor: &actor, source: "command line", reason: &reason };
            let authority = keys.authority_or_new(cause)?;
            writeln!(out, "The authority {}.\n", if before { "is there already" } else { "is made" })?;
            show(out, &authority, keys.now())?;
            writeln!(
                out,
                "\nWhoever has its key can make certificates: data_dir/ca/ca.key belongs into every backup that"
            )?;
            writeln!(
                out,
                "is kept safe, and nowhere else. Nodes are given its certificate: `city-gateway ca export`."
            )?;
        }
        CaCommand::Show => show(out, &*existing()?, keys.now())?,
        CaCommand::Export { out: None } => write!(out, "{}", existing()?.pem())?,
        CaCommand::Export { out: Some(file) } => {
            write(&file, existing()?.pem(), 0o644)?;
            writeln!(out, "{} is written.", file.display())?;
        }
    }
    Ok(())
}

fn show(out: &mut impl Write, authority: &Authority, now: Timestamp) -> io::Result<()> {
    let until = authority.valid_until();
    writeln!(out, "fingerprint  SHA-256 {}", authority.fingerprint())?;
    writeln!(out, "holds until  {until} ({} days)", days_left(until, now))
}

/// Does what `command` says with nodes' certificates, and prints to `out`.
///
/// # Errors
/// What a person reads.
pub fn run_certificate(command: CertificateCommand, keys: &Keys, out: &mut impl Write) -> Result<(), CliError> {
    let actor = audit::cli::actor();
    let by = |reason| Cause { actor: &actor, source: "command line", reason };
    match command {
        CertificateCommand::Issue(args) => {
            let issued = keys.issue(by(&args.reason), &args.id, args.life)?;
            hand_out(out, keys, &issued, args.out.as_deref())?;
        }
        CertificateCommand::Renew(args) => {
            let issued = keys.renew(by(&args.reason), &args.id, args.life)?;
            hand_out(out, keys, &issued, args.out.as_deref())?;
            // Standard output may be a file that the node is to read.
            eprintln!("The certificates before hold until their end. Once the node has the new one, revoke them:");
            for one in keys.list(Some(&args.id))?.iter().filter(|one| one.holds(keys.now())).skip(1) {
                eprintln!(
                    "    city-gateway node certificate revoke {} --fingerprint {}",
                    one.node,
                    one.fingerprint.short()
                );
            }
        }
        CertificateCommand::List { id, json } => {
            let (all, now) = (keys.list(id.as_ref())?, keys.now());
            if json {
                let rows: Vec<_> = all.iter().map(|one| as_json(one, now)).collect();
                writeln!(out, "{:#}", json!({ "certificates": rows }))?;
            } else {
                list(out, &all, now)?;
            }
        }
        CertificateCommand::Revoke { id, fingerprint, reason } => {
            let revoked = keys.revoke(by(&reason), &id, &fingerprint)?;
            for one in &revoked {
                writeln!(out, "Certificate {} of node `{id}` is revoked.", one.fingerprint.short())?;
            }
            writeln!(
                out,
                "It lets nobody in from now on; a gateway that is running closes its connection within seconds."
            )?;
        }
    }
    Ok(())
}

/// Certificate and key, once.
fn hand_out(out: &mut impl Write, keys: &Keys, issued: &Issued, folder: Option<&Path>) -> Result<(), CliError> {
    let authority = keys.authority()?.ok_or(KeysError::NoAuthority)?;
    let node = &issued.certificate.node;
    let Some(folder) = folder else {
        write!(out, "{}{}{}", issued.certificate_pem, issued.key_pem, authority.pem())?;
        eprintln!(
            "Certificate and key of node `{node}`, and the authority's certificate. The key is shown this once and kept nowhere.\n\
             It holds until {}. The node's MQTT user name is `{node}`.",
            issued.certificate.valid_until
        );
        return Ok(());
    };
    create_dir_all(folder).map_err(|error| CliError::File(folder.to_owned(), error))?;
    let file = |ending: &str| folder.join(format!("{node}.{ending}"));
    // The key first: a certificate without it would be of no use.
    write(&file("key"), &issued.key_pem, 0o600)?;
    write(&file("pem"), &issued.certificate_pem, 0o644)?;
    write(&folder.join("ca.pem"), authority.pem(), 0o644)?;
    let (pem, key) = (file("pem"), file("key"));
    writeln!(out, "{} and {} are written, beside ca.pem. The key is kept nowhere else.", pem.display(), key.display())?;
    writeln!(out, "It holds until {}. The node's MQTT user name is `{node}`.", issued.certificate.valid_until)?;
    Ok(())
}

/// Writes a file anew with that mode, from its first byte on.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), CliError> {
    let failed = |error| CliError::File(path.to_owned(), error);
    let _ = std::fs::remove_file(path);
    let mut file = OpenOptions::new().create_new(true).write(true).mode(mode).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

fn list(out: &mut impl Write, all: &[Certificate], now: Timestamp) -> io::Result<()> {
    if all.is_empty() {
        return writeln!(
            out,
            "No certificates yet. Make one with `city-gateway node certificate issue NODE --config FILE`."
        );
    }
    let width = all.iter().map(|one| one.node.as_str().len()).max().unwrap_or(0).max(4);
    writeln!(out, "{:<width$}  FINGERPRINT       ISSUED                HOLDS UNTIL           STATE", "NODE")?;
    for one in all {
        let (issued, until) = (second(one.issued_at), second(one.valid_until));
        let state = match (one.revoked_at, days_left(one.valid_until, now)) {
            (Some(at), _) => format!("revoked {}", second(at)),
            (None, _) if !one.holds(now) => "expired".to_owned(),
            (None, left) if left < RENEW_DAYS => format!("{left} days left: renew"),
            (None, left) => format!("{left} days left"),
        };
        writeln!(out, "{:<width$}  {}  {issued}  {until}  {state}", one.node.as_str(), one.fingerprint.short())?;
    }
    Ok(())
}

fn as_json(one: &Certificate, now: Timestamp) -> serde_json::Value {
    json!({
        "node": one.node,
        "fingerprint": one.fingerprint.to_string(),
        "issued_at": one.issued_at.to_string(),
        "valid_until": one.valid_until.to_string(),
        "revoked_at": one.revoked_at.map(|at| at.to_string()),
        "days_left": days_left(one.valid_until, now),
        "holds": one.holds(now),
    })
}

/// `2026-11-22T21:57:00Z`, without parts of a second.
fn second(at: Timestamp) -> String {
    Timestamp::from_millis(at.millis() / 1_000 * 1_000).to_string().replace(".000", "")
}

fn node_id(text: &str) -> Result<NodeId, String> {
    NodeId::new(text).map_err(|error| error.to_string())
}

fn life(text: &str) -> Result<Duration, String> {
    let told = || format!("`{text}` is no time such as `365d`, `12h`, `30m` or `90s`");
    let unit = text.chars().last().ok_or_else(told)?;
    let number: u64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(told)?;
    let seconds = match unit {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        's' => 1,
        _ => return Err(told()),
    };
    number.checked_mul(seconds).filter(|seconds| *seconds > 0).map(Duration::from_secs).ok_or_else(told)
}
