//! The gateway program: arguments, and what each command does.
//!
//! Exit 0: well. 2: arguments or configuration that cannot be used, every problem told. 1: anything else.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use city_gateway::app;
use city_gateway::audit::{self, cli::AuditCommand};
use city_gateway::backup;
use city_gateway::clock::Clock;
use city_gateway::config::{Config, json_schema};
use city_gateway::demo::DemoArgs;
use city_gateway::import::{self, ImportArgs};
use city_gateway::keys::{Keys, cli::CaCommand};
use city_gateway::people::People;
use city_gateway::people::cli::{TokenCommand, UserCommand};
use city_gateway::reading::{NodeId, Timestamp};
use city_gateway::registry::Registry;
use city_gateway::registry::cli::NodeCommand;
use city_gateway::store::model::Page;
use city_gateway::store::{records, rejections, sqlite};
use city_gateway::telemetry::decode::explain::{Sample, Verdict, explain};
use city_gateway::telemetry::journal;
use city_gateway::telemetry::salvage::{reader_has_gone, salvage_as_lines};
use clap::{Parser, Subcommand, ValueEnum};
use tokio::sync::watch;

/// IoT gateway of a smart city: takes what sensors send, keeps it safe, sums it up, hands it on.
#[derive(Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// How the log is written, on standard error; RUST_LOG sets its level
    #[arg(long, global = true, value_enum, default_value_t = Log::Text)]
    log: Log,
}

#[derive(Clone, Copy, ValueEnum)]
enum Log {
    Text,
    Json,
}

