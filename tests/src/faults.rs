//! [`World`]: a gateway with everything around it, and the [`Fault`]s that can be done to it. Each is felt before it ends:
//! a fault that nobody noticed proves nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;

use crate::book::Book;
use crate::broker::Mosquitto;
use crate::disk::Disk;
use crate::front::{Front, Mood};
use crate::network::{Link, Weather};
use crate::peer::Store;
use crate::{Gateway, crowd, http, now_ms, wait_until};

/// The node whose rows the store behind the sink never takes.
pub const REFUSED: &str = "proof-refused";
const DISK_BYTES: u64 = 192 << 20;
/// How far the clock steps.
const STEP_S: i64 = 5_400;

/// What can be done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// kill -9.
    Kill,
    /// The store behind the sink ends connections.
    StoreAway,
    /// It answers a second late.
    StoreSlow,
    /// It answers 429.
    StoreBusy,
    /// It answers 500.
    StoreIll,
    /// It takes rows, and its answer is cut.
    StoreHalf,
    /// Its process ends.
    StoreDown,
    /// The external broker is killed.
    BrokerKilled,
    /// The network ends every connection.
    NetCut,
    /// The network is slow.
    NetSlow,
    /// The network passes nothing on and ends nothing.
    NetSilent,
    /// The disk is full.
    DiskFull,
    /// The disk fails and is read-only.
    DiskReadOnly,
    /// The power goes: the disk has what was synced, and of the rest whatever had reached it.
    PowerCut,
    /// The clock steps ahead.
    ClockAhead,
    /// The clock steps back.
    ClockBack,
    /// Somebody reads a large answer byte by byte.
    SlowReader,
    /// A thousand nodes connect at once.
    Crowd,
}

impl Fault {
    /// Each of them.
    pub const ALL: [Fault; 18] = [
        Fault::Kill,
        Fault::StoreAway,
        Fault::StoreSlow,
        Fault::StoreBusy,
        Fault::StoreIll,
        Fault::StoreHalf,
        Fault::StoreDown,
        Fault::BrokerKilled,
        Fault::NetCut,
        Fault::NetSlow,
        Fault::NetSilent,
        Fault::DiskFull,
        Fault::DiskReadOnly,
        Fault::PowerCut,
        Fault::ClockAhead,
        Fault::ClockBack,
        Fault::SlowReader,
        Fault::Crowd,
    ];

    /// What it befalls: two of one kind cannot be at once.
    pub fn befalls(self) -> &'static str {
        match self {
            Fault::Kill => "process",
            Fault::StoreAway
            | Fault::StoreSlow
            | Fault::StoreBusy
            | Fault::StoreIll
            | Fault::StoreHalf
            | Fault::StoreDown => "store",
            Fault::BrokerKilled => "broker",
            Fault::NetCut | Fault::NetSlow | Fault::NetSilent => "network",
            Fault::DiskFull | Fault::DiskReadOnly | Fault::PowerCut => "disk",
            Fault::ClockAhead | Fault::ClockBack => "clock",
            Fault::SlowReader => "reader",
            Fault::Crowd => "crowd",
        }
    }

    /// Whether nothing is acknowledged while it lasts, or the process ends: done alone, while the others go on.
    pub fn is_hard(self) -> bool {
        matches!(self, Fault::Kill | Fault::DiskFull | Fault::DiskReadOnly | Fault::PowerCut)
    }
}

/// A gateway, what it needs, and who stands between. The gateway goes first when all goes.
#[derive(Debug)]
pub struct World {
    /// The gateway.
    pub gateway: Gateway,
    /// Its disk.
    pub disk: Disk,
    /// Between nodes and the gateway.
    pub link: Link,
    /// Between the gateway and the broker.
    pub broker_link: Link,
    /// The external broker.
    pub broker: Mosquitto,
    /// How often that was killed and is back.
    pub broker_deaths: Arc<AtomicU64>,
    /// The store behind the sink.
    pub store: Store,
    /// Before it.
    pub front: Front,
    /// How often the gateway was started.
    pub starts: u64,
    /// Readings of crowds that were acknowledged.
    pub crowd_acknowledged: Arc<AtomicU64>,
    clock: FakeClock,
    reader: Option<(Arc<AtomicBool>, JoinHandle<usize>)>,
    crowd: Option<JoinHandle<u64>>,
    crowds: i64,
    base_ms: i64,
}

