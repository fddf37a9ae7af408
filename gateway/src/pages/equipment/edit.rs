//! Equipment put on record, and what is said of it changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::super::Pages;
use super::super::form::{Answer, act, again, again_lines, answer, position};
use super::super::text::Lang;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::Sight;
use crate::catalogue::Position;
use crate::operations::asset::{Asset, AssetId, Mount};
use crate::operations::book::BookError;
use crate::service::access::Caller;

/// What was typed of an asset. The names are the columns of a table of equipment too.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Typed {
    pub(super) id: String,
    pub(super) parent: String,
    pub(super) kind: String,
    #[serde(rename = "use")]
    pub(super) used_as: String,
    pub(super) name_el: String,
    pub(super) name_en: String,
    pub(super) site: String,
    pub(super) lat: String,
    pub(super) lon: String,
    pub(super) manufacturer: String,
    pub(super) model: String,
    pub(super) serial: String,
    pub(super) standard: String,
    pub(super) installed: String,
    pub(super) maintainer: String,
    pub(super) numbers: String,
    pub(super) nodes: String,
    pub(super) inspected: String,
    pub(super) reason: String,
    /// What stood there when the form was made: somebody else may change it meanwhile.
    pub(super) before: String,
}

/// Part of what a new one is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    parent: String,
}

#[derive(Template)]
#[template(path = "asset_edit.html")]
struct EditPage {
    t: Lang,
    v: View,
    id: Option<String>,
    name: String,
    wrong: Option<String>,
    typed: Typed,
    kinds: Vec<(String, String)>,
    uses: Vec<(String, String)>,
    sites: Vec<(String, String)>,
    parents: Vec<(String, String)>,
}

impl Typed {
    /// What stands of an asset, as its form holds it.
    pub(super) fn of(asset: &Asset) -> Self {
        let place =
            |of: fn(&Position) -> f64| asset.position.as_ref().map(of).map(|v| v.to_string()).unwrap_or_default();
        let nodes: Vec<String> = asset
            .nodes
            .iter()
            .map(|mount| match mount.place.as_str() {
                "" => mount.node.to_string(),
                place => format!("{}: {place}", mount.node),
            })
            .collect();
        let inspected: Vec<String> = asset.inspected.iter().map(|(code, day)| format!("{code}: {day}")).collect();
        let numbers: Vec<String> = asset.numbers.iter().map(|(name, number)| format!("{name}: {number}")).collect();
        Self {
            id: asset.id.to_string(),
            parent: asset.parent.as_ref().map(ToString::to_string).unwrap_or_default(),
            kind: asset.kind.to_string(),
            used_as: asset.used_as.as_deref().unwrap_or_default().to_owned(),
            name_el: asset.name_el.clone(),
            name_en: asset.name_en.clone(),
            site: asset.site.as_deref().unwrap_or_default().to_owned(),
            lat: place(|p| p.lat),
            lon: place(|p| p.lon),
            manufacturer: asset.manufacturer.clone(),
            model: asset.model.clone(),
            serial: asset.serial.clone(),
            standard: asset.standard.clone(),
            installed: asset.installed.map(|day| day.to_string()).unwrap_or_default(),
            maintainer: asset.maintainer.clone(),
            numbers: numbers.join("\n"),
            nodes: nodes.join("\n"),
            inspected: inspected.join("\n"),
            reason: String::new(),
            before: mark(asset),
        }
    }

    /// What a table says in that column, in one line.
    pub(super) fn column(&self, name: &str) -> String {
        let text = match name {
            "id" => &self.id,
            "parent" => &self.parent,
            "kind" => &self.kind,
            "use" => &self.used_as,
            "name_el" => &self.name_el,
            "name_en" => &self.name_en,
            "site" => &self.site,
            "lat" => &self.lat,
            "lon" => &self.lon,
            "manufacturer" => &self.manufacturer,
            "model" => &self.model,
            "serial" => &self.serial,
            "standard" => &self.standard,
            "installed" => &self.installed,
            "maintainer" => &self.maintainer,
            "numbers" => &self.numbers,
            "nodes" => &self.nodes,
            "inspected" => &self.inspected,
            _ => "",
        };
        text.replace('\n', "; ")
    }

    fn shown_again(self) -> Self {
        Self {
            id: again(&self.id),
            name_el: again(&self.name_el),
            name_en: again(&self.name_en),
            numbers: again_lines(&self.numbers),
            nodes: again_lines(&self.nodes),
            inspected: again_lines(&self.inspected),
            ..self
        }
    }

