//! One piece of equipment: whether it may be used, what is open about it, what is to be done, and all that was.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State as Shared};
use axum::response::Response;
use serde::Deserialize;

use super::super::Pages;
use super::super::census::State;
use super::super::readings::{self, Reading};
use super::super::text::Lang;
use super::super::time::{Local, When};
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::row::{self, File, Mark, Names, Row};
use super::{Sight, act};
use crate::catalogue::Catalogue;
use crate::operations::asset::Mount;
use crate::operations::asset::Tree;
use crate::operations::book::{Book, Held, Recorded};
use crate::operations::case::{DefectState, Status};
use crate::operations::duty::{self, Day};
use crate::operations::step::{Deed, REINSPECTION};
use crate::people::Permission;
use crate::reading::NodeId;
use crate::service::access::Caller;

/// Steps of the history that are shown at once.
const STEPS: usize = 30;

/// What of the page is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    before: Option<u64>,
    done: String,
}

/// Series shown of a node on it; its own page has all.
const SERIES_MAX: usize = 8;

#[derive(Template)]
#[template(path = "asset.html")]
struct AssetPage {
    t: Lang,
    v: View,
    id: String,
    trail: Vec<(String, String)>,
    name: String,
    kind: String,
    place: String,
    status: Mark,
    told: Option<&'static str>,
    restriction: Option<String>,
    lockout: Option<LockedOut>,
    defects: Vec<Defect>,
    orders: Vec<Order>,
    duties: Vec<Due>,
    certificates: Vec<Paper>,
    parts: Vec<Row>,
    facts: Vec<(&'static str, String)>,
    mounts: Vec<Mounted>,
    files: Vec<File>,
    steps: Vec<Step>,
    older: Option<u64>,
    actions: Vec<Action>,
    more: Vec<Action>,
    may_edit: bool,
    inspects: bool,
    unit: Option<(String, String)>,
    audit: Option<String>,
}

struct LockedOut {
    causes: String,
    ordered: When,
    by: String,
    barred: Option<When>,
}

/// A node on it, and what it measures for whoever may read that.
struct Mounted {
    node: String,
    place: String,
    consent: bool,
    state: Option<State>,
    heard: Option<When>,
    rows: Vec<Reading>,
}

struct Defect {
    uid: String,
    text: String,
    severity: Mark,
    rating: Option<String>,
    found: When,
    by: String,
    files: Vec<File>,
    proposed: Option<String>,
    actions: Vec<Action>,
}

struct Order {
    uid: String,
    text: String,
    assignee: String,
    due: Option<String>,
    late: bool,
    defects: Vec<String>,
    actions: Vec<Action>,
}

struct Due {
    of_type: String,
    name: String,
    due: String,
    state: Mark,
    last: Option<(String, String)>,
    papers: Option<String>,
    reason: Option<String>,
    independent: bool,
}

struct Paper {
    code: String,
    name: String,
    state: Mark,
    source: String,
    issued: Vec<(String, String, Vec<Action>)>,
    stages: Vec<String>,
    actions: Vec<Action>,
}

/// A step in the history.
pub(super) struct Step {
    pub(super) uid: String,
    pub(super) at: When,
    pub(super) by: String,
    pub(super) what: String,
    pub(super) text: String,
    pub(super) files: Vec<File>,
}

/// Something that may be done.
pub(super) struct Action {
    pub(super) href: String,
    pub(super) name: &'static str,
    pub(super) first: bool,
}

/// `GET /equipment/{id}`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        render(pages, visitor, &id, &which)
    })
    .await
}

