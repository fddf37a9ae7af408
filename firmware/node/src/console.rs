//! The provisioning console on the node's serial port: lines of text, each answered with lines and then `ok` or `error WHY`.
//!
//! ```text
//! help                      what there is
//! show                      identity (never the secret), names, health
//! set node NAME             also: secret TEXT, gateway ADDRESS[:PORT], time ADDRESS[:PORT] or -, link mqtt|serial
//! save                      keeps what was set, as a new incarnation, and starts again
//! factory-reset yes         forgets everything and starts again
//! reboot                    starts again
//! test hang | panic         proves that the watchdog and the fault record work
//! ```
//!
//! Who holds the cable is trusted: the port is inside the housing.

use core::fmt::Write;

use embedded_hal::i2c::I2c;
use heapless::String;

use crate::FIRMWARE;
use crate::fault::FaultKind;
use crate::identity::{Endpoint, Identity, Link, TEXT_BYTES_MAX};
use crate::memory::Memory;
use crate::node::Node;
use crate::sntp;

/// Longest line that is understood.
pub const LINE_BYTES_MAX: usize = 96;
/// Longest answer.
pub const ANSWER_BYTES_MAX: usize = 640;

/// An answer's text.
pub type Answer = String<ANSWER_BYTES_MAX>;

/// What the board has to do after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// Start again.
    Restart,
    /// Stop making progress.
    Hang,
    /// Panic.
    Panic,
}

/// The console: what was set and not yet saved.
#[derive(Default)]
pub struct Console {
    node: Option<String<TEXT_BYTES_MAX>>,
    secret: Option<String<TEXT_BYTES_MAX>>,
    gateway: Option<Endpoint>,
    time_server: Option<Option<Endpoint>>,
    link: Option<Link>,
}

impl Console {
    /// Answers a line; an empty one has no answer, and on a shared line one that is not understood has none either: it may
    /// be a piece of somebody's frame.
    pub fn line<M: Memory, I: I2c>(
        &mut self,
        line: &str,
        node: &mut Node<M, I>,
        now_ms: u64,
        answer: &mut Answer,
    ) -> Then {
        answer.clear();
        let mut words = line.split_ascii_whitespace();
        let Some(command) = words.next() else { return Then::Nothing };
        let rest = (words.next(), words.next(), words.next());
        let outcome = match (command, rest) {
            ("help", (None, ..)) => {
                answer.push_str("show | set node|secret|gateway|time|link VALUE | save | reboot | factory-reset yes | test hang|panic\n").ok();
                Ok(Then::Nothing)
            }
            ("show", (None, ..)) => {
                show(node, now_ms, answer);
                Ok(Then::Nothing)
            }
            ("set", (Some(key), Some(value), None)) => self.set(key, value).map(|()| Then::Nothing),
            ("save", (None, ..)) => self.save(node, now_ms),
            ("factory-reset", (Some("yes"), None, _)) => {
                node.factory_reset().map(|()| Then::Restart).map_err(|_| "memory failed")
            }
            ("factory-reset", _) => Err("say: factory-reset yes"),
            ("reboot", (None, ..)) => {
                node.restart_soon(now_ms);
                Ok(Then::Nothing)
            }
            ("test", (Some("hang"), None, _)) => Ok(Then::Hang),
            ("test", (Some("panic"), None, _)) => Ok(Then::Panic),
            _ if node.identity().is_some_and(|identity| identity.link == Link::Serial) => return Then::Nothing,
            _ => Err("not understood; say: help"),
        };
        match outcome {
            Ok(then) => {
                answer.push_str("ok\n").ok();
                then
            }
            Err(why) => {
                writeln!(answer, "error {why}").ok();
                Then::Nothing
            }
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), &'static str> {
        match key {
            "node" if Identity::is_name(value) => self.node = String::try_from(value).ok(),
            "node" => return Err("a name is 1 to 64 of a-z 0-9 - _ ."),
            "secret" => self.secret = Some(String::try_from(value).map_err(|_| "a secret is 64 bytes at most")?),
            "gateway" => self.gateway = Some(Endpoint::parse(value).ok_or("an address is 10.0.2.2:1883")?),
            "time" if value == "-" => self.time_server = Some(None),
            "time" => {
                let text = value.split_once(':').map_or(value, |(address, _)| address);
                let mut server = Endpoint::parse(value).ok_or("an address is 10.0.2.2:123")?;
                if text.len() == value.len() {
                    server.port = sntp::PORT;
                }
                self.time_server = Some(Some(server));
            }
            "link" => {
                self.link = Some(match value {
                    "mqtt" => Link::Mqtt,
                    "serial" => Link::Serial,
                    _ => return Err("a link is mqtt or serial"),
                });
            }
            _ => return Err("there is node, secret, gateway, time, link"),
        }
        Ok(())
    }

