//! Equipment from a table: what would be added and what is wrong with each other line is shown first, and only what was seen is
//! added. What is lapsed on that day shows red, and waits for a named decision before it locks anything out by itself.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Request, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;

use super::super::Pages;
use super::super::form::{Answer, act, again, answer};
use super::super::text::Lang;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::edit::{Typed, told};
use super::{row, typed};
use crate::audit::hex;
use crate::import::csv::{Table, TableError, decoded};
use crate::operations::asset::Asset;
use crate::secret;
use crate::service::access::Caller;

/// Bytes of a table.
const TABLE_BYTES_MAX: usize = 1024 * 1024;

#[derive(Template)]
#[template(path = "equipment_import.html")]
struct ImportPage {
    t: Lang,
    v: View,
    wrong: Option<String>,
    bounds: String,
    columns: String,
    checked: Option<Checked>,
    added: Option<usize>,
    left: Vec<Wrong>,
}

/// What was made of a table.
#[derive(Default)]
struct Checked {
    table: String,
    seen: String,
    sound: Vec<Sound>,
    wrong: Vec<Wrong>,
}

/// A line that would be added.
struct Sound {
    line: usize,
    kind: String,
    asset: Asset,
}

/// A line that would not.
struct Wrong {
    line: usize,
    id: String,
    why: String,
}

/// `GET /equipment/import`.
pub(in crate::pages) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, |pages, visitor| render(pages, visitor, None, None, None)).await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    wrong: Option<String>,
    checked: Option<Checked>,
    done: Option<(usize, Vec<Wrong>)>,
) -> Result<String, PageError> {
    let t = visitor.lang;
    let (added, left) = done.map_or((None, Vec::new()), |(added, left)| (Some(added), left));
    let page = ImportPage {
        v: View::new(pages, visitor, &pages.local(visitor), Tab::Equipment, t.import_assets()).at("/equipment/import"),
        bounds: t.import_bounds(lines_max(pages), TABLE_BYTES_MAX / 1024),
        columns: super::list::COLUMNS.join(", "),
        wrong,
        checked,
        added,
        left,
        t,
    };
    Ok(page.render()?)
}

fn lines_max(pages: &Pages) -> usize {
    pages.gateway.config.limits.import_rows_max as usize
}

/// The table that a form brought: a file, or else what was pasted.
fn table(pages: &Pages, form: Option<&typed::Typed>, t: Lang) -> Result<String, (StatusCode, String)> {
    let form = form.ok_or_else(|| (StatusCode::BAD_REQUEST, t.import_unreadable().to_owned()))?;
    let bytes = form.files.first().map_or(form.table.as_bytes(), |(_, bytes)| bytes);
    if bytes.len() > TABLE_BYTES_MAX {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, t.import_too_much(lines_max(pages), TABLE_BYTES_MAX / 1024)));
    }
    Ok(decoded(bytes).into_owned())
}

/// `POST /equipment/import`: nothing is added yet.
pub(in crate::pages) async fn check(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor, request: Request) -> Response {
    let form = typed::Typed::read(request).await;
    answer(pages, visitor, move |pages, visitor| {
        let t = visitor.lang;
        let told = table(pages, form.as_ref(), t)
            .and_then(|text| checked(pages, t, &text).map_err(|wrong| (StatusCode::UNPROCESSABLE_ENTITY, wrong)));
        Ok(match told {
            Ok(checked) => Answer::Page(StatusCode::OK, render(pages, visitor, None, Some(checked), None)?),
            Err((status, wrong)) => Answer::Page(status, render(pages, visitor, Some(wrong), None, None)?),
        })
    })
    .await
}

/// `POST /equipment/import/add`: what was seen is added, when it is still what would be.
pub(in crate::pages) async fn add(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    request: Request,
) -> Response {
    let form = typed::Typed::read(request).await;
    answer(pages, visitor, move |pages, visitor| {
        let t = visitor.lang;
        let told_again = |status, wrong: String, checked| {
            Ok(Answer::Page(status, render(pages, visitor, Some(wrong), checked, None)?))
        };
        let text = match table(pages, form.as_ref(), t) {
            Ok(text) => text,
            Err((status, wrong)) => return told_again(status, wrong, None),
        };
        let now = match checked(pages, t, &text) {
            Ok(now) => now,
            Err(wrong) => return told_again(StatusCode::UNPROCESSABLE_ENTITY, wrong, None),
        };
        if form.as_ref().is_none_or(|form| form.get("seen") != now.seen) {
            return told_again(StatusCode::CONFLICT, t.import_changed().to_owned(), Some(now));
        }
        let assets: Vec<Asset> = now.sound.into_iter().map(|sound| sound.asset).collect();
        match act(&caller, "CSV", |cause| pages.gateway.book.add(cause, &assets)) {
            Ok(()) => {
                let html = render(pages, visitor, None, None, Some((assets.len(), now.wrong)))?;
                Ok(Answer::Page(StatusCode::OK, html))
            }
            Err(error) => told_again(StatusCode::CONFLICT, told(t, error)?, None),
        }
    })
    .await
}

