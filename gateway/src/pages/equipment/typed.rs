//! What was typed into a form with files: bounded, and read once for all pages of equipment.

use std::collections::HashMap;

use axum::extract::multipart::Multipart;
use axum::extract::{FromRequest, Request};

use super::super::Pages;
use super::super::form::act;
use super::super::text::Lang;
use super::super::view::PageError;
use crate::operations::book::{BookError, DOCUMENT_BYTES_MAX};
use crate::service::access::Caller;

/// Files of one form.
const FILES_MAX: usize = 8;

/// What was typed, and files.
#[derive(Debug, Default)]
pub(super) struct Typed {
    pub(super) values: HashMap<String, String>,
    /// A table that was pasted, whole.
    pub(super) table: String,
    pub(super) ticks: Vec<String>,
    pub(super) files: Vec<(String, Vec<u8>)>,
}

impl Typed {
    pub(super) fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", |value| value.trim())
    }

    /// Reads a form with files; none where it cannot be read or holds too much.
    pub(super) async fn read(request: Request) -> Option<Self> {
        let mut parts = Multipart::from_request(request, &()).await.ok()?;
        let mut typed = Self::default();
        while let Some(part) = parts.next_field().await.ok()? {
            let name: String = part.name()?.chars().take(200).collect();
            if let Some(file) = part.file_name() {
                let file = file.to_owned();
                let bytes = part.bytes().await.ok()?;
                if bytes.is_empty() {
                    continue;
                }
                if bytes.len() > DOCUMENT_BYTES_MAX || typed.files.len() >= FILES_MAX {
                    return None;
                }
                typed.files.push((file, bytes.to_vec()));
            } else {
                let value = part.text().await.ok()?;
                if name == "table" {
                    typed.table = value;
                    continue;
                }
                let value: String = value.chars().take(8_000).collect();
                if name == "defects" || name == "well" {
                    typed.ticks.push(value);
                } else if typed.values.len() < 8_000 {
                    typed.values.insert(name, value);
                }
            }
        }
        Some(typed)
    }

    /// Keeps the files; their sums, or what a person is told of one that is none.
    pub(super) fn keep(
        &self,
        pages: &Pages,
        caller: &Caller,
        t: Lang,
    ) -> Result<Result<Vec<Box<str>>, String>, PageError> {
        let book = &pages.gateway.book;
        let kept = self.files.iter().map(|(name, bytes)| act(caller, "", |cause| book.keep(cause, name, bytes)));
        match kept.map(|document| Ok(document?.sha256.into())).collect::<Result<_, BookError>>() {
            Ok(files) => Ok(Ok(files)),
            Err(BookError::Document) => Ok(Err(t.document_wrong().to_owned())),
            Err(error) => Err(error.into()),
        }
    }
}
