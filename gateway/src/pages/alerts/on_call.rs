//! Who is on call now and in the week to come, when nobody is, and the roster.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::{Date, DateTime};
use serde::Deserialize;

use super::super::Pages;
use super::super::form::{Answer, Why, act, again, answer};
use super::super::text::Lang;
use super::super::view::{PageError, View, Visitor, show};
use super::{Shown, Tabs, plans, view};
use crate::alerts::AlertsError;
use crate::alerts::roster::{self, Gap, Need, Turn};
use crate::people::{Permission, State};
use crate::service::access::Caller;

/// Days that are looked ahead.
const DAYS: i64 = 7;

/// What was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Typed {
    person: String,
    from: String,
    until: String,
    mon: String,
    tue: String,
    wed: String,
    thu: String,
    fri: String,
    sat: String,
    sun: String,
    first: String,
    last: String,
    zone: String,
    kind: String,
    rung: String,
    email: String,
    webhook: String,
    reason: String,
}

/// A turn, in words.
struct Line {
    id: u64,
    who: String,
    phone: Option<String>,
    rung: u8,
    days: String,
    hours: String,
    of: String,
    ways: String,
    now: bool,
    /// Why it would reach nobody.
    wrong: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "on_call.html")]
struct OnCallPage {
    t: Lang,
    v: View,
    tabs: Tabs,
    answer: String,
    wrong: Option<&'static str>,
    lines: Vec<Line>,
    gaps: Vec<String>,
    may: bool,
    people: Vec<(String, String)>,
    zones: Vec<(String, String)>,
    kinds: Vec<(String, String)>,
    webhooks: Vec<String>,
    has_email: bool,
    days: Vec<(&'static str, &'static str, bool)>,
    typed: Typed,
    escalate: u32,
}

/// `GET /alerts/on-call`.
pub(in crate::pages) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    let empty = Typed {
        from: "00:00".into(),
        until: "00:00".into(),
        rung: "1".into(),
        email: "yes".into(),
        ..Typed::default()
    };
    show(pages, visitor, move |pages, visitor| render(pages, visitor, empty, None)).await
}

fn render(pages: &Pages, visitor: &Visitor, typed: Typed, wrong: Option<&'static str>) -> Result<String, PageError> {
    let shown = Shown::new(pages, visitor)?;
    let (t, config) = (shown.t, &pages.gateway.config);
    let now = shown.local.zoned(shown.local.now).map(|now| now.datetime()).unwrap_or_default();
    let everybody = pages.gateway.people.everybody()?;
    let turns: Vec<Turn> = shown.board.turns().iter().map(|(_, turn)| turn.clone()).collect();
    let mut lines: Vec<Line> = Vec::new();
    for (id, turn) in shown.board.turns() {
        let person = everybody.iter().find(|person| person.id.subject() == *turn.person);
        let reached = person.filter(|person| person.may_enter(shown.local.now));
        let identity = reached.and_then(|person| person.identity.as_ref());
        let wrong = match identity {
            None => Some(t.turn_nobody()),
            Some(one) if turn.email && one.email.is_none() => Some(t.turn_no_email()),
            Some(one) if !turn.webhooks.is_empty() && one.phone.is_none() => Some(t.turn_no_phone()),
            Some(_) if turn.email && config.delivery.smtp.is_none() => Some(t.turn_no_smtp()),
            Some(_) if !turn.has_way() => Some(t.turn_no_way()),
            Some(_) => None,
        };
        lines.push(line(&shown, *id, turn, now, (identity.and_then(|one| one.phone.clone()), wrong)));
    }
    lines.sort_by(|a, b| (!a.now, a.rung, &a.who).cmp(&(!b.now, b.rung, &b.who)));
    let first = roster::ladder(&turns, Need::default(), now).first().map(|turn| shown.who(&turn.person));
    let holders = everybody.iter().filter(|person| {
        matches!(person.state, State::Active | State::Invited)
            && person.role.may(Permission::Alerts)
            && person.sites.is_empty()
    });
    let gaps = if turns.is_empty() { Vec::new() } else { roster::gaps(&turns, Need::default(), now.date(), DAYS) };
    let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let page = OnCallPage {
        tabs: Tabs::new(pages, visitor, "/alerts/on-call"),
        answer: t.on_call_now(first.as_deref(), lines.is_empty()),
        wrong,
        lines,
        gaps: gaps.iter().map(|gap| gap_said(*gap, t)).collect(),
        may: plans(visitor),
        people: holders.map(|person| (person.id.subject(), person.shown().to_owned())).collect(),
        zones: config
            .catalogue
            .zones
            .iter()
            .map(|zone| (zone.code.to_string(), t.pick(&zone.name).to_owned()))
            .collect(),
        kinds: config
            .catalogue
            .inspections
            .iter()
            .flat_map(|sheet| &sheet.kinds)
            .map(|kind| (kind.code.to_string(), t.pick(&kind.name).to_owned()))
            .collect(),
        webhooks: config
            .delivery
            .webhooks
            .iter()
            .filter(|hook| !hook.every)
            .map(|hook| hook.name.to_string())
            .collect(),
        has_email: config.delivery.smtp.is_some(),
        days: weekdays
            .into_iter()
            .zip(t.weekdays())
            .zip(typed.days())
            .map(|((code, name), on)| (code, name, on))
            .collect(),
        typed,
        escalate: config.alerts.escalate_min,
        v: view(&shown, visitor, t.on_call(), "/alerts/on-call"),
        t,
    };
    Ok(page.render()?)
}