/// What would become of each line.
fn checked(pages: &Pages, t: Lang, text: &str) -> Result<Checked, String> {
    let table = Table::parse(text).map_err(|error| match error {
        TableError::Empty => t.import_empty().to_owned(),
        _ => t.import_unreadable().to_owned(),
    })?;
    if table.rows().len() > lines_max(pages) {
        return Err(t.import_too_much(lines_max(pages), TABLE_BYTES_MAX / 1024));
    }
    if table.rows().is_empty() {
        return Err(t.import_empty().to_owned());
    }
    table.column(&["id", "κωδικός"]).ok_or_else(|| t.import_no_id().to_owned())?;
    let (book, catalogue) = (&pages.gateway.book, &pages.gateway.config.catalogue);
    let today = book.today();
    let mut checked = Checked { table: text.to_owned(), ..Checked::default() };
    let mut seen = HashSet::new();
    for line in table.rows() {
        let field = |names: &[&str]| {
            let text = table.column(names).map_or("", |column| line.field(column));
            // A quote before a formula is a spreadsheet's, and ours.
            text.strip_prefix('\'').unwrap_or(text).trim().to_owned()
        };
        let typed = Typed {
            id: field(&["id", "κωδικός"]),
            parent: field(&["parent", "μέρος του"]),
            kind: field(&["kind", "είδος"]),
            used_as: field(&["use", "χρήση"]),
            name_el: field(&["name_el", "ονομασία", "όνομα"]),
            name_en: field(&["name_en", "name"]),
            site: field(&["site", "θέση"]),
            lat: field(&["lat", "latitude", "πλάτος"]),
            lon: field(&["lon", "lng", "longitude", "μήκος"]),
            manufacturer: field(&["manufacturer", "κατασκευαστής"]),
            model: field(&["model", "τύπος"]),
            serial: field(&["serial", "σειριακός"]),
            standard: field(&["standard", "πρότυπο"]),
            installed: field(&["installed", "τοποθετήθηκε"]),
            maintainer: field(&["maintainer", "συντηρητής"]),
            numbers: field(&["numbers", "αριθμοί μητρώων"]),
            nodes: field(&["nodes", "κόμβοι"]),
            inspected: field(&["inspected", "επιθεωρήθηκε"]),
            ..Typed::default()
        };
        let made = match typed.asset(None, today, t) {
            Ok(_) if !seen.insert(typed.id.clone()) => Err(t.import_twice().to_owned()),
            made => made,
        };
        match made {
            Ok(asset) => checked.sound.push(Sound { line: line.line, kind: row::kind(&asset, catalogue, t), asset }),
            Err(why) => checked.wrong.push(Wrong { line: line.line, id: again(&typed.id), why }),
        }
    }
    let assets: Vec<Asset> = checked.sound.iter().map(|sound| sound.asset.clone()).collect();
    let failed = |_| t.failed().to_owned();
    let wrong = book.could_add(&assets).map_err(failed)?;
    let mut wrong: HashMap<_, _> = wrong.into_iter().collect();
    for sound in std::mem::take(&mut checked.sound) {
        match wrong.remove(&sound.asset.id) {
            None => checked.sound.push(sound),
            Some(error) => {
                let why = told(t, error).map_err(|_| t.failed().to_owned())?;
                checked.wrong.push(Wrong { line: sound.line, id: sound.asset.id.to_string(), why });
            }
        }
    }
    checked.wrong.sort_by_key(|wrong| wrong.line);
    let outcome: Vec<String> =
        checked.sound.iter().map(|sound| format!("+{} {}", sound.line, sound.asset.id)).collect();
    let text = text.replace('\r', "");
    checked.seen = hex(&secret::digest(format!("{}\n{}", outcome.join("\n"), text.trim_end()).as_bytes()));
    Ok(checked)
}
