//! The node's console: lines out, answers in. All of it is kept in a log.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Both ways of a serial port.
pub(crate) trait Port: Read + Write + Send {}

impl<P: Read + Write + Send> Port for P {}

/// A console.
pub(crate) struct Console {
    port: Box<dyn Port>,
    log: File,
}

impl Console {
    /// Over a port whose reads end after a while without bytes.
    pub(crate) fn new(port: Box<dyn Port>, log: File) -> Self {
        Self { port, log }
    }

    /// Says a line and gives the answer's lines without the last, `ok`.
    ///
    /// # Errors
    /// The node answered `error`, or not within 5 s.
    pub(crate) fn ask(&mut self, line: &str) -> anyhow::Result<String> {
        self.say(line)?;
        let mut answer = String::new();
        let until = Instant::now() + Duration::from_secs(5);
        loop {
            let mut bytes = [0; 256];
            match self.port.read(&mut bytes) {
                Ok(0) => bail!("the console's port has closed"),
                Ok(count) => {
                    self.log.write_all(&bytes[..count])?;
                    answer.push_str(&String::from_utf8_lossy(&bytes[..count]));
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(text) = answer.strip_suffix("ok\n") {
                return Ok(text.to_owned());
            }
            if let Some(why) = answer.lines().last().and_then(|last| last.strip_prefix("error "))
                && answer.ends_with('\n')
            {
                bail!("{line}: {why}");
            }
            if Instant::now() > until {
                bail!("{line}: no answer within 5 s, only {answer:?}");
            }
        }
    }

    /// Says a line and waits for nothing.
    pub(crate) fn say(&mut self, line: &str) -> anyhow::Result<()> {
        writeln!(self.log, "> {line}")?;
        self.port.write_all(format!("{line}\n").as_bytes())?;
        Ok(self.port.flush()?)
    }

    /// Waits until the node answers at all.
    pub(crate) fn wait(&mut self) -> anyhow::Result<()> {
        crate::gateway::eventually("an answer on the console", Duration::from_secs(10), || {
            self.ask("show").map(|_| true)
        })?;
        Ok(())
    }

    /// The value of a line of `show`, `boot`.
    pub(crate) fn show(&mut self, key: &str) -> anyhow::Result<String> {
        let shown = self.ask("show")?;
        let line = shown.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        Ok(line.with_context(|| format!("no {key} in {shown}"))?.to_owned())
    }

    /// A number of `show`; of several in its line the first.
    pub(crate) fn show_number(&mut self, key: &str) -> anyhow::Result<u64> {
        let value = self.show(key)?;
        let first = value.split(' ').next().unwrap_or_default();
        first.parse().with_context(|| format!("{key} {value}"))
    }

    /// Erases the node and gives it an identity.
    pub(crate) fn provision(&mut self, node: &str, gateway: &str, link: &str) -> anyhow::Result<()> {
        self.wait()?;
        self.ask("factory-reset yes")?;
        std::thread::sleep(Duration::from_millis(300));
        self.wait()?;
        for line in [
            format!("set node {node}"),
            "set secret bench-secret".into(),
            format!("set gateway {gateway}"),
            format!("set link {link}"),
        ] {
            self.ask(&line)?;
        }
        self.ask("save")?;
        std::thread::sleep(Duration::from_millis(300));
        Ok(())
    }
}
