//! Many nodes at once, from a table: what would be added and what is wrong with each other line is shown first, and only what
//! was seen is added. The secrets are in the answer, once.

use std::collections::HashSet;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{FromRequest, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Pages;
use super::enrol::new::{Entered, entered};
use super::enrol::{clean, told};
use super::form::{Answer, act, again, answer, position};
use super::text::Lang;
use super::view::{PageError, Tab, View, Visitor, respond, show};
use crate::audit::hex;
use crate::import::csv::{Table, TableError, decoded};
use crate::reading::NodeId;
use crate::registry::{Details, RegistryError};
use crate::secret;
use crate::service::access::Caller;

/// Bytes of a table.
const TABLE_BYTES_MAX: usize = 512 * 1024;

#[derive(Template)]
#[template(path = "node_import.html")]
struct ImportPage {
    t: Lang,
    v: View,
    wrong: Option<String>,
    bounds: String,
    checked: Option<Checked>,
    done: Option<Done>,
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
    id: NodeId,
    details: Details,
    kind: String,
    name: String,
    place: String,
}

/// A line that would not.
struct Wrong {
    line: usize,
    id: String,
    why: String,
}

/// What was added.
struct Done {
    rows: Vec<(String, String)>,
    left: Vec<Wrong>,
    href: String,
    entered: Entered,
}

/// `GET /nodes/import`.
pub(super) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, |pages, visitor| render(pages, visitor, None, None, None)).await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    wrong: Option<String>,
    checked: Option<Checked>,
    done: Option<Done>,
) -> Result<String, PageError> {
    let t = visitor.lang;
    let v = View::new(pages, visitor, &pages.local(visitor), Tab::Nodes, t.import_nodes()).at("/nodes/import");
    let bounds = t.import_bounds(lines_max(pages), TABLE_BYTES_MAX / 1024);
    Ok(ImportPage { bounds, wrong, checked, done, v, t }.render()?)
}

/// What a form brought along.
#[derive(Default)]
struct Brought {
    table: Vec<u8>,
    seen: String,
}

async fn brought(request: Request) -> Result<Brought, MultipartError> {
    let mut brought = Brought::default();
    let Ok(mut form) = Multipart::from_request(request, &()).await else { return Ok(brought) };
    while let Some(field) = form.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await?;
        match name.as_str() {
            // A file, or else what was pasted.
            "file" | "table" if !bytes.is_empty() => brought.table = bytes.to_vec(),
            "seen" => brought.seen = String::from_utf8_lossy(&bytes).into_owned(),
            _ => {}
        }
    }
    Ok(brought)
}

/// The table of a form, or the page that says what is wrong with it.
async fn table_of(pages: &Arc<Pages>, visitor: &Visitor, request: Request) -> Result<Brought, Response> {
    let t = visitor.lang;
    let told = match brought(request).await {
        Ok(brought) if brought.table.len() > TABLE_BYTES_MAX => {
            (StatusCode::PAYLOAD_TOO_LARGE, t.import_too_much(lines_max(pages), TABLE_BYTES_MAX / 1024))
        }
        Ok(brought) if brought.table.is_empty() => (StatusCode::UNPROCESSABLE_ENTITY, t.import_empty().to_owned()),
        Ok(brought) => return Ok(brought),
        Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            (StatusCode::PAYLOAD_TOO_LARGE, t.import_too_much(lines_max(pages), TABLE_BYTES_MAX / 1024))
        }
        Err(_) => (StatusCode::BAD_REQUEST, t.import_unreadable().to_owned()),
    };
    let (pages, visitor) = (pages.clone(), visitor.clone());
    let made = tokio::task::spawn_blocking(move || (render(&pages, &visitor, Some(told.1), None, None), visitor)).await;
    Err(match made {
        Ok((Ok(html), visitor)) => respond(told.0, html, &visitor),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
}

/// `POST /nodes/import`: nothing is added yet.
pub(super) async fn check(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor, request: Request) -> Response {
    let brought = match table_of(&pages, &visitor, request).await {
        Ok(brought) => brought,
        Err(response) => return response,
    };
    answer(pages, visitor, move |pages, visitor| {
        Ok(match checked(pages, visitor.lang, &decoded(&brought.table))? {
            Ok(checked) => Answer::Page(StatusCode::OK, render(pages, visitor, None, Some(checked), None)?),
            Err(wrong) => {
                Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, render(pages, visitor, Some(wrong), None, None)?)
            }
        })
    })
    .await
}

/// `POST /nodes/import/add`: what was seen is added, when it is still what would be.
pub(super) async fn add(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let brought = match table_of(&pages, &visitor, request).await {
        Ok(brought) => brought,
        Err(response) => return response,
    };
    answer(pages, visitor, move |pages, visitor| {
        let t = visitor.lang;
        let now = match checked(pages, t, &decoded(&brought.table))? {
            Ok(now) => now,
            Err(wrong) => {
                let html = render(pages, visitor, Some(wrong), None, None)?;
                return Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html));
            }
        };
        if now.seen != brought.seen {
            let html = render(pages, visitor, Some(t.import_changed().to_owned()), Some(now), None)?;
            return Ok(Answer::Page(StatusCode::CONFLICT, html));
        }
        let gateway = &pages.gateway;
        let nodes: Vec<(NodeId, Details)> = now.sound.into_iter().map(|sound| (sound.id, sound.details)).collect();
        let catalogue = &gateway.config.catalogue;
        let secrets = match act(&caller, "CSV", |cause| gateway.registry.add_nodes(cause, &nodes, catalogue)) {
            Ok(secrets) => secrets,
            Err(error) => {
                let html = render(pages, visitor, Some(told(t, error)?), None, None)?;
                return Ok(Answer::Page(StatusCode::CONFLICT, html));
            }
        };
        let (left, ids) = (now.wrong, nodes.iter().map(|(id, _)| id.to_string()));
        let rows: Vec<(String, String)> = ids.zip(secrets.iter().map(|secret| secret.reveal().to_owned())).collect();
        let mut csv = "id;secret\r\n".to_owned();
        csv.extend(rows.iter().map(|(id, secret)| format!("{id};{secret}\r\n")));
        let href = format!("data:text/csv;base64,{}", BASE64.encode(csv));
        let done = Done { rows, left, href, entered: entered(pages, &headers) };
        Ok(Answer::Page(StatusCode::OK, render(pages, visitor, None, None, Some(done))?))
    })
    .await
}

