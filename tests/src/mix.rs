//! The mix: faults of every kind, some at once, in an order drawn from a seed, while producers send; then the books are
//! compared. `proof_conservation` runs each fault once, `tests/soak` goes on for as long as it is told.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::book::{Book, Tally};
use crate::faults::{Fault, REFUSED, World};
use crate::node::{Node, Protocol};
use crate::producer::{Format, Producer, Script};
use crate::random::Random;
use crate::rows::{VICTORIA, difference, embedded, in_victoria};
use crate::senml::{Entry, to_json};
use crate::{LedgerWatch, now_ms, wait_longer};

const HOUR_MS: i64 = 3_600_000;
const SECRET: &str = "a secret of its own";
/// The node that publishes to the external broker.
const BY_BROKER: &str = "proof-broker";
const QUANTITIES: [&str; 3] = ["temperature", "humidity", "pressure"];
/// Most faults at once.
const AT_ONCE: usize = 3;
/// Longest wait for acknowledgements to go on.
const GOES_ON: Duration = Duration::from_secs(120);

/// What a run was made of.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// Messages acknowledged, by the gateway and by the broker before it.
    pub acknowledged: u64,
    /// Messages sent again after a connection ended.
    pub sent_again: u64,
    /// Readings that the gateway knew already.
    pub duplicates: u64,
    /// How often the gateway was started.
    pub starts: u64,
    /// How often each fault befell it.
    pub faults: BTreeMap<Fault, u64>,
    /// What the comparison found.
    pub tally: Tally,
    /// Rows compared in the store behind the sink.
    pub rows: u64,
}

/// Runs decks of `faults`, at least one, until `minutes` have passed; then compares.
///
/// # Panics
/// When something acknowledged is lost, something is invented or there twice, or the gateway does not go on.
pub fn run(seed: u64, minutes: u64, faults: &[Fault]) -> Run {
    let began = Instant::now();
    let mut random = Random::from(seed);
    // Producers are faster than time: what they say is past all the same.
    let ahead_ms = minutes as i64 * 20 * 60_000;
    let base_ms = now_ms().div_euclid(HOUR_MS) * HOUR_MS - 24 * HOUR_MS - ahead_ms;
    let mut world = World::start(base_ms);
    let book = Book::default();
    let producers = producers(&world, &book, &mut random, base_ms);
    let count = || {
        let counts: Vec<_> = producers.iter().map(|producer| producer.node().acknowledged_count()).collect();
        move || counts.iter().map(|count| count()).sum::<u64>()
    };
    let acknowledged = count();
    // What the broker before the gateway acknowledged is not in the gateway's ledger yet.
    let direct: Vec<_> = producers
        .iter()
        .filter(|producer| producer.node().name() != BY_BROKER)
        .map(|producer| producer.node().acknowledged_count())
        .collect();
    let watch = LedgerWatch::start(world.gateway.http(), move || direct.iter().map(|count| count()).sum());

    let mut befallen = BTreeMap::new();
    loop {
        let mut deck = faults.to_vec();
        random.shuffle(&mut deck);
        while !deck.is_empty() {
            let round = draw(&mut deck, &mut random);
            eprintln!("{:5} s  {round:?}", began.elapsed().as_secs());
            round.iter().for_each(|fault| *befallen.entry(*fault).or_default() += 1);
            befall(&mut world, &round, &book, &acknowledged, &mut random);
        }
        if began.elapsed() >= Duration::from_secs(minutes * 60) {
            break;
        }
    }
    world.calm();
    let mut run = Run { faults: befallen, starts: world.starts, ..Run::default() };
    for producer in producers {
        let (node, _) = producer.finish();
        book.owes_all_of(node.name());
        run.acknowledged += node.acknowledged();
        run.sent_again += node.sent_again();
    }
    run.acknowledged += world.crowd_acknowledged.load(Ordering::Relaxed);
    eprintln!("{:5} s  comparing", began.elapsed().as_secs());
    compare(&mut world, &book, &mut run);
    let looks = watch.finish();
    assert!(looks > 20, "the ledger was looked at {looks} times");
    end(&mut world);
    eprintln!("{:5} s  {run:?}", began.elapsed().as_secs());
    run
}

fn producers(world: &World, book: &Book, random: &mut Random, base_ms: i64) -> Vec<Producer> {
    let (by_link, by_broker) = (world.link.address(), world.broker.address());
    let nodes = [
        ("proof-json-4", &by_link, Protocol::V4, Format::Json),
        ("proof-cbor-5", &by_link, Protocol::V5, Format::Cbor),
        ("proof-native-5", &by_link, Protocol::V5, Format::Native),
        (BY_BROKER, &by_broker, Protocol::V4, Format::Json),
        (REFUSED, &by_link, Protocol::V4, Format::Json),
    ];
    let start = |(number, (name, address, protocol, format)): (u64, (&str, &crate::gateway::Address, _, _))| {
        let script = Script {
            number,
            format,
            base_ms,
            pace: Duration::from_millis(match (name, format) {
                // Each of its rows costs the sink a halving.
                (REFUSED, _) => 250,
                (_, Format::Native) => 32,
                _ => 8,
            }),
            broker_deaths: if name == BY_BROKER { world.broker_deaths.clone() } else { Default::default() },
        };
        let node = Node::with(address.clone(), name, protocol, SECRET);
        Producer::start(node, script, book.clone(), Random::from(random.next_u64()))
    };
    (1..).zip(nodes).map(start).collect()
}

