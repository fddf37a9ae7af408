//! `city-gateway import`: the history of another network, as daily values, from tables that spreadsheets write.
//!
//! All of a table is read and every problem of it told before anything is left for the gateway: a table with a problem
//! changes nothing. What is good goes to the [`inbox`] as frames, which a gateway takes when it runs. The same table
//! again changes nothing; another value for a day replaces the one before, under a higher revision.

pub mod csv;
mod stations;
mod values;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::reading::{InvalidNodeId, NodeId, Timestamp};
use crate::registry::{Cause, Registry, RegistryError};
use crate::telemetry::frame::Frame;
use crate::telemetry::ingest::inbox;
use crate::telemetry::pipeline::External;
use csv::{Table, TableError};

pub use stations::Station;
pub use values::{Series, Values};

/// Days in one frame: some 25 KiB, well below the longest record that a journal takes.
const FRAME_DAYS_MAX: usize = 1_000;
/// Problems that are told; the rest is counted.
const PROBLEMS_TOLD_MAX: usize = 20;
/// The kind of node that stations are.
const NODE_TYPE: &str = "external-network";
const DAY_MS: i64 = 86_400_000;

/// What is imported.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// A table of stations: station, name_el, name_en, lat, lon, community, position
    #[arg(long, value_name = "CSV")]
    pub stations: Option<PathBuf>,
    /// What stands before a station's code in the name of its node
    #[arg(long, default_value = "station-", value_name = "TEXT")]
    pub prefix: String,
    /// A table of daily values: date, station, pollutant, value; may be packed with gzip
    #[arg(value_name = "VALUES.csv[.gz]")]
    pub values: PathBuf,
    /// Do not wait until a running gateway has taken it
    #[arg(long)]
    pub no_wait: bool,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file that is no table.
    #[error("{path}: {source}")]
    Table {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: TableError,
    },
    /// Lines that cannot be used; nothing was imported.
    #[error("{path}: nothing is imported\n{problems}")]
    Problems {
        /// The file.
        path: PathBuf,
        /// All of them.
        problems: Problems,
    },
    /// A station whose code makes no name of a node.
    #[error("station {0:?}: {1}")]
    Station(String, InvalidNodeId),
    /// Two stations whose codes make one name.
    #[error("stations {0:?} and {1:?} would both be node `{2}`: give them other codes")]
    SameName(String, String, NodeId),
    /// The registry said why.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The gateway could not use what was left for it.
    #[error("the gateway set {0} aside: its log says why")]
    SetAside(PathBuf),
    /// The inbox or standard output.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Lines of a table that cannot be used, by line.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Problems {
    told: Vec<(usize, String)>,
    more: usize,
}

impl Problems {
    fn add(&mut self, line: usize, what: impl Into<String>) {
        if self.told.len() < PROBLEMS_TOLD_MAX {
            self.told.push((line, what.into()));
        } else {
            self.more += 1;
        }
    }

    fn is_empty(&self) -> bool {
        self.told.is_empty()
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (line, what)) in self.told.iter().enumerate() {
            write!(f, "{}  line {line}: {what}", if index == 0 { "" } else { "\n" })?;
        }
        if self.more > 0 {
            write!(f, "\n  and {} more", self.more)?;
        }
        Ok(())
    }
}

/// Imports what `args` name into the gateway of `config`, and says what happens on `out`.
///
/// # Errors
/// [`ImportError`]; nothing was imported unless it is about the gateway taking it.
pub fn run(args: &ImportArgs, config: &Config, registry: &Registry, out: &mut impl Write) -> Result<(), ImportError> {
    let values = read_table(&args.values)?;
    let values = found(&args.values, Values::parse(&values, &config.catalogue))?;
    let stations = match &args.stations {
        Some(path) => found(path, Station::parse(&read_table(path)?, &config.catalogue))?,
        None => Vec::new(),
    };
    let now = now();
    let prepared = prepare(&values, &stations, &args.prefix, now)?;
    register(registry, &prepared.stations, &config.catalogue)?;
    let files = inbox::leave(&config.data_dir, &prepared.frames)?;
    let (first, last) = values.span();
    writeln!(
        out,
        "{} daily values of {} stations, {first} to {last}, are left for the gateway.",
        values.count(),
        prepared.stations.len()
    )?;
    if values.blank > 0 {
        writeln!(out, "{} rows without a value were passed over.", values.blank)?;
    }
    warn_of_retention(config, &values, now, out)?;
    if args.no_wait || !gateway_runs(&config.data_dir) {
        writeln!(out, "The gateway takes them when it runs.")?;
        return Ok(());
    }
    wait(&config.data_dir, &files, out)
}

/// What an import comes to.
#[derive(Debug)]
pub struct Prepared {
    /// The stations that have values, each with the node that it becomes.
    pub stations: Vec<(NodeId, Station)>,
    /// The values.
    pub frames: Vec<Frame>,
}

