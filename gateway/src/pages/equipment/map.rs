//! Equipment on the sketch of the city: what is inspected as one is one, in the worst state of all its parts; beside it the same as a
//! list, which needs no eyes for shapes.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::response::Response;
use serde::Deserialize;

use super::super::Pages;
use super::super::map::{self, MarkShown, Sketch, Stands};
use super::super::text::Lang;
use super::super::view::{PageError, Tab, View, Visitor, show, with};
use super::Sight;
use super::row::{self, Mark, Row};
use crate::catalogue::{Catalogue, Position};
use crate::operations::asset::Tree;
use crate::operations::book::{Held, Shelf};
use crate::operations::case::Status;
use crate::operations::duty::{Day, Duty};

/// Lines of the list beside the map.
const ROWS: usize = 100;

/// How a unit stands, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Ordered,
    LockedOut,
    Overdue,
    Restricted,
    Due,
    Good,
}

impl State {
    const ALL: [(State, &'static str); 6] = [
        (State::Ordered, "ordered"),
        (State::LockedOut, "locked_out"),
        (State::Overdue, "overdue"),
        (State::Restricted, "restricted"),
        (State::Due, "due"),
        (State::Good, "good"),
    ];

    const fn shape(self) -> &'static str {
        match self {
            State::Ordered | State::LockedOut => "barred",
            State::Overdue | State::Restricted => "attention",
            State::Due => "open",
            State::Good => "good",
        }
    }

    const fn word(self, t: Lang) -> &'static str {
        match self {
            State::Ordered => t.status_of(Status::Ordered),
            State::LockedOut => t.status_of(Status::LockedOut),
            State::Restricted => t.status_of(Status::Restricted),
            State::Overdue => t.map_overdue(),
            State::Due => t.map_due(),
            State::Good => t.in_order(),
        }
    }

    fn mark(self, t: Lang) -> Mark {
        Mark { mark: self.shape(), word: self.word(t).to_owned() }
    }

    /// The state of all that is inspected together.
    fn of(unit: &[&Held], shelf: &Shelf, day: Day<'_>) -> Self {
        let statuses = unit.iter().map(|held| match held.dossier.case.status() {
            Status::Ordered => State::Ordered,
            Status::LockedOut => State::LockedOut,
            Status::Restricted => State::Restricted,
            Status::Open | Status::Dismantled => State::Good,
        });
        let duties = unit.iter().flat_map(|held| day.duties(shelf, held)).filter(Duty::is_due);
        let duties = duties.map(|duty| if duty.overdue().is_some() { State::Overdue } else { State::Due });
        statuses.chain(duties).min().unwrap_or(State::Good)
    }
}

/// A unit and where it stands.
struct Unit<'a> {
    held: &'a Held,
    state: State,
    site: Option<&'a str>,
    zone: Option<&'a str>,
    position: Option<Position>,
}

impl Stands for Unit<'_> {
    type State = State;

    fn position(&self) -> Option<Position> {
        self.position
    }

    fn state(&self) -> State {
        self.state
    }

    fn site(&self) -> Option<&str> {
        self.site
    }
}

/// What of it is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    zone: String,
    kind: String,
    state: String,
}

#[derive(Template)]
#[template(path = "equipment_map.html")]
struct MapPage {
    t: Lang,
    v: View,
    which: Which,
    found: String,
    zones: Vec<(String, String)>,
    kinds: Vec<(String, String)>,
    states: Vec<(&'static str, &'static str)>,
    legend: Vec<Mark>,
    sketch: Sketch,
    crowded: bool,
    marks: Vec<MarkShown>,
    off: String,
    rows: Vec<(Row, Mark)>,
    more: usize,
    is_empty: bool,
}

/// `GET /equipment/map`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        render(pages, visitor, which)
    })
    .await
}