fn render(pages: &Pages, visitor: &Visitor, id: &str, which: &Which) -> Result<String, PageError> {
    let (t, local) = (visitor.lang, pages.local(visitor));
    let (catalogue, book) = (&*pages.gateway.config.catalogue, &pages.gateway.book);
    let sight = Sight::new(pages, visitor)?;
    let held = sight.get(id)?;
    let Held { asset, dossier } = held;
    let names = Names::read(pages, t)?;
    let today = book.today();
    let offer = Offer::new(visitor, id);
    let unit = sight.shelf().unit_of(&asset.id, catalogue).filter(|unit| unit.id != asset.id);
    let sheet = catalogue.sheet(&asset.kind);
    let day = book.day();
    let duties = day.duties(sight.shelf(), held);
    let recorded = book.steps(&asset.id, which.before, STEPS + 1)?;
    let status = dossier.case.status();
    let english = t == Lang::En;
    let mut trail: Vec<(String, String)> = sight
        .shelf()
        .upwards(&asset.id)
        .iter()
        .skip(1)
        .filter(|above| sight.sees(&above.id))
        .map(|above| (above.id.to_string(), above.name(english).to_owned()))
        .collect();
    trail.reverse();
    let page = AssetPage {
        v: View::new(pages, visitor, &local, Tab::Equipment, asset.name(english)),
        id: id.to_owned(),
        trail,
        name: asset.name(english).to_owned(),
        kind: row::kind(asset, catalogue, t),
        place: row::place(&sight, asset, catalogue, t),
        status: row::status(status, t),
        told: match which.done.as_str() {
            "" => None,
            "added" => Some(t.asset_added()),
            "saved" => Some(t.asset_saved()),
            _ => Some(t.done_do()),
        },
        restriction: dossier.case.restriction.clone(),
        lockout: dossier.case.lockout.as_ref().map(|lockout| LockedOut {
            causes: super::today::causes(held, catalogue, t),
            ordered: local.when(lockout.ordered_at),
            by: names.of(&lockout.ordered_by),
            barred: lockout.barred_at.map(|at| local.when(at)),
        }),
        defects: defects(held, &offer, &names, &local, book, catalogue)?,
        orders: dossier
            .case
            .open_orders()
            .map(|(uid, order)| Order {
                uid: uid.to_string(),
                text: order.text.clone(),
                assignee: names.named(&order.assignee),
                due: order.due.map(|due| row::day(due, t)),
                late: order.due.is_some_and(|due| due < today),
                defects: order
                    .defects
                    .iter()
                    .filter_map(|uid| dossier.case.defects.get(uid))
                    .map(|defect| defect.text.clone())
                    .collect(),
                actions: offer.of(&["done", "cancel"], Some(uid.as_str()), t),
            })
            .collect(),
        duties: duties
            .iter()
            .map(|duty| Due {
                of_type: duty.of_type.to_string(),
                name: t.pick(&duty.name).to_owned(),
                due: row::day(duty.due, t),
                state: row::duty(duty.standing, t),
                last: dossier.last.get(&duty.of_type).map(|made| (made.uid.to_string(), row::day(made.on, t))),
                papers: sheet
                    .and_then(|sheet| duty::papers(asset, sheet, &duty.of_type))
                    .map(|made| format!("{}, {}", row::day(made, t), t.as_papers_say())),
                reason: duty.call.as_ref().map(|(_, reason)| row::reason(reason, day, t)),
                independent: duty.independent,
            })
            .collect(),
        certificates: duty::needed(asset, dossier, catalogue, today)
            .map(|needed| {
                let papers = dossier.papers.get(&*needed.of_type.code);
                let issued = papers.into_iter().flat_map(|papers| &papers.issued).map(|(uid, paper)| {
                    let told = [paper.number.as_str(), paper.issuer.as_str(), paper.scope.as_str()];
                    let told: Vec<&str> = told.into_iter().filter(|text| !text.is_empty()).collect();
                    let span = format!("{} – {}", row::day(paper.from, t), row::day(paper.until, t));
                    (
                        uid.to_string(),
                        format!("{span} · {}", told.join(" · ")),
                        offer.of(&["withdraw"], Some(uid.as_str()), t),
                    )
                });
                let stages = papers.into_iter().flat_map(|papers| &papers.stages).map(|stage| {
                    let name = needed.of_type.steps.iter().find(|(code, _)| **code == *stage.stage);
                    let name = name.map_or(&*stage.stage, |(_, name)| t.pick(name));
                    format!("{name}: {} {}", row::day(stage.on, t), stage.number)
                });
                let stages: Vec<String> = stages.collect();
                let end: &[&str] = if stages.is_empty() { &["certify", "stage"] } else { &["certify", "stage", "end"] };
                Paper {
                    code: needed.of_type.code.to_string(),
                    name: t.pick(&needed.of_type.name).to_owned(),
                    state: row::certificate(needed.standing, t),
                    source: t.source(&needed.of_type.source),
                    issued: issued.collect(),
                    stages,
                    actions: offer.of(end, Some(&needed.of_type.code), t),
                }
            })
            .collect(),
        parts: sight.shelf().parts(&asset.id).map(|part| row::row(&sight, part, catalogue, t)).collect(),
        facts: facts(held, t),
        mounts: asset.nodes.iter().map(|mount| mounted(pages, visitor, mount, &local)).collect::<Result<_, _>>()?,
        files: row::files(book, &asset.files, t)?,
        older: (recorded.len() > STEPS).then(|| recorded.get(STEPS - 1).map(|last| last.number)).flatten(),
        steps: recorded
            .iter()
            .take(STEPS)
            .map(|recorded| step(recorded, book, &names, &local))
            .collect::<Result<_, _>>()?,
        actions: first(held, &offer, t),
        more: offer.of(rest(status), None, t),
        may_edit: status != Status::Dismantled && offer.may(Permission::Assets),
        inspects: status != Status::Dismantled && offer.may(Permission::Inspect),
        unit: unit.map(|unit| (unit.id.to_string(), unit.name(english).to_owned())),
        audit: visitor
            .offers(pages, "GET", "/audit")
            .then(|| super::super::view::with("/audit", "", &[("subject", &asset.id.subject())])),
        t,
    };
    Ok(page.render()?)
}