impl World {
    /// Starts everything; readings of crowds are measured from `base_ms` on.
    ///
    /// # Panics
    /// When a part is missing; says how to install it.
    pub fn start(base_ms: i64) -> Self {
        crowd::make_room();
        let (store, broker) = (Store::victoria(), Mosquitto::start(""));
        let front = Front::before(&store.address(), &format!("node={REFUSED},"));
        let broker_link = Link::to(broker.address());
        let mut gateway = Gateway::prepare(&[
            ("influxdb.url", &format!("\"http://{}\"", front.address())),
            ("influxdb.org", "\"org\""),
            ("influxdb.bucket", "\"city\""),
            ("influxdb.retry_delay_min_ms", "50"),
            ("influxdb.retry_delay_max_ms", "500"),
            ("broker.url", &format!("\"mqtt://{}\"", broker_link.address().get())),
            ("windows.settle_s", "0"),
            // Windows that are still written into settle too, again and again: the sink always has something to send.
            ("windows.quiet_s", "0"),
            // Often, and in small pieces, so that faults fall before, in and after each.
            ("limits.checkpoint_s", "2"),
            ("limits.packet_bytes_max", "\"16KiB\""),
            ("limits.journal_segment_bytes", "\"64KiB\""),
            ("limits.journal_bytes_max", "\"16MiB\""),
        ]);
        let disk = Disk::under(&gateway.data(), DISK_BYTES);
        let clock = FakeClock::new();
        clock.environment().iter().for_each(|(name, value)| gateway.set_environment(name, value));
        gateway.restart();
        let link = Link::to(gateway.mqtt());
        let world = Self {
            gateway,
            disk,
            link,
            broker_link,
            broker,
            broker_deaths: Arc::default(),
            store,
            front,
            starts: 1,
            crowd_acknowledged: Arc::default(),
            clock,
            reader: None,
            crowd: None,
            crowds: 0,
            base_ms,
        };
        world.wait_for_broker();
        // The session is on the broker's disk before anybody publishes: what dies with it later was published later.
        world.broker.write_down();
        world
    }

    fn metric(&self, name: &str) -> Option<f64> {
        let text = http::get(&self.gateway.http().get(), "/metrics").ok()?.text();
        let line = text.lines().find(|line| line.split([' ', '{']).next() == Some(name))?;
        line.rsplit(' ').next()?.parse().ok()
    }

    /// Lines that the sink has given up.
    pub fn quarantined(&self) -> f64 {
        wait_until("the sink's metrics", || self.metric("city_gateway_sink_quarantined"))
    }

    fn wait_for_broker(&self) {
        wait_until("the gateway at its broker", || {
            self.metric("city_gateway_broker_connected").filter(|connected| *connected == 1.0)
        });
    }

    fn problems(&self) -> Option<(u16, String)> {
        let answer = http::get(&self.gateway.http().get(), "/readyz").ok()?;
        Some((answer.status, answer.text()))
    }