fn lines_max(pages: &Pages) -> usize {
    pages.gateway.config.limits.import_rows_max as usize
}

/// What would become of each line, or what is wrong with the whole.
fn checked(pages: &Pages, t: Lang, text: &str) -> Result<Result<Checked, String>, PageError> {
    let lines = match lines(pages, t, text) {
        Ok(lines) => lines,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let (catalogue, registry) = (&pages.gateway.config.catalogue, &pages.gateway.registry);
    let said: Vec<(NodeId, Details)> = lines.iter().filter_map(|line| line.said.as_ref().ok()).cloned().collect();
    let mut verdicts = match registry.could_add(&said, catalogue) {
        Ok(verdicts) => verdicts.into_iter(),
        Err(error) => return told(t, error).map(Err),
    };
    let mut checked = Checked { table: text.to_owned(), ..Checked::default() };
    let mut in_table = HashSet::new();
    for Line { line, id: typed, said } in lines {
        let why = match said {
            Err(why) => why,
            Ok((id, details)) => match verdicts.next().expect("there is a verdict on each node") {
                Ok(()) => {
                    in_table.insert(id.clone());
                    checked.sound.push(Sound::new(pages, t, line, id, details));
                    continue;
                }
                Err(RegistryError::NodeExists(id)) if in_table.contains(&id) => t.import_twice().to_owned(),
                Err(RegistryError::NodeExists(_)) => t.import_there().to_owned(),
                Err(error) => told(t, error)?,
            },
        };
        checked.wrong.push(Wrong { line, id: again(&typed), why });
    }
    let outcome: Vec<String> = checked
        .sound
        .iter()
        .map(|sound| format!("+{} {}", sound.line, sound.id))
        .chain(checked.wrong.iter().map(|wrong| format!("-{} {}", wrong.line, wrong.id)))
        .collect();
    checked.seen =
        hex(&secret::digest(format!("{}\n{text}", outcome.join("\n"), text = text.replace('\r', "")).as_bytes()));
    Ok(Ok(checked))
}

/// A line as it was read.
struct Line {
    line: usize,
    /// As typed.
    id: String,
    /// What it says, or why it says nothing that can be meant.
    said: Result<(NodeId, Details), String>,
}

fn lines(pages: &Pages, t: Lang, text: &str) -> Result<Vec<Line>, String> {
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
    let id = table.column(&["id", "node", "κόμβος"]).ok_or_else(|| t.import_no_id().to_owned())?;
    let lines = table.rows().iter().map(|row| {
        let typed = row.field(id);
        let field = |names: &[&str]| table.column(names).map(|column| clean(row.field(column)));
        Line { line: row.line, id: typed.to_owned(), said: said(t, typed, &field) }
    });
    Ok(lines.collect())
}

fn said(t: Lang, id: &str, field: &dyn Fn(&[&str]) -> Option<String>) -> Result<(NodeId, Details), String> {
    let id = NodeId::new(id).map_err(|_| t.node_name_rule().to_owned())?;
    let said = |names: &[&str]| field(names).filter(|text| !text.is_empty());
    let (lat, lon) = (said(&["lat", "latitude", "πλάτος"]), said(&["lon", "lng", "longitude", "μήκος"]));
    let details = Details {
        node_type: said(&["type", "node_type", "είδος", "τύπος"]),
        name_el: said(&["name_el", "ονομασία", "όνομα"]),
        name_en: said(&["name_en", "name"]),
        serial: said(&["serial", "σειριακός"]),
        from: None,
        site: said(&["site", "θέση"]),
        zone: said(&["zone", "κοινότητα"]),
        position: position(lat.as_deref().unwrap_or_default(), lon.as_deref().unwrap_or_default())
            .map_err(|()| t.no_such_position().to_owned())?,
    };
    Ok((id, details))
}

impl Sound {
    fn new(pages: &Pages, t: Lang, line: usize, id: NodeId, details: Details) -> Self {
        let catalogue = &pages.gateway.config.catalogue;
        let kind = details.node_type.as_deref().and_then(|code| catalogue.node_types.get(code));
        let site = details.site.as_deref().and_then(|code| catalogue.site(code));
        Self {
            line,
            id,
            kind: kind.map_or_else(String::new, |kind| t.pick(&kind.name).to_owned()),
            name: match t {
                Lang::El => details.name_el.clone().or_else(|| details.name_en.clone()),
                Lang::En => details.name_en.clone().or_else(|| details.name_el.clone()),
            }
            .unwrap_or_default(),
            place: site.map_or_else(|| t.no_site_yet().to_owned(), |site| t.pick(&site.name).to_owned()),
            details,
        }
    }
}