fn mounted(pages: &Pages, visitor: &Visitor, mount: &Mount, local: &Local) -> Result<Mounted, PageError> {
    let mut mounted = Mounted {
        node: mount.node.to_string(),
        place: mount.place.clone(),
        consent: mount.consent.is_some(),
        state: None,
        heard: None,
        rows: Vec::new(),
    };
    let (census, id) = (pages.census(), NodeId::new(&mount.node));
    if let Some(seen) = id.ok().as_ref().and_then(|id| census.find(id))
        && visitor.offers(pages, "GET", "/nodes/{id}")
    {
        (mounted.state, mounted.heard) = (Some(seen.state), seen.heard_at.map(|at| local.when(at)));
        let series = seen.series.iter().filter_map(|id| pages.gateway.reader.datastream(*id)).take(SERIES_MAX);
        mounted.rows = series.map(|series| readings::reading(pages, &series, local)).collect::<Result<_, _>>()?;
    }
    Ok(mounted)
}

fn defects(
    held: &Held,
    offer: &Offer<'_>,
    names: &Names,
    local: &Local,
    book: &Book,
    catalogue: &Catalogue,
) -> Result<Vec<Defect>, PageError> {
    let t = local.lang;
    held.dossier
        .case
        .open_defects()
        .into_iter()
        .map(|(uid, defect)| {
            let (proposed, actions): (_, &[&str]) = match &defect.state {
                DefectState::Proposed { by, .. } => (Some(names.of(by)), &["agree", "disagree"]),
                _ => (None, &["work", "close", "reclassify"]),
            };
            Ok(Defect {
                uid: uid.to_string(),
                text: defect.text.clone(),
                severity: row::severity(defect.severity, t),
                rating: defect.rating.as_ref().map(|rating| row::rating(rating, catalogue, t)),
                found: local.when(defect.found_at),
                by: names.of(&defect.found_by),
                files: match book.step(uid)? {
                    Some(recorded) => row::files(book, &recorded.step.evidence.files, t)?,
                    None => Vec::new(),
                },
                proposed,
                actions: offer.of(actions, Some(uid.as_str()), t),
            })
        })
        .collect()
}

