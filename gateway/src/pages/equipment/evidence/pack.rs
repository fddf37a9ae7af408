//! What is in an evidence pack, and how it is written: whole, on disk, and nothing of it in memory but one document at a time.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;

use ring::digest::{SHA256, digest};
use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::super::super::Pages;
use super::super::super::view::{PageError, Visitor};
use super::super::{Sight, accident, paper};
use crate::audit::export::{ExportError, Signer};
use crate::audit::{Cause, hex, selection};
use crate::operations::book::{BookError, Held, Media, Recorded};
use crate::operations::step::Deed;
use crate::pdf;
use crate::reading::Timestamp;
use crate::store::{StoreError, records};

/// Steps of one piece of equipment.
const STEPS_MAX: usize = 20_000;

/// Why a pack could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackError {
    /// It would be larger than `[limits] evidence_bytes_max`, in bytes.
    #[error("the pack would be larger than {0} bytes")]
    TooMuch(u64),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Zip(#[from] zip::result::ZipError),
    #[error(transparent)]
    Book(#[from] BookError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Pdf(#[from] pdf::PdfError),
    #[error("a page of it could not be made")]
    Page(PageError),
}

impl From<PageError> for PackError {
    fn from(error: PageError) -> Self {
        Self::Page(error)
    }
}

/// What is to go into one.
pub(super) struct Pack<'a> {
    pages: &'a Pages,
    visitor: &'a Visitor,
    sight: &'a Sight,
    held: &'a Held,
    span: (Timestamp, Timestamp),
}

/// An archive that is being written, and the sums of what is in it.
struct Archive {
    zip: ZipWriter<File>,
    sums: String,
    bytes: u64,
    bytes_max: u64,
}

impl Archive {
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), PackError> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.bytes_max {
            return Err(PackError::TooMuch(self.bytes_max));
        }
        // Photographs and PDF are compressed already.
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(0o644);
        self.zip.start_file(name, options)?;
        self.zip.write_all(bytes)?;
        self.sums.push_str(&format!("{}  {name}\n", hex(digest(&SHA256, bytes).as_ref())));
        Ok(())
    }
}

impl<'a> Pack<'a> {
    pub(super) fn of(
        pages: &'a Pages,
        visitor: &'a Visitor,
        sight: &'a Sight,
        held: &'a Held,
        span: (Timestamp, Timestamp),
    ) -> Self {
        Self { pages, visitor, sight, held, span }
    }

    /// The archive, at its beginning. Its file has no name any more: it is gone with the last who reads it.
    pub(super) fn write(&self, reason: &str) -> Result<File, PackError> {
        let (config, book) = (&self.pages.gateway.config, &self.pages.gateway.book);
        let unit = self.sight.shelf().unit(&self.held.asset.id, &config.catalogue);
        let mut archive = Archive {
            zip: ZipWriter::new(self.file()?),
            sums: String::new(),
            bytes: 0,
            bytes_max: config.limits.evidence_bytes_max,
        };
        archive.add("README.txt", self.visitor.lang.evidence_readme(self.held.asset.id.as_str()).as_bytes())?;
        let assets: Vec<_> = unit.iter().map(|part| &part.asset).collect();
        archive.add("equipment.json", format!("{:#}\n", json!(assets)).as_bytes())?;

        let mut steps: Vec<Recorded> = Vec::new();
        for part in &unit {
            steps.extend(book.steps(&part.asset.id, None, STEPS_MAX)?.into_iter().filter(|step| self.is_within(step)));
        }
        steps.sort_by_key(|recorded| recorded.number);
        let lines: String = steps.iter().map(|recorded| format!("{}\n", line(recorded))).collect();
        archive.add("steps.ndjson", lines.as_bytes())?;
        for part in &unit {
            let report = paper::book_report(self.pages, self.visitor, part.asset.id.as_str())?;
            archive.add(&format!("books/{}.pdf", part.asset.id), &pdf::render(&report)?)?;
        }
        for recorded in steps.iter().filter(|recorded| is_reported(&recorded.step.deed)) {
            let report = match recorded.step.deed {
                Deed::Accident { .. } => accident::of_step(self.pages, self.visitor, self.sight, recorded)?,
                _ => paper::step_report(self.pages, self.visitor, self.sight, recorded)?,
            };
            let name = format!("reports/{:06}-{}.pdf", recorded.number, recorded.step.deed.code());
            archive.add(&name, &pdf::render(&report)?)?;
        }
        let documents = documents(&assets, &steps);
        for sum in &documents {
            let (document, bytes) = book.document(sum)?;
            let extension = match document.media {
                Media::Jpeg => "jpg",
                Media::Png => "png",
                Media::Pdf => "pdf",
            };
            archive.add(&format!("documents/{sum}.{extension}"), &bytes)?;
        }
        let subjects = assets.iter().map(|asset| asset.id.subject());
        let subjects = subjects.chain(documents.iter().map(|sum| format!("document/{sum}"))).collect();
        archive.add("audit.ndjson", self.audit(&subjects, reason)?.as_bytes())?;
        let sums = archive.sums.clone();
        archive.add("SHA256SUMS", sums.as_bytes())?;
        let mut file = archive.zip.finish()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }

