//! An emulated node: a QEMU process, its sensors, its cable, its power.

use std::fs::File;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use node::trace::{Entry, Event};
use serde_json::{Value, json};

use super::console::Console;
use super::qmp::Qmp;
use crate::bench::Qemu;
use crate::gateway::eventually;

/// Where `memory.x` has the end of the stack.
const STACK_AT: u32 = 0x2000_0000;

/// How the node's serial port is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Serial {
    /// A socket.
    Socket,
    /// A pseudo-terminal, as a serial adapter would be.
    Pty,
}

/// A node in QEMU.
pub(crate) struct QemuNode {
    qemu: Qemu,
    firmware: PathBuf,
    folder: PathBuf,
    number: u8,
    serial: Serial,
    running: Option<Running>,
    starts: u32,
}

struct Running {
    process: Child,
    qmp: Qmp,
    console: Console,
}

impl QemuNode {
    /// Starts a node with an erased EEPROM, its files in `folder`.
    pub(crate) fn new(qemu: &Qemu, firmware: &Path, folder: &Path, number: u8, serial: Serial) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut node = Self {
            qemu: qemu.clone(),
            firmware: firmware.canonicalize()?,
            folder: folder.into(),
            number,
            serial,
            running: None,
            starts: 0,
        };
        node.erase_memory()?;
        node.power_on()?;
        Ok(node)
    }

    /// Makes the EEPROM as it leaves the factory; only while the power is off.
    pub(crate) fn erase_memory(&self) -> anyhow::Result<()> {
        Ok(std::fs::write(self.eeprom(), vec![0xff; self.qemu.eeprom_bytes as usize])?)
    }

    fn eeprom(&self) -> PathBuf {
        self.folder.join("eeprom.img")
    }

    /// Gives it power.
    pub(crate) fn power_on(&mut self) -> anyhow::Result<()> {
        self.starts += 1;
        let path = |name: &str| self.folder.join(name).display().to_string();
        let (qmp, port) = (self.folder.join("qmp.sock"), self.folder.join("uart0.sock"));
        for socket in [&qmp, &port] {
            // Left over from the run before, if there was one.
            let _ = std::fs::remove_file(socket);
        }
        let chardev = match self.serial {
            Serial::Socket => format!("socket,id=u0,path={},server=on,wait=off", port.display()),
            Serial::Pty => "pty,id=u0".into(),
        };
        let (eeprom, bytes, number) = (path("eeprom.img"), self.qemu.eeprom_bytes, self.number);
        let process = Command::new(&self.qemu.program)
            .args(["-M", &self.qemu.machine, "-display", "none", "-monitor", "none", "-kernel"])
            .arg(&self.firmware)
            .args(["-nic", &format!("user,id=net0,model=lan9118,mac=52:54:00:00:00:{number:02x}")])
            .args([
                "-object",
                &format!("filter-dump,id=dump,netdev=net0,file={}", path(&format!("net-{}.pcap", self.starts))),
            ])
            .args(["-device", "tmp105,id=temp0,address=0x48"])
            .args(["-device", "lsm303dlhc_mag,id=mag0,address=0x1e"])
            .args(["-device", "adm1272,id=lamp0,address=0x10"])
            .args(["-device", "adm1272,id=batt0,address=0x11"])
            .args(["-drive", &format!("if=none,id=ee,file={eeprom},format=raw")])
            .args(["-device", &format!("at24c-eeprom,address=0x50,rom-size={bytes},drive=ee")])
            .args(["-chardev", &chardev, "-serial", "chardev:u0"])
            .args(["-chardev", &format!("file,id=u1,path={},append=on", path("trace.log")), "-serial", "chardev:u1"])
            .args(["-qmp", &format!("unix:{},server=on,wait=off", qmp.display())])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().create(true).append(true).open(self.folder.join("qemu.log"))?)
            .spawn()
            .with_context(|| self.qemu.program.display().to_string())?;
        let mut process = scopeguard(process);
        let mut connected = None;
        eventually("QEMU's socket", Duration::from_secs(10), || {
            connected = Some(Qmp::connect(&qmp)?);
            Ok(true)
        })?;
        let mut connected = connected.context("QMP")?;
        let console = self.open_port(&port, &mut connected)?;
        let process = process.take().context("still held")?;
        self.running = Some(Running { process, qmp: connected, console });
        self.set_celsius(20.0)
    }

    fn open_port(&self, socket: &Path, qmp: &mut Qmp) -> anyhow::Result<Console> {
        let log = File::options().create(true).append(true).open(self.folder.join("console.log"))?;
        Ok(match self.serial {
            Serial::Socket => {
                let stream = UnixStream::connect(socket)?;
                stream.set_read_timeout(Some(Duration::from_millis(100)))?;
                Console::new(Box::new(stream), log)
            }
            Serial::Pty => {
                let port = File::options().read(true).write(true).open(pty_of(qmp)?)?;
                Console::new(Box::new(port), log)
            }
        })
    }

    fn running(&mut self) -> anyhow::Result<&mut Running> {
        self.running.as_mut().context("the node has no power")
    }

    /// Its console.
    pub(crate) fn console(&mut self) -> &mut Console {
        &mut self.running.as_mut().expect("a scenario asks a node that it gave power").console
    }

    /// Takes its power away, in the middle of whatever it does.
    pub(crate) fn cut_power(&mut self) {
        if let Some(mut running) = self.running.take() {
            // Both fail only when it is gone already.
            let _ = running.process.kill();
            let _ = running.process.wait();
        }
    }

    /// Lets go of the serial port, so that somebody else opens it: its path. The console is of no use from then on.
    pub(crate) fn release_port(&mut self) -> anyhow::Result<PathBuf> {
        let log = File::options().append(true).open(self.folder.join("console.log"))?;
        let running = self.running()?;
        running.console = Console::new(Box::new(std::io::Cursor::new(Vec::new())), log);
        pty_of(&mut running.qmp)
    }

    /// Bytes of the stack that no start since the power came has touched: emulated RAM begins as zeros.
    pub(crate) fn stack_untouched(&mut self) -> anyhow::Result<usize> {
        let file = self.folder.join("stack.bin");
        let what = json!({ "val": STACK_AT, "size": self.qemu.stack_bytes, "filename": file });
        self.running()?.qmp.execute("pmemsave", what)?;
        Ok(std::fs::read(file)?.iter().take_while(|byte| **byte == 0).count())
    }

    /// Whether the lamp is lit by which a person finds the node.
    pub(crate) fn is_lit(&mut self) -> anyhow::Result<bool> {
        // The FPGA's light-emitting diodes.
        let look = json!({ "command-line": "xp /1wx 0x40028000" });
        let said = self.running()?.qmp.execute("human-monitor-command", look)?;
        let word =
            said.as_str().and_then(|text| text.trim().rsplit_once("0x")).context("no word at the lamp's address")?;
        Ok(u32::from_str_radix(word.1, 16)? & 1 == 1)
    }

    /// Pulls its reset pin.
    pub(crate) fn reset(&mut self) -> anyhow::Result<()> {
        self.running()?.qmp.execute("system_reset", json!({}))?;
        Ok(())
    }

    /// Puts the cable in or out.
    pub(crate) fn set_cable(&mut self, up: bool) -> anyhow::Result<()> {
        self.running()?.qmp.execute("set_link", json!({ "name": "net0", "up": up }))?;
        Ok(())
    }

    /// Sets the air's temperature.
    pub(crate) fn set_celsius(&mut self, celsius: f64) -> anyhow::Result<()> {
        self.set("temp0", "temperature", json!((celsius * 1_000.0).round() as i64))
    }

    /// Sets a property of a device.
    pub(crate) fn set(&mut self, device: &str, property: &str, value: Value) -> anyhow::Result<()> {
        let path = format!("/machine/peripheral/{device}");
        self.running()?.qmp.execute("qom-set", json!({ "path": path, "property": property, "value": value }))?;
        Ok(())
    }

    /// The argument of each such event in the trace so far, over all its starts.
    pub(crate) fn traced(&self, event: Event) -> anyhow::Result<Vec<u32>> {
        let text = std::fs::read_to_string(self.folder.join("trace.log")).unwrap_or_default();
        Ok(text
            .lines()
            .filter_map(Entry::parse)
            .filter(|entry| entry.event == event as u8)
            .map(|entry| entry.argument)
            .collect())
    }
}

impl Drop for QemuNode {
    fn drop(&mut self) {
        self.cut_power();
    }
}

/// The pseudo-terminal of the serial port.
fn pty_of(qmp: &mut Qmp) -> anyhow::Result<PathBuf> {
    let devices = qmp.execute("query-chardev", json!({}))?;
    let name = devices.as_array().and_then(|all| all.iter().find(|one| one["label"] == "u0"));
    let name = name.and_then(|one| one["filename"].as_str()).and_then(|name| name.strip_prefix("pty:"));
    Ok(name.context("no pty")?.into())
}

/// A process that ends when its start goes wrong.
struct Guard(Option<Child>);

fn scopeguard(process: Child) -> Guard {
    Guard(Some(process))
}

impl Guard {
    fn take(&mut self) -> Option<Child> {
        self.0.take()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut process) = self.0.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
