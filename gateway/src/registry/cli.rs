//! `city-gateway node …`: nodes from the command line, on the records of a gateway that may be running beside.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Calibration, Cause, Details, Registry, RegistryConfig, RegistryError};
use crate::audit;
use crate::catalogue::{Catalogue, Position};
use crate::clock::Clock;
use crate::keys::{self, Keys, cli::CertificateCommand};
use crate::reading::{DatastreamKey, NodeId, Timestamp};
use crate::store::records;

mod command;
mod text;

pub use command::Ask;

/// What is done with nodes.
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Add a node and make its secret, which is shown once
    Add {
        /// The node's name: 1 to 64 of `a-z 0-9 - _ .`
        #[arg(value_parser = node_id)]
        id: NodeId,
        /// What is said of it
        #[command(flatten)]
        details: DetailArgs,
        /// Why
        #[command(flatten)]
        why: Why,
    },
    /// List the nodes, and who knocked without being let in
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a node: where it stands, its calibrations, its commands, what was changed
    Show {
        /// The node's name
        #[arg(value_parser = node_id)]
        id: NodeId,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Say more of a node, or that it stands elsewhere; an empty text takes away what was there
    Set {
        /// The node's name
        #[arg(value_parser = node_id)]
        id: NodeId,
        /// What is said of it
        #[command(flatten)]
        details: DetailArgs,
        /// Why
        #[command(flatten)]
        why: Why,
    },
    /// Let a node in no more; what it measured stays
    Revoke {
        /// The node's name
        #[arg(value_parser = node_id)]
        id: NodeId,
        /// Why
        #[command(flatten)]
        why: Why,
    },
    /// Let a revoked node in again
    Unrevoke {
        /// The node's name
        #[arg(value_parser = node_id)]
        id: NodeId,
        /// Why
        #[command(flatten)]
        why: Why,
    },
    /// Give a node a new secret, which is shown once; the old one no longer holds
    Secret {
        /// The node's name
        #[arg(value_parser = node_id)]
        id: NodeId,
        /// Why
        #[command(flatten)]
        why: Why,
    },
    /// Ask something of a node: a schedule, a threshold, a calibration, to show itself, to start again; and see the answers
    Command {
        /// The node's name
        #[arg(value_parser = node_id)]
        id: NodeId,
        /// Wait so many seconds for the answer, and fail when it is not `done`
        #[arg(long, global = true, default_value_t = 0, hide_default_value = true, value_name = "SECONDS")]
        wait: u16,
        /// Why; kept with the change
        #[arg(long, global = true, default_value = "", hide_default_value = true, value_name = "TEXT")]
        reason: String,
        /// What
        #[command(subcommand)]
        ask: Ask,
    },
    /// Give a node a certificate to come in with over TLS, in place of its secret
    Certificate {
        /// What is done
        #[command(subcommand)]
        command: CertificateCommand,
    },
    /// Say how what a node measured is corrected: value = raw · gain + offset
    #[command(allow_negative_numbers = true)]
    Calibrate {
        /// The node's name
        #[arg(value_parser = node_id)]
        id: NodeId,
        /// The quantity's code, with a channel where there are several sensors: `pm25` or `pm25.1`
        #[arg(value_parser = quantity)]
        quantity: QuantityArg,
        /// First time of measurement it holds for, as 2026-11-22T08:00:00+02:00
        #[arg(long, value_parser = timestamp, value_name = "TIME")]
        from: Timestamp,
        /// First time of measurement it no longer holds for
        #[arg(long, value_parser = timestamp, value_name = "TIME")]
        until: Option<Timestamp>,
        /// Factor
        #[arg(long, default_value_t = 1.0)]
        gain: f64,
        /// Added after the factor, in the quantity's unit
        #[arg(long, default_value_t = 0.0)]
        offset: f64,
        /// The instrument was being calibrated or is known to be wrong: what it measured counts nowhere
        #[arg(long)]
        unsound: bool,
        /// How it was found, by whom
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
}

/// What may be said of a node.
#[derive(Debug, Args)]
pub struct DetailArgs {
    /// Its type's code in the catalogue
    #[arg(long = "type", value_name = "CODE")]
    node_type: Option<String>,
    /// Its name in Greek
    #[arg(long, value_name = "TEXT")]
    name_el: Option<String>,
    /// Its name in English
    #[arg(long, value_name = "TEXT")]
    name_en: Option<String>,
    /// The hardware's serial number
    #[arg(long, value_name = "TEXT")]
    serial: Option<String>,
    /// The code of the site where it stands
    #[arg(long, value_name = "CODE")]
    site: Option<String>,
    /// The zone's code, where it is not the site's
    #[arg(long, value_name = "CODE")]
    zone: Option<String>,
    /// Latitude in degrees, where it is not the site's
    #[arg(long, requires = "lon", allow_negative_numbers = true, value_name = "DEGREES")]
    lat: Option<f64>,
    /// Longitude in degrees
    #[arg(long, requires = "lat", allow_negative_numbers = true, value_name = "DEGREES")]
    lon: Option<f64>,
    /// From when it stands there, as 2026-11-22T08:00:00+02:00; now, when not said
    #[arg(long, value_parser = timestamp, value_name = "TIME")]
    from: Option<Timestamp>,
}

/// Why something is done.
#[derive(Debug, Args)]
pub struct Why {
    /// Why; kept with the change
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    reason: String,
}

/// A quantity and a channel.
#[derive(Debug, Clone)]
pub struct QuantityArg {
    code: String,
    channel: u8,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The table of certificates said why.
    #[error(transparent)]
    Certificate(#[from] keys::cli::CliError),
    /// The registry said why.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The data folder or standard output.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A quantity that native frames cannot name.
    #[error("nodes know no quantity `{0}`: docs/wire-formats.md says where they are listed")]
    NoNumber(String),
    /// The node said no.
    #[error("the node did not do it: {0}")]
    NotDone(String),
    /// It did not say anything.
    #[error("no answer within {seconds} s; the command is {state} and stays: the node gets it when it is there")]
    NoAnswer {
        /// How long it was waited for.
        seconds: u64,
        /// How far the command came.
        state: &'static str,
    },
}

/// Does what `command` says on the records in `data_dir`, and prints to `out`.
///
/// # Errors
/// What a person reads: the registry refused, or a file could not be written.
pub fn run(
    command: NodeCommand,
    data_dir: &Path,
    config: RegistryConfig,
    catalogue: &Catalogue,
    out: &mut impl Write,
) -> Result<(), CliError> {
    std::fs::create_dir_all(data_dir)?;
    let registry = Registry::open(&data_dir.join(records::FILE), config)?;
    let actor = audit::cli::actor();
    let by = |reason| Cause { actor: &actor, source: "this machine", reason };
    match command {
        NodeCommand::Add { id, details, why } => {
            let secret = registry.add_node(by(&why.reason), &id, &details.into(), catalogue)?;
            writeln!(out, "Node `{id}` is added.\n")?;
            text::secret(out, &id, &secret)?;
        }
        NodeCommand::Secret { id, why } => {
            let secret = registry.rotate_secret(by(&why.reason), &id)?;
            writeln!(out, "Node `{id}` has a new secret; the old one no longer holds.\n")?;
            text::secret(out, &id, &secret)?;
        }
        NodeCommand::List { json: true } => text::list_json(out, &registry)?,
        NodeCommand::List { json: false } => text::list(out, &registry)?,
        NodeCommand::Show { id, json: true } => text::show_json(out, &registry, &id)?,
        NodeCommand::Show { id, json: false } => text::show(out, &registry, &id)?,
        NodeCommand::Set { id, details, why } => {
            registry.set_node(by(&why.reason), &id, &details.into(), catalogue)?;
            text::show(out, &registry, &id)?;
        }
        NodeCommand::Revoke { id, why } => {
            registry.revoke(by(&why.reason), &id)?;
            writeln!(out, "Node `{id}` is revoked: it is let in no more. What it measured stays.")?;
        }
        NodeCommand::Unrevoke { id, why } => {
            registry.unrevoke(by(&why.reason), &id)?;
            writeln!(out, "Node `{id}` is let in again, with the secret it had.")?;
        }
        NodeCommand::Command { id, wait, reason, ask } => {
            command::run(out, &registry, by(&reason), &id, &ask, Duration::from_secs(wait.into()))?;
        }
        NodeCommand::Certificate { command } => {
            let keys =
                Keys::open(data_dir, Arc::new(Clock::new(Timestamp::default()))).map_err(keys::cli::CliError::from)?;
            keys::cli::run_certificate(command, &keys, out)?;
        }
        NodeCommand::Calibrate { id, quantity, from, until, gain, offset, unsound, note } => {
            let key = DatastreamKey { node: id, quantity: quantity.code.into(), channel: quantity.channel };
            let calibration = Calibration { from, until, gain, offset, unsound, note };
            registry.add_calibration(by(&calibration.note), &key, &calibration, catalogue)?;
            text::calibrated(out, &key, &calibration)?;
        }
    }
    Ok(())
}

impl From<DetailArgs> for Details {
    fn from(args: DetailArgs) -> Self {
        Self {
            node_type: args.node_type,
            name_el: args.name_el,
            name_en: args.name_en,
            serial: args.serial,
            from: args.from,
            site: args.site,
            zone: args.zone,
            position: args.lat.zip(args.lon).map(|(lat, lon)| Position { lat, lon }),
        }
    }
}

fn node_id(text: &str) -> Result<NodeId, String> {
    NodeId::new(text).map_err(|error| error.to_string())
}

fn timestamp(text: &str) -> Result<Timestamp, String> {
    let time: jiff::Timestamp =
        text.parse().map_err(|_| "a time is written as 2026-11-22T08:00:00+02:00".to_owned())?;
    Ok(Timestamp::from_millis(time.as_millisecond()))
}

fn quantity(text: &str) -> Result<QuantityArg, String> {
    let (code, channel) = text.split_once('.').unwrap_or((text, "0"));
    let channel = channel.parse().map_err(|_| format!("`{channel}` is not a channel from 0 to 255"))?;
    Ok(QuantityArg { code: code.to_owned(), channel })
}

#[cfg(test)]
mod tests;
