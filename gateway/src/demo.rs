//! The demonstration city: what a newcomer sees first.
//!
//! It starts the gateway as a child process with a configuration and a folder of its own, and runs a small city of nodes
//! against it, each a real MQTT client: some replay real measurements, the others are simulated, and all of them say which.
//! They first deliver what nodes that were out of reach would have kept, then go on live. Nothing of it leaves this
//! machine. Only the program's arguments lead here; the gateway knows nothing of it.

mod city;
mod client;
mod equipment;
mod folder;
mod left_behind;
mod message;
mod models;
mod qemu;
mod screen;
mod story;
mod supervisor;
mod tour;
mod week;

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::app;
use crate::config::Config;
use crate::import;
use crate::reading::{NodeId, Timestamp};
use crate::registry::{Cause, Registry};
use crate::store::records;
use crate::telemetry::ingest::inbox;
use city::CityNode;
use client::{NodeClient, Progress, Surroundings};
use folder::{Folder, Kept, Memory};
use message::Naming;
use qemu::QemuNode;
use screen::{Screen, grouped};
use supervisor::{Addresses, Around, Ports, Supervisor};
use tour::Tour;

/// How far back nodes deliver.
const BACKLOG_MS: i64 = 3 * 86_400_000;
/// How readings come about: raised when models or the order of readings change, so that other readings get other names.
const MODELS: u32 = 1;
/// How often what nodes remember is kept.
const KEEP_EVERY: Duration = Duration::from_secs(2);
const HISTORY: &[u8] = include_bytes!("../data/thessaloniki-air-daily-2010-2013.csv.gz");
const STATIONS: &[u8] = include_bytes!("../data/thessaloniki-stations.csv");

/// How the demonstration is run.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Start over: removes the demonstration's folder
    #[arg(long)]
    pub fresh: bool,
    /// The demonstration's folder
    #[arg(long, default_value = "data/demo", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// Port of pages and API: 8080 or a free one, when not said
    #[arg(long, value_name = "PORT")]
    pub port_http: Option<u16>,
    /// Port for nodes: 1883 or a free one, when not said
    #[arg(long, value_name = "PORT")]
    pub port_mqtt: Option<u16>,
    /// Put a node among the others that runs our firmware on a board which QEMU emulates (qemu-system-arm)
    #[arg(long)]
    pub qemu: bool,
    /// That node's firmware
    #[arg(long, default_value = qemu::FIRMWARE, requires = "qemu", value_name = "FILE")]
    pub qemu_firmware: PathBuf,
    /// Port of the tour: 8090 or a free one, when not said
    #[arg(long, value_name = "PORT")]
    pub port_tour: Option<u16>,
}

