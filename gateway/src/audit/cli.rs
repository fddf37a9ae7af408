//! `city-gateway audit …`: the audit log from the command line.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Subcommand;
use rusqlite::Connection;

use super::export::{self, ExportError, Signer};
use super::{Cause, Head, Search, list, verify};
use crate::config::Config;
use crate::reading::Timestamp;
use crate::store::StoreError;

/// What is done with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Go through the whole log and say whether it is what was written; beside a running gateway too
    Verify {
        /// A head that somebody kept, as `number:hash`; may be given more than once
        #[arg(long, value_name = "HEAD")]
        head: Vec<Head>,
        /// A file of heads, one in each line, as `[audit] head_file` collects them
        #[arg(long, value_name = "FILE")]
        head_file: Option<PathBuf>,
    },
    /// Check an export without the gateway: that it was signed by the key, and the chain within
    Check {
        /// The export
        #[arg(value_name = "FILE")]
        export: PathBuf,
        /// The public key it must be signed with, as `audit key` printed it
        #[arg(long, value_name = "HEX")]
        key: Option<String>,
    },
    /// Write a signed copy of the log, for internal audit
    Export {
        /// Where to
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Entries from this time on, as 2026-01-01T00:00:00+02:00
        #[arg(long, value_name = "TIME")]
        from: Option<jiff::Timestamp>,
        /// Entries before this time
        #[arg(long, value_name = "TIME")]
        until: Option<jiff::Timestamp>,
    },
    /// Print the public key that exports are signed with; give it to whoever checks them, once, by another way
    Key,
    /// Print the head: the number and the hash of the newest entry. Keep it where others cannot change it
    Head,
    /// Print entries, the newest first
    List {
        /// Only to this, as node/ID, person/ID or token/ID
        #[arg(long, default_value = "", hide_default_value = true)]
        subject: String,
        /// Only with this text
        #[arg(long, default_value = "", hide_default_value = true)]
        text: String,
        /// How many
        #[arg(long, default_value_t = 50)]
        top: usize,
    },
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The records could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An export.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A file could not be read or made.
    #[error("{0}: {1}")]
    File(PathBuf, String),
    /// The log is not what was written.
    #[error("the audit log is not what was written: keep a copy of records.db and look who could write it")]
    Broken,
    /// Standard output.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Does what `command` says, and prints to `out`.
///
/// # Errors
/// What a person reads; [`CliError::Broken`] when the chain is.
pub fn run(
    command: AuditCommand,
    config: &Config,
    records: &mut Connection,
    out: &mut impl Write,
) -> Result<(), CliError> {
    match command {
        AuditCommand::Key => Ok(writeln!(out, "{}", Signer::open(&config.data_dir)?.public_key())?),
        AuditCommand::Check { export, key } => check(export, key.as_deref(), out),
        AuditCommand::Export { out: path, from, until } => {
            let time = |time: Option<jiff::Timestamp>, open| time.map_or(open, |time| time.as_millisecond());
            let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
            let span = (Timestamp::from_millis(time(from, 0)), Timestamp::from_millis(time(until, now.millis() + 1)));
            let signer = Signer::open(&config.data_dir)?;
            let actor = actor();
            let cause = Cause { actor: &actor, source: "this machine", reason: "" };
            let mut file =
                std::fs::File::create_new(&path).map_err(|error| CliError::File(path.clone(), error.to_string()))?;
            let entries = export::write(records, &signer, &config.municipality.name, span, (now, cause), &mut file)?;
            file.sync_all()?;
            writeln!(out, "{entries} entries in {}", path.display())?;
            Ok(writeln!(out, "Signed with {}", signer.public_key())?)
        }
        AuditCommand::Verify { mut head, head_file } => {
            if let Some(file) = head_file {
                head.extend(heads(&file)?);
            }
            let report = verify(records, &head)?;
            write!(out, "{report}")?;
            if !head.is_empty() {
                writeln!(out, "Held against {} heads that were kept.", head.len())?;
            }
            if report.faults.is_empty() { Ok(()) } else { Err(CliError::Broken) }
        }
        AuditCommand::Head => Ok(writeln!(out, "{}", verify(records, &[])?.head)?),
        AuditCommand::List { subject, text, top } => {
            for entry in list(records, &Search { subject, text, ..Search::default() }, top)? {
                let outcome = if entry.done { "" } else { " REFUSED" };
                let source = if entry.source.is_empty() { String::new() } else { format!(" from {}", entry.source) };
                let reason = if entry.reason.is_empty() { String::new() } else { format!(": {}", entry.reason) };
                let (id, at, actor, what, subject) = (entry.id, entry.at, entry.actor, entry.what, entry.subject);
                writeln!(out, "{id:>8}  {at}  {actor}{source}  {what} {subject}{outcome}{reason}")?;
            }
            Ok(())
        }
    }
}

/// The person at the command line, as far as the system says.
pub fn actor() -> String {
    let user = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER"));
    user.map_or_else(|_| "command line".into(), |user| format!("command line: {user}"))
}

/// Whether an export is what was signed. It needs nothing of the gateway: whoever checks may have none.
///
/// # Errors
/// It cannot be read, or is not to be believed.
pub fn check(export: PathBuf, key: Option<&str>, out: &mut impl Write) -> Result<(), CliError> {
    let text = std::fs::read_to_string(&export).map_err(|error| CliError::File(export, error.to_string()))?;
    let checked = export::check(&text, key)?;
    if checked.is_whole {
        writeln!(out, "{} entries, the chain is whole. Head: {}", checked.entries, checked.head)?;
    } else {
        writeln!(out, "A selection of {} entries; each follows from the hash of the one before it.", checked.entries)?;
    }
    let sure = if key.is_some() {
        "the key that was given"
    } else {
        "the key that stands in it, which proves nothing by itself"
    };
    Ok(writeln!(out, "Signed with {sure}: {}", checked.public_key)?)
}

/// The heads of a file: a line ends with one; what stands before it says when it was written.
fn heads(file: &PathBuf) -> Result<Vec<Head>, CliError> {
    let text = std::fs::read_to_string(file).map_err(|error| CliError::File(file.clone(), error.to_string()))?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines
        .map(|(line, number)| {
            let head = line.split_whitespace().last().unwrap_or_default().parse();
            head.map_err(|error: super::InvalidHead| CliError::File(file.clone(), format!("line {number}: {error}")))
        })
        .collect()
}
