//! Alerts as people see them: what is open and who answers, rules and what they would have raised, who is on call, the log of shifts.
//! Names of people are for whoever signed in.

pub(super) mod delivery;
pub(super) mod list;
pub(super) mod maintenance;
pub(super) mod on_call;
pub(super) mod one;
pub(super) mod rule;
pub(super) mod rules;
pub(super) mod shift;
pub(super) mod wall;

use std::collections::HashMap;
use std::sync::Arc;

use super::Pages;
use super::equipment::Sight;
use super::format;
use super::text::Lang;
use super::time::{Local, When};
use super::view::{PageError, View, Visitor};
use crate::alerts::life::{Alert, State};
use crate::alerts::{AlertsError, Board, Subject};
use crate::catalogue::alerts::{Condition, Severity};
use crate::operations::asset::{AssetId, Tree};
use crate::operations::step::Hand;
use crate::people::Permission;
use crate::service::access::Caller;

impl From<AlertsError> for PageError {
    fn from(error: AlertsError) -> Self {
        match error {
            AlertsError::Unknown => Self::NotFound,
            AlertsError::Store(error) => Self::Store(error),
            // What a form asked for is answered there; anything else is no page.
            AlertsError::Refused(_) | AlertsError::TooMany | AlertsError::Span => Self::BadRequest,
        }
    }
}

/// Tabs of the section, as far as the visitor may open them.
struct Tabs(Vec<(&'static str, &'static str, bool)>);

impl Tabs {
    fn new(pages: &Pages, visitor: &Visitor, here: &str) -> Self {
        let t = visitor.lang;
        let all = [
            ("/alerts", t.alerts()),
            ("/alerts/on-call", t.on_call()),
            ("/alerts/shift", t.shift_log()),
            ("/alerts/maintenance", t.al_maintenance()),
            ("/alerts/rules", t.al_rules()),
            ("/alerts/delivery", t.delivery()),
            ("/alerts/wall", t.wall()),
        ];
        let offered = all.into_iter().filter(|(path, _)| visitor.offers(pages, "GET", path));
        Self(offered.map(|(path, name)| (path, name, path == here)).collect())
    }
}

/// A line of a list of alerts.
struct Row {
    id: u64,
    name: String,
    about: String,
    place: String,
    mark: &'static str,
    severity: &'static str,
    state: &'static str,
    who: String,
    value: String,
    raised: When,
    over: Option<When>,
    unanswered: bool,
    open: bool,
}

/// What alerts are shown with.
struct Shown<'a> {
    pages: &'a Pages,
    board: Arc<Board>,
    sight: Sight,
    local: Local,
    t: Lang,
    /// Names by pseudonym; none for who did not sign in.
    names: HashMap<String, String>,
}

impl<'a> Shown<'a> {
    fn new(pages: &'a Pages, visitor: &Visitor) -> Result<Self, PageError> {
        let signed_in = visitor.caller.as_ref().and_then(Caller::person).is_some();
        let everybody = if signed_in { pages.gateway.people.everybody()? } else { Vec::new() };
        let names = everybody.iter().map(|person| (person.id.subject(), person.shown().to_owned())).collect();
        Ok(Self {
            board: pages.gateway.alerts.board(),
            sight: Sight::new(pages, visitor)?,
            local: pages.local(visitor),
            t: visitor.lang,
            names,
            pages,
        })
    }

    fn name(&self, rule: &str) -> String {
        let listed = self.board.rules().find(rule);
        listed.map_or_else(|| rule.to_owned(), |listed| self.t.pick(&listed.rule.name).to_owned())
    }

    /// Who, as far as the visitor may know.
    fn who(&self, hand: &str) -> String {
        match self.names.get(hand) {
            Some(name) => name.clone(),
            None if *hand == *Hand::gateway().0 => self.t.the_gateway().to_owned(),
            None => self.t.somebody().to_owned(),
        }
    }