    /// The asset that was typed; what it was `before` keeps what the form does not ask.
    pub(super) fn asset(&self, before: Option<&Asset>, today: jiff::civil::Date, t: Lang) -> Result<Asset, String> {
        let id = AssetId::new(self.id.trim()).map_err(|_| t.asset_code_rule().to_owned())?;
        let parent = match self.parent.trim() {
            "" => None,
            parent => Some(AssetId::new(parent).map_err(|_| format!("{} {}", t.asset_parent(), t.asset_code_rule()))?),
        };
        let some = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(Box::<str>::from);
        let text = |text: &str| text.trim().to_owned();
        let position = position(&self.lat, &self.lon).map_err(|()| t.no_such_position().to_owned())?;
        let installed = match self.installed.trim() {
            "" => None,
            day => Some(day.parse().map_err(|_| format!("{}: {}", t.installed(), t.day_wrong()))?),
        };
        let pairs = |text: &str| -> Vec<(String, String)> {
            let lines = text.split(['\n', ';']).map(str::trim).filter(|line| !line.is_empty());
            lines
                .map(|line| {
                    let (name, value) = line.split_once(':').unwrap_or((line, ""));
                    (name.trim().to_owned(), value.trim().to_owned())
                })
                .collect()
        };
        let numbers: BTreeMap<Box<str>, String> =
            pairs(&self.numbers).into_iter().map(|(name, number)| (name.into(), number)).collect();
        let nodes = pairs(&self.nodes).into_iter().map(|(node, place)| {
            let known = before.and_then(|before| before.nodes.iter().find(|mount| *mount.node == *node));
            Mount { node: node.into(), place, consent: known.and_then(|mount| mount.consent.clone()) }
        });
        let mut inspected = BTreeMap::new();
        for (code, day) in pairs(&self.inspected) {
            let day = day.parse().map_err(|_| format!("{} {code}: {}", t.inspected_before(), t.day_wrong()))?;
            inspected.insert(code.into(), day);
        }
        Ok(Asset {
            inspected,
            id,
            parent,
            kind: text(&self.kind).into(),
            name_el: text(&self.name_el),
            name_en: text(&self.name_en),
            used_as: some(&self.used_as),
            site: some(&self.site),
            position,
            manufacturer: text(&self.manufacturer),
            model: text(&self.model),
            serial: text(&self.serial),
            standard: text(&self.standard),
            installed,
            maintainer: text(&self.maintainer),
            numbers,
            nodes: nodes.collect(),
            files: before.map(|before| before.files.clone()).unwrap_or_default(),
            known_from: before.map_or(today, |before| before.known_from),
        })
    }
}

/// Changes with what stands of an asset.
pub(super) fn mark(asset: &Asset) -> String {
    let text = serde_json::to_string(asset).unwrap_or_default();
    crate::audit::hex(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref())
}

/// `GET /equipment/new`.
pub(in crate::pages) async fn new(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        render(pages, visitor, None, Typed { parent: which.parent, ..Typed::default() }, None)
    })
    .await
}

/// `GET /equipment/{id}/edit`.
pub(in crate::pages) async fn edit(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let sight = Sight::new(pages, visitor)?;
        let typed = Typed::of(&sight.get(&id)?.asset);
        render(pages, visitor, Some(&id), typed, None)
    })
    .await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    id: Option<&str>,
    typed: Typed,
    wrong: Option<String>,
) -> Result<String, PageError> {
    let (t, local, catalogue) = (visitor.lang, pages.local(visitor), &pages.gateway.config.catalogue);
    let sight = Sight::new(pages, visitor)?;
    let english = t == Lang::En;
    let title = if id.is_some() { t.edit_asset() } else { t.add_asset() };
    let uses = catalogue.inspections.iter().flat_map(|sheet| {
        let kind = sheet.kinds.first().map_or("", |kind| t.pick(&kind.name));
        sheet.uses.iter().map(move |used_as| (used_as.code.to_string(), format!("{kind}: {}", t.pick(&used_as.name))))
    });
    let page = EditPage {
        v: View::new(pages, visitor, &local, Tab::Equipment, title),
        name: id.and_then(|id| sight.get(id).ok()).map_or_else(String::new, |held| held.asset.name(english).to_owned()),
        id: id.map(str::to_owned),
        wrong,
        kinds: super::kinds(catalogue, t),
        uses: uses.collect(),
        sites: super::super::form::sites(pages, t),
        parents: sight.all().map(|held| (held.asset.id.to_string(), held.asset.name(english).to_owned())).collect(),
        typed,
        t,
    };
    Ok(page.render()?)
}

/// `POST /equipment/new`.
pub(in crate::pages) async fn add(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let t = visitor.lang;
        let wrong = match typed.asset(None, pages.gateway.book.today(), t) {
            Ok(asset) => match act(&caller, &typed.reason, |cause| pages.gateway.book.add(cause, &[asset])) {
                Ok(()) => return Ok(Answer::To(format!("/equipment/{}?done=added", typed.id.trim()))),
                Err(error) => told(t, error)?,
            },
            Err(wrong) => wrong,
        };
        let html = render(pages, visitor, None, typed.shown_again(), Some(wrong))?;
        Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
    })
    .await
}

/// `POST /equipment/{id}/edit`.
pub(in crate::pages) async fn set(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<String>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let typed = Typed { id: id.clone(), ..typed };
        let t = visitor.lang;
        let sight = Sight::new(pages, visitor)?;
        let before = sight.get(&id)?.asset.clone();
        let wrong = match typed.asset(Some(&before), before.known_from, t) {
            _ if typed.before != mark(&before) => t.changed_meanwhile().to_owned(),
            Ok(after) => match act(&caller, &typed.reason, |cause| pages.gateway.book.set(cause, &before, &after)) {
                Ok(()) => return Ok(Answer::To(format!("/equipment/{id}?done=saved"))),
                Err(error) => told(t, error)?,
            },
            Err(wrong) => wrong,
        };
        let html = render(pages, visitor, Some(&id), typed.shown_again(), Some(wrong))?;
        Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
    })
    .await
}

/// What a person is told of an error; one of ours is no matter for them.
pub(super) fn told(t: Lang, error: BookError) -> Result<String, PageError> {
    Ok(match error {
        BookError::Exists(id) => format!("{} {id}", t.asset_exists()),
        BookError::Unsound(_, unsound) => t.unsound(&unsound),
        BookError::TooMany => t.too_many_assets().to_owned(),
        BookError::Changed(_) => t.changed_meanwhile().to_owned(),
        error => return Err(error.into()),
    })
}
