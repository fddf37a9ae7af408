//! Writing a rule: a form that becomes the text of a catalogue file, is read by the same code, and is tried over the past before it is
//! kept.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::super::Pages;
use super::super::form::{Answer, act, answer};
use super::super::text::Lang;
use super::super::view::{PageError, View, Visitor, show};
use super::rules::{Tried, tried};
use super::{Shown, view};
use crate::alerts::rules;
use crate::catalogue::alerts::{AlertRule, Condition, Consequence, Of, OneFor, Severity, Value};
use crate::service::access::Caller;

/// Conditions that are written on the page; silence, the broker, what is due stand in the catalogue.
const CONDITIONS: [&str; 6] = ["above", "below", "rise", "fall", "drift", "impact"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    code: String,
}

/// What was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Typed {
    code: String,
    name_el: String,
    name_en: String,
    severity: String,
    on: String,
    quantity: String,
    level: String,
    clear: String,
    for_min: String,
    clear_min: String,
    over_min: String,
    window: String,
    value: String,
    days: String,
    factor: String,
    always: String,
    kinds: String,
    zones: String,
    one_for: String,
    latched: String,
    calls: String,
    defect: String,
    instructions_el: String,
    instructions_en: String,
    contact: String,
    phone: String,
    source: String,
    reason: String,
    keep: String,
}

#[derive(Template)]
#[template(path = "alert_rule.html")]
struct RulePage {
    t: Lang,
    v: View,
    typed: Typed,
    problems: Vec<String>,
    tried: Option<Tried>,
    conditions: Vec<(&'static str, &'static str)>,
    severities: Vec<(&'static str, &'static str)>,
    quantities: Vec<(String, String)>,
    windows: Vec<String>,
    values: Vec<(&'static str, &'static str)>,
    inspections: Vec<(String, String)>,
    defects: Vec<(&'static str, &'static str)>,
    kinds: Vec<(String, String)>,
    zones: Vec<(String, String)>,
    new: bool,
}

/// `GET /alerts/rule?code=`: an empty form, or a rule as it stands.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        let board = pages.gateway.alerts.board();
        let typed = match which.code.as_str() {
            "" => Typed {
                severity: "warning".into(),
                on: "above".into(),
                source: "house rule".into(),
                ..Typed::default()
            },
            code => Typed::of(&board.rules().find(code).ok_or(PageError::NotFound)?.rule),
        };
        render(pages, visitor, typed, Vec::new(), None, which.code.is_empty())
    })
    .await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    typed: Typed,
    problems: Vec<String>,
    tried: Option<Tried>,
    new: bool,
) -> Result<String, PageError> {
    let shown = Shown::new(pages, visitor)?;
    let (t, catalogue) = (shown.t, &pages.gateway.config.catalogue);
    let quantities = catalogue.quantities().iter().map(|quantity| {
        let unit = super::super::format::unit(&quantity.unit);
        let unit = if unit.is_empty() { unit } else { format!(" ({unit})") };
        (quantity.code.to_string(), format!("{}{unit}", t.pick(&quantity.name)))
    });
    let mut inspections: Vec<(String, String)> = Vec::new();
    for of_type in catalogue.inspections.iter().flat_map(|sheet| &sheet.types) {
        if !inspections.iter().any(|(code, _)| **code == *of_type.code) {
            inspections.push((of_type.code.to_string(), t.pick(&of_type.name).to_owned()));
        }
    }
    let page = RulePage {
        problems,
        tried,
        conditions: CONDITIONS.map(|code| (code, t.condition_of(code))).to_vec(),
        severities: Severity::ALL.map(|severity| (severity.code(), t.alert_severity(severity))).to_vec(),
        quantities: quantities.collect(),
        windows: pages.gateway.reader.windows().iter().map(|length| length.iso()).collect(),
        values: Value::ALL.map(|value| (value.code(), t.value_of(value))).to_vec(),
        inspections,
        defects: crate::operations::step::Severity::ALL.map(|one| (one.code(), t.severity_of(one))).to_vec(),
        kinds: catalogue
            .inspections
            .iter()
            .flat_map(|sheet| &sheet.kinds)
            .map(|kind| (kind.code.to_string(), t.pick(&kind.name).to_owned()))
            .collect(),
        zones: catalogue.zones.iter().map(|zone| (zone.code.to_string(), t.pick(&zone.name).to_owned())).collect(),
        new,
        v: view(&shown, visitor, if new { t.rule_new() } else { t.rule_edit() }, "/alerts/rule"),
        typed,
        t,
    };
    Ok(page.render()?)
}

