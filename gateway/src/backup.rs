//! A copy of everything while the gateway runs, and the way back.
//!
//! The journal is copied first and the databases after it: what was acknowledged before the copy began is in the
//! journal's copy, or in the database that was written from it since. Both databases are copied by SQLite's own means,
//! each as of one moment. A manifest tells each file's length and SHA-256; it is written last, so that a copy without
//! one is known to be unfinished. The copy holds secrets' hashes, keys and people's names: it is its owner's alone.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::app::JOURNAL_FOLDER;
use crate::audit::hex;
use crate::config::Config;
use crate::store::{records, sqlite};

/// Written last.
const MANIFEST: &str = "manifest.json";
const FORMAT: u32 = 1;
/// Where what lay in the data folder lies in a copy.
const DATA: &str = "data";
/// Where the configuration lies in a copy: to read, not to restore.
const CONFIG: &str = "config";
const TELEMETRY: &str = "telemetry.db";
/// Not copied: they tell of the process that runs.
const OF_THE_PROCESS: [&str; 3] = [crate::app::PORTS_FILE, "LOCK", "ports.json.partial"];
/// Pages that SQLite copies between two looks of others.
const PAGES_A_STEP: i32 = 1_000;

/// Why a copy was not made or not taken back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or a folder.
    #[error("{0}: {1}")]
    Io(PathBuf, #[source] io::Error),
    /// A database.
    #[error(transparent)]
    Open(#[from] sqlite::OpenError),
    /// SQLite's own error.
    #[error("the store: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// There is nothing to copy.
    #[error("{0} holds no gateway's data")]
    Nothing(PathBuf),
    /// The target is in use.
    #[error("{0} is there already and not empty: choose another folder")]
    Occupied(PathBuf),
    /// No manifest, or one that cannot be read.
    #[error("{0} is no finished backup: {1}")]
    Unfinished(PathBuf, String),
    /// A newer program made it.
    #[error("the backup has format {0}, newer than the {FORMAT} that this program knows")]
    Newer(u32),
    /// What lies there is not what was copied. Nothing was restored.
    #[error("the backup is damaged; nothing was restored:\n  {0}")]
    Damaged(String),
}

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// The program that made it.
    pub program: String,
    /// Whose it is.
    pub municipality: String,
    /// When it was begun.
    pub begun_at: String,
    /// The files, by their path in the copy.
    pub files: Vec<Copied>,
}

/// A file of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Path in the copy, with `/`.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Bytes in all.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Copies everything of the gateway to `target`, a new or empty folder. `told` hears of each file.
///
/// # Errors
/// [`BackupError`]; the target then has no manifest.
pub fn make(config: &Config, target: &Path, told: &mut dyn FnMut(&str)) -> Result<Manifest, BackupError> {
    let from = &config.data_dir;
    if !from.join(records::FILE).is_file() {
        return Err(BackupError::Nothing(from.clone()));
    }
    make_folder(target)?;
    let mut copy = Copy { target, files: Vec::new(), told };
    let begun_at = jiff::Timestamp::now().to_string();
    copy.tree(&from.join(JOURNAL_FOLDER), &format!("{DATA}/{JOURNAL_FOLDER}"))?;
    for name in [TELEMETRY, records::FILE] {
        copy.database(&from.join(name), &format!("{DATA}/{name}"))?;
    }
    // Keys, certificates, what came in by hand, the session with a broker.
    for entry in entries(from)? {
        let name = name_of(&entry);
        let database = [TELEMETRY, records::FILE].iter().any(|known| name.starts_with(known));
        if name != JOURNAL_FOLDER && !database && !OF_THE_PROCESS.contains(&name.as_str()) {
            copy.any(&entry, &format!("{DATA}/{name}"))?;
        }
    }
    copy.any(&config.file, &format!("{CONFIG}/{}", name_of(&config.file)))?;
    if let crate::config::CatalogueSource::Folder(folder) = &config.catalogue_source {
        copy.tree(folder, &format!("{CONFIG}/catalogues"))?;
    }
    let manifest = Manifest {
        format: FORMAT,
        program: format!("city-gateway {}", env!("CARGO_PKG_VERSION")),
        municipality: config.municipality.name.clone(),
        begun_at,
        files: copy.files,
    };
    let path = target.join(MANIFEST);
    let text = serde_json::to_string_pretty(&manifest).expect("texts and numbers");
    let mut file = create(&path)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| BackupError::Io(path, error))?;
    sync_folder(target)?;
    Ok(manifest)
}