/// Runs the demonstration until it is told to stop, by Ctrl-C or a signal. Blocks.
///
/// # Errors
/// Its folder cannot be used, or the gateway does not start.
pub fn run(args: &DemoArgs) -> anyhow::Result<()> {
    let screen = Arc::new(Screen::new());
    greet(&screen);
    // First, so that what is missing is told before anything is touched.
    let found = args.qemu.then(|| qemu::Found::look(&args.qemu_firmware, &screen)).transpose()?;
    let folder = Arc::new(Folder::open(&args.data_dir, args.fresh, &screen)?);
    let file = folder.write_config(([127, 0, 0, 1], 0).into(), ([127, 0, 0, 1], 0).into(), None)?;
    let config = Config::load(&file)?;
    let nodes = city::nodes(&config.catalogue);
    screen.say(&format!("  data folder   {}", args.data_dir.display()));
    screen.say("                kept between runs; `demo --fresh` starts over");
    screen.say(&format!("  log           {}", args.data_dir.join(folder::LOG).display()));
    let on_tour = tour::nodes(&config.catalogue);
    equipment::prepare(&config)?;
    let links = equipment::links(&config)?;
    let memory = prepare(&folder, &config, nodes.iter().chain(&on_tour))?;
    let qemu = match found {
        Some(found) => {
            let registry = Registry::open(&config.data_dir.join(records::FILE), app::registry_config(&config))?;
            Some(QemuNode::prepare(found, &folder, &registry, &config.catalogue)?)
        }
        None => None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(4)
        .enable_all()
        .thread_name("demo")
        .build()?;
    let ports = Ports { mqtt: args.port_mqtt, http: args.port_http };
    let city = City { folder, config, nodes, memory, screen, qemu, on_tour, port_tour: args.port_tour, links };
    runtime.block_on(city.live(ports))
}

fn greet(screen: &Screen) {
    screen.say("");
    screen.say("City Gateway · demonstration");
    screen.say("");
    screen.say("  None of this is about the Thessaloniki of today, and none of it leaves this machine.");
    screen.say("  Air           real measurements of 16 citizen sensors in and around Aberdeen, 6 to 12 May 2019");
    screen.say("                (Sensor.Community, DbCL), moved by whole weeks to now and to sites of Thessaloniki");
    screen.say(
        "  History       daily means of Thessaloniki, 2010 to 2013: Petrakakis, M.I., Kelessis, A.G., Tzoumaka, P.,",
    );
    screen.say(
        "                Tzourelis, G., Kanelopoulou, Z., Tsaknia, A., Koutsari, E. (2010-2013) Measurements of Air",
    );
    screen.say("                Pollutants and Meteorological Parameters in Thessaloniki. Technical Reports,");
    screen.say("                Environmental Department of Municipality of Thessaloniki");
    screen.say("  All else      simulated: playgrounds, bins, parking, lamps, lifts, sound, weather, water");
    screen.say("  Equipment     made up: what stands where, a year of inspections, and who made them");
    screen.say("");
}

/// Registers nodes and stations, leaves the history for the gateway, and keeps what the nodes must not forget, before any
/// of it is used.
fn prepare<'a>(folder: &Folder, config: &Config, nodes: impl Iterator<Item = &'a CityNode>) -> anyhow::Result<Memory> {
    let mut memory = folder.memory()?;
    let registry = Registry::open(&config.data_dir.join(records::FILE), app::registry_config(config))?;
    let snapshot = registry.snapshot();
    let cause = Cause::gateway("demonstration", "a node of the demonstration");
    let other_models = memory.models != MODELS && memory.models != 0;
    let oldest = now().plus_millis(-BACKLOG_MS);
    for node in nodes {
        let known = snapshot.nodes.get(&node.id);
        let kept = memory.nodes.get_mut(node.id.as_str());
        match (known, kept) {
            (Some(known), Some(kept)) => {
                if differs(known, node) {
                    registry.set_node(cause, &node.id, &node.details, &config.catalogue)?;
                }
                if other_models {
                    kept.naming = Naming { boot: kept.naming.boot + 1, sequence: 0, ..kept.naming };
                }
                // A node's own store has room for so many days: what is older was lost.
                kept.through = kept.through.max(oldest);
            }
            (known, _) => {
                let secret = if known.is_some() {
                    registry.rotate_secret(cause, &node.id)?
                } else {
                    registry.add_node(cause, &node.id, &node.details, &config.catalogue)?
                };
                let naming = Naming { incarnation: random()?, boot: 1, sequence: 0 };
                let secret = secret.reveal().to_owned();
                memory.nodes.insert(node.id.to_string(), Kept { secret, naming, through: oldest, readings: 0 });
            }
        }
    }
    memory.models = MODELS;
    if !memory.history {
        leave_history(config, &registry)?;
        memory.history = true;
    }
    folder.keep(&memory)?;
    Ok(memory)
}

/// Whether the registry says something else of a node than this program does.
fn differs(known: &crate::registry::Node, node: &CityNode) -> bool {
    let details = &node.details;
    let name = known.name.as_ref();
    let placement = known.placements.last();
    name.map(|name| &name.en) != details.name_en.as_ref()
        || name.map(|name| &name.el) != details.name_el.as_ref()
        || known.node_type.as_deref() != details.node_type.as_deref()
        || placement.and_then(|placement| placement.site.as_deref()) != details.site.as_deref()
}

fn leave_history(config: &Config, registry: &Registry) -> anyhow::Result<()> {
    let table = import::csv::Table::read(HISTORY)?;
    let values = import::Values::parse(&table, &config.catalogue).map_err(|problems| anyhow::anyhow!("{problems}"))?;
    let table = import::csv::Table::read(STATIONS)?;
    let stations =
        import::Station::parse(&table, &config.catalogue).map_err(|problems| anyhow::anyhow!("{problems}"))?;
    let prepared = import::prepare(&values, &stations, "station-", now())?;
    import::register(registry, &prepared.stations, &config.catalogue)?;
    inbox::leave(&config.data_dir, &prepared.frames).context("the inbox cannot be written")?;
    Ok(())
}