    fn file(&self) -> Result<File, PackError> {
        let random = crate::secret::random::<8>().map_err(|error| io::Error::other(error.to_string()))?;
        let path = self.pages.gateway.config.data_dir.join(format!("evidence-{}.partial", hex(&random)));
        let file = OpenOptions::new().create_new(true).read(true).write(true).mode(0o600).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(file)
    }

    fn is_within(&self, recorded: &Recorded) -> bool {
        let (from, until) = self.span;
        recorded.step.at >= from && recorded.step.at < until
    }

    /// The entries of the audit log about them, signed.
    fn audit(&self, subjects: &BTreeSet<String>, reason: &str) -> Result<String, PackError> {
        let gateway = &self.pages.gateway;
        let data_dir = &gateway.config.data_dir;
        let signer = Signer::open(data_dir)?;
        let mut file =
            records::open(&data_dir.join(records::FILE)).map_err(|e| ExportError::Store(StoreError::Open(e)))?;
        let caller = self.visitor.caller.as_ref().ok_or(PageError::Forbidden)?;
        let reason: String = reason.trim().chars().filter(|c| !c.is_control()).take(500).collect();
        let (actor, source) = (caller.actor(), caller.way.address.to_string());
        let cause = Cause { actor: &actor, source: &source, reason: &reason };
        let about = self.held.asset.id.subject();
        let whose = (gateway.config.municipality.name.as_str(), about.as_str());
        let (text, _) = selection::write(&mut file, &signer, whose, subjects, self.span, (gateway.clock.now(), cause))?;
        Ok(text)
    }
}

/// What an auditor reads on paper.
fn is_reported(deed: &Deed) -> bool {
    matches!(deed, Deed::Inspected { .. } | Deed::Accident { .. } | Deed::Released { .. } | Deed::Certified { .. })
}

/// A step as it is on record.
fn line(recorded: &Recorded) -> serde_json::Value {
    json!({
        "number": recorded.number,
        "asset": recorded.asset,
        "arrived_at": recorded.arrived_at.to_string(),
        "step": recorded.step,
        "form": recorded.form,
    })
}

/// Every photograph and document that they or their steps name.
fn documents(assets: &[&crate::operations::asset::Asset], steps: &[Recorded]) -> BTreeSet<String> {
    let of_assets = assets.iter().flat_map(|asset| {
        let consents = asset.nodes.iter().filter_map(|mount| mount.consent.as_ref());
        asset.files.iter().chain(consents)
    });
    let of_steps = steps.iter().flat_map(|recorded| &recorded.step.evidence.files);
    of_assets.chain(of_steps).map(ToString::to_string).collect()
}