/// The nodes and frames of these values; a station that is not described has its code for a name.
///
/// # Errors
/// [`ImportError::Station`].
pub fn prepare(values: &Values, described: &[Station], prefix: &str, now: Timestamp) -> Result<Prepared, ImportError> {
    let mut stations: Vec<(NodeId, Station)> = Vec::new();
    let mut frames = Vec::new();
    for series in &values.series {
        let name = format!("{prefix}{}", slug(&series.station));
        let node = NodeId::new(&name).map_err(|error| ImportError::Station(series.station.clone(), error))?;
        let known = stations.iter().find(|(known, _)| *known == node);
        if let Some((_, station)) = known.filter(|(_, station)| station.code != series.station) {
            return Err(ImportError::SameName(station.code.clone(), series.station.clone(), node));
        }
        if known.is_none() {
            let description = described.iter().find(|station| station.code == series.station);
            let station = description.cloned().unwrap_or_else(|| Station::named(&series.station));
            stations.push((node.clone(), station));
        }
        for days in series.days.chunks(FRAME_DAYS_MAX) {
            let external = External { quantity: series.quantity.to_string(), days: days.to_vec() };
            frames.push(external.frame(node.clone(), now));
        }
    }
    Ok(Prepared { stations, frames })
}

/// Adds stations as nodes, or says anew what they are.
///
/// # Errors
/// The registry's.
pub fn register(
    registry: &Registry,
    stations: &[(NodeId, Station)],
    catalogue: &Catalogue,
) -> Result<(), RegistryError> {
    let cause = Cause { actor: "import", source: "this machine", reason: "daily values of another network" };
    let known = registry.snapshot();
    for (id, station) in stations {
        let details = station.details(NODE_TYPE);
        if known.nodes.contains_key(id) {
            registry.set_node(cause, id, &details, catalogue)?;
        } else {
            // Nobody comes in as a station: the secret is shown to no one.
            registry.add_node(cause, id, &details, catalogue)?;
        }
    }
    Ok(())
}

fn read_table(path: &Path) -> Result<Table, ImportError> {
    let wrap = |source| ImportError::Table { path: path.to_owned(), source };
    let file = File::open(path).map_err(|error| wrap(error.into()))?;
    Table::read(file).map_err(wrap)
}

fn found<T>(path: &Path, parsed: Result<T, Problems>) -> Result<T, ImportError> {
    parsed.map_err(|problems| ImportError::Problems { path: path.to_owned(), problems })
}

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// A station's code as a part of a node's name, in Latin letters: `25ης Μαρτίου` becomes `25is-martiou`.
fn slug(code: &str) -> String {
    let mut latin = String::new();
    for c in code.trim().chars().flat_map(char::to_lowercase) {
        match c {
            'α' | 'ά' => latin.push('a'),
            'β' => latin.push('v'),
            'γ' => latin.push('g'),
            'δ' => latin.push('d'),
            'ε' | 'έ' => latin.push('e'),
            'ζ' => latin.push('z'),
            'η' | 'ή' | 'ι' | 'ί' | 'ϊ' | 'ΐ' => latin.push('i'),
            'θ' => latin.push_str("th"),
            'κ' => latin.push('k'),
            'λ' => latin.push('l'),
            'μ' => latin.push('m'),
            'ν' => latin.push('n'),
            'ξ' => latin.push('x'),
            'ο' | 'ό' | 'ω' | 'ώ' => latin.push('o'),
            'π' => latin.push('p'),
            'ρ' => latin.push('r'),
            'σ' | 'ς' => latin.push('s'),
            'τ' => latin.push('t'),
            // ου is one sound.
            'υ' | 'ύ' | 'ϋ' | 'ΰ' => latin.push(if latin.ends_with('o') { 'u' } else { 'y' }),
            'φ' => latin.push('f'),
            'χ' => latin.push_str("ch"),
            'ψ' => latin.push_str("ps"),
            c if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') => latin.push(c),
            _ => latin.push('-'),
        }
    }
    latin.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

fn warn_of_retention(config: &Config, values: &Values, now: Timestamp, out: &mut impl Write) -> io::Result<()> {
    let kept = i64::from(config.retention.aggregates_days);
    let age = |date: jiff::civil::Date| {
        let at = date.at(0, 0, 0, 0).to_zoned(config.time_zone.clone());
        at.map_or(0, |at| (now.millis() - at.timestamp().as_millisecond()) / DAY_MS)
    };
    let days = age(values.span().0);
    if days > kept {
        writeln!(
            out,
            "Mind: the first of them is {days} days old and [retention] aggregates_days is {kept}: what is older goes. \
             Set it to {} or more.",
            days + 365
        )?;
    }
    Ok(())
}

/// Whether a gateway has the data folder open now.
fn gateway_runs(data_dir: &Path) -> bool {
    data_dir.join(crate::app::PORTS_FILE).exists()
        && crate::telemetry::journal::is_open(&data_dir.join(crate::app::JOURNAL_FOLDER))
}

/// Waits until a running gateway has taken the files.
fn wait(data_dir: &Path, files: &[PathBuf], out: &mut impl Write) -> Result<(), ImportError> {
    for (index, file) in files.iter().enumerate() {
        loop {
            match inbox::taken(file) {
                Some(Ok(())) => break,
                Some(Err(bad)) => return Err(ImportError::SetAside(bad)),
                None if !gateway_runs(data_dir) => {
                    writeln!(out, "The gateway has stopped; it takes the rest when it runs again.")?;
                    return Ok(());
                }
                None => std::thread::sleep(Duration::from_millis(100)),
            }
        }
        writeln!(out, "The gateway has taken {} of {}.", index + 1, files.len())?;
    }
    Ok(())
}

/// The catalogue's quantity for a pollutant's name: `PM2.5` is `pm25`, Greek capitals that look Latin are Latin.
fn quantity(catalogue: &Catalogue, name: &str) -> Option<Arc<str>> {
    let name = csv::folded(name);
    catalogue.quantities().iter().find(|quantity| csv::folded(&quantity.code) == name).map(|q| q.code.clone())
}

#[cfg(test)]
mod tests;
