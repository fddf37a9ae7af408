//! What a notice of an alert says: in Greek and in English, for a person at night, and for programs.

use std::fmt::Write;

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};

use super::Subject;
use super::life::{Alert, State};
use crate::catalogue::alerts::{AlertRule, Severity};
use crate::catalogue::{Catalogue, Text};
use crate::store::StoreError;

/// What a notice says.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// In a line: it is all that an SMS has.
    pub subject: String,
    /// In full.
    pub text: String,
    /// For programs.
    pub body: Value,
}

/// Makes a notice of an alert. `place` is what it is about, as people call it; `url` how others reach the pages, if that is known; `at`
/// when it was raised, as people write it.
pub fn message(
    alert: &Alert,
    rule: Option<&AlertRule>,
    catalogue: &Catalogue,
    place: &Text,
    at: &str,
    url: Option<&str>,
) -> Message {
    let zone = alert.zone.as_deref().and_then(|code| catalogue.zone(code));
    let code = Text { el: alert.rule.to_string(), en: alert.rule.to_string() };
    let name = rule.map_or(&code, |rule| &rule.name);
    let value = value(alert, catalogue);
    let link = url.map(|url| format!("{url}/alerts/{}", alert.id));
    let (el, en) = words(alert);
    let mut subject = format!("{el}: {} – {}", name.el, place.el);
    for part in [value.clone(), link.clone()].into_iter().flatten() {
        // Writing to a String cannot fail.
        let _ = write!(subject, " · {part}");
    }
    let mut text = String::new();
    let mut line = |label: &str, said: &str| {
        let _ = writeln!(text, "{label}: {said}");
    };
    line(&format!("{el} / {en}"), &format!("{} / {}", name.el, name.en));
    line("Πού / Where", &both(place));
    if let Some(zone) = zone {
        line("Κοινότητα / Community", &both(&zone.name));
    }
    if let Some(value) = &value {
        line("Τιμή / Value", value);
    }
    line("Από / Raised", at);
    if alert.facts.members_count > 1 {
        line(&format!("Μέλη / Members ({})", alert.facts.members_count), &alert.facts.members.join(", "));
    }
    if let Some(rule) = rule {
        let _ = writeln!(text, "\n{}\n{}", rule.instructions.el, rule.instructions.en);
        for contact in &rule.contacts {
            let _ = writeln!(text, "☎ {}: {}", both(&contact.name), contact.phone);
        }
    }
    if let Some(link) = &link {
        let _ = writeln!(text, "\nΑνάληψη / Acknowledge: {link}");
    }
    let facts = &alert.facts;
    let body = json!({
        "id": alert.id,
        "rule": &*alert.rule,
        "name": { "el": name.el, "en": name.en },
        "severity": alert.severity,
        "state": alert.state,
        "unanswered": alert.unanswered,
        "about": alert.subject,
        "place": { "el": place.el, "en": place.en },
        "community": alert.zone.as_deref(),
        "raised_at": alert.raised_at.to_string(),
        "changed_at": alert.changed_at.to_string(),
        "cleared_at": alert.cleared_at.map(|at| at.to_string()),
        "since": facts.since.to_string(),
        "quantity": facts.quantity,
        "value": facts.value,
        "measured_at": facts.at.map(|at| at.to_string()),
        "node": facts.node,
        "members": facts.members_count,
        "url": link,
    });
    Message { subject, text, body }
}

/// What it is, in capitals where somebody is to get up.
fn words(alert: &Alert) -> (&'static str, &'static str) {
    match (alert.state, alert.severity) {
        (State::Cleared, _) => ("Έληξε", "Over"),
        (State::Acknowledged, _) => ("Σε ανάληψη", "Acknowledged"),
        (State::Raised, Severity::Alarm) if alert.unanswered => ("ΚΑΝΕΙΣ ΔΕΝ ΑΠΑΝΤΗΣΕ", "NOBODY HAS ANSWERED"),
        (State::Raised, Severity::Alarm) => ("ΣΥΝΑΓΕΡΜΟΣ", "ALARM"),
        (State::Raised, Severity::Warning) => ("Προειδοποίηση", "Warning"),
        (State::Raised, Severity::Notice) => ("Ενημέρωση", "Notice"),
    }
}

fn both(text: &Text) -> String {
    if text.el == text.en { text.el.clone() } else { format!("{} / {}", text.el, text.en) }
}

/// The worst value with its unit: of a change an hour, of a drift the part.
fn value(alert: &Alert, catalogue: &Catalogue) -> Option<String> {
    let (quantity, value) = (alert.facts.quantity.as_deref()?, alert.facts.value?);
    let quantity = catalogue.quantity(catalogue.find(quantity)?);
    let decimals = usize::from(quantity.decimals);
    Some(format!("{value:.decimals$} {}", quantity.unit).trim_end().to_owned())
}

/// What people call what an alert is about, from the records.
///
/// # Errors
/// They cannot be read.
pub(super) fn place(file: &Connection, subject: &Subject, catalogue: &Catalogue) -> Result<Text, StoreError> {
    let (kind, code) = subject.parts();
    let own = || Text { el: code.to_owned(), en: code.to_owned() };
    Ok(match kind {
        "asset" => {
            let sql = "SELECT json ->> '$.name_el', coalesce(json ->> '$.name_en', '') FROM asset WHERE id = ?1";
            let found = file
                .prepare_cached(sql)?
                .query_row([code], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
            let Some((el, en)) = found.optional()? else { return Ok(own()) };
            let en = if en.is_empty() { el.clone() } else { en };
            Text { el: format!("{el} ({code})"), en: format!("{en} ({code})") }
        }
        "node" => {
            let sql = "SELECT name_el, name_en FROM node WHERE id = ?1";
            let found = file
                .prepare_cached(sql)?
                .query_row([code], |row| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?)));
            match found.optional()? {
                Some((Some(el), en)) => {
                    Text { en: format!("{} ({code})", en.unwrap_or_else(|| el.clone())), el: format!("{el} ({code})") }
                }
                _ => own(),
            }
        }
        "site" => catalogue.site(code).map_or_else(own, |site| site.name.clone()),
        "zone" => catalogue.zone(code).map_or_else(own, |zone| zone.name.clone()),
        "broker" => Text { el: "μεσίτης μηνυμάτων".to_owned(), en: "broker".to_owned() },
        _ => Text { el: "όλη η πόλη".to_owned(), en: "the whole city".to_owned() },
    })
}