/// The next faults of the deck that can be at once.
fn draw(deck: &mut Vec<Fault>, random: &mut Random) -> Vec<Fault> {
    let mut round: Vec<Fault> = Vec::new();
    let many = 1 + random.below(AT_ONCE);
    while let Some(fault) = deck.pop_if(|next| !round.iter().any(|other| other.befalls() == next.befalls())) {
        round.push(fault);
        if round.len() == many {
            break;
        }
    }
    round
}

fn befall(world: &mut World, round: &[Fault], book: &Book, acknowledged: &impl Fn() -> u64, random: &mut Random) {
    let (hard, mut lasting): (Vec<Fault>, Vec<Fault>) = round.iter().partition(|fault| fault.is_hard());
    lasting.iter().for_each(|fault| world.begin(*fault, book));
    let blocked = lasting.iter().any(|fault| matches!(fault, Fault::NetCut | Fault::NetSilent));
    if blocked {
        // Nothing comes that could be counted: long enough for connections to be missed.
        std::thread::sleep(Duration::from_millis(500 + random.below(1_500) as u64));
    } else {
        goes_on(acknowledged, 100 + random.below(500) as u64);
    }
    // A disk is found full, or failed, by what comes in.
    if blocked && hard.iter().any(|fault| matches!(fault, Fault::DiskFull | Fault::DiskReadOnly)) {
        lasting.retain(|fault| {
            let network = fault.befalls() == "network";
            if network {
                world.end(*fault);
            }
            !network
        });
    }
    hard.iter().for_each(|fault| world.strike(*fault));
    // Others are felt by what comes in, too.
    lasting.sort_by_key(|fault| fault.befalls() != "network");
    for fault in lasting {
        if fault.befalls() == "network" {
            world.end(fault);
        } else {
            world.feel(fault);
            world.end(fault);
        }
    }
    goes_on(acknowledged, 100 + random.below(400) as u64);
}

fn goes_on(acknowledged: &impl Fn() -> u64, more: u64) {
    let before = acknowledged();
    wait_longer(&format!("{more} more acknowledgements"), GOES_ON, || (acknowledged() >= before + more).then_some(()));
}

fn compare(world: &mut World, book: &Book, run: &mut Run) {
    // One fresh reading passes, after all of that.
    let (fresh, now) = (Node::new(&world.gateway, "proof-fresh"), now_ms());
    book.sends("proof-fresh", "temperature", now, 21.5);
    fresh.publish(to_json("", &[Entry { name: "temperature", unit: None, value: 21.5, unix_ms: now }]));
    fresh.wait_acknowledged();
    book.owes_all_of("proof-fresh");
    run.acknowledged += 1;
    // What the broker acknowledged comes through it in its own time.
    let by_broker = book.sent_by(BY_BROKER);
    wait_longer("what the broker had acknowledged", GOES_ON, || {
        let stored = world.gateway.ledger().node(BY_BROKER).stored;
        (stored >= by_broker).then_some(())
    });
    let ledger = world.gateway.settled();
    run.tally = book.compare(&world.gateway);
    run.duplicates = ledger.all.duplicate;
    let all = &ledger.all;
    assert_eq!(all.stored, run.tally.stored(), "{all:?}");
    assert_eq!((all.corrected, all.rejected.len(), all.frames_rejected.len()), (0, 0, 0), "{all:?}");

    let mut difference_now = None;
    let rows = wait_longer_or(&mut difference_now, |difference_now| {
        let mut own = embedded(&world.gateway);
        own.retain(|(_, node, _, _), _| node != REFUSED);
        *difference_now = difference(VICTORIA, &own, &in_victoria(&world.store, &QUANTITIES));
        difference_now.is_none().then_some(own.len() as u64)
    });
    run.rows = rows;
    assert!(world.front.refused() > 0 && world.quarantined() > 0.0, "the store was never given what it refuses");
}

/// Waits until `equal` gives something, and says the last difference when it does not.
fn wait_longer_or<T>(told: &mut Option<String>, mut equal: impl FnMut(&mut Option<String>) -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = equal(told) {
            return found;
        }
        assert!(began.elapsed() < GOES_ON, "the store behind the sink differs: {}", told.as_deref().unwrap_or("?"));
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn end(world: &mut World) {
    let (status, _) = world.gateway.terminate();
    assert!(status.success(), "{status}");
    let verified = world.gateway.command("journal verify --config FILE");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
