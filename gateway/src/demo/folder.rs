//! The demonstration's own folder: recognised by a marker, locked while in use; its configuration, and what its nodes
//! must not forget.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::left_behind;
use super::message::Naming;
use super::screen::Screen;
use crate::reading::Timestamp;

/// Says that the folder is a demonstration's, so that it may be removed with `--fresh`.
const MARKER: &str = "this-is-a-demonstration.txt";
const MARKER_TEXT: &str = "City Gateway keeps the data of its demonstration in this folder. None of it is about a real city.\n\
    `city-gateway demo --fresh` removes the folder and starts over.\n";
const LOCK: &str = "demo.lock";
const MEMORY: &str = "nodes.json";
/// The gateway's configuration.
pub(super) const CONFIG: &str = "gateway.toml";
/// The gateway's log.
pub(super) const LOG: &str = "gateway.log";

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    /// It holds something else.
    #[error("{0} is not empty and not a demonstration's folder: nothing in it was touched; give another --data-dir")]
    Foreign(PathBuf),
    /// Another demonstration runs there.
    #[error("a demonstration is running in {0} already")]
    InUse(PathBuf),
    /// A gateway that an earlier demonstration left behind.
    #[error("a gateway has {0} open and could not be stopped")]
    LeftBehind(PathBuf),
    /// The disk's own error.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// The folder, locked until this is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Opens the folder, or makes it; with `fresh` without what was there.
    ///
    /// # Errors
    /// [`FolderError`]: what is not a demonstration's is left as it is.
    pub(super) fn open(path: &Path, fresh: bool, screen: &Screen) -> Result<Self, FolderError> {
        let wrap = |source| FolderError::Io { path: path.to_owned(), source };
        let empty = match fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(wrap(error)),
        };
        if !empty && !path.join(MARKER).is_file() {
            return Err(FolderError::Foreign(path.to_owned()));
        }
        if !empty {
            let lock = Self::lock(path)?;
            if !left_behind::stop(path, screen) {
                return Err(FolderError::LeftBehind(path.to_owned()));
            }
            if fresh {
                fs::remove_dir_all(path).map_err(wrap)?;
            }
            drop(lock);
        }
        fs::create_dir_all(path).map_err(wrap)?;
        // The marker first: whatever is here later is ours.
        fs::write(path.join(MARKER), MARKER_TEXT).map_err(wrap)?;
        let path = fs::canonicalize(path).map_err(wrap)?;
        let lock = Self::lock(&path)?;
        Ok(Self { path, _lock: lock })
    }

    fn lock(path: &Path) -> Result<File, FolderError> {
        let wrap = |source| FolderError::Io { path: path.join(LOCK), source };
        let lock = File::options().create(true).truncate(false).write(true).open(path.join(LOCK)).map_err(wrap)?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(fs::TryLockError::WouldBlock) => Err(FolderError::InUse(path.to_owned())),
            Err(fs::TryLockError::Error(error)) => Err(wrap(error)),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the gateway's configuration: on this machine alone, open to every node, its external store the one of the
    /// demonstration itself, if there is one.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn write_config(
        &self,
        mqtt: SocketAddr,
        http: SocketAddr,
        store: Option<SocketAddr>,
    ) -> Result<PathBuf, FolderError> {
        let path = self.path.join(CONFIG);
        let influxdb = store.map_or_else(String::new, |store| {
            format!(
                "\n# A receiver inside the demonstration: it keeps nothing, and can be taken away (see the tour).\n\
                 [influxdb]\n\
                 url = \"http://{store}\"\n\
                 org = \"demonstration\"\n\
                 bucket = \"demonstration\"\n\
                 gzip = false\n\
                 retry_delay_min_ms = 500\n\
                 retry_delay_max_ms = 2000\n"
            )
        });
        let text = format!(
            "# Written anew each time the demonstration starts its gateway. For real use copy config/gateway.toml.\n\
             demonstration = true\n\
             data_dir = \".\"\n\n\
             [municipality]\n\
             name = \"Επίδειξη · Demonstration\"\n\
             department = \"Δεν αφορά πραγματικό δήμο · not a real municipality\"\n\n\
             [listen]\n\
             mqtt = \"{mqtt}\"\n\
             http = \"{http}\"\n\n\
             [enrolment]\n\
             mode = \"open\"\n\n\
             [access]\n\
             read = \"anyone\"\n\n\
             [windows]\n\
             # A revision is seen two seconds after the backlog that causes it.\n\
             quiet_s = 2\n\n\
             [retention]\n\
             # The daily values of 2010 to 2013 are to stay.\n\
             aggregates_days = 36500\n{influxdb}"
        );
        replace(&path, text.as_bytes(), 0o644)?;
        Ok(path)
    }

    /// What the nodes remember; nothing in a new folder.
    ///
    /// # Errors
    /// The disk's, or the file is damaged.
    pub(super) fn memory(&self) -> Result<Memory, FolderError> {
        let path = self.path.join(MEMORY);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| FolderError::Io { path, source: error.into() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Memory::default()),
            Err(source) => Err(FolderError::Io { path, source }),
        }
    }

    /// Keeps what the nodes remember: on disk when this returns, readable by its owner alone.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn keep(&self, memory: &Memory) -> Result<(), FolderError> {
        let bytes = serde_json::to_vec_pretty(memory).expect("numbers and texts are JSON");
        replace(&self.path.join(MEMORY), &bytes, 0o600)
    }
}

