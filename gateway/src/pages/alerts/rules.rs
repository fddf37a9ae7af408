//! All rules, in words; what each would have raised in the last month; resting and waking them.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Path, Query, State as Shared};
use axum::response::Response;
use serde::Deserialize;

use super::super::Pages;
use super::super::form::{Answer, Why, act, answer};
use super::super::format;
use super::super::text::Lang;
use super::super::view::{PageError, View, Visitor, show};
use super::{Shown, Tabs, plans, view};
use crate::alerts::trial::{self, DAYS, Trial};
use crate::alerts::watch::Trialled;
use crate::catalogue::alerts::{AlertRule, Condition, Consequence, Of, OneFor};
use crate::reading::Timestamp;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    r#try: String,
}

/// A rule as it is listed.
struct Line {
    code: String,
    name: String,
    mark: &'static str,
    severity: &'static str,
    condition: String,
    scope: String,
    follows: String,
    source: String,
    rests: bool,
    of_page: bool,
    tries: bool,
    tried: Option<Tried>,
    open: usize,
}

/// A dry run, in words.
pub(super) struct Tried {
    pub(super) answer: String,
    pub(super) beside: String,
    pub(super) subjects: Vec<(String, usize)>,
    pub(super) last: Vec<(String, String, String)>,
}

#[derive(Template)]
#[template(path = "alert_rules.html")]
struct RulesPage {
    t: Lang,
    v: View,
    tabs: Tabs,
    answer: String,
    lines: Vec<Line>,
    unsound: Vec<(String, String)>,
    may: bool,
}

/// `GET /alerts/rules`: with `try`, what that rule would have raised.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        render(pages, visitor, &which.r#try)
    })
    .await
}

fn render(pages: &Pages, visitor: &Visitor, tried: &str) -> Result<String, PageError> {
    let shown = Shown::new(pages, visitor)?;
    let t = shown.t;
    let mut lines = Vec::new();
    for listed in shown.board.rules().listed() {
        let rule = &listed.rule;
        let run = if *rule.code == *tried { self::tried(&shown, rule)? } else { None };
        let of_page = listed.written.as_ref().is_some_and(|written| written.toml.is_some());
        lines.push(Line {
            code: rule.code.to_string(),
            name: t.pick(&rule.name).to_owned(),
            mark: match (listed.rests(), rule.severity.code()) {
                (true, _) => "unheard",
                (false, "alarm") => "barred",
                (false, "warning") => "attention",
                (false, _) => "silent",
            },
            severity: t.alert_severity(rule.severity),
            condition: condition(&shown, &rule.on),
            scope: scope(&shown, rule),
            follows: follows(&shown, rule),
            source: t.source(&rule.source),
            rests: listed.rests(),
            of_page,
            tries: rule.on.quantity().is_some(),
            tried: run,
            open: shown.board.of_rule(&rule.code).count(),
        });
    }
    let rest = lines.iter().filter(|line| line.rests).count();
    let page = RulesPage {
        tabs: Tabs::new(pages, visitor, "/alerts/rules"),
        answer: t.rules_counted(lines.len(), rest),
        lines,
        unsound: shown.board.rules().unsound().iter().map(|(code, why)| (code.to_string(), why.clone())).collect(),
        may: plans(visitor),
        v: view(&shown, visitor, t.al_rules(), "/alerts/rules"),
        t,
    };
    Ok(page.render()?)
}

/// The dry run of a rule, in words.
pub(super) fn tried(shown: &Shown<'_>, rule: &AlertRule) -> Result<Option<Tried>, PageError> {
    let gateway = &shown.pages.gateway;
    let around = Trialled { reader: &gateway.reader, shelf: shown.sight.shelf(), zone: &gateway.config.time_zone };
    let Some(Trial { raised, subjects, last, looked, left_out }) = trial::run(rule, &around, gateway.clock.now())?
    else {
        return Ok(None);
    };
    let t = shown.t;
    let value = |value: f64| shown.measured(Some(&rule.on), rule.on.quantity().map_or("", |code| code), value);
    let when = |at: Timestamp| shown.local.short(at);
    Ok(Some(Tried {
        answer: t.would_have_raised(raised, DAYS),
        beside: t.looked_at(looked, left_out),
        subjects: subjects.iter().take(10).map(|(subject, n)| (shown.about(subject).0, *n)).collect(),
        last: last
            .iter()
            .map(|(about, one)| (when(one.met_at), shown.about(about).0, value(one.worst.value)))
            .collect(),
    }))
}