fn render(pages: &Pages, visitor: &Visitor, which: Which) -> Result<String, PageError> {
    let (t, catalogue) = (visitor.lang, &*pages.gateway.config.catalogue);
    let sight = Sight::new(pages, visitor)?;
    let units = units(&sight, pages.gateway.book.day(), &which);
    let on_map = map::marks(&units);
    let shown = |unit: &Unit<'_>| (row::row(&sight, unit.held, catalogue, t), unit.state.mark(t));
    let page = MapPage {
        v: View::new(pages, visitor, &pages.local(visitor), Tab::Equipment, t.eq_map()),
        found: t.assets_counted(units.len()),
        zones: catalogue.zones.iter().map(|zone| (zone.code.to_string(), t.pick(&zone.name).to_owned())).collect(),
        kinds: super::kinds(catalogue, t),
        states: State::ALL.iter().map(|(state, code)| (*code, state.word(t))).collect(),
        legend: State::ALL.iter().map(|(state, _)| state.mark(t)).collect(),
        sketch: map::sketch(),
        crowded: on_map.crowded,
        marks: on_map.marks.iter().map(|mark| mark_shown(mark, &which, catalogue, t)).collect(),
        off: if on_map.off == 0 { String::new() } else { t.assets_counted(on_map.off) },
        rows: units.iter().take(ROWS).map(shown).collect(),
        more: units.len().saturating_sub(ROWS),
        is_empty: sight.all().next().is_none(),
        which,
        t,
    };
    Ok(page.render()?)
}

/// What is inspected as one and asked for, the worst first.
fn units<'a>(sight: &'a Sight, day: Day<'a>, which: &Which) -> Vec<Unit<'a>> {
    let (shelf, catalogue) = (sight.shelf(), day.catalogue);
    let units = sight.all().filter(|held| held.dossier.case.dismantled_at.is_none());
    let units = units.filter(|held| shelf.is_unit(&held.asset, catalogue)).map(|held| {
        let site = shelf.site_of(&held.asset.id);
        let known = site.and_then(|site| catalogue.site(site));
        Unit {
            held,
            state: State::of(&shelf.unit(&held.asset.id, catalogue), shelf, day),
            site,
            zone: known.map(|site| &*site.zone),
            position: held.asset.position.or_else(|| known.map(|site| site.position)),
        }
    });
    let state = State::ALL.iter().find(|(_, code)| *code == which.state).map(|(state, _)| *state);
    let wanted = |unit: &Unit<'_>| {
        (which.zone.is_empty() || unit.zone == Some(which.zone.as_str()))
            && (which.kind.is_empty() || *unit.held.asset.kind == *which.kind)
            && state.is_none_or(|state| unit.state == state)
    };
    let mut units: Vec<Unit<'_>> = units.filter(wanted).collect();
    units.sort_by(|a, b| (a.state, &a.held.asset.id).cmp(&(b.state, &b.held.asset.id)));
    units
}

fn mark_shown(mark: &map::Mark<'_, Unit<'_>>, which: &Which, catalogue: &Catalogue, t: Lang) -> MarkShown {
    let (first, word) = (mark.first, mark.state.word(t));
    let place = first.site.and_then(|site| catalogue.site(site)).map_or("", |site| t.pick(&site.name));
    let name = first.held.asset.name(t == Lang::En);
    let (label, href) = match (mark.count, mark.one_site, first.site) {
        (1, ..) => (format!("{name}: {word}"), format!("/equipment/{}", first.held.asset.id)),
        (n, true, Some(site)) => (
            format!("{place}: {}, {word}", t.assets_counted(n)),
            with("/equipment/list", "", &[("site", site), ("kind", &which.kind)]),
        ),
        (n, ..) => {
            let zone = first.zone.unwrap_or("");
            let wanted = [("zone", zone), ("kind", which.kind.as_str()), ("state", which.state.as_str())];
            (format!("{place}: {}, {word}", t.assets_counted(n)), with("/equipment/map", "", &wanted))
        }
    };
    mark.shown(mark.state.shape(), label, href)
}
