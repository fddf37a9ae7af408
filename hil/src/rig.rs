//! A scenario's rig: a fresh gateway, and the bench's node with erased memory.

mod board;
mod console;
mod qemu;
mod qmp;

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

pub(crate) use console::Console;
pub(crate) use qemu::{QemuNode, Serial};

use crate::bench::Bench;
use crate::gateway::Gateway;

/// The name of the node under test.
pub(crate) const NODE: &str = "bench-1";

/// The node under test.
pub(crate) enum Subject {
    /// Emulated.
    Qemu(Box<QemuNode>),
    /// On the desk.
    Board(board::BoardNode),
}

/// What a scenario works with.
pub(crate) struct Rig {
    folder: tempfile::TempDir,
    bench: Bench,
    /// The gateway.
    pub(crate) gateway: Gateway,
    subject: Subject,
}

impl Rig {
    /// A gateway that is ready and a node that knows nothing.
    pub(crate) fn new(bench: &Bench) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("hil-").tempdir()?;
        let address = bench.board.as_ref().map_or(Ipv4Addr::LOCALHOST, |board| board.gateway_address);
        let gateway = Gateway::start(&bench.gateway, &folder.path().join("gateway"), address)?;
        let subject = match (&bench.qemu, &bench.board) {
            (Some(qemu), _) => {
                let node = QemuNode::new(qemu, &bench.firmware, &folder.path().join(NODE), 1, Serial::Socket)?;
                Subject::Qemu(Box::new(node))
            }
            (None, Some(board)) => Subject::Board(board::BoardNode::new(board, &bench.firmware)?),
            (None, None) => unreachable!("a checked bench has one of them"),
        };
        Ok(Self { folder, bench: bench.clone(), gateway, subject })
    }

    /// The emulated node; only asked for by scenarios that need one.
    pub(crate) fn qemu(&mut self) -> anyhow::Result<&mut QemuNode> {
        match &mut self.subject {
            Subject::Qemu(node) => Ok(node),
            Subject::Board(_) => anyhow::bail!("the scenario needs an emulated node and does not say so"),
        }
    }

    /// Another emulated node beside the first, with that number.
    pub(crate) fn another(&self, number: u8, serial: Serial) -> anyhow::Result<QemuNode> {
        let qemu = self.bench.qemu.as_ref().context("only an emulated bench has more nodes")?;
        let folder = self.folder.path().join(format!("bench-{number}"));
        QemuNode::new(qemu, &self.bench.firmware, &folder, number, serial)
    }

    /// How many nodes the bench runs at once.
    pub(crate) fn many(&self) -> usize {
        self.bench.qemu.as_ref().map_or(1, |qemu| qemu.many)
    }

    /// The node's console.
    pub(crate) fn console(&mut self) -> &mut Console {
        match &mut self.subject {
            Subject::Qemu(node) => node.console(),
            Subject::Board(node) => node.console(),
        }
    }

    /// Resets the node as its pin does.
    pub(crate) fn reset(&mut self) -> anyhow::Result<()> {
        match &mut self.subject {
            Subject::Qemu(node) => node.reset(),
            Subject::Board(node) => node.reset(),
        }
    }

    /// Erases the node over its console, then gives it its identity; it is connected when this returns.
    pub(crate) fn provision(&mut self) -> anyhow::Result<()> {
        let gateway = match &self.subject {
            Subject::Qemu(_) => format!("10.0.2.2:{}", self.gateway.mqtt().port()),
            Subject::Board(_) => self.gateway.mqtt().to_string(),
        };
        self.console().provision(NODE, &gateway, "mqtt")?;
        self.connected(Duration::from_secs(20))
    }

    /// Waits until the gateway has heard from the node.
    pub(crate) fn connected(&mut self, timeout: Duration) -> anyhow::Result<()> {
        let gateway = &self.gateway;
        crate::gateway::eventually("a first reading in the ledger", timeout, || {
            Ok(gateway.ledger(NODE, "readings.stored")? > 0)
        })?;
        Ok(())
    }

    /// Ends node and gateway.
    pub(crate) fn stop(&mut self) {
        if let Subject::Qemu(node) = &mut self.subject {
            node.cut_power();
        }
        self.gateway.kill();
    }

    /// Copies logs, traces and packets to `folder`.
    pub(crate) fn keep(&mut self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder)?;
        for part in std::fs::read_dir(self.folder.path())? {
            let part = part?.path();
            if !part.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(&part)? {
                let file = file?.path();
                let kept = file.extension().is_some_and(|end| end == "log" || end == "pcap" || end == "toml");
                if let (true, Some(name), Some(of)) = (kept, file.file_name(), part.file_name()) {
                    let to = folder.join(format!("{}-{}", of.to_string_lossy(), name.to_string_lossy()));
                    std::fs::copy(&file, to)?;
                }
            }
        }
        Ok(())
    }
}