/// When a rule is met, as people say it.
pub(super) fn condition(shown: &Shown<'_>, on: &Condition) -> String {
    let t = shown.t;
    let catalogue = &shown.pages.gateway.config.catalogue;
    let name = |code: &str| {
        let quantity = catalogue.find(code).map(|index| catalogue.quantity(index));
        quantity.map_or(code, |quantity| t.pick(&quantity.name)).to_owned()
    };
    let measured = |code: &str, value| shown.measured(Some(on), code, value);
    let lasting =
        |ms: i64| if ms > 0 { format!(", {} {}", t.for_at_least(), format::duration(ms, t)) } else { String::new() };
    match on {
        Condition::Level { quantity, of, test } => {
            let of = match of {
                Of::Readings => String::new(),
                Of::Windows(length, value) => format!(" ({} {})", t.value_of(*value), length.iso()),
            };
            let (level, clear) = (measured(quantity, test.level), measured(quantity, test.clear));
            let side = t.beyond(test.side);
            format!("{}{of} {side} {level}{}; {} {clear}", name(quantity), lasting(test.for_ms), t.over_at())
        }
        Condition::Rate { quantity, over_s, test } => {
            let over = format::duration(i64::from(*over_s) * 1_000, t);
            let level = measured(quantity, test.level);
            format!("{}: {} {} {level} {} {over}", name(quantity), t.change(), t.beyond(test.side), t.within())
        }
        Condition::Drift { quantity, days, test } => {
            let level = format::percent(test.level, t);
            format!("{}: {} {level} {}", name(quantity), t.away_from_own(), t.of_days(*days))
        }
        Condition::Impact { quantity, days, factor, level, always } => t.impact_says(
            &name(quantity),
            &format::number(*factor, 1, t),
            *days,
            &measured(quantity, *level),
            &measured(quantity, *always),
        ),
        Condition::Silence => t.silence_says().to_owned(),
        Condition::Broker { for_s } => {
            format!("{}{}", t.broker_says(), lasting(i64::from(*for_s) * 1_000))
        }
        Condition::Overdue => t.overdue_says().to_owned(),
        Condition::Certificate => t.certificate_says().to_owned(),
    }
}

fn scope(shown: &Shown<'_>, rule: &AlertRule) -> String {
    let t = shown.t;
    let catalogue = &shown.pages.gateway.config.catalogue;
    let mut parts: Vec<String> = Vec::new();
    let kinds = catalogue.inspections.iter().flat_map(|sheet| &sheet.kinds);
    parts.extend(kinds.filter(|kind| rule.scope.kinds.contains(&kind.code)).map(|kind| t.pick(&kind.name).to_owned()));
    parts.extend(rule.scope.node_types.iter().map(|code| {
        catalogue.node_types.get(code).map_or_else(|| code.to_string(), |of_type| t.pick(&of_type.name).to_owned())
    }));
    let zones = catalogue.zones.iter().filter(|zone| rule.scope.zones.contains(&zone.code));
    parts.extend(zones.map(|zone| t.pick(&zone.name).to_owned()));
    parts.join(", ")
}

fn follows(shown: &Shown<'_>, rule: &AlertRule) -> String {
    let t = shown.t;
    let mut parts: Vec<String> = Vec::new();
    match &rule.then {
        Some(Consequence::Inspection { of_type, days }) => {
            let sheets = shown.pages.gateway.config.catalogue.inspections.iter();
            let name = sheets.filter_map(|sheet| sheet.of_type(of_type)).map(|of_type| t.pick(&of_type.name)).next();
            parts.push(t.calls_inspection(name.unwrap_or(of_type), *days));
        }
        Some(Consequence::Defect { text, .. }) => parts.push(format!("{}: {}", t.opens_defect(), t.pick(text))),
        None => {}
    }
    if rule.latched {
        parts.push(t.stays_until_ended().to_owned());
    }
    if rule.one_for == OneFor::CommunityDay {
        parts.push(t.once_a_day().to_owned());
    }
    parts.join(" · ")
}

/// `POST /alerts/rules/{code}/rest`, and `…/wake`, `…/drop`: with a reason.
pub(in crate::pages) async fn set(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<crate::service::access::Caller>,
    visitor: Visitor,
    Path((code, what)): Path<(String, String)>,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, _| {
        let Form(why) = why.map_err(|_| PageError::BadRequest)?;
        let alerts = &pages.gateway.alerts;
        act(&caller, &why.reason, |cause| match what.as_str() {
            "rest" => alerts.rest_rule(cause, &code, true),
            "wake" => alerts.rest_rule(cause, &code, false),
            "drop" => alerts.drop_rule(cause, &code),
            _ => Err(crate::alerts::AlertsError::Unknown),
        })?;
        Ok(Answer::To(format!("/alerts/rules#r-{code}")))
    })
    .await
}
