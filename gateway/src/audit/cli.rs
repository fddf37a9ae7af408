//! `city-gateway audit …`: the audit log from the command line.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Subcommand;
use rusqlite::Connection;

use super::{Head, Search, list, verify};
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
    /// A file of heads could not be read.
    #[error("{0}: {1}")]
    Heads(PathBuf, String),
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
pub fn run(command: AuditCommand, records: &Connection, out: &mut impl Write) -> Result<(), CliError> {
    match command {
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

/// The heads of a file: a line ends with one; what stands before it says when it was written.
fn heads(file: &PathBuf) -> Result<Vec<Head>, CliError> {
    let text = std::fs::read_to_string(file).map_err(|error| CliError::Heads(file.clone(), error.to_string()))?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines
        .map(|(line, number)| {
            let head = line.split_whitespace().last().unwrap_or_default().parse();
            head.map_err(|error: super::InvalidHead| CliError::Heads(file.clone(), format!("line {number}: {error}")))
        })
        .collect()
}
