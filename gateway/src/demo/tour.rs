//! The tour: what a visitor may do to the demonstration, and what came of it.
//!
//! It lives in the supervisor's process, which outlives the gateway, and has an address of its own: loopback, this
//! machine's name, forms with a token (`server`). It learns what the gateway says as any stranger would, over HTTP
//! (`eyes`), and what nodes were acknowledged from the nodes themselves (`sender`), so that the two can be compared.

mod eyes;
mod kill;
mod late;
mod outage;
mod sender;
mod server;
mod store;
mod swing;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::city::{CityNode, Dialect};
use super::client::Progress;
use super::folder::Memory;
use super::left_behind::PID_FILE;
use super::message::{Message, Naming, messages};
use super::models::{self, Sample, Source};
use super::supervisor::{self, Addresses};
use crate::catalogue::Catalogue;
use crate::pages::tour::{self as told, Phase};
use crate::reading::{NodeId, Timestamp};
use crate::registry::Details;
use eyes::Eyes;
use sender::{Flow, Sender};
use store::Store;

/// The port when none is asked for.
const PORT: u16 = 8090;
/// Nodes that are sent through every test.
const TEST_NODES: usize = 8;
/// The station that is late.
const LATE_SITE: &str = "kallithea";
/// How often numbers are taken over from where they arise.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Readings a second are a mean over this.
const RATE_OVER: Duration = Duration::from_secs(3);

/// The nodes that the tour needs beside the city's: those it sends through tests, and one that is late.
pub(super) fn nodes(catalogue: &Catalogue) -> Vec<CityNode> {
    let site = |code: &str| catalogue.site(code).map(|site| site.position);
    let node = |id: String, el: String, en: String, node_type: &str, at: &str, dialect, source| CityNode {
        id: NodeId::new(&id).expect("a name"),
        details: Details {
            name_el: Some(el),
            name_en: Some(en),
            node_type: Some(node_type.to_owned()),
            serial: Some("demonstration".to_owned()),
            site: Some(at.to_owned()),
            position: site(at),
            ..Details::default()
        },
        dialect,
        source,
    };
    let test = |number: usize| {
        node(
            format!("tour-test-{number}"),
            format!("Δοκιμαστικός κόμβος {number} της ξενάγησης (προσομοίωση)"),
            format!("Test node {number} of the tour (simulated)"),
            "play-swing",
            "nea-paralia",
            Dialect::Native,
            Source::Model(models::swing(number as u64)),
        )
    };
    let late = node(
        format!("sound-{LATE_SITE}"),
        "Σταθμός θορύβου, Καλλιθέα (προσομοίωση, κακή κάλυψη)".to_owned(),
        "Sound level station, Kallithea (simulated, poor coverage)".to_owned(),
        "sound-class2",
        LATE_SITE,
        Dialect::SenmlJson,
        Source::Model(models::sound(11 << 32)),
    );
    std::iter::once(late).chain((1..=TEST_NODES).map(test)).collect()
}

/// What the tour is given of the demonstration.
pub(super) struct Seat {
    /// Where the gateway is; none while it is away.
    pub gateway: watch::Receiver<Option<Addresses>>,
    /// Kills it.
    pub kill: mpsc::Sender<()>,
    /// How the city's nodes get on.
    pub progress: Arc<Progress>,
    /// The city's time zone.
    pub zone: TimeZone,
    /// The demonstration's folder.
    pub folder: PathBuf,
    /// The demonstration's people.
    pub story: Arc<super::story::Story>,
}

/// A node with its secret.
struct Player {
    node: CityNode,
    secret: String,
}

/// The tour.
pub(super) struct Tour {
    seat: Seat,
    late: Player,
    tests: Vec<Player>,
    eyes: Eyes,
    store: Store,
    told: Mutex<told::Tour>,
    /// Held by the step that is under way.
    turn: tokio::sync::Mutex<()>,
    token: String,
    address: SocketAddr,
    listener: Mutex<Option<TcpListener>>,
}

impl Tour {
    /// Opens its port and its store; nothing is served yet.
    ///
    /// # Errors
    /// The port cannot be had.
    pub(super) async fn open(
        seat: Seat,
        nodes: Vec<CityNode>,
        memory: &Memory,
        port: Option<u16>,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(supervisor::address(port, PORT)?).await.context("the tour's port")?;
        let mut players = Vec::new();
        for node in nodes {
            let kept = memory.nodes.get(node.id.as_str()).context("every node was prepared")?;
            players.push(Player { secret: kept.secret.clone(), node });
        }
        let late = players.remove(0);
        let token = format!("{:016x}{:016x}", super::random()?, super::random()?);
        let address = listener.local_addr()?;
        let told = told::Tour {
            late: told::Late { node: late.node.id.to_string(), ..told::Late::default() },
            ..told::Tour::default()
        };
        Ok(Self {
            eyes: Eyes::new(seat.gateway.clone())?,
            store: Store::open().await.context("the tour's store")?,
            told: Mutex::new(told),
            turn: tokio::sync::Mutex::new(()),
            listener: Mutex::new(Some(listener)),
            seat,
            late,
            tests: players,
            token,
            address,
        })
    }