    /// Begins a fault that lasts.
    ///
    /// # Panics
    /// When it is a hard one.
    pub fn begin(&mut self, fault: Fault, book: &Book) {
        match fault {
            Fault::StoreAway => self.front.set(Mood::Away),
            Fault::StoreSlow => self.front.set(Mood::Slow(Duration::from_secs(1))),
            Fault::StoreBusy => self.front.set(Mood::Answers(429)),
            Fault::StoreIll => self.front.set(Mood::Answers(500)),
            Fault::StoreHalf => self.front.set(Mood::HalfAnswer),
            Fault::StoreDown => {
                self.front.set(Mood::Well);
                // Asked to end: VictoriaMetrics acknowledges what is in its memory alone.
                self.store.end();
            }
            Fault::BrokerKilled => self.broker.kill(),
            Fault::NetCut => self.weather(Weather::Cut),
            Fault::NetSlow => self.weather(Weather::Slow(Duration::from_millis(30))),
            Fault::NetSilent => self.weather(Weather::Silent),
            Fault::ClockAhead => self.clock.set(STEP_S),
            Fault::ClockBack => self.clock.set(-STEP_S),
            Fault::SlowReader => self.reader = Some(slow_reader(&self.gateway)),
            Fault::Crowd => {
                let (gateway, book) = (self.gateway.mqtt(), book.clone());
                let unix_ms = self.base_ms + self.crowds * 60_000;
                let count = self.crowd_acknowledged.clone();
                self.crowds += 1;
                self.crowd = Some(std::thread::spawn(move || {
                    let acknowledged = crowd::rush(&gateway, unix_ms, &book);
                    count.fetch_add(acknowledged, Ordering::Relaxed);
                    acknowledged
                }));
            }
            Fault::Kill | Fault::DiskFull | Fault::DiskReadOnly | Fault::PowerCut => {
                panic!("{fault:?} is done, not begun")
            }
        }
    }

    fn weather(&self, weather: Weather) {
        self.link.set(weather);
        self.broker_link.set(weather);
    }

    /// Does a hard fault, from its beginning to its end.
    ///
    /// # Panics
    /// When the gateway does not take it as it should.
    pub fn strike(&mut self, fault: Fault) {
        match fault {
            Fault::Kill => {
                self.gateway.kill();
                self.start_again();
            }
            Fault::DiskFull => {
                wait_until("the full disk to be told", || {
                    // Again and again: a checkpoint gives segments back.
                    self.disk.fill();
                    assert!(!self.gateway.has_ended(), "a full disk is waited for, not died of");
                    self.problems().filter(|(status, text)| *status == 503 && text.contains("the disk is full"))
                });
                self.disk.empty();
                wait_until("the gateway to go on by itself", || {
                    assert!(!self.gateway.has_ended(), "a full disk is waited for, not died of");
                    self.problems().filter(|(status, _)| *status == 200)
                });
            }
            Fault::DiskReadOnly => {
                self.disk.fail();
                let status = self.gateway.wait_ended();
                assert_eq!(status.code(), Some(1), "a disk that failed ends it, and the shell is told");
                self.disk.mend();
                self.start_again();
            }
            Fault::PowerCut => {
                // Stopped, and not killed yet: nothing may be written between the look at the disk and the end.
                self.gateway.freeze();
                let reached = self.disk.reached();
                self.gateway.kill();
                self.disk.after_power_cut(reached);
                self.start_again();
            }
            other => panic!("{other:?} is begun, not done"),
        }
    }

    fn start_again(&mut self) {
        self.gateway.restart();
        self.starts += 1;
    }

    /// Waits until the fault is felt.
    pub fn feel(&mut self, fault: Fault) {
        let what = format!("{fault:?} to be felt");
        match fault {
            Fault::StoreDown => {
                let behind = || self.problems().filter(|(_, text)| text.contains("the sink"));
                wait_until(&what, behind);
            }
            Fault::ClockAhead => self.wait_for_clock(STEP_S),
            Fault::ClockBack => {
                wait_until(&what, || self.problems().filter(|(_, text)| text.contains("the system's clock is behind")));
            }
            Fault::BrokerKilled => {
                wait_until(&what, || {
                    self.metric("city_gateway_broker_connected").filter(|connected| *connected == 0.0)
                });
            }
            _ if fault.befalls() == "store" => {
                wait_until(&what, || (self.front.struck() > 1).then_some(()));
            }
            // Told by what the link and the threads count.
            _ => {}
        }
    }

