//! Photographs and documents: by their SHA-256, in a folder, on disk before a step names them. Where a photograph was taken
//! and with what is taken out of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::SystemTime;

use ring::digest::{SHA256, digest};
use rusqlite::OptionalExtension;

use super::super::photo;
use super::{Book, BookError};
use crate::audit::{self, Category, Cause, Event, hex};
use crate::secret::locked;

/// Bytes of one document.
pub const DOCUMENT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Characters of its name.
const NAME_MAX: usize = 120;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// A photograph.
    Jpeg,
    /// A drawing or a photograph.
    Png,
    /// A document.
    Pdf,
}

impl Media {
    /// As HTTP calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Jpeg, Self::Png, Self::Pdf].into_iter().find(|media| media.name() == name)
    }
}

/// A document on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its SHA-256 in hexadecimal digits: its name on record.
    pub sha256: String,
    /// What it is.
    pub media: Media,
    /// Its length.
    pub bytes: u64,
    /// What whoever added it called it; may be empty.
    pub name: String,
}

impl Book {
    /// Keeps a photograph or document; one that is there already is not kept twice. What a photograph says of where, when
    /// and with what it was taken is left out.
    ///
    /// # Errors
    /// [`BookError::Document`] when it is too long or of another format; or it cannot be written.
    pub fn keep(&self, cause: Cause<'_>, name: &str, bytes: &[u8]) -> Result<Document, BookError> {
        if bytes.is_empty() || bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(BookError::Document);
        }
        let (media, bytes) = photo::sound(bytes).ok_or(BookError::Document)?;
        let sha256 = hex(digest(&SHA256, &bytes).as_ref());
        let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
        let document = Document { sha256, media, bytes: bytes.len() as u64, name };
        self.write_file(&document.sha256, &bytes)?;
        let mut file = locked(&self.file);
        let transaction = file.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // It may have been taken away meanwhile, as one that nothing names.
        self.write_file(&document.sha256, &bytes)?;
        let now = self.clock.now();
        let sql = "INSERT OR IGNORE INTO document(sha256, media, bytes, name, at, by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let row = (&document.sha256, media.name(), bytes.len() as i64, &document.name, now.millis(), cause.actor);
        if transaction.execute(sql, row)? > 0 {
            let subject = format!("document/{}", document.sha256);
            let after = serde_json::json!({ "media": media.name(), "bytes": bytes.len() });
            audit::append(
                &transaction,
                now,
                cause,
                Event::done(Category::Equipment, "keep", &subject).with(None, Some(after)),
            )?;
        }
        transaction.commit()?;
        Ok(document)
    }

    /// What is known of a document without its bytes.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn described(&self, sha256: &str) -> Result<Option<Document>, BookError> {
        let sql = "SELECT media, bytes, name FROM document WHERE sha256 = ?1";
        let row = locked(&self.file)
            .prepare_cached(sql)?
            .query_row([sha256], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get(2)?)))
            .optional()?;
        Ok(row.and_then(|(media, bytes, name)| {
            let media = Media::named(&media)?;
            Some(Document { sha256: sha256.to_owned(), media, bytes: bytes as u64, name })
        }))
    }

    /// A document and its bytes.
    ///
    /// # Errors
    /// [`BookError::NoDocument`] where there is none of that sum, or its bytes are others; or it cannot be read.
    pub fn document(&self, sha256: &str) -> Result<(Document, Vec<u8>), BookError> {
        let no_document = || BookError::NoDocument(sha256.chars().take(64).collect());
        let document = self.described(sha256)?.ok_or_else(no_document)?;
        let mut bytes = Vec::new();
        File::open(self.path(sha256))?.take(DOCUMENT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        if hex(digest(&SHA256, &bytes).as_ref()) != sha256 {
            tracing::error!(sha256, "a document's file is not what was kept");
            return Err(no_document());
        }
        Ok((document, bytes))
    }

    pub(super) fn has_document(&self, sha256: &str) -> Result<(), BookError> {
        let known = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
        if known && self.path(sha256).is_file() {
            return Ok(());
        }
        Err(BookError::NoDocument(sha256.chars().filter(|c| !c.is_control()).take(64).collect()))
    }

    pub(super) fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(&sha256[..2]).join(sha256)
    }

    /// The whole file or none, on disk when this returns. Of one that is there already it says that it was sent again.
    fn write_file(&self, sha256: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(sha256);
        match File::open(&path) {
            Ok(file) => return file.set_modified(SystemTime::now()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let folder = self.folder.join(&sha256[..2]);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        // Two that keep the same write the same bytes.
        let partial = folder.join(format!("{sha256}.{}", std::process::id()));
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&partial)?;
        file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&partial, &path))?;
        for above in [&folder, &self.folder] {
            File::open(above)?.sync_all()?;
        }
        Ok(())
    }
}