/// `POST /alerts/rule`: tries the rule, or keeps it.
pub(in crate::pages) async fn set(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let known = pages.gateway.alerts.board().rules().find(&typed.code).is_some();
        let toml = match typed.toml() {
            Ok(toml) => toml,
            Err(name) => {
                let problems = vec![visitor.lang.not_a_number(name)];
                let html = render(pages, visitor, typed, problems, None, !known)?;
                return Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html));
            }
        };
        let rule = match rules::one(&pages.gateway.config.catalogue, &toml) {
            Ok(rule) => rule,
            Err(problems) => {
                // The place in the text that we made of it says nothing to whoever typed it.
                let told = problems.iter().map(|problem| {
                    let key = problem.key.trim_start_matches("rule[0].");
                    format!("{key}: {} – {}", problem.found, problem.expected)
                });
                let html = render(pages, visitor, typed, told.collect(), None, !known)?;
                return Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html));
            }
        };
        if typed.keep.is_empty() {
            let shown = Shown::new(pages, visitor)?;
            let run = tried(&shown, &rule)?;
            return Ok(Answer::Page(StatusCode::OK, render(pages, visitor, typed, Vec::new(), run, !known)?));
        }
        act(&caller, &typed.reason, |cause| pages.gateway.alerts.set_rule(cause, &rule.code, &toml))?;
        Ok(Answer::To(format!("/alerts/rules?try={}#r-{}", rule.code, rule.code)))
    })
    .await
}

/// A rule as a catalogue file has it.
#[derive(Serialize)]
struct File {
    rule: Vec<toml::Table>,
}