    /// Waits until the gateway's own clock is that far ahead of this machine's.
    fn wait_for_clock(&self, offset_s: i64) {
        wait_until("the step of the clock", || {
            let answer = http::get(&self.gateway.http().get(), "/healthz").ok()?;
            let date = answer.headers.iter().find(|(name, _)| name == "date").map(|(_, date)| date.clone())?;
            let told = jiff::fmt::rfc2822::parse(&date).ok()?.timestamp().as_second();
            ((told - now_ms() / 1_000 - offset_s).abs() < 60).then_some(())
        });
    }

    /// Ends a fault that lasts.
    ///
    /// # Panics
    /// When a part does not come back.
    pub fn end(&mut self, fault: Fault) {
        match fault {
            Fault::StoreDown => self.store.start(),
            Fault::BrokerKilled => {
                self.broker.run();
                self.broker_deaths.fetch_add(1, Ordering::Release);
            }
            Fault::ClockAhead | Fault::ClockBack => self.clock.set(0),
            Fault::SlowReader => {
                let (stop, thread) = self.reader.take().expect("it was begun");
                stop.store(true, Ordering::Relaxed);
                thread.join().expect("a reader does not panic");
            }
            Fault::Crowd => {
                let crowd = self.crowd.take().expect("it was begun");
                assert!(crowd.join().expect("the crowd is served") > 0);
            }
            _ if fault.befalls() == "store" => self.front.set(Mood::Well),
            _ if fault.befalls() == "network" => self.weather(Weather::Fair),
            other => panic!("{other:?} is done, not ended"),
        }
    }

    /// Waits until everything is as if nothing had been.
    pub fn calm(&self) {
        self.wait_for_broker();
        wait_until("a gateway that is ready", || self.problems().filter(|(status, _)| *status == 200));
    }
}

/// Reads all observations, some bytes at a time, until told to stop; gives how many bytes it got.
fn slow_reader(gateway: &Gateway) -> (Arc<AtomicBool>, JoinHandle<usize>) {
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, address) = (stop.clone(), gateway.http().get());
    let thread = std::thread::spawn(move || {
        let mut got = 0;
        let Ok(mut stream) = TcpStream::connect(&address) else { return got };
        let asked = format!("GET /v1.1/Observations?$top=10000 HTTP/1.1\r\nHost: {address}\r\n\r\n");
        if stream.write_all(asked.as_bytes()).is_err() || stream.set_read_timeout(Some(Duration::from_secs(1))).is_err()
        {
            return got;
        }
        let mut bytes = [0; 64];
        while !stopped.load(Ordering::Relaxed) {
            got += stream.read(&mut bytes).unwrap_or(0);
            std::thread::sleep(Duration::from_millis(20));
        }
        got
    });
    (stop, thread)
}

/// The gateway's clock, set by a file that libfaketime reads.
#[derive(Debug)]
struct FakeClock {
    folder: TempDir,
}

impl FakeClock {
    fn new() -> Self {
        let clock = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        clock.set(0);
        clock
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }

    fn set(&self, offset_s: i64) {
        let partial = self.folder.path().join("partial");
        std::fs::write(&partial, format!("{offset_s:+}")).expect("the folder is ours");
        std::fs::rename(partial, self.file()).expect("the folder is ours");
    }

    fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("LD_PRELOAD", faketime_library()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().display().to_string()),
            ("FAKETIME_CACHE_DURATION", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ("NO_FAKE_STAT", "1".into()),
        ]
    }
}

/// Where Debian keeps faketime's library.
///
/// # Panics
/// When it is not there; says how to install it.
pub fn faketime_library() -> String {
    let places = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map(|a| format!("/usr/lib/{a}/faketime/libfaketime.so.1"));
    let found = places.iter().find(|place| Path::new(place).exists());
    found.unwrap_or_else(|| panic!("libfaketime is missing; install it with: apt-get install faketime")).clone()
}
