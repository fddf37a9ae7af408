//! The audit log: searched, one entry with what was before and after, the chain verified when somebody asks, a signed copy.
//!
//! Reading opens the file anew and holds up nobody who signs in. Names stand beside pseudonyms for who may see people.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use askama::Template;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Path, Query, State as Shared};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::ToSpan;
use jiff::civil::Date;
use rusqlite::Connection;
use serde::Deserialize;

use super::Pages;
use super::census::State;
use super::nodes::Pager;
use super::text::Lang;
use super::time::{Local, When};
use super::view::{PageError, Tab, View, Visitor, encode, respond, show, with};
use crate::audit::export::{self, Signer};
use crate::audit::{self, Category, Cause, Entry, Fault, Head, Report, Search};
use crate::people::Permission;
use crate::reading::Timestamp;
use crate::service::access::Caller;
use crate::store::{StoreError, records};

/// Rows of a page.
const ROWS: usize = 50;
/// Most heads that are held against the chain at once.
const HEADS_MAX: usize = 10_000;

/// When the chain was last verified from a page, and what was found. Forgotten when the gateway stops.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    at: Timestamp,
    report: Report,
    heads: usize,
}

/// Which entries.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    text: String,
    actor: String,
    subject: String,
    category: String,
    from: String,
    until: String,
    refused: String,
    before: Option<u64>,
}

/// What was typed to verify or to export.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    heads: String,
    from: String,
    until: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Log {
    t: Lang,
    v: View,
    which: Which,
    categories: Vec<(&'static str, &'static str)>,
    filtered: bool,
    rows: Vec<Row>,
    pager: Pager,
    head: String,
    chain: Chain,
    heads: String,
    wrong: Option<String>,
}

/// What is known of the chain.
struct Chain {
    state: State,
    text: String,
    faults: Vec<String>,
}

/// An entry in the list.
struct Row {
    id: u64,
    at: When,
    actor: String,
    what: String,
    subject: String,
    refused: bool,
    reason: String,
}

#[derive(Template)]
#[template(path = "audit_entry.html")]
struct OnePage {
    t: Lang,
    v: View,
    row: Row,
    source: String,
    category: &'static str,
    hash: String,
    changes: Vec<Change>,
    subject_href: String,
    actor_href: String,
}

/// A part of what was changed.
struct Change {
    key: String,
    before: Option<String>,
    after: Option<String>,
    is_other: bool,
}

/// `GET /audit`.
pub(super) async fn list(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        render(pages, visitor, which, String::new(), None)
    })
    .await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    which: Which,
    heads: String,
    wrong: Option<String>,
) -> Result<String, PageError> {
    let t = visitor.lang;
    let local = pages.local(visitor);
    let records = open(pages)?;
    let search = Search {
        before: which.before,
        from: day(&which.from)?.and_then(|day| midnight(day, &local)),
        until: day(&which.until)?.and_then(|day| midnight(day.saturating_add(1.day()), &local)),
        actor: which.actor.trim().to_owned(),
        subject: which.subject.trim().to_owned(),
        category: Category::named(&which.category),
        refused: !which.refused.is_empty(),
        text: which.text.trim().to_owned(),
    };
    let mut found = audit::list(&records, &search, ROWS + 1)?;
    let more = found.len() > ROWS;
    found.truncate(ROWS);
    let names = Names::of(pages, visitor)?;
    let link = |before: &str| with("/audit", &visitor.query, &[("before", before)]);
    let next = found.last().filter(|_| more).map(|last| link(&last.id.to_string()));
    let head = audit::head(&records)?;
    let page = Log {
        v: View::new(pages, visitor, &local, Tab::More, t.audit_log()),
        filtered: search != Search { before: search.before, ..Search::default() },
        categories: Category::ALL.iter().map(|category| (category.code(), t.category(category.code()))).collect(),
        rows: found.iter().map(|entry| row(entry, &local, &names)).collect(),
        pager: Pager { previous: which.before.map(|_| link("")), next, text: String::new() },
        head: head.to_string(),
        chain: chain(pages, &local),
        which,
        heads,
        wrong,
        t,
    };
    Ok(page.render()?)
}

/// `GET /audit/{id}`.
pub(super) async fn one(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor, Path(id): Path<String>) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let t = visitor.lang;
        let local = pages.local(visitor);
        let id = id.parse().map_err(|_| PageError::NotFound)?;
        let entry = audit::one(&open(pages)?, id)?.ok_or(PageError::NotFound)?;
        let names = Names::of(pages, visitor)?;
        let page = OnePage {
            v: View::new(pages, visitor, &local, Tab::More, format!("{} {id}", t.audit_entry())),
            source: entry.source.clone(),
            category: t.category(&entry.category),
            hash: audit::hex(&entry.hash),
            changes: changes(entry.before_json.as_deref(), entry.after_json.as_deref()),
            subject_href: with("/audit", "", &[("subject", &entry.subject)]),
            actor_href: with("/audit", "", &[("actor", &entry.actor)]),
            row: row(&entry, &local, &names),
            t,
        };
        Ok(page.render()?)
    })
    .await
}

