//! A bench's description: a TOML file, checked before anything starts.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

/// What is on the bench.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bench {
    /// What it is called in reports.
    pub(crate) name: String,
    kind: Kind,
    /// The firmware's file.
    pub(crate) firmware: PathBuf,
    /// The gateway's program.
    pub(crate) gateway: PathBuf,
    /// An emulated node.
    pub(crate) qemu: Option<Qemu>,
    /// A real one.
    pub(crate) board: Option<Board>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Qemu,
    Board,
}

/// An emulated node.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Qemu {
    /// QEMU's program.
    pub(crate) program: PathBuf,
    /// Its machine.
    pub(crate) machine: String,
    /// The EEPROM's size.
    pub(crate) eeprom_bytes: u64,
    /// Bytes of RAM that `memory.x` leaves for the stack, at its beginning.
    pub(crate) stack_bytes: u64,
    /// Nodes at once in the scenario with many.
    pub(crate) many: usize,
    /// Scenarios side by side, each with a gateway and a node of its own.
    pub(crate) side_by_side: usize,
}

/// A real node.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Board {
    /// The console's port.
    pub(crate) serial: PathBuf,
    /// Writes the firmware; `{firmware}` stands for its file.
    pub(crate) flash: Vec<String>,
    /// Resets the node.
    pub(crate) reset: Vec<String>,
    /// Where the node reaches the gateway.
    pub(crate) gateway_address: std::net::Ipv4Addr,
}

impl Bench {
    /// Reads and checks a bench's file; its paths are relative to it.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let mut bench: Self = toml::from_str(&text).with_context(|| file.display().to_string())?;
        match (bench.kind, &bench.qemu, &bench.board) {
            (Kind::Qemu, Some(_), None) | (Kind::Board, None, Some(_)) => {}
            _ => bail!("{}: kind and the table [qemu] or [board] go together", file.display()),
        }
        let folder = file.parent().unwrap_or(Path::new("."));
        for path in [&mut bench.firmware, &mut bench.gateway] {
            *path = folder.join(&*path);
        }
        Ok(bench)
    }

    /// How many scenarios run side by side: a real node does one at a time.
    pub(crate) fn side_by_side(&self) -> usize {
        self.qemu.as_ref().map_or(1, |qemu| qemu.side_by_side.max(1))
    }

    /// Whether the node is emulated.
    pub(crate) fn is_qemu(&self) -> bool {
        self.kind == Kind::Qemu
    }

    /// What the bench lacks, with the way to get it; none when it is complete. A missing program of this repository's own
    /// is as much a reason as an absent board.
    pub(crate) fn missing(&self) -> Option<String> {
        if let Some(board) = &self.board
            && !board.serial.exists()
        {
            return Some(format!("no board: {} is not there", board.serial.display()));
        }
        if let Some(qemu) = &self.qemu
            && std::process::Command::new(&qemu.program).arg("--version").output().is_err()
        {
            return Some(format!("no {}: apt-get install qemu-system-arm", qemu.program.display()));
        }
        [(&self.firmware, "firmware/build BOARD"), (&self.gateway, "cargo build --bin city-gateway")]
            .iter()
            .find(|(path, _)| !path.exists())
            .map(|(path, how)| format!("{} is not there: {how}", path.display()))
    }
}