/// What the nodes must not forget. An older copy is harmless: they send again what was sent, under the same names.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Memory {
    /// How readings come about: with another number here, they are other readings.
    pub models: u32,
    /// Whether the daily values of 2010 to 2013 were left for the gateway.
    pub history: bool,
    /// By node.
    pub nodes: BTreeMap<String, Kept>,
}

/// What one node must not forget.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Kept {
    /// What it shows at the door.
    pub secret: String,
    /// What names its next reading.
    pub naming: Naming,
    /// All that was measured until then is acknowledged.
    pub through: Timestamp,
    /// Readings acknowledged, ever.
    pub readings: u64,
}

/// A file that is there whole, as before or as now.
pub(super) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FolderError> {
    use std::os::unix::fs::OpenOptionsExt;
    let write = || {
        let partial = path.with_extension("partial");
        let _ = fs::remove_file(&partial);
        let mut file = File::options().create_new(true).write(true).mode(mode).open(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().map_err(|source| FolderError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_with_the_marker_is_removed() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("demo");
        fs::create_dir(&path).expect("made");
        fs::write(path.join("thesis.txt"), "years of work").expect("written");
        assert!(matches!(Folder::open(&path, true, &Screen::new()), Err(FolderError::Foreign(_))));
        assert!(matches!(Folder::open(&path, false, &Screen::new()), Err(FolderError::Foreign(_))));
        assert!(path.join("thesis.txt").exists());

        let path = home.path().join("other");
        let folder = Folder::open(&path, false, &Screen::new()).expect("made");
        fs::write(path.join("old"), "x").expect("written");
        assert!(matches!(Folder::open(&path, true, &Screen::new()), Err(FolderError::InUse(_))));
        assert!(path.join("old").exists());
        drop(folder);
        drop(Folder::open(&path, false, &Screen::new()).expect("again"));
        assert!(path.join("old").exists());
        drop(Folder::open(&path, true, &Screen::new()).expect("fresh"));
        assert!(!path.join("old").exists());
    }

    #[test]
    fn memory_comes_back_and_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(home.path(), false, &Screen::new()).expect("opened");
        let mut memory = folder.memory().expect("none yet");
        assert_eq!(memory, Memory::default());
        let naming = Naming { incarnation: u64::MAX, boot: 1, sequence: 9 };
        let kept = Kept { secret: "s".into(), naming, through: Timestamp::from_millis(5), readings: 3 };
        memory.nodes.insert("a".into(), kept);
        folder.keep(&memory).expect("kept");
        assert_eq!(folder.memory().expect("read"), memory);
        let mode = fs::metadata(home.path().join(MEMORY)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_configuration_is_one_that_the_gateway_takes_and_sends_nothing_anywhere_else() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(home.path(), false, &Screen::new()).expect("opened");
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let file = folder.write_config(address(1883), address(8080), Some(address(8086))).expect("written");
        let config = crate::config::Config::load(&file).expect("sound");
        assert_eq!(config.influxdb.map(|store| store.url).as_deref(), Some("http://127.0.0.1:8086"));
        let file = folder.write_config(address(1883), address(8080), None).expect("written");
        let config = crate::config::Config::load(&file).expect("sound");
        assert!(config.influxdb.is_none() && config.demonstration);
        assert!(config.listen.mqtt.ip().is_loopback() && config.listen.http.ip().is_loopback());
        assert_eq!(config.data_dir, folder.path());
    }
}
