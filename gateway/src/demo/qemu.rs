//! One node of the demonstration that is no client of this program: our firmware, on a board that QEMU emulates. Its sensors are
//! moved from here; what becomes of it is the firmware's.
//!
//! It is provisioned over its console like a node from the shelf, once: its EEPROM is a file in the demonstration's folder.
//! QEMU that ends is started again; one that a killed demonstration left behind is ended first.

mod board;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::sync::watch;
use tokio::time::Instant;

use super::folder::{Folder, replace};
use super::screen::Screen;
use crate::catalogue::Catalogue;
use crate::reading::NodeId;
use crate::registry::{Cause, Details, Registry};
use board::Board;

/// Its name.
pub(super) const NODE: &str = "qemu-1";
const SITE: &str = "aristotelous";
const PROGRAM: &str = "qemu-system-arm";
/// Where `firmware/build qemu-mps2-an386` leaves it.
pub(super) const FIRMWARE: &str = "firmware/boards/qemu-mps2-an386/target/firmware/qemu-mps2-an386.elf";
const BUILD: &str = "firmware/build";
const BOARD: &str = "qemu-mps2-an386";
const SECRET: &str = "secret.txt";
const EEPROM: &str = "eeprom.img";
const EEPROM_BYTES: usize = 65_536;
const PID_FILE: &str = "qemu.pid";
const MOVE_EVERY: Duration = Duration::from_secs(3);
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// A program and a firmware that are there.
pub(super) struct Found {
    firmware: PathBuf,
}

impl Found {
    /// Looks for QEMU and the firmware, and builds the firmware where its source is and its image is not.
    ///
    /// # Errors
    /// What is missing, and the command that brings it.
    pub(super) fn look(firmware: &Path, screen: &Screen) -> anyhow::Result<Self> {
        if let Err(error) = Command::new(PROGRAM).arg("--version").stdout(Stdio::null()).status() {
            ensure!(error.kind() == io::ErrorKind::NotFound, "{PROGRAM} cannot be run: {error}");
            bail!(
                "demo --qemu needs QEMU's board, and {PROGRAM} is not installed: sudo apt-get install qemu-system-arm\n\
                 Without --qemu the demonstration needs nothing of it."
            );
        }
        if !firmware.exists() && firmware == Path::new(FIRMWARE) && Path::new(BUILD).exists() {
            screen.say("  Building the node's firmware, once: firmware/build qemu-mps2-an386");
            let status = Command::new(BUILD).arg(BOARD).status().with_context(|| BUILD.to_owned())?;
            ensure!(status.success(), "the firmware does not build; what is missing stands above");
        }
        ensure!(
            firmware.exists(),
            "there is no firmware at {}: build it in the source's folder with `{BUILD} {BOARD}`, or say where it is with --qemu-firmware",
            firmware.display()
        );
        Ok(Self { firmware: firmware.canonicalize()? })
    }
}

/// The node, registered.
pub(super) struct QemuNode {
    firmware: PathBuf,
    folder: PathBuf,
    secret: String,
}

impl QemuNode {
    /// Registers the node, and makes its folder and its memory. Blocks.
    ///
    /// # Errors
    /// The disk's, the registry's.
    pub(super) fn prepare(
        found: Found,
        folder: &Folder,
        registry: &Registry,
        catalogue: &Catalogue,
    ) -> anyhow::Result<Self> {
        let folder = folder.path().join("qemu");
        std::fs::create_dir_all(&folder)?;
        end_left_behind(&folder);
        let id = NodeId::new(NODE)?;
        let cause = Cause::gateway("demonstration", "a node of the demonstration");
        let held = std::fs::read_to_string(folder.join(SECRET)).ok();
        let secret = match (registry.snapshot().nodes.contains_key(&id), held) {
            (true, Some(secret)) => secret,
            (known, _) => {
                let made = if known {
                    registry.rotate_secret(cause, &id)?
                } else {
                    registry.add_node(cause, &id, &details(), catalogue)?
                };
                let secret = made.reveal().to_owned();
                replace(&folder.join(SECRET), secret.as_bytes(), 0o600)?;
                // A node that has another secret starts from the shelf.
                let _ = std::fs::remove_file(folder.join(EEPROM));
                secret
            }
        };
        let eeprom = folder.join(EEPROM);
        if std::fs::metadata(&eeprom).map_or(true, |file| file.len() != EEPROM_BYTES as u64) {
            replace(&eeprom, &vec![0xff; EEPROM_BYTES], 0o600)?;
        }
        Ok(Self { firmware: found.firmware, folder, secret })
    }