#[derive(clap::Args)]
struct ConfigFile {
    /// The configuration; config/gateway.toml explains every key
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// The configuration, before or after the words of a command that has further ones.
#[derive(clap::Args)]
struct ConfigAnywhere {
    /// The configuration; config/gateway.toml explains every key
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigAnywhere {
    fn load(self) -> Result<Config, Failure> {
        let Some(file) = self.config else {
            eprintln!("error: the configuration is missing: --config FILE");
            return Err(Failure::Unusable);
        };
        load(&file)
    }
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway
    Run {
        #[command(flatten)]
        file: ConfigFile,
        /// Where the demonstration's tour is; said by its supervisor alone
        #[arg(long, hide = true)]
        tour: Option<String>,
    },
    /// Show a small demonstration city: real measurements replayed, the rest simulated, nothing leaves this machine
    Demo(DemoArgs),
    /// Take the history of another network: daily values from a table
    Import {
        #[command(flatten)]
        file: ConfigFile,
        #[command(flatten)]
        args: ImportArgs,
    },
    /// Check the configuration and the catalogues: every problem with its file, line and key
    Check {
        #[command(flatten)]
        file: ConfigFile,
    },
    /// Print the JSON schema of the configuration, for editors
    Schema,
    /// Add, list, show, change and revoke nodes
    Node {
        #[command(flatten)]
        file: ConfigAnywhere,
        #[command(subcommand)]
        command: Box<NodeCommand>,
    },
    /// The gateway's own authority, which gives nodes their certificates
    Ca {
        #[command(flatten)]
        file: ConfigFile,
        #[command(subcommand)]
        command: CaCommand,
    },
    /// Add, list, block and erase people, and give them links to sign in
    User {
        #[command(flatten)]
        file: ConfigAnywhere,
        #[command(subcommand)]
        command: Box<UserCommand>,
    },
    /// Make, list and revoke tokens of other systems, which read
    Token {
        #[command(flatten)]
        file: ConfigAnywhere,
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Look at the audit log, and whether it is what was written
    Audit {
        #[command(flatten)]
        file: ConfigAnywhere,
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Print what this program is made of: every crate with its version and SHA-256, as CycloneDX
    Sbom,
    /// What the gateway holds of people
    Data {
        #[command(flatten)]
        file: ConfigAnywhere,
        #[command(subcommand)]
        command: DataCommand,
    },
    /// Copy everything to a folder, while the gateway runs or not; it holds secrets, keep it as you keep those
    Backup {
        #[command(flatten)]
        file: ConfigFile,
        /// A new or empty folder
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
    /// Take a backup back into an empty data folder; the gateway does not run
    Restore {
        #[command(flatten)]
        file: ConfigFile,
        /// The backup
        #[arg(long, value_name = "FOLDER")]
        from: PathBuf,
        /// Only look whether the backup is whole
        #[arg(long)]
        verify: bool,
    },
    /// Look at the journal
    Journal {
        #[command(subcommand)]
        command: JournalCommand,
    },
    /// Show what would become of a message, step by step; nothing is stored
    Decode {
        #[command(flatten)]
        file: ConfigFile,
        /// The topic it came on
        #[arg(long)]
        topic: String,
        #[command(flatten)]
        payload: Payload,
        /// When it came, as RFC 3339; now unless told
        #[arg(long, value_name = "TIME")]
        received_at: Option<jiff::Timestamp>,
    },
    /// Look at what could not be used
    Rejections {
        #[command(flatten)]
        file: ConfigFile,
        /// Of this node only
        #[arg(long)]
        node: Option<NodeIdArgument>,
        /// How many, newest first
        #[arg(long, default_value_t = 20)]
        top: usize,
    },
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Payload {
    /// Its bytes, as text
    #[arg(long, value_name = "TEXT")]
    payload: Option<String>,
    /// Its bytes, in hexadecimal
    #[arg(long, value_name = "HEX", value_parser = from_hex)]
    payload_hex: Option<Bytes>,
    /// A file that holds them
    #[arg(long, value_name = "FILE")]
    payload_file: Option<PathBuf>,
}

#[derive(Clone)]
struct Bytes(Vec<u8>);

fn from_hex(text: &str) -> Result<Bytes, String> {
    let digits: Vec<u32> = text.chars().filter(|c| !c.is_whitespace()).map_while(|c| c.to_digit(16)).collect();
    if !digits.len().is_multiple_of(2) || digits.len() != text.chars().filter(|c| !c.is_whitespace()).count() {
        return Err("pairs of hexadecimal digits are expected".into());
    }
    Ok(Bytes(digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()))
}

impl Payload {
    fn read(self) -> anyhow::Result<Vec<u8>> {
        match self {
            Self { payload: Some(text), .. } => Ok(text.into_bytes()),
            Self { payload_hex: Some(Bytes(bytes)), .. } => Ok(bytes),
            Self { payload_file: Some(file), .. } => {
                std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))
            }
            _ => unreachable!("clap asks for one of them"),
        }
    }
}

#[derive(Subcommand)]
enum DataCommand {
    /// Print the register of personal data: what, why, by which right, how long
    Register,
}

#[derive(Subcommand)]
enum JournalCommand {
    /// Read the whole journal and say whether it is sound; beside a running gateway too
    Verify {
        #[command(flatten)]
        file: ConfigFile,
    },
    /// Get the sound records out of a damaged journal, or of segments found elsewhere; FOLDER is only read
    Salvage {
        /// Where the segments are, whatever their names; a gateway's are in data_dir/journal
        folder: PathBuf,
        #[command(flatten)]
        to: SalvageTo,
    },
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct SalvageTo {
    /// A new folder: a journal that a gateway can go on with
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    /// A file of JSON lines, one a record; - is standard output
    #[arg(long, value_name = "FILE")]
    lines: Option<PathBuf>,
}

#[derive(Clone)]
struct NodeIdArgument(NodeId);

impl std::str::FromStr for NodeIdArgument {
    type Err = city_gateway::reading::InvalidNodeId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        NodeId::new(text).map(Self)
    }
}

/// What is told to the shell.
enum Failure {
    /// The arguments or the configuration cannot be used; told already.
    Unusable,
    /// Anything else.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Failed(error.into())
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr(arguments.log);
    match obey(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Unusable) => ExitCode::from(2),
        Err(Failure::Failed(error)) => {
            // Whoever reads our output has gone away: nothing is wrong.
            if error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe) {
                return ExitCode::SUCCESS;
            }
            eprintln!("city-gateway: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn obey(command: Command) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    match command {
        Command::Run { file, tour } => {
            let mut config = load(&file.config)?;
            // A link to elsewhere has no place on a page, and none at all where the data is real.
            config.tour = tour.filter(|tour| config.demonstration && tour.starts_with("http://127.0.0.1:"));
            run(config)
        }
        Command::Demo(args) => Ok(city_gateway::demo::run(&args)?),
        Command::Import { file, args } => {
            let config = load(&file.config)?;
            std::fs::create_dir_all(&config.data_dir)?;
            let registry = Registry::open(&config.data_dir.join(records::FILE), app::registry_config(&config))?;
            Ok(import::run(&args, &config, &registry, &mut out)?)
        }
        Command::Check { file } => {
            let config = load(&file.config)?;
            writeln!(out, "{} is sound.", config.file.display())?;
            writeln!(out, "Catalogues: {}.", config.catalogue_source)?;
            Ok(())
        }
        Command::Schema => Ok(writeln!(out, "{}", json_schema())?),
        Command::Node { file, command } => {
            let config = file.load()?;
            let registry = app::registry_config(&config);
            city_gateway::registry::cli::run(*command, &config.data_dir, registry, &config.catalogue, &mut out)?;
            Ok(())
        }
        Command::Ca { file, command } => {
            let config = load(&file.config)?;
            std::fs::create_dir_all(&config.data_dir)?;
            let keys = Keys::open(&config.data_dir, Arc::new(Clock::new(Timestamp::default())))?;
            Ok(city_gateway::keys::cli::run_authority(command, &keys, &mut out)?)
        }
        Command::User { file, command } => {
            let config = file.load()?;
            let people = open_people(&config)?;
            Ok(city_gateway::people::cli::run_user(*command, &people, (&config, &app::base_url(&config)), &mut out)?)
        }
        Command::Token { file, command } => {
            let people = open_people(&file.load()?)?;
            let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
            Ok(city_gateway::people::cli::run_token(command, &people, now, &mut out)?)
        }
        Command::Audit { file, command } => {
            let config = file.load()?;
            std::fs::create_dir_all(&config.data_dir)?;
            let mut connection = records::open(&config.data_dir.join(records::FILE))?;
            audit::adopt(&mut connection)?;
            Ok(audit::cli::run(command, &config, &mut connection, &mut out)?)
        }
        Command::Sbom => Ok(writeln!(out, "{:#}", city_gateway::sbom::cyclonedx())?),
        Command::Data { file, command: DataCommand::Register } => {
            let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
            Ok(city_gateway::people::cli::register(&file.load()?, now, &mut out)?)
        }
        Command::Backup { file, out: target } => {
            let config = load(&file.config)?;
            let manifest = backup::make(&config, &target, &mut |path| eprintln!("  {path}"))?;
            let people = open_people(&config)?;
            let actor = audit::cli::actor();
            let cause = audit::Cause { actor: &actor, source: "this machine", reason: "" };
            people.note(cause, audit::Event::done(audit::Category::Data, "backup", "data"))?;
            writeln!(out, "{} files, {} bytes in {}.", manifest.files.len(), manifest.bytes(), target.display())?;
            Ok(writeln!(out, "Try it: city-gateway restore --verify --from {} --config FILE", target.display())?)
        }
        Command::Restore { file, from, verify: true } => {
            load(&file.config)?;
            let manifest = backup::verify(&from)?;
            Ok(writeln!(out, "The backup of {} is whole: {} files.", manifest.begun_at, manifest.files.len())?)
        }
        Command::Restore { file, from, verify: false } => {
            let config = load(&file.config)?;
            let manifest = backup::restore(&from, &config.data_dir, &mut |path| eprintln!("  {path}"))?;
            let people = open_people(&config)?;
            let actor = audit::cli::actor();
            let cause = audit::Cause { actor: &actor, source: "this machine", reason: "" };
            let after = serde_json::json!({ "begun_at": manifest.begun_at });
            let event = audit::Event::done(audit::Category::Data, "restore", "data").with(None, Some(after));
            people.note(cause, event)?;
            writeln!(out, "The backup of {} is back in {}.", manifest.begun_at, config.data_dir.display())?;
            Ok(writeln!(out, "Start the gateway; nodes send what was not acknowledged since.")?)
        }
        Command::Journal { command: JournalCommand::Verify { file } } => {
            let folder = load(&file.config)?.data_dir.join(app::JOURNAL_FOLDER);
            let report = journal::verify(&folder)?;
            write!(out, "{report}")?;
            if report.is_sound() {
                Ok(())
            } else {
                Err(anyhow::anyhow!("the journal has damage; what is sound is kept").into())
            }
        }
        Command::Journal { command: JournalCommand::Salvage { folder, to } } => {
            let report = match to {
                SalvageTo { into: Some(into), .. } => journal::salvage_into(&folder, &into)?,
                SalvageTo { lines: Some(lines), .. } if lines == Path::new("-") => {
                    match salvage_as_lines(&folder, &mut std::io::BufWriter::new(out)) {
                        Err(error) if reader_has_gone(&error) => return Ok(()),
                        done => done?,
                    }
                }
                SalvageTo { lines: Some(lines), .. } => {
                    let new = std::fs::File::create_new(&lines);
                    let file = new.with_context(|| format!("{} cannot be made", lines.display()))?;
                    salvage_as_lines(&folder, &mut std::io::BufWriter::new(file))?
                }
                _ => unreachable!("clap asks for one of them"),
            };
            // On standard error: the records may be on the other.
            eprintln!("{report}");
            Ok(())
        }
        Command::Decode { file, topic, payload, received_at } => {
            let config = load(&file.config)?;
            let received_at = received_at.unwrap_or_else(jiff::Timestamp::now).as_millisecond();
            let sample = Sample { topic, payload: payload.read()?, received_at: Timestamp::from_millis(received_at) };
            match explain(&sample, &config.catalogue, &app::reading_limits(&config), &mut out)? {
                Verdict::Stored => Ok(()),
                Verdict::Rejected => Err(anyhow::anyhow!("not all of it would be stored").into()),
            }
        }
        Command::Rejections { file, node, top } => {
            let folder = load(&file.config)?.data_dir;
            show_rejections(&mut out, &folder, node.map(|node| node.0).as_ref(), top)?;
            Ok(())
        }
    }
}

fn open_people(config: &Config) -> anyhow::Result<Arc<People>> {
    std::fs::create_dir_all(&config.data_dir)?;
    let clock = Arc::new(Clock::new(Timestamp::default()));
    Ok(People::open(&config.data_dir.join(records::FILE), app::people_rules(config), clock)?)
}

fn load(file: &Path) -> Result<Config, Failure> {
    match Config::load(file) {
        Ok(config) => {
            for warning in &config.warnings {
                eprintln!("warning: {warning}");
            }
            Ok(config)
        }
        Err(problems) => {
            eprintln!("{problems}");
            Err(Failure::Unusable)
        }
    }
}

fn run(config: Config) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("gateway").build()?;
    runtime.block_on(async {
        let (stop, stopped) = watch::channel(false);
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::spawn(async move {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            stop.send_replace(true);
            // The receivers are the gateway's: this task outlives none of them.
            std::future::pending::<()>().await;
        });
        app::run(config, stopped).await
    })?;
    Ok(())
}

fn show_rejections(out: &mut impl Write, folder: &Path, node: Option<&NodeId>, top: usize) -> anyhow::Result<()> {
    let path = folder.join("telemetry.db");
    if !path.exists() {
        writeln!(out, "Nothing is stored in {} yet.", folder.display())?;
        return Ok(());
    }
    let connection = sqlite::open_reader(&path)?;
    let found = rejections::list(&connection, node, Page { skip: 0, top }).context("the store cannot be read")?;
    if found.is_empty() {
        writeln!(out, "No rejections: everything that came could be used.")?;
    }
    for rejection in found {
        let whose = rejection.reading.map_or_else(|| "whole frame".into(), |reading| format!("reading {reading}"));
        let replayed = rejection.replayed_at.map_or_else(String::new, |at| format!(", played again {at}"));
        writeln!(
            out,
            "{:>8}  {}  {}  {}  {whose}: {}{replayed}",
            rejection.id, rejection.received_at, rejection.node, rejection.reason, rejection.detail
        )?;
    }
    Ok(())
}

fn log_to_stderr(format: Log) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        Log::Text => log.with_ansi(std::io::stderr().is_terminal()).with_target(false).init(),
        Log::Json => log.json().init(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn every_command_can_be_asked_for() {
        super::Arguments::command().debug_assert();
    }
}