impl Typed {
    /// The text of a catalogue file with this one rule.
    ///
    /// # Errors
    /// The field that should hold a number and does not.
    fn toml(&self) -> Result<String, &'static str> {
        use toml::Value as V;
        let mut rule = toml::Table::new();
        let text =
            |text: &str| text.trim().chars().filter(|c| !c.is_control() || *c == '\n').take(2_000).collect::<String>();
        let both = |el: &str, en: &str| {
            let (el, en) = (text(el), text(en));
            let en = if en.is_empty() { el.clone() } else { en };
            V::Table([("el".to_owned(), V::from(el)), ("en".to_owned(), V::from(en))].into_iter().collect())
        };
        let mut put = |key: &str, value: V| rule.insert(key.to_owned(), value);
        for (key, value) in
            [("code", &self.code), ("severity", &self.severity), ("on", &self.on), ("source", &self.source)]
        {
            put(key, V::from(text(value)));
        }
        put("name", both(&self.name_el, &self.name_en));
        put("instructions", both(&self.instructions_el, &self.instructions_en));
        for (key, value) in [("quantity", &self.quantity), ("window", &self.window), ("one_for", &self.one_for)] {
            if !value.trim().is_empty() {
                put(key, V::from(text(value)));
            }
        }
        if !self.window.trim().is_empty() {
            put("value", V::from(text(&self.value)));
        }
        for (key, value) in
            [("level", &self.level), ("clear", &self.clear), ("factor", &self.factor), ("always", &self.always)]
        {
            if !value.trim().is_empty() {
                let number = value.trim().replace(',', ".").replace('\u{2212}', "-").parse::<f64>();
                put(key, V::Float(number.map_err(|_| key)?));
            }
        }
        let whole = [
            ("for_s", "for_min", &self.for_min, 60),
            ("clear_s", "clear_min", &self.clear_min, 60),
            ("over_s", "over_min", &self.over_min, 60),
            ("days", "days", &self.days, 1),
        ];
        for (key, field, value, times) in whole {
            if !value.trim().is_empty() {
                let number: i64 = value.trim().parse().ok().filter(|n| *n >= 0).ok_or(field)?;
                put(key, V::Integer(number.saturating_mul(times)));
            }
        }
        for (key, list) in [("kinds", &self.kinds), ("zones", &self.zones)] {
            let codes: Vec<V> =
                list.split([',', ' ']).map(str::trim).filter(|code| !code.is_empty()).map(V::from).collect();
            if !codes.is_empty() {
                put(key, V::Array(codes));
            }
        }
        if !self.latched.is_empty() {
            put("latched", V::Boolean(true));
        }
        if !self.calls.is_empty() {
            let calls = [("inspection".to_owned(), V::from(text(&self.calls))), ("days".to_owned(), V::Integer(1))];
            put("calls", V::Table(calls.into_iter().collect()));
        }
        if !self.defect.is_empty() {
            let name = both(&self.name_el, &self.name_en);
            let defect = [("severity".to_owned(), V::from(text(&self.defect))), ("text".to_owned(), name)];
            put("defect", V::Table(defect.into_iter().collect()));
        }
        if !self.phone.trim().is_empty() {
            let contact = [
                ("name".to_owned(), both(&self.contact, &self.contact)),
                ("phone".to_owned(), V::from(text(&self.phone))),
            ];
            put("contacts", V::Array(vec![V::Table(contact.into_iter().collect())]));
        }
        toml::to_string(&File { rule: vec![rule] }).map_err(|_| "code")
    }

    /// A rule as the form shows it.
    fn of(rule: &AlertRule) -> Self {
        let minutes = |ms: i64| if ms > 0 { (ms / 60_000).to_string() } else { String::new() };
        let join = |codes: &[Arc<str>]| codes.iter().map(|code| &**code).collect::<Vec<_>>().join(", ");
        let contact = rule.contacts.first();
        let mut typed = Self {
            code: rule.code.to_string(),
            name_el: rule.name.el.clone(),
            name_en: rule.name.en.clone(),
            severity: rule.severity.code().to_owned(),
            on: rule.on.code().to_owned(),
            quantity: rule.on.quantity().map(|code| code.to_string()).unwrap_or_default(),
            kinds: join(&rule.scope.kinds),
            zones: join(&rule.scope.zones),
            one_for: if rule.one_for == OneFor::CommunityDay { "community_day".into() } else { String::new() },
            latched: if rule.latched { "yes".into() } else { String::new() },
            instructions_el: rule.instructions.el.clone(),
            instructions_en: rule.instructions.en.clone(),
            contact: contact.map(|contact| contact.name.el.clone()).unwrap_or_default(),
            phone: contact.map(|contact| contact.phone.clone()).unwrap_or_default(),
            source: rule.source.clone(),
            ..Self::default()
        };
        match &rule.then {
            Some(Consequence::Inspection { of_type, .. }) => typed.calls = of_type.to_string(),
            Some(Consequence::Defect { severity, .. }) => typed.defect = severity.to_string(),
            None => {}
        }
        match &rule.on {
            Condition::Level { of, .. } => {
                if let Of::Windows(length, value) = of {
                    (typed.window, typed.value) = (length.iso(), value.code().to_owned());
                }
            }
            Condition::Rate { over_s, .. } => typed.over_min = (over_s / 60).to_string(),
            Condition::Drift { days, .. } => typed.days = days.to_string(),
            Condition::Impact { days, factor, level, always, .. } => {
                (typed.days, typed.factor) = (days.to_string(), factor.to_string());
                (typed.level, typed.always) = (level.to_string(), always.to_string());
            }
            Condition::Silence | Condition::Broker { .. } | Condition::Overdue | Condition::Certificate => {}
        }
        if let Condition::Level { test, .. } | Condition::Rate { test, .. } | Condition::Drift { test, .. } = &rule.on {
            (typed.level, typed.clear) = (test.level.to_string(), test.clear.to_string());
            (typed.for_min, typed.clear_min) = (minutes(test.for_ms), minutes(test.clear_ms));
        }
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load;

    #[test]
    fn every_rule_of_the_catalogue_that_the_form_can_hold_is_the_same_after_it() {
        let catalogue = load::embedded();
        for rule in catalogue.alerts.iter().filter(|rule| CONDITIONS.contains(&rule.on.code())) {
            let toml = Typed::of(rule).toml().expect("numbers");
            let again = rules::one(&catalogue, &toml).unwrap_or_else(|problems| panic!("{problems:?}\n{toml}"));
            assert_eq!((&again.on, &again.scope, again.latched), (&rule.on, &rule.scope, rule.latched), "{toml}");
            assert_eq!((&again.name, &again.instructions), (&rule.name, &rule.instructions));
            assert_eq!(again.then.is_some(), rule.then.is_some());
        }
    }

    #[test]
    fn what_is_typed_cannot_leave_its_field() {
        let typed = Typed {
            code: "a\"\n[[rule]]".into(),
            name_el: "\"}\nlatched = true # ".into(),
            severity: "alarm".into(),
            on: "above".into(),
            quantity: "pm25".into(),
            level: "1,5".into(),
            instructions_el: "α".into(),
            source: "x".into(),
            ..Typed::default()
        };
        let problems = rules::one(&load::embedded(), &typed.toml().expect("text")).expect_err("no code");
        assert_eq!(problems.len(), 1, "{problems:?}");
        let typed = Typed { code: "a".into(), ..typed };
        let rule = rules::one(&load::embedded(), &typed.toml().expect("text")).expect("a rule");
        assert!(!rule.latched && rule.name.el.starts_with("\"}"), "{rule:?}");
        assert_eq!(Typed { level: "πολύ".into(), ..typed }.toml(), Err("level"));
    }
}
