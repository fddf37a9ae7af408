//! [`Producer`]: a thread that draws unique readings and publishes them by an honest node, not quite in order, some of them
//! twice. It writes each into the [`Book`] before it is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use protocols::native;

use crate::Node;
use crate::book::Book;
use crate::random::Random;
use crate::senml::{Entry, to_cbor, to_json};

/// Between two readings of one datastream.
const STEP_MS: i64 = 150;
/// Messages whose order is drawn.
const SHUFFLED: u64 = 64;
/// One message in so many is sent twice.
const TWICE: usize = 40;
/// Readings of a native batch.
const BATCH: u64 = 4;
/// The number of `pressure`.
const PRESSURE: u8 = 16;

/// How a producer writes its readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// SenML in JSON, two readings a message.
    Json,
    /// SenML in CBOR, two readings a message.
    Cbor,
    /// Native batches.
    Native,
}

/// A producer.
#[derive(Debug)]
pub struct Producer {
    node: Arc<Node>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

/// What a producer is told.
#[derive(Debug, Clone)]
pub struct Script {
    /// Different for each producer.
    pub number: u64,
    /// How its messages look.
    pub format: Format,
    /// When its first reading was measured.
    pub base_ms: i64,
    /// Between two messages.
    pub pace: Duration,
    /// How often the broker before the gateway has died so far: what it had and did not write down is sent again, for
    /// that loss is the broker's.
    pub broker_deaths: Arc<AtomicU64>,
}

impl Producer {
    /// Begins to publish.
    pub fn start(node: Node, script: Script, book: Book, random: Random) -> Self {
        let (node, stop) = (Arc::new(node), Arc::new(AtomicBool::new(false)));
        let work =
            Work { node: node.clone(), stop: stop.clone(), script, book, random, since_death: Vec::new(), deaths: 0 };
        Self { node, stop, thread: std::thread::spawn(move || work.run()) }
    }

    /// Its node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Ends it, waits until all is acknowledged, and gives its node and how many messages it sent twice of its own accord.
    ///
    /// # Panics
    /// When its thread has panicked.
    pub fn finish(self) -> (Arc<Node>, u64) {
        self.stop.store(true, Ordering::Relaxed);
        let twice = self.thread.join().expect("a producer does not panic");
        self.node.wait_acknowledged();
        (self.node, twice)
    }
}

struct Work {
    node: Arc<Node>,
    stop: Arc<AtomicBool>,
    script: Script,
    book: Book,
    random: Random,
    since_death: Vec<Vec<u8>>,
    deaths: u64,
}

impl Work {
    fn run(mut self) -> u64 {
        let mut twice = 0;
        let by_broker = self.script.broker_deaths.clone();
        for block in 0.. {
            let mut order: Vec<u64> = (block * SHUFFLED..(block + 1) * SHUFFLED).collect();
            self.random.shuffle(&mut order);
            for index in order {
                if self.stop.load(Ordering::Relaxed) {
                    self.again_after_death(&by_broker);
                    return twice;
                }
                let message = self.message(index);
                self.since_death.push(message.clone());
                if self.random.below(TWICE) == 0 {
                    self.node.publish(message.clone());
                    twice += 1;
                }
                self.node.publish(message);
                self.again_after_death(&by_broker);
                // The pace of a node that samples, not a wait for something.
                std::thread::sleep(self.script.pace);
            }
        }
        twice
    }

    fn again_after_death(&mut self, deaths: &AtomicU64) {
        let deaths = deaths.load(Ordering::Acquire);
        if deaths > self.deaths {
            self.deaths = deaths;
            self.since_death.drain(..).for_each(|message| self.node.publish(message));
        }
    }

    fn message(&self, index: u64) -> Vec<u8> {
        let (node, number) = (self.node.name(), self.script.number);
        let value = |salt: u64| ((index * 7_919 + number * 13 + salt) % 4_999) as f64 / 100.0;
        let unix_ms = self.script.base_ms + index as i64 * STEP_MS;
        let entries = [
            Entry { name: "temperature", unit: Some("Cel"), value: value(0), unix_ms },
            Entry { name: "humidity", unit: Some("%"), value: value(7), unix_ms },
        ];
        if self.script.format != Format::Native {
            entries.iter().for_each(|entry| self.book.sends(node, entry.name, entry.unix_ms, entry.value));
        }
        match self.script.format {
            Format::Json => to_json("", &entries),
            Format::Cbor => to_cbor("", &entries),
            Format::Native => self.batch(index),
        }
    }

    fn batch(&self, index: u64) -> Vec<u8> {
        let first = index * BATCH;
        let clock = native::Clock::Unix { base_ms: self.script.base_ms + first as i64 * STEP_MS };
        let mut batch = native::Batch::new(0x5eed + self.script.number, 1, first as u32, clock);
        for sequence in first..first + BATCH {
            let mantissa = 98_000 + (sequence * 31 % 4_000) as i64;
            let unix_ms = self.script.base_ms + sequence as i64 * STEP_MS;
            self.book.sends(self.node.name(), "pressure", unix_ms, mantissa as f64 / 100.0);
            let value = native::Decimal::new(mantissa, -2).expect("in range");
            let offset_ms = ((sequence - first) as i64 * STEP_MS) as i32;
            batch.push(native::Reading { quantity: PRESSURE, channel: 0, offset_ms, value }).expect("few in a batch");
        }
        native::Frame::Batch(batch).to_bytes().expect("a batch that fits").to_vec()
    }
}