    /// Where its pages are.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the store is.
    pub(super) fn store(&self) -> SocketAddr {
        self.store.address()
    }

    /// Serves its pages, and keeps what they tell fresh, for ever.
    pub(super) async fn run(self) {
        let tour = Arc::new(self);
        let listener = tour.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(listener) = listener else { return };
        tokio::join!(server::serve(tour.clone(), listener), tour.watch(), tour.keep_late());
    }

    fn told(&self) -> MutexGuard<'_, told::Tour> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The gateway's process, as the supervisor wrote it down.
    fn process(&self) -> Option<u32> {
        std::fs::read_to_string(self.seat.folder.join(PID_FILE)).ok()?.trim().parse().ok()
    }

    /// Takes the city's numbers over, and the store's.
    async fn watch(&self) {
        let progress = &self.seat.progress;
        let mut counted = (Instant::now(), progress.readings.load(Ordering::Relaxed));
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for beat in 0_u64.. {
            tick.tick().await;
            let acknowledged = progress.readings.load(Ordering::Relaxed);
            if counted.0.elapsed() >= RATE_OVER {
                let rate = (acknowledged - counted.1) as f64 / counted.0.elapsed().as_secs_f64();
                self.told().city.rate = rate;
                counted = (Instant::now(), acknowledged);
            }
            let unknown = self.take_over(acknowledged);
            // Once a second is enough for what must be asked.
            if beat % 5 == 0 {
                if let Ok(behind) = self.eyes.behind().await {
                    let store = &mut self.told().store;
                    store.behind = behind;
                    if store.phase == Phase::Broken {
                        store.behind_most = store.behind_most.max(behind);
                    }
                }
                if unknown && let Ok(Some(series)) = self.eyes.series("sound-aristotelous", "sound_laeq").await {
                    self.told().city.series = Some(series);
                }
            }
        }
    }

    /// Takes over what can be had without asking; says whether a series to look at is still to be found.
    fn take_over(&self, acknowledged: u64) -> bool {
        let progress = &self.seat.progress;
        let at = *self.seat.gateway.borrow();
        let mut told = self.told();
        (told.store.rows, told.store.points) = self.store.counts();
        let city = &mut told.city;
        city.acknowledged = acknowledged;
        city.connected = progress.connected.load(Ordering::Relaxed);
        city.last = progress.last_node();
        city.alive = at.is_some();
        city.process = self.process();
        if let Some(at) = at {
            city.pages = Some(format!("http://{}", at.http));
        }
        city.series.is_none()
    }

    /// Sends each test node's messages at once, and waits until all are acknowledged.
    async fn send_through_tests(
        &self,
        flow: &Arc<Flow>,
        pace: Duration,
        samples: impl Fn(usize) -> Vec<Sample>,
    ) -> anyhow::Result<()> {
        let mut sending = tokio::task::JoinSet::new();
        for (number, player) in self.tests.iter().enumerate() {
            // A life of its own, so that no name was used before.
            let mut naming = Naming { incarnation: super::random()?, boot: 1, sequence: 0 };
            let messages = messages(&player.node.id, Dialect::Native, &mut naming, &samples(number));
            sending.spawn(self.sender(player, flow, pace).deliver(messages));
        }
        while let Some(sent) = sending.join_next().await {
            sent??;
        }
        Ok(())
    }

    fn sender(&self, player: &Player, flow: &Arc<Flow>, pace: Duration) -> Sender {
        Sender {
            gateway: self.seat.gateway.clone(),
            id: player.node.id.clone(),
            secret: player.secret.clone(),
            pace,
            flow: flow.clone(),
        }
    }
}

/// A run of an impact sensor: plausible, within every bound.
fn impacts(count: usize, from: Timestamp, step_ms: i64, number: usize) -> Vec<Sample> {
    let sample = |k: usize| Sample {
        at: from.plus_millis(k as i64 * step_ms),
        quantity: "impact",
        value: protocols::native::Decimal::nearest(1.5 + 0.3 * (k as f64 / 40.0 + number as f64).sin(), 2)
            .expect("a small number"),
        unit: "",
    };
    (0..count).map(sample).collect()
}

fn readings(messages: &[Message]) -> u64 {
    messages.iter().map(|message| u64::from(message.readings)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load::embedded;

    #[test]
    fn its_nodes_say_that_they_are_simulated_and_have_names_of_their_own() {
        let catalogue = embedded();
        let tours = nodes(&catalogue);
        assert_eq!(tours.len(), 1 + TEST_NODES);
        let city: Vec<_> = super::super::city::nodes(&catalogue).into_iter().map(|node| node.id).collect();
        for node in tours {
            assert!(!city.contains(&node.id), "{}", node.id);
            assert!(node.details.name_el.as_deref().unwrap_or_default().contains("προσομοίωση"), "{}", node.id);
            assert!(node.details.name_en.as_deref().unwrap_or_default().contains("simulated"), "{}", node.id);
            assert!(catalogue.site(node.details.site.as_deref().unwrap_or_default()).is_some(), "{}", node.id);
        }
    }
}
