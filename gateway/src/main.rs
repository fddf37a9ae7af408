//! The gateway program: what each command does; how they are said stands in `arguments`.
//!
//! Exit 0: well. 2: arguments or configuration that cannot be used, every problem told. 1: anything else.

mod arguments;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use city_gateway::app;
use city_gateway::audit;
use city_gateway::backup;
use city_gateway::clock::Clock;
use city_gateway::config::{Config, json_schema};
use city_gateway::import;
use city_gateway::keys::Keys;
use city_gateway::people::People;
use city_gateway::reading::{NodeId, Timestamp};
use city_gateway::registry::Registry;
use city_gateway::store::model::Page;
use city_gateway::store::{records, rejections, sqlite};
use city_gateway::telemetry::decode::explain::{Sample, Verdict, explain};
use city_gateway::telemetry::journal;
use city_gateway::telemetry::salvage::{reader_has_gone, salvage_as_lines};
use clap::Parser;
use tokio::sync::watch;

use arguments::{Arguments, Command, ConfigAnywhere, DataCommand, EquipmentCommand, JournalCommand, Log, SalvageTo};

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
        Command::Audit { command: audit::cli::AuditCommand::Check { export, key }, .. } => {
            Ok(audit::cli::check(export, key.as_deref(), &mut out)?)
        }
        Command::Audit { file, command } => {
            let config = file.load()?;
            std::fs::create_dir_all(&config.data_dir)?;
            let mut connection = records::open(&config.data_dir.join(records::FILE))?;
            audit::adopt(&mut connection)?;
            Ok(audit::cli::run(command, &config, &mut connection, &mut out)?)
        }
        Command::Equipment { file, command: EquipmentCommand::Verify } => {
            let config = file.load()?;
            let book = app::book(&config, Arc::new(Clock::new(Timestamp::default())))?;
            let (all, differ) = (book.shelf()?.len(), book.compare()?);
            if differ.is_empty() {
                return Ok(writeln!(out, "Equipment on record: {all}. Each stands as its steps say.")?);
            }
            for id in &differ {
                writeln!(out, "{id}: what is remembered is not what its steps say")?;
            }
            Err(anyhow::anyhow!(
                "{} of {all} differ: restore a backup, and keep this folder for who looks into it",
                differ.len()
            )
            .into())
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

impl ConfigAnywhere {
    fn load(self) -> Result<Config, Failure> {
        let Some(file) = self.config else {
            eprintln!("error: the configuration is missing: --config FILE");
            return Err(Failure::Unusable);
        };
        load(&file)
    }
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