    /// Has the board run until `stop` holds true.
    pub(super) async fn run(
        self,
        mut gateway: watch::Receiver<Option<SocketAddr>>,
        mut stop: watch::Receiver<bool>,
        screen: Arc<Screen>,
    ) {
        let live = async {
            loop {
                if let Err(error) = self.live(&mut gateway, &screen).await {
                    screen.say(&format!("  QEMU's node: {error:#}; started again in {} s", AGAIN_AFTER.as_secs()));
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
            }
        };
        tokio::select! {
            () = live => {}
            // The board goes with what drives it.
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// One run of the board; well when the gateway has moved and the node has to be told.
    async fn live(&self, gateway: &mut watch::Receiver<Option<SocketAddr>>, screen: &Screen) -> anyhow::Result<()> {
        let Some(address) = *gateway.wait_for(Option::is_some).await? else { return Ok(()) };
        let mut board = Board::start(PROGRAM, &self.firmware, &self.folder).await?;
        // QEMU's own network has this machine at that address, its loopback included.
        let provisioned = board.provision(NODE, &self.secret, &format!("10.0.2.2:{}", address.port())).await?;
        let how = if provisioned { "provisioned over its console" } else { "as its memory has it" };
        screen.say(&format!(
            "  QEMU's node   {NODE}, our firmware on an emulated board, {how}; its sensors move all the time"
        ));
        let begun = Instant::now();
        loop {
            for (device, property, value) in sensors(begun.elapsed().as_secs_f64()) {
                board.set(device, property, value).await?;
            }
            tokio::select! {
                ended = board.ended() => return Err(ended),
                () = tokio::time::sleep(MOVE_EVERY) => {}
            }
            if gateway.borrow().is_some_and(|now| now != address) {
                return Ok(());
            }
        }
    }
}

fn details() -> Details {
    Details {
        node_type: Some("street-node".into()),
        name_el: Some("Κόμβος QEMU (προσομοίωση πλακέτας, πραγματικό υλικολογισμικό)".into()),
        name_en: Some("QEMU node (simulated board, real firmware)".into()),
        serial: Some("demonstration".into()),
        site: Some(SITE.into()),
        ..Details::default()
    }
}

/// What the sensors feel so many seconds after the start: the air comes and goes within four minutes, a car each minute and a
/// half, the lamp in three steps, the battery slowly.
fn sensors(seconds: f64) -> [(&'static str, &'static str, i64); 4] {
    let turn = |period: f64| (seconds / period * std::f64::consts::TAU).sin();
    let step = (seconds / 30.0) as u64;
    [
        // Thousandths of a degree; nanotesla; watts; millivolts.
        ("temp0", "temperature", 24_000 + (5_000.0 * turn(240.0)) as i64),
        ("mag0", "mag-x", if step % 3 == 2 { 20_000 } else { 0 }),
        ("lamp0", "pin", [40, 80, 120][(step % 3) as usize]),
        ("batt0", "vin", 12_400 + (700.0 * turn(900.0)) as i64),
    ]
}

/// Ends QEMU that a demonstration which was killed left behind: it would keep the EEPROM, and speak as the same node.
fn end_left_behind(folder: &Path) {
    use rustix::process::{Pid, Signal, kill_process};
    let file = folder.join(PID_FILE);
    let Ok(text) = std::fs::read_to_string(&file) else { return };
    // The number may be another process's by now.
    let ours = |pid: i32| {
        std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(&*file.to_string_lossy()))
    };
    if let Some(pid) = text.trim().parse().ok().filter(|pid| ours(*pid))
        && let Some(process) = Pid::from_raw(pid)
    {
        let _ = kill_process(process, Signal::KILL);
        let until = std::time::Instant::now() + Duration::from_secs(5);
        while ours(pid) && std::time::Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let _ = std::fs::remove_file(&file);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_type_and_site_are_in_the_catalogue_and_it_says_what_it_is() {
        let catalogue = crate::catalogue::load::embedded();
        let details = details();
        assert!(catalogue.site(SITE).is_some());
        assert!(catalogue.node_types.contains_key(details.node_type.as_deref().unwrap_or_default()));
        assert!(details.name_en.is_some_and(|name| name.contains("simulated")));
        assert!(details.name_el.is_some_and(|name| name.contains("προσομοίωση")));
    }

    #[test]
    fn the_sensors_stay_within_what_they_can_tell_and_change_visibly() {
        let at = |seconds: u32| sensors(f64::from(seconds)).map(|(.., value)| value);
        for seconds in 0..3_600 {
            let [celsius, field, watts, millivolts] = at(seconds);
            assert!((15_000..=35_000).contains(&celsius) && (0..=50_000).contains(&field), "{seconds}");
            assert!((0..=200).contains(&watts) && (9_000..=15_000).contains(&millivolts), "{seconds}");
        }
        let mut temperatures: Vec<i64> = (0..120).map(|seconds| at(seconds)[0] / 500).collect();
        temperatures.dedup();
        assert!(temperatures.len() > 15, "half a degree is reported at once: {temperatures:?}");
    }

    #[test]
    fn firmware_that_is_not_there_is_told_with_the_way_to_it() {
        let error = Found::look(Path::new("/nowhere/node.elf"), &Screen::new()).err().expect("it is not there");
        let text = error.to_string();
        assert!(
            text.contains("apt-get install qemu-system-arm") || text.contains("firmware/build qemu-mps2-an386"),
            "{text}"
        );
    }
}