/// `POST /audit/verify`: goes through the whole log, one at a time.
pub(super) async fn verify(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    asked: Result<Form<Asked>, FormRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Form(asked) = asked.map_err(|_| PageError::BadRequest)?;
        let kept: Result<Vec<Head>, _> = asked
            .heads
            .lines()
            .filter_map(|line| line.split_whitespace().last())
            .take(HEADS_MAX)
            .map(str::parse)
            .collect();
        let Ok(kept) = kept else {
            let wrong = Some(visitor.lang.audit_head_wrong().to_owned());
            return render(pages, visitor, Which::default(), asked.heads, wrong);
        };
        let Ok(_one_at_a_time) = pages.verifying.try_lock() else {
            return render(
                pages,
                visitor,
                Which::default(),
                asked.heads,
                Some(visitor.lang.audit_verifying().to_owned()),
            );
        };
        let report = audit::verify(&open(pages)?, &kept)?;
        if !report.faults.is_empty() {
            tracing::error!(faults = report.faults.len(), "the audit log is not what was written");
        }
        let verified = Verified { at: pages.gateway.clock.now(), report, heads: kept.len() };
        *pages.verified.lock().unwrap_or_else(PoisonError::into_inner) = Some(verified);
        render(pages, visitor, Which::default(), asked.heads, None)
    })
    .await
}