    /// What it is about, and where more of it is told.
    fn about(&self, subject: &Subject) -> (String, Option<String>) {
        let (t, catalogue) = (self.t, &self.pages.gateway.config.catalogue);
        match subject.parts() {
            ("asset", code) => match AssetId::new(code).ok().and_then(|id| self.sight.shelf().asset(&id).cloned()) {
                Some(asset) => (asset.name(t == Lang::En).to_owned(), Some(format!("/equipment/{code}"))),
                None => (code.to_owned(), None),
            },
            ("node", code) => {
                let registry = self.pages.gateway.registry.snapshot();
                let name = registry.nodes.get(code).and_then(|node| node.name.as_ref()).map(|name| t.pick(name));
                let name = name.filter(|name| *name != code);
                let shown = name.map_or_else(|| code.to_owned(), |name| format!("{name} ({code})"));
                (shown, Some(format!("/nodes/{code}")))
            }
            ("site", code) => (
                catalogue.site(code).map_or(code, |site| t.pick(&site.name)).to_owned(),
                Some(format!("/nodes?q={code}")),
            ),
            ("zone", code) => (catalogue.zone(code).map_or(code, |zone| t.pick(&zone.name)).to_owned(), None),
            ("broker", _) => (t.the_broker().to_owned(), Some("/sinks".to_owned())),
            _ => (t.whole_city().to_owned(), None),
        }
    }

    fn zone(&self, zone: Option<&str>) -> String {
        let zone = zone.and_then(|code| self.pages.gateway.config.catalogue.zone(code));
        zone.map_or_else(String::new, |zone| self.t.pick(&zone.name).to_owned())
    }

    /// The worst value with its unit.
    fn value(&self, alert: &Alert) -> String {
        let (Some(code), Some(value)) = (&alert.facts.quantity, alert.facts.value) else {
            return if alert.facts.members_count > 1 {
                self.t.so_many(alert.facts.members_count)
            } else {
                String::new()
            };
        };
        let rule = self.board.rules().find(&alert.rule).map(|listed| &listed.rule.on);
        self.measured(rule, code, value)
    }

    /// A value of a rule: of a change an hour, of a drift the part in per cent.
    fn measured(&self, on: Option<&Condition>, quantity: &str, value: f64) -> String {
        let catalogue = &self.pages.gateway.config.catalogue;
        let Some(quantity) = catalogue.find(quantity).map(|index| catalogue.quantity(index)) else {
            return format::number(value, 2, self.t);
        };
        let unit = format::unit(&quantity.unit);
        let number = format::number(value, usize::from(quantity.decimals), self.t);
        match on {
            Some(Condition::Drift { .. }) => format::percent(value, self.t),
            Some(Condition::Rate { .. }) => format!("{number}\u{a0}{unit}/h"),
            _ => format!("{number}\u{a0}{unit}").trim_end().to_owned(),
        }
    }

    fn row(&self, alert: &Alert) -> Row {
        let t = self.t;
        let who = alert.answered_by.as_ref().map(|hand| self.who(&hand.0)).unwrap_or_default();
        Row {
            id: alert.id,
            name: self.name(&alert.rule),
            about: self.about(&alert.subject).0,
            place: self.zone(alert.zone.as_deref()),
            mark: mark(alert),
            severity: t.alert_severity(alert.severity),
            state: t.alert_state(alert.state),
            who,
            value: self.value(alert),
            raised: self.local.when(alert.raised_at),
            over: alert.cleared_at.map(|at| self.local.when(at)),
            unanswered: alert.unanswered && alert.state == State::Raised,
            open: alert.is_open(),
        }
    }
}

/// The mark of an alert: how bad it is while nobody answers, a full circle once somebody does or it is over.
fn mark(alert: &Alert) -> &'static str {
    match (alert.state, alert.severity) {
        (State::Raised, Severity::Alarm) => "barred",
        (State::Raised, Severity::Warning) => "attention",
        (State::Raised, Severity::Notice) => "silent",
        (State::Acknowledged | State::Cleared, _) => "good",
    }
}

/// How many are open, as a sentence.
fn counted(board: &Board, t: Lang) -> String {
    let listed = board.listed();
    let raised = listed.iter().filter(|alert| alert.state == State::Raised).count();
    t.alerts_counted(listed.len(), raised)
}

/// Whether who looks may answer alerts.
fn answers(view: &Visitor) -> bool {
    view.caller.as_ref().and_then(Caller::person).is_some_and(|person| person.may(Permission::Alerts))
}

fn plans(view: &Visitor) -> bool {
    view.caller.as_ref().and_then(Caller::person).is_some_and(|person| person.may(Permission::Roster))
}

/// The frame of a page of the section.
fn view(shown: &Shown<'_>, visitor: &Visitor, title: &str, path: &str) -> View {
    View::new(shown.pages, visitor, &shown.local, super::view::Tab::Alerts, title).at(path)
}
