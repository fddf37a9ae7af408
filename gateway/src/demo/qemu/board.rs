//! A board in QEMU: the process, its machine protocol on standard input and output, its console on a pseudo-terminal.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use tokio_serial::{SerialPortBuilderExt, SerialStream};

const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// A node that starts answers on its console within this.
const STARTS_WITHIN: Duration = Duration::from_secs(20);

/// A board that runs; it ends when this is dropped.
pub(super) struct Board {
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Board {
    /// Starts it with its memory in `folder`.
    pub(super) async fn start(program: &str, firmware: &Path, folder: &Path) -> anyhow::Result<Self> {
        let path = |name: &str| folder.join(name).display().to_string();
        // A comma in a path would begin another option.
        let eeprom = path(super::EEPROM).replace(',', ",,");
        let log = std::fs::File::create(folder.join("qemu.log"))?;
        let mut process = Command::new(program)
            .args(["-M", "mps2-an386", "-display", "none", "-monitor", "none", "-kernel"])
            .arg(firmware)
            .args(["-pidfile", &path(super::PID_FILE)])
            .args(["-nic", "user,model=lan9118,mac=52:54:00:00:00:01"])
            .args(["-device", "tmp105,id=temp0,address=0x48"])
            .args(["-device", "lsm303dlhc_mag,id=mag0,address=0x1e"])
            .args(["-device", "adm1272,id=lamp0,address=0x10"])
            .args(["-device", "adm1272,id=batt0,address=0x11"])
            .args(["-drive", &format!("if=none,id=ee,file={eeprom},format=raw")])
            .args(["-device", &format!("at24c-eeprom,address=0x50,rom-size={},drive=ee", super::EEPROM_BYTES)])
            .args(["-chardev", "pty,id=u0", "-serial", "chardev:u0"])
            .args([
                "-chardev",
                &format!("file,id=u1,path={}", path("trace.log").replace(',', ",,")),
                "-serial",
                "chardev:u1",
            ])
            .args(["-qmp", "stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            // Ctrl-C is for the demonstration, which ends the board in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| program.to_owned())?;
        let input = process.stdin.take().context("standard input is piped")?;
        let output = process.stdout.take().context("standard output is piped")?;
        let mut board = Self { process, input, output: BufReader::new(output).lines() };
        board.line().await.context("QEMU did not start; qemu.log says why")?;
        board.execute("qmp_capabilities", json!({})).await?;
        Ok(board)
    }

    /// Sets a property of a device.
    pub(super) async fn set(&mut self, device: &str, property: &str, value: i64) -> anyhow::Result<()> {
        let path = format!("/machine/peripheral/{device}");
        self.execute("qom-set", json!({ "path": path, "property": property, "value": value })).await?;
        Ok(())
    }

    /// Returns when QEMU has ended, with what is known of it.
    pub(super) async fn ended(&mut self) -> anyhow::Error {
        match self.process.wait().await {
            Ok(status) => anyhow::anyhow!("QEMU ended: {status}; qemu.log may say why"),
            Err(error) => error.into(),
        }
    }

    /// Gives the node its identity, unless it has it; says whether it had to.
    pub(super) async fn provision(&mut self, node: &str, secret: &str, gateway: &str) -> anyhow::Result<bool> {
        let devices = self.execute("query-chardev", json!({})).await?;
        let console = devices.as_array().and_then(|all| all.iter().find(|one| one["label"] == "u0"));
        let path = console.and_then(|one| one["filename"].as_str()).and_then(|name| name.strip_prefix("pty:"));
        let mut port =
            tokio_serial::new(path.context("QEMU tells no pseudo-terminal")?, 115_200).open_native_async()?;
        let shown = timeout(STARTS_WITHIN, async {
            loop {
                if let Ok(shown) = ask(&mut port, "show").await {
                    return shown;
                }
            }
        });
        let shown = shown.await.context("the node does not answer on its console")?;
        let has = |line: String| shown.lines().any(|found| found == line);
        if has(format!("node {node}")) && has(format!("gateway {gateway}")) {
            return Ok(false);
        }
        for line in [
            format!("set node {node}"),
            format!("set secret {secret}"),
            format!("set gateway {gateway}"),
            "set link mqtt".into(),
            "save".into(),
        ] {
            ask(&mut port, &line).await?;
        }
        Ok(true)
    }

    async fn execute(&mut self, command: &str, arguments: Value) -> anyhow::Result<Value> {
        let line = json!({ "execute": command, "arguments": arguments }).to_string();
        self.input.write_all(format!("{line}\n").as_bytes()).await?;
        loop {
            let mut answer = self.line().await?;
            if let Some(error) = answer.get("error") {
                bail!("QEMU refused {command}: {error}");
            }
            if let Some(value) = answer.get_mut("return") {
                return Ok(value.take());
            }
        }
    }

    async fn line(&mut self) -> anyhow::Result<Value> {
        loop {
            let line = timeout(ANSWER_WITHIN, self.output.next_line()).await.context("QEMU does not answer")??;
            let line = line.context("QEMU has ended")?;
            // Beside its protocol it says there which pseudo-terminal it opened.
            if line.starts_with('{') {
                return Ok(serde_json::from_str(&line)?);
            }
        }
    }
}

/// Says a line on the console, and gives what is answered before `ok`. The line itself is not told when it goes wrong: it may be
/// the secret.
async fn ask(port: &mut SerialStream, line: &str) -> anyhow::Result<String> {
    port.write_all(format!("{line}\n").as_bytes()).await?;
    let mut answer = String::new();
    let mut bytes = [0; 256];
    let whole = async {
        loop {
            let count = port.read(&mut bytes).await?;
            answer.push_str(&String::from_utf8_lossy(&bytes[..count]));
            if let Some(text) = answer.strip_suffix("ok\n") {
                return anyhow::Ok(text.to_owned());
            }
            let last = answer.lines().last().unwrap_or_default();
            ensure!(!(answer.ends_with('\n') && last.starts_with("error ")), "the node's console says: {last}");
        }
    };
    timeout(Duration::from_secs(2), whole).await.context("the node does not answer on its console")?
}