fn random() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bits: {error}"))?;
    Ok(u64::from_le_bytes(bytes))
}

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// The city while it runs.
struct City {
    folder: Arc<Folder>,
    config: Config,
    nodes: Vec<CityNode>,
    memory: Memory,
    screen: Arc<Screen>,
    qemu: Option<QemuNode>,
    on_tour: Vec<CityNode>,
    port_tour: Option<u16>,
    links: Vec<(&'static str, String)>,
}

/// A node's memory, shared with its client.
type Shared = Vec<(NodeId, Arc<Mutex<Kept>>)>;

impl City {
    async fn live(self, ports: Ports) -> anyhow::Result<()> {
        let City { folder, config, nodes, mut memory, screen, qemu, on_tour, port_tour, links } = self;
        let (stop_nodes, nodes_stopped) = watch::channel(false);
        let (stop_gateway, gateway_stopped) = watch::channel(false);
        let (told, addresses) = watch::channel(None);
        let progress = Arc::new(Progress::default());
        let (kill, kills) = tokio::sync::mpsc::channel(1);
        let seat = tour::Seat {
            gateway: addresses.clone(),
            kill,
            progress: progress.clone(),
            zone: config.time_zone.clone(),
            folder: folder.path().to_owned(),
            story: Arc::new(story::Story::open(&config)?),
        };
        let tour = Tour::open(seat, on_tour, &memory, port_tour).await?;
        let around = Around { tour: Some(tour.address()), store: Some(tour.store()) };
        let supervisor = Supervisor::new(folder.clone(), ports, around, told, kills, screen.clone());
        let mut gateway = tokio::spawn(supervisor.run(gateway_stopped));
        let tour_address = tour.address();
        let touring = tokio::spawn(tour.run());
        let around = Surroundings {
            gateway: mqtt_address(addresses.clone()),
            stop: nodes_stopped.clone(),
            progress: progress.clone(),
            zone: config.time_zone.clone(),
        };
        let mut shared = Shared::new();
        let mut clients = JoinSet::new();
        let count = nodes.len() as u64;
        for node in nodes {
            let kept = memory.nodes.get(node.id.as_str()).cloned().context("every node was prepared")?;
            let kept = Arc::new(Mutex::new(kept));
            shared.push((node.id.clone(), kept.clone()));
            clients.spawn(NodeClient::new(node, kept, around.clone()).run());
        }
        if let Some(qemu) = qemu {
            clients.spawn(qemu.run(mqtt_address(addresses.clone()), nodes_stopped, screen.clone()));
        }
        let teller = tokio::spawn(tell(screen.clone(), progress.clone(), addresses, count, tour_address, links));
        let mut keep = tokio::time::interval(KEEP_EVERY);
        let ended = loop {
            tokio::select! {
                ended = &mut gateway => break Some(ended),
                stopped = told_to_stop() => {
                    stopped?;
                    break None;
                }
                _ = keep.tick() => keep_all(&folder, &mut memory, &shared).await?,
            }
        };
        teller.abort();
        touring.abort();
        screen.say("");
        let failure = match ended {
            Some(ended) => ended.context("the supervisor").and_then(|ended| Ok(ended?)).err(),
            None => None,
        };
        if failure.is_none() {
            screen.say("  Stopping: the nodes leave, the gateway stores what it has. Ctrl-C again to stop at once.");
        }
        stop_nodes.send_replace(true);
        let orderly = async {
            while clients.join_next().await.is_some() {}
            keep_all(&folder, &mut memory, &shared).await?;
            stop_gateway.send_replace(true);
            if failure.is_none() {
                (&mut gateway).await??;
            }
            anyhow::Ok(())
        };
        tokio::select! {
            done = orderly => done?,
            stopped = told_again() => {
                stopped?;
                screen.say("  Stopped at once. The gateway stops by itself; what was acknowledged is safe.");
                stop_gateway.send_replace(true);
                tokio::time::sleep(Duration::from_millis(200)).await;
                return Ok(());
            }
        }
        let readings = grouped(progress.readings.load(Ordering::Relaxed));
        screen.say(&format!("  Stopped. {readings} readings were acknowledged in this run."));
        failure.map_or(Ok(()), Err)
    }
}

/// Where nodes find the gateway.
fn mqtt_address(mut addresses: watch::Receiver<Option<Addresses>>) -> watch::Receiver<Option<std::net::SocketAddr>> {
    let (sender, receiver) = watch::channel(None);
    tokio::spawn(async move {
        loop {
            let address = addresses.borrow_and_update().map(|addresses| addresses.mqtt);
            sender.send_replace(address);
            if addresses.changed().await.is_err() {
                // Who tells is gone; nodes that still wait are told to stop otherwise.
                sender.closed().await;
                return;
            }
        }
    });
    receiver
}

async fn told_to_stop() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut hangup) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