pub(super) fn facts(held: &Held, t: Lang) -> Vec<(&'static str, String)> {
    let asset = &held.asset;
    let position = asset.position.as_ref().map(|p| format!("{:.5}, {:.5}", p.lat, p.lon)).unwrap_or_default();
    let numbers: Vec<String> = asset.numbers.iter().map(|(name, number)| format!("{name}: {number}")).collect();
    let day = |date: Option<jiff::civil::Date>| date.map(|date| row::day(date, t)).unwrap_or_default();
    let facts = [
        (t.asset_code(), asset.id.to_string()),
        (t.manufacturer(), asset.manufacturer.clone()),
        (t.model(), asset.model.clone()),
        (t.serial(), asset.serial.clone()),
        (t.standard(), asset.standard.clone()),
        (t.installed(), day(asset.installed)),
        (t.maintainer(), asset.maintainer.clone()),
        (t.registry_numbers(), numbers.join(" · ")),
        (t.position(), position),
        (t.known_from(), day(Some(asset.known_from))),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// What is most likely to be done next.
fn first(held: &Held, offer: &Offer<'_>, t: Lang) -> Vec<Action> {
    let case = &held.dossier.case;
    let names: &[&str] = match case.status() {
        Status::Ordered => &["bar", "found"],
        Status::LockedOut => &["release", "found"],
        Status::Restricted => &["found", "unrestrict"],
        Status::Open => &["found"],
        Status::Dismantled => &[],
    };
    let mut actions = offer.of(names, None, t);
    if let Some(action) = actions.first_mut() {
        action.first = true;
    }
    let again = matches!(case.status(), Status::Ordered | Status::LockedOut) || !case.defects.is_empty();
    if again && offer.may(Permission::Inspect) {
        let href = format!("/equipment/{}/inspect/{REINSPECTION}", held.asset.id);
        actions.push(Action { href, name: t.do_inspect_again(), first: false });
    }
    actions
}

const fn rest(status: Status) -> &'static [&'static str] {
    match status {
        Status::Dismantled => &[],
        Status::Open => {
            &["lockout", "restrict", "work", "call", "maintained", "file", "accident", "takeover", "dismantle"]
        }
        _ => &[
            "lockout",
            "restrict",
            "work",
            "call",
            "maintained",
            "file",
            "accident",
            "takeover",
            "release",
            "dismantle",
        ],
    }
}

/// A step as the history tells it.
pub(super) fn step(recorded: &Recorded, book: &Book, names: &Names, local: &Local) -> Result<Step, PageError> {
    let (t, step) = (local.lang, &recorded.step);
    Ok(Step {
        uid: step.uid.to_string(),
        at: local.when(step.at),
        by: names.of(&step.by),
        what: t.deed(&step.deed.code().replace('_', " ")).to_owned(),
        text: words(step, book.day(), t),
        files: row::files(book, &step.evidence.files, t)?,
    })
}

/// What a step says, and what was written beside it.
pub(super) fn words(step: &crate::operations::step::Step, day: Day<'_>, t: Lang) -> String {
    let text = act::told(&step.deed, day, t);
    let more = Some(step.evidence.text.as_str()).filter(|_| !matches!(step.deed, Deed::Found { .. }));
    let texts = [text.as_str(), more.unwrap_or("")];
    texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// What whoever looks may do.
struct Offer<'a> {
    person: Option<&'a crate::people::Person>,
    id: &'a str,
}

impl<'a> Offer<'a> {
    fn new(visitor: &'a Visitor, id: &'a str) -> Self {
        Self { person: visitor.caller.as_ref().and_then(Caller::person), id }
    }

    fn may(&self, permission: Permission) -> bool {
        self.person.is_some_and(|person| person.may(permission))
    }

    /// Of these actions those that are theirs, about `of`.
    fn of(&self, names: &[&str], of: Option<&str>, t: Lang) -> Vec<Action> {
        let theirs = names.iter().filter_map(|name| act::What::named(name)).filter(|what| self.may(what.needs()));
        theirs
            .map(|what| {
                let path = format!("/equipment/{}/do/{}", self.id, what.code());
                let href = super::super::view::with(&path, "", &[("of", of.unwrap_or(""))]);
                Action { href, name: what.name(t), first: false }
            })
            .collect()
    }
}