/// `POST /audit/export`: the signed copy. That it was taken is an entry itself.
pub(super) async fn export(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    asked: Result<Form<Asked>, FormRejection>,
) -> Response {
    let made = tokio::task::spawn_blocking({
        let pages = pages.clone();
        move || {
            let made = make_export(&pages, &visitor, asked);
            (made, visitor)
        }
    });
    match made.await {
        Ok((Ok(Copied::File(name, bytes)), _)) => {
            let name = format!("attachment; filename=\"audit.ndjson\"; filename*=UTF-8''{}", encode(&name));
            let name = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson")),
                (header::CONTENT_DISPOSITION, name),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            (headers, bytes).into_response()
        }
        Ok((wrong @ (Err(PageError::BadRequest) | Ok(Copied::TooMany(_))), visitor)) => {
            let made = tokio::task::spawn_blocking(move || {
                let wrong = Some(match wrong {
                    Ok(Copied::TooMany(most)) => visitor.lang.audit_too_many(most),
                    _ => visitor.lang.audit_days_wrong().to_owned(),
                });
                (render(&pages, &visitor, Which::default(), String::new(), wrong), visitor)
            });
            match made.await {
                Ok((Ok(html), visitor)) => respond(StatusCode::UNPROCESSABLE_ENTITY, html, &visitor),
                _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
        Ok((Err(error), visitor)) => show(pages, visitor, |_, _| Err(error)).await,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What became of a signed copy.
enum Copied {
    /// Its name and its bytes.
    File(String, Vec<u8>),
    /// The span holds more entries than that.
    TooMany(usize),
}

fn make_export(
    pages: &Pages,
    visitor: &Visitor,
    asked: Result<Form<Asked>, FormRejection>,
) -> Result<Copied, PageError> {
    let Form(asked) = asked.map_err(|_| PageError::BadRequest)?;
    let caller = visitor.caller.as_ref().ok_or(PageError::Failed)?;
    let (gateway, local) = (&pages.gateway, pages.local(visitor));
    let now = gateway.clock.now();
    let today = local.zoned(now).map(|now| now.date()).ok_or(PageError::Failed)?;
    let (first, last) = (day(&asked.from)?, day(&asked.until)?.unwrap_or(today));
    let until = midnight(last.saturating_add(1.day()), &local).ok_or(PageError::BadRequest)?;
    let from = first.and_then(|day| midnight(day, &local)).unwrap_or_default();
    if until <= from {
        return Err(PageError::BadRequest);
    }
    let failed = |error: export::ExportError| {
        tracing::error!(%error, "the audit log could not be exported");
        PageError::Failed
    };
    let signer = Signer::open(&gateway.config.data_dir).map_err(failed)?;
    let mut records = records::open(&gateway.config.data_dir.join(records::FILE)).map_err(StoreError::Open)?;
    let (actor, source) = (caller.actor(), caller.way.address.to_string());
    let cause = Cause { actor: &actor, source: &source, reason: "" };
    let municipality = &gateway.config.municipality.name;
    let mut bytes = Vec::new();
    match export::write(&mut records, &signer, municipality, (from, until), (now, cause), &mut bytes) {
        Err(export::ExportError::TooMany(most)) => return Ok(Copied::TooMany(most)),
        done => done.map_err(failed)?,
    };
    let first = first.map_or_else(String::new, |day| format!(" {day}"));
    Ok(Copied::File(format!("{municipality} audit{first} {last}.ndjson"), bytes))
}

pub(super) fn open(pages: &Pages) -> Result<Connection, PageError> {
    let file = pages.gateway.config.data_dir.join(records::FILE);
    Ok(records::open_reader(&file).map_err(StoreError::Open)?)
}

/// A day as a field for it holds it; none when it is empty.
fn day(text: &str) -> Result<Option<Date>, PageError> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| PageError::BadRequest),
    }
}

fn midnight(day: Date, local: &Local) -> Option<Timestamp> {
    let at = day.to_zoned(local.zone.clone()).ok()?;
    Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
}

/// Names beside pseudonyms, for who may see them.
struct Names(HashMap<String, String>);

impl Names {
    fn of(pages: &Pages, visitor: &Visitor) -> Result<Self, PageError> {
        let may = |caller: &Caller| caller.person().is_some_and(|person| person.may(Permission::People));
        if !visitor.caller.as_ref().is_some_and(may) {
            return Ok(Self(HashMap::new()));
        }
        let named = pages.gateway.people.everybody()?.into_iter().filter_map(|person| {
            let name = person.identity.as_ref()?.name.clone();
            Some((person.id.subject(), name))
        });
        Ok(Self(named.collect()))
    }

    fn beside(&self, subject: &str) -> String {
        self.0.get(subject).map_or_else(|| subject.to_owned(), |name| format!("{name} ({subject})"))
    }
}

fn row(entry: &Entry, local: &Local, names: &Names) -> Row {
    Row {
        id: entry.id,
        at: local.when(entry.at),
        actor: names.beside(&entry.actor),
        what: local.lang.deed(&entry.what).to_owned(),
        subject: names.beside(&entry.subject),
        refused: !entry.done,
        reason: local.lang.deed_reason(&entry.reason).to_owned(),
    }
}

fn chain(pages: &Pages, local: &Local) -> Chain {
    let t = local.lang;
    let verified = pages.verified.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(Verified { at, report, heads }) = verified else {
        return Chain { state: State::Unheard, text: t.audit_unverified().to_owned(), faults: Vec::new() };
    };
    let at = local.when(at);
    let whole = report.faults.is_empty();
    Chain {
        state: if whole { State::Good } else { State::Barred },
        text: t.audit_verified(whole, report.entries, heads, &at.short),
        faults: report.faults.iter().map(|fault| t.fault(fault)).collect(),
    }
}

/// What was before and what is after, part by part.
fn changes(before: Option<&str>, after: Option<&str>) -> Vec<Change> {
    let parts = |text: Option<&str>| -> Vec<(String, String)> {
        let shown = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match text.map(|text| (text, serde_json::from_str(text))) {
            None => Vec::new(),
            Some((_, Ok(serde_json::Value::Object(parts)))) => {
                parts.iter().map(|(key, value)| (key.clone(), shown(value))).collect()
            }
            Some((_, Ok(value))) => vec![(String::new(), shown(&value))],
            Some((text, Err(_))) => vec![(String::new(), text.to_owned())],
        }
    };
    let (before, after) = (parts(before), parts(after));
    let of = |parts: &[(String, String)], key: &str| parts.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    let mut keys: Vec<&String> = before.iter().chain(&after).map(|(key, _)| key).collect();
    keys.sort_unstable();
    keys.dedup();
    let change = |key: &String| {
        let (before, after) = (of(&before, key), of(&after, key));
        Change { key: key.clone(), is_other: before != after, before, after }
    };
    keys.into_iter().map(change).collect()
}

impl Lang {
    /// What is wrong with the chain, and where.
    fn fault(self, fault: &Fault) -> String {
        if self == Lang::En {
            return fault.to_string();
        }
        match fault {
            Fault::Altered(id) => format!("Η εγγραφή {id} αλλοιώθηκε ή βρίσκεται σε θέση άλλης."),
            Fault::Missing(from, until) if from == until => format!("Η εγγραφή {from} αφαιρέθηκε."),
            Fault::Missing(from, until) => format!("Οι εγγραφές {from} έως {until} αφαιρέθηκαν."),
            Fault::OtherHead(head) => {
                format!("Η εγγραφή {} δεν είναι εκείνη που είχε κοινοποιηθεί: η αλυσίδα ξαναγράφτηκε.", head.id)
            }
            Fault::Unvouched(id) => {
                format!("Οι εγγραφές έως την {id} λείπουν, και καμία εκτέλεση της τήρησης δεν το λέει.")
            }
            Fault::Trimmed(head) => format!("Η εγγραφή {} είναι παλαιότερη από όσες φυλάσσονται ακόμη.", head.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_and_what_is_stand_side_by_side() {
        let told = changes(Some(r#"{"a":1,"b":"x"}"#), Some(r#"{"b":"y","c":{"d":null}}"#));
        let told: Vec<_> = told.iter().map(|c| (c.key.as_str(), c.before.as_deref(), c.after.as_deref())).collect();
        assert_eq!(told, [("a", Some("1"), None), ("b", Some("x"), Some("y")), ("c", None, Some(r#"{"d":null}"#))]);
        let odd = changes(None, Some("{not json"));
        assert_eq!((odd.len(), odd[0].after.as_deref()), (1, Some("{not json")));
        assert!(changes(None, None).is_empty());
    }
}