/// As above, but not by what still belongs to the first time: some senders signal a process and then its whole group.
async fn told_again() -> anyhow::Result<()> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    told_to_stop().await
}

async fn keep_all(folder: &Arc<Folder>, memory: &mut Memory, shared: &Shared) -> anyhow::Result<()> {
    for (id, kept) in shared {
        let kept = kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        memory.nodes.insert(id.to_string(), kept);
    }
    let (folder, copy) = (folder.clone(), memory.clone());
    tokio::task::spawn_blocking(move || folder.keep(&copy)).await??;
    Ok(())
}

/// Tells where to look, how the backlog gets on, then how the city lives.
async fn tell(
    screen: Arc<Screen>,
    progress: Arc<Progress>,
    mut addresses: watch::Receiver<Option<Addresses>>,
    nodes: u64,
    tour: std::net::SocketAddr,
    links: Vec<(&'static str, String)>,
) {
    let Ok(Some(first)) = addresses.wait_for(Option::is_some).await.map(|addresses| *addresses) else { return };
    screen.say(&format!("  for nodes     mqtt://{}", first.mqtt));
    screen.say("");
    screen.say(&format!("  Open          http://{}/", first.http));
    screen.say(&format!("  Tour          http://{tour}/   two minutes: kill it, be late, lose the store"));
    for (n, (says, path)) in links.iter().enumerate() {
        let what = if n == 0 { "Equipment" } else { "" };
        screen.say(&format!("  {what:13} http://{}{path}   {says}", first.http));
    }
    screen.say("");
    screen
        .say(&format!("  {nodes} nodes deliver what they kept while out of reach (3 days at most), then go on live."));
    let began = Instant::now();
    let mut last = (began, 0);
    let pause = if screen.is_terminal() { Duration::from_millis(500) } else { Duration::from_secs(3) };
    loop {
        tokio::time::sleep(pause).await;
        let (readings, delivered) =
            (progress.readings.load(Ordering::Relaxed), progress.delivered.load(Ordering::Relaxed));
        if delivered == nodes {
            break;
        }
        let rate = (readings - last.1) as f64 / last.0.elapsed().as_secs_f64().max(0.001);
        last = (Instant::now(), readings);
        screen.draw(&format!(
            "  nodes done {delivered:>3} of {nodes}   readings acknowledged {:>9}   {:>7} a second",
            grouped(readings),
            grouped(rate as u64)
        ));
        if addresses.borrow().is_some()
            && progress.connected.load(Ordering::Relaxed) == 0
            && began.elapsed() > Duration::from_secs(5)
            && let Some(trouble) = progress.take_trouble()
        {
            screen.say(&format!("  no node gets through: {trouble}"));
        }
    }
    let (readings, seconds) = (progress.readings.load(Ordering::Relaxed), began.elapsed().as_secs_f64());
    screen.say(&format!(
        "  Delivered: {} readings in {seconds:.0} s, each acknowledged once it was on disk. The city is live.",
        grouped(readings)
    ));
    let (host, port) = (first.mqtt.ip(), first.mqtt.port());
    screen.say("");
    screen.say("  Look around");
    screen.say(&format!("    curl -g 'http://{}/v1.1/Things?$top=3&$expand=Datastreams'", first.http));
    screen.say(&format!("    curl 'http://{}/api/ledger'", first.http));
    screen.say("  Be a node");
    screen.say(&format!("    mosquitto_pub -h {host} -p {port} -q 1 -i my-first-node \\"));
    screen.say("      -t city/my-first-node/readings -m '[{\"n\":\"temperature\",\"u\":\"Cel\",\"v\":21.5}]'");
    screen.say("  Ctrl-C stops.");
    screen.say("");
    let pause = if screen.is_terminal() { Duration::from_secs(1) } else { Duration::from_secs(60) };
    loop {
        screen.draw(&format!(
            "  live   {} of {nodes} nodes connected   {} readings acknowledged   last {}",
            progress.connected.load(Ordering::Relaxed),
            grouped(progress.readings.load(Ordering::Relaxed)),
            progress.last_node()
        ));
        tokio::time::sleep(pause).await;
    }
}
