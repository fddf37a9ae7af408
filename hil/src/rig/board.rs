//! A real node on the desk: its console's port, and the commands that flash and reset it.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use super::console::Console;
use crate::bench::Board;

/// A node on the desk.
pub(crate) struct BoardNode {
    board: Board,
    console: Console,
}

impl BoardNode {
    /// Flashes it and opens its console.
    pub(crate) fn new(board: &Board, firmware: &Path) -> anyhow::Result<Self> {
        let firmware = firmware.canonicalize()?.display().to_string();
        execute(&board.flash.iter().map(|word| word.replace("{firmware}", &firmware)).collect::<Vec<_>>())?;
        // Raw, at the console's speed, and reads that end after a tenth of a second without bytes.
        let port = board.serial.display().to_string();
        execute(&["stty", "-F", &port, "115200", "raw", "-echo", "min", "0", "time", "1"].map(String::from))?;
        let file = File::options().read(true).write(true).open(&board.serial)?;
        let log = tempfile::tempfile()?;
        Ok(Self { board: board.clone(), console: Console::new(Box::new(Quiet(file)), log) })
    }

    /// Its console.
    pub(crate) fn console(&mut self) -> &mut Console {
        &mut self.console
    }

    /// Resets it by the probe.
    pub(crate) fn reset(&mut self) -> anyhow::Result<()> {
        execute(&self.board.reset)
    }
}

/// A port for which no bytes yet is not the end.
struct Quiet(File);

impl std::io::Read for Quiet {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(bytes)? {
            0 => Err(std::io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl std::io::Write for Quiet {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

fn execute(words: &[String]) -> anyhow::Result<()> {
    let (program, arguments) = words.split_first().context("an empty command in the bench's file")?;
    let status = Command::new(program).args(arguments).status().with_context(|| program.clone())?;
    ensure!(status.success(), "{}: {status}", words.join(" "));
    Ok(())
}