    fn save<M: Memory, I: I2c>(&mut self, node: &mut Node<M, I>, now_ms: u64) -> Result<Then, &'static str> {
        let held = node.identity();
        let link = self.link.or(held.map(|held| held.link)).unwrap_or(Link::Mqtt);
        let nowhere = Endpoint { address: [0; 4], port: 0 };
        let gateway = self.gateway.or(held.map(|held| held.gateway));
        let identity = Identity {
            node: self.node.clone().or(held.map(|held| held.node.clone())).ok_or("set node first")?,
            secret: self.secret.clone().or(held.map(|held| held.secret.clone())).ok_or("set secret first")?,
            gateway: match link {
                Link::Mqtt => gateway.ok_or("set gateway first")?,
                Link::Serial => gateway.unwrap_or(nowhere),
            },
            time_server: self.time_server.unwrap_or(held.and_then(|held| held.time_server)),
            link,
            incarnation: 0,
        };
        node.provision(identity, now_ms).map_err(|_| "memory failed")?;
        Ok(Then::Restart)
    }
}

fn show<M: Memory, I: I2c>(node: &Node<M, I>, now_ms: u64, answer: &mut Answer) {
    let (incarnation, boot, sequence) = node.names();
    match node.identity() {
        Some(identity) => {
            writeln!(answer, "node {}\nsecret set\ngateway {}", identity.node, identity.gateway).ok();
            if let Some(server) = identity.time_server {
                writeln!(answer, "time {server}").ok();
            }
            answer
                .push_str(match identity.link {
                    Link::Mqtt => "link mqtt\n",
                    Link::Serial => "link serial\n",
                })
                .ok();
            writeln!(answer, "incarnation {incarnation:016x}\nboot {boot}\nsequence {sequence}").ok();
        }
        None => {
            answer.push_str("node -\n").ok();
        }
    }
    let (safety, routine) = node.queue().capacity();
    let dropped = node.queue().dropped();
    writeln!(answer, "firmware {FIRMWARE}\nuptime_ms {now_ms}\nreset_cause {}", node.started().cause.code()).ok();
    writeln!(answer, "queue {} of {safety} and {routine}", node.queue().len()).ok();
    writeln!(answer, "dropped {} safety, {} routine", dropped.safety, dropped.routine).ok();
    writeln!(answer, "memory_failures {}\nlink_errors {}", node.queue().memory_failures(), node.link_errors()).ok();
    writeln!(answer, "clock {}", if node.clock().is_set() { "set" } else { "unknown" }).ok();
    if let Some(fault) = node.started().fault {
        let kind = match fault.kind {
            FaultKind::Panic => "panic",
            FaultKind::HardFault => "hard_fault",
            FaultKind::Hang => "hang",
        };
        writeln!(answer, "fault {kind} at {:#x} after {} ms", fault.place, fault.at_ms).ok();
    }
}

/// Makes lines of the bytes that come; a line that is too long, or not printable, is thrown away whole.
pub struct Lines {
    bytes: heapless::Vec<u8, LINE_BYTES_MAX>,
    too_long: bool,
}

impl Lines {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { bytes: heapless::Vec::new(), too_long: false }
    }

    /// Takes a byte; the line that it ends, if it ends one.
    pub fn push(&mut self, byte: u8) -> Option<String<LINE_BYTES_MAX>> {
        match byte {
            b'\n' | b'\r' => {
                let line = core::mem::take(&mut self.bytes);
                let too_long = core::mem::take(&mut self.too_long);
                String::from_utf8(line).ok().filter(|line| !line.is_empty() && !too_long)
            }
            0x08 | 0x7f => {
                self.bytes.pop();
                None
            }
            // What lies between two frames' ends is no line with what came before.
            0 => {
                self.bytes.clear();
                self.too_long = false;
                None
            }
            b' '..=b'~' => {
                self.too_long |= self.bytes.push(byte).is_err();
                None
            }
            _ => {
                self.too_long = true;
                None
            }
        }
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self::new()
    }
}