/// Looks whether a copy is whole: every file there, with the bytes it had.
///
/// # Errors
/// [`BackupError::Unfinished`], [`BackupError::Newer`], [`BackupError::Damaged`] with every file that is not sound.
pub fn verify(copy: &Path) -> Result<Manifest, BackupError> {
    let path = copy.join(MANIFEST);
    let unfinished = |why: &dyn std::fmt::Display| BackupError::Unfinished(copy.to_owned(), why.to_string());
    let text = fs::read_to_string(&path).map_err(|error| unfinished(&format!("{MANIFEST}: {error}")))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| unfinished(&error))?;
    if manifest.format > FORMAT {
        return Err(BackupError::Newer(manifest.format));
    }
    let mut damage = Vec::new();
    for file in &manifest.files {
        // A manifest is text from elsewhere: it names nothing outside of the copy.
        let sound = !Path::new(&file.path).components().any(|part| !matches!(part, std::path::Component::Normal(_)));
        match digest(&copy.join(&file.path)).map(|found| (sound, found)) {
            Ok((true, (bytes, sha256))) if bytes == file.bytes && sha256 == file.sha256 => {}
            Ok((true, _)) => damage.push(format!("{} is not what was copied", file.path)),
            Ok((false, _)) => damage.push(format!("{} lies outside of the copy", file.path)),
            Err(error) => damage.push(format!("{}: {error}", file.path)),
        }
    }
    if damage.is_empty() { Ok(manifest) } else { Err(BackupError::Damaged(damage.join("\n  "))) }
}

/// Takes a copy back into an absent or empty data folder, after looking whether it is whole.
///
/// # Errors
/// [`BackupError`]; when it says so, nothing was restored.
pub fn restore(copy: &Path, data_dir: &Path, told: &mut dyn FnMut(&str)) -> Result<Manifest, BackupError> {
    let manifest = verify(copy)?;
    make_folder(data_dir)?;
    for file in &manifest.files {
        let Some(name) = file.path.strip_prefix(&format!("{DATA}/")) else { continue };
        let target = data_dir.join(name);
        let folder = target.parent().expect("it lies in the data folder");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| wrap(folder, error))?;
        copy_file(&copy.join(&file.path), &target)?;
        told(name);
    }
    sync_folder(data_dir)?;
    Ok(manifest)
}

struct Copy<'a> {
    target: &'a Path,
    files: Vec<Copied>,
    told: &'a mut dyn FnMut(&str),
}

impl Copy<'_> {
    fn any(&mut self, from: &Path, path: &str) -> Result<(), BackupError> {
        if from.is_dir() { self.tree(from, path) } else { self.file(from, path) }
    }

    fn tree(&mut self, from: &Path, path: &str) -> Result<(), BackupError> {
        if !from.is_dir() {
            return Ok(());
        }
        for entry in entries(from)? {
            let name = name_of(&entry);
            if !OF_THE_PROCESS.contains(&name.as_str()) {
                self.any(&entry, &format!("{path}/{name}"))?;
            }
        }
        Ok(())
    }

    /// A file that goes while it is copied was no longer needed: the journal's oldest segments, what came in by hand.
    fn file(&mut self, from: &Path, path: &str) -> Result<(), BackupError> {
        let target = self.place(path)?;
        match copy_file(from, &target) {
            Err(BackupError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            copied => copied?,
        }
        self.done(path, &target)
    }

    fn database(&mut self, from: &Path, path: &str) -> Result<(), BackupError> {
        if !from.is_file() {
            return Ok(());
        }
        let target = self.place(path)?;
        // SQLite would make it readable by others.
        create(&target)?;
        let source = sqlite::open_reader(from)?;
        let mut copied = rusqlite::Connection::open(&target)?;
        let backup = rusqlite::backup::Backup::new(&source, &mut copied)?;
        backup.run_to_completion(PAGES_A_STEP, std::time::Duration::from_millis(2), None)?;
        drop(backup);
        copied.close().map_err(|(_, error)| error)?;
        File::open(&target).and_then(|file| file.sync_all()).map_err(|error| wrap(&target, error))?;
        self.done(path, &target)
    }

    fn place(&self, path: &str) -> Result<PathBuf, BackupError> {
        let target = self.target.join(path);
        let folder = target.parent().expect("it lies in the target");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| wrap(folder, error))?;
        Ok(target)
    }

    fn done(&mut self, path: &str, target: &Path) -> Result<(), BackupError> {
        let (bytes, sha256) = digest(target).map_err(|error| wrap(target, error))?;
        self.files.push(Copied { path: path.to_owned(), bytes, sha256 });
        (self.told)(path);
        Ok(())
    }
}

/// A folder of one's own: new, or there and empty.
fn make_folder(path: &Path) -> Result<(), BackupError> {
    match fs::read_dir(path) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(BackupError::Occupied(path.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| wrap(path, error))
        }
        Err(error) => Err(wrap(path, error)),
    }
}

fn copy_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    let mut source = File::open(from).map_err(|error| wrap(from, error))?;
    let mut target = create(to)?;
    io::copy(&mut source, &mut target).and_then(|_| target.sync_all()).map_err(|error| wrap(to, error))
}

fn create(path: &Path) -> Result<File, BackupError> {
    let options = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path);
    options.map_err(|error| wrap(path, error))
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut context, mut bytes, mut buffer) = (Context::new(&SHA256), 0, vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, hex(context.finish().as_ref())));
        }
        context.update(&buffer[..read]);
        bytes += read as u64;
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let read = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<PathBuf> = read.map_err(|error| wrap(folder, error))?;
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn sync_folder(path: &Path) -> Result<(), BackupError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| wrap(path, error))
}

fn wrap(path: &Path, error: io::Error) -> BackupError {
    BackupError::Io(path.to_owned(), error)
}