fn line(
    shown: &Shown<'_>,
    id: u64,
    turn: &Turn,
    now: DateTime,
    (phone, wrong): (Option<String>, Option<&'static str>),
) -> Line {
    let t = shown.t;
    let catalogue = &shown.pages.gateway.config.catalogue;
    let clock = |minute: i16| format!("{:02}:{:02}", minute / 60 % 24, minute % 60);
    let day = |day: Date| day.strftime("%d/%m/%Y").to_string();
    let mut days = if turn.days.is_empty() || turn.days.len() == 7 {
        t.every_day().to_owned()
    } else {
        turn.days.iter().map(|day| t.weekdays()[(*day - 1).clamp(0, 6) as usize]).collect::<Vec<_>>().join(" ")
    };
    match (turn.first, turn.last) {
        (None, None) => {}
        (first, last) => {
            let shown = |end: Option<Date>| end.map(day).unwrap_or_default();
            days = format!("{days}, {} – {}", shown(first), shown(last));
        }
    }
    let zones =
        turn.zones.iter().map(|code| catalogue.zone(code).map_or(&**code, |zone| t.pick(&zone.name)).to_owned());
    let kinds = turn.kinds.iter().map(|code| {
        let kinds = catalogue.inspections.iter().flat_map(|sheet| &sheet.kinds);
        kinds
            .into_iter()
            .find(|kind| *kind.code == **code)
            .map_or_else(|| code.to_string(), |kind| t.pick(&kind.name).to_owned())
    });
    let of: Vec<String> = zones.chain(kinds).collect();
    let ways = turn.email.then(|| "e-mail".to_owned()).into_iter().chain(turn.webhooks.iter().map(ToString::to_string));
    Line {
        id,
        who: shown.who(&turn.person),
        phone,
        rung: turn.rung,
        days,
        hours: if turn.from_min == turn.until_min {
            t.all_day().to_owned()
        } else {
            format!("{}–{}", clock(turn.from_min), clock(turn.until_min))
        },
        of: if of.is_empty() { t.for_everything().to_owned() } else { of.join(", ") },
        ways: ways.collect::<Vec<_>>().join(", "),
        now: turn.holds(now),
        wrong,
    }
}

fn gap_said(gap: Gap, t: Lang) -> String {
    let weekday = |at: DateTime| t.weekdays()[at.date().weekday().to_monday_zero_offset() as usize];
    let said = |at: DateTime| format!("{} {}", weekday(at), at.strftime("%d/%m %H:%M"));
    format!("{} – {}", said(gap.from), said(gap.until))
}

impl Typed {
    fn days(&self) -> [bool; 7] {
        [&self.mon, &self.tue, &self.wed, &self.thu, &self.fri, &self.sat, &self.sun].map(|day| !day.is_empty())
    }

    fn turn(&self) -> Option<Turn> {
        let minute = |text: &str| -> Option<i16> {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute): (i16, i16) = (hour.parse().ok()?, minute.parse().ok()?);
            ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
        };
        let date = |text: &str| -> Option<Option<Date>> {
            if text.trim().is_empty() { Some(None) } else { text.trim().parse().ok().map(Some) }
        };
        let one = |code: &str| -> BTreeSet<Box<str>> {
            Some(code.trim()).filter(|code| !code.is_empty()).map(Into::into).into_iter().collect()
        };
        let days = self.days();
        let days: BTreeSet<i8> = (1..).zip(days).filter(|(_, on)| *on).map(|(day, _)| day).collect();
        Some(Turn {
            person: self.person.trim().into(),
            days,
            from_min: minute(&self.from)?,
            until_min: minute(&self.until)?,
            first: date(&self.first)?,
            last: date(&self.last)?,
            zones: one(&self.zone),
            kinds: one(&self.kind),
            rung: self.rung.trim().parse().ok().filter(|rung| (1..=9).contains(rung))?,
            email: !self.email.is_empty(),
            webhooks: one(&self.webhook),
        })
    }
}

/// `POST /alerts/on-call`: puts somebody on call.
pub(in crate::pages) async fn add(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let t = visitor.lang;
        let refused = |typed: Typed, wrong| {
            let (from, until) = (again(&typed.from), again(&typed.until));
            let html = render(pages, visitor, Typed { from, until, ..typed }, Some(wrong))?;
            Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
        };
        let config = &pages.gateway.config;
        let Some(turn) = typed.turn() else { return refused(typed, t.turn_times_wrong()) };
        let known = pages.gateway.people.everybody()?.iter().any(|person| person.id.subject() == *turn.person);
        let zones = turn.zones.iter().all(|code| config.catalogue.zone(code).is_some());
        let kinds = turn.kinds.iter().all(|code| config.catalogue.sheet(code).is_some());
        let hooks = turn.webhooks.iter().all(|name| config.delivery.webhooks.iter().any(|hook| hook.name == *name));
        if !(known && zones && kinds && hooks) {
            return refused(typed, t.turn_who_wrong());
        }
        if !turn.has_way() {
            return refused(typed, t.turn_no_way());
        }
        match act(&caller, &typed.reason, |cause| pages.gateway.alerts.add_turn(cause, &turn)) {
            Ok(_) => Ok(Answer::To("/alerts/on-call".to_owned())),
            Err(AlertsError::Span) => refused(typed, t.turn_times_wrong()),
            Err(AlertsError::TooMany) => refused(typed, t.too_many()),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

/// `POST /alerts/on-call/{id}/end`: with a reason.
pub(in crate::pages) async fn end(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<u64>,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, _| {
        let Form(why) = why.map_err(|_| PageError::BadRequest)?;
        act(&caller, &why.reason, |cause| pages.gateway.alerts.end_turn(cause, id))?;
        Ok(Answer::To("/alerts/on-call".to_owned()))
    })
    .await
}
