//! One thing that is done about a piece of equipment: its form, and the step that it becomes. What would be refused is not
//! offered; what is refused is told with what to do, and what was typed stays.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::multipart::Multipart;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, Path, Query, Request, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use super::super::Pages;
use super::super::form::{Answer, act, again, answer};
use super::super::text::Lang;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::row;
use super::{Sight, hand, needs};
use crate::catalogue::Catalogue;
use crate::operations::book::{BookError, DOCUMENT_BYTES_MAX, Held, New};
use crate::operations::case::Refusal;
use crate::operations::step::{Closing, Deed, Evidence, LockoutCause, Paper, REINSPECTION, Severity, Step, Uid};
use crate::people::{Permission, Person};
use crate::service::access::Caller;

/// Files of one form.
const FILES_MAX: usize = 8;

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Found,
    Lockout,
    Bar,
    Release,
    Restrict,
    Unrestrict,
    Reclassify,
    Close,
    Agree,
    Disagree,
    Work,
    Done,
    Cancel,
    Certify,
    Stage,
    End,
    Withdraw,
    Call,
    Maintained,
    File,
    Accident,
    Takeover,
    Dismantle,
}

impl What {
    const ALL: [(What, &'static str); 23] = [
        (What::Found, "found"),
        (What::Lockout, "lockout"),
        (What::Bar, "bar"),
        (What::Release, "release"),
        (What::Restrict, "restrict"),
        (What::Unrestrict, "unrestrict"),
        (What::Reclassify, "reclassify"),
        (What::Close, "close"),
        (What::Agree, "agree"),
        (What::Disagree, "disagree"),
        (What::Work, "work"),
        (What::Done, "done"),
        (What::Cancel, "cancel"),
        (What::Certify, "certify"),
        (What::Stage, "stage"),
        (What::End, "end"),
        (What::Withdraw, "withdraw"),
        (What::Call, "call"),
        (What::Maintained, "maintained"),
        (What::File, "file"),
        (What::Accident, "accident"),
        (What::Takeover, "takeover"),
        (What::Dismantle, "dismantle"),
    ];

    /// The action of that name in an address.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(what, _)| *what)
    }

    pub(super) fn code(self) -> &'static str {
        Self::ALL.iter().find(|(what, _)| *what == self).map_or("", |(_, name)| name)
    }

    /// What somebody must be allowed for it; the step itself is asked again ([`needs`]).
    pub(super) const fn needs(self) -> Permission {
        match self {
            What::Found | What::Lockout | What::Bar | What::Done | What::Maintained | What::File | What::Accident => {
                Permission::Repair
            }
            What::Release
            | What::Restrict
            | What::Unrestrict
            | What::Reclassify
            | What::Close
            | What::Agree
            | What::Disagree => Permission::Inspect,
            _ => Permission::Assets,
        }
    }

    pub(super) const fn name(self, t: Lang) -> &'static str {
        match self {
            What::Found => t.do_found(),
            What::Lockout => t.do_lockout(),
            What::Bar => t.do_bar(),
            What::Release => t.do_release(),
            What::Restrict => t.do_restrict(),
            What::Unrestrict => t.do_unrestrict(),
            What::Reclassify => t.do_reclassify(),
            What::Close => t.do_close(),
            What::Agree => t.do_agree(),
            What::Disagree => t.do_disagree(),
            What::Work => t.do_work(),
            What::Done => t.do_done(),
            What::Cancel => t.do_cancel(),
            What::Certify => t.do_certify(),
            What::Stage => t.do_stage(),
            What::End => t.do_end(),
            What::Withdraw => t.do_withdraw(),
            What::Call => t.do_call(),
            What::Maintained => t.do_maintained(),
            What::File => t.do_file(),
            What::Accident => t.do_accident(),
            What::Takeover => t.do_takeover(),
            What::Dismantle => t.do_dismantle(),
        }
    }

    const fn says(self, t: Lang) -> &'static str {
        match self {
            What::Found => t.do_found_says(),
            What::Lockout => t.do_lockout_says(),
            What::Bar => t.do_bar_says(),
            What::Release => t.do_release_says(),
            What::Restrict => t.do_restrict_says(),
            What::Close => t.do_close_says(),
            What::Done => t.do_done_says(),
            What::Withdraw => t.do_withdraw_says(),
            What::Maintained => t.do_maintained_says(),
            What::File => t.do_file_says(),
            What::Accident => t.do_accident_says(),
            What::Takeover => t.do_takeover_says(),
            What::Dismantle => t.do_dismantle_says(),
            _ => "",
        }
    }
}

/// A field of the form.
struct Field {
    name: &'static str,
    label: &'static str,
    value: String,
    needed: bool,
    kind: Kind,
}

enum Kind {
    Line,
    Lines,
    Day,
    Pick(Vec<(String, String)>),
    Ticks(Vec<(String, String)>),
    /// Severities, each with what it means.
    Severity(Vec<(&'static str, &'static str, &'static str)>),
    Files,
}

#[derive(Template)]
#[template(path = "equipment_do.html")]
struct ActPage {
    t: Lang,
    v: View,
    id: String,
    name: String,
    what: What,
    title: &'static str,
    says: &'static str,
    about: String,
    of: String,
    uid: String,
    wrong: Option<String>,
    fields: Vec<Field>,
}

/// About which defect, order or type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    of: String,
}

/// What was typed, and files.
#[derive(Debug, Default)]
pub(super) struct Typed {
    pub(super) values: HashMap<String, String>,
    /// A table that was pasted, whole.
    pub(super) table: String,
    ticks: Vec<String>,
    pub(super) files: Vec<(String, Vec<u8>)>,
}

impl Typed {
    pub(super) fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", |value| value.trim())
    }

    /// Reads a form with files; none where it cannot be read or holds too much.
    pub(super) async fn read(request: Request) -> Option<Self> {
        let mut parts = Multipart::from_request(request, &()).await.ok()?;
        let mut typed = Self::default();
        while let Some(part) = parts.next_field().await.ok()? {
            let name: String = part.name()?.chars().take(200).collect();
            if let Some(file) = part.file_name() {
                let file = file.to_owned();
                let bytes = part.bytes().await.ok()?;
                if bytes.is_empty() {
                    continue;
                }
                if bytes.len() > DOCUMENT_BYTES_MAX || typed.files.len() >= FILES_MAX {
                    return None;
                }
                typed.files.push((file, bytes.to_vec()));
            } else {
                let value = part.text().await.ok()?;
                if name == "table" {
                    typed.table = value;
                    continue;
                }
                let value: String = value.chars().take(8_000).collect();
                if name == "defects" || name == "well" {
                    typed.ticks.push(value);
                } else if typed.values.len() < 8_000 {
                    typed.values.insert(name, value);
                }
            }
        }
        Some(typed)
    }

    pub(super) fn ticks(&self) -> &[String] {
        &self.ticks
    }

    /// Keeps the files; their sums.
    pub(super) fn keep(&self, pages: &Pages, caller: &Caller) -> Result<Vec<Box<str>>, BookError> {
        let book = &pages.gateway.book;
        let kept = self.files.iter().map(|(name, bytes)| act(caller, "", |cause| book.keep(cause, name, bytes)));
        kept.map(|document| Ok(document?.sha256.into())).collect()
    }
}

/// `GET /equipment/{id}/do/{what}`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path((id, what)): Path<(String, String)>,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        let what = What::named(&what).ok_or(PageError::NotFound)?;
        let person = visitor.caller.as_ref().and_then(Caller::person);
        if !person.is_some_and(|person| person.may(what.needs())) {
            return Err(PageError::Forbidden);
        }
        render(pages, visitor, (&id, what, &which.of), &Typed::default(), None)
    })
    .await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    (id, what, of): (&str, What, &str),
    typed: &Typed,
    wrong: Option<String>,
) -> Result<String, PageError> {
    let (t, local) = (visitor.lang, pages.local(visitor));
    let sight = Sight::new(pages, visitor)?;
    let held = sight.get(id)?;
    let name = held.asset.name(t == Lang::En).to_owned();
    let uid = match typed.get("uid") {
        "" => super::uid().map_err(|()| PageError::Failed)?.to_string(),
        uid => again(uid),
    };
    let page = ActPage {
        v: View::new(pages, visitor, &local, Tab::Equipment, what.name(t))
            .at(format!("/equipment/{id}/do/{}", what.code())),
        id: id.to_owned(),
        title: what.name(t),
        says: what.says(t),
        about: about(held, of),
        of: again(of),
        uid,
        wrong,
        fields: fields(pages, held, what, of, typed, t),
        name,
        what,
        t,
    };
    Ok(page.render()?)
}

/// What it is about, in words.
fn about(held: &Held, of: &str) -> String {
    let Ok(uid) = Uid::new(of) else { return String::new() };
    let case = &held.dossier.case;
    let defect = case.defects.get(&uid).map(|defect| defect.text.clone());
    defect.or_else(|| case.orders.get(&uid).map(|order| order.text.clone())).unwrap_or_default()
}

fn fields(pages: &Pages, held: &Held, what: What, of: &str, typed: &Typed, t: Lang) -> Vec<Field> {
    let catalogue = &*pages.gateway.config.catalogue;
    let (case, today) = (&held.dossier.case, pages.gateway.book.today());
    let field = |name: &'static str, label, needed, kind| {
        let value = again(typed.get(name));
        Field { name, label, value, needed, kind }
    };
    let line = |name, label, needed| field(name, label, needed, Kind::Line);
    let lines = |name, label, needed| field(name, label, needed, Kind::Lines);
    let files = |needed| field("files", t.field_photos(), needed, Kind::Files);
    let day = |name, label, value: Option<Date>| {
        let mut field = field(name, label, true, Kind::Day);
        if field.value.is_empty() {
            field.value = value.map(|day| day.to_string()).unwrap_or_default();
        }
        field
    };
    let pick = |name, label, needed, options| field(name, label, needed, Kind::Pick(options));
    let severity = || {
        let says = [t.sev_recommended_says(), t.sev_important_says(), t.sev_urgent_says()];
        let codes = ["recommended", "important", "urgent"];
        let options = Severity::ALL
            .iter()
            .zip(codes)
            .zip(says)
            .map(|((severity, code), says)| (code, t.severity_of(*severity), says));
        field("severity", t.severity(), true, Kind::Severity(options.collect()))
    };
    let inspections = |none: bool| {
        let passed = case.inspections.iter().filter(|(_, seen)| seen.passed);
        let mut passed: Vec<_> = passed.collect();
        passed.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.at));
        let local = super::super::time::Local {
            now: pages.gateway.clock.now(),
            zone: pages.gateway.config.time_zone.clone(),
            lang: t,
        };
        let shown = passed.into_iter().map(|(uid, seen)| (uid.to_string(), local.short(seen.at)));
        let none = none.then(|| (String::new(), t.because_certified().to_owned()));
        none.into_iter().chain(shown).collect::<Vec<_>>()
    };
    let open_defects = || {
        let open = case.open_defects().into_iter();
        open.map(|(uid, defect)| (uid.to_string(), format!("{} · {}", t.severity_of(defect.severity), defect.text)))
            .collect::<Vec<_>>()
    };
    let types = || {
        let mut types: Vec<(String, String)> = catalogue
            .certificates_for(&held.asset.kind, held.asset.used_as.as_deref())
            .map(|of_type| (of_type.code.to_string(), t.pick(&of_type.name).to_owned()))
            .collect();
        types.sort_by_key(|(code, _)| code != of);
        types
    };
    match what {
        What::Found => vec![severity(), lines("text", t.what_is_wrong(), true), files(false)],
        What::Lockout => vec![lines("text", t.field_reason(), true)],
        What::Bar => vec![files(true), line("text", t.check_note(), false)],
        What::Release => vec![pick("inspection", t.field_inspection(), true, inspections(true))],
        What::Restrict => vec![lines("text", t.field_text(), true)],
        What::Unrestrict | What::Disagree | What::Cancel | What::Withdraw => {
            vec![lines("text", t.field_reason(), true)]
        }
        What::Agree => vec![],
        What::Reclassify => vec![severity(), lines("text", t.field_reason(), true)],
        What::Close => vec![
            pick(
                "how",
                t.field_how(),
                true,
                [
                    ("repaired", t.how_repaired()),
                    ("removed", t.how_removed()),
                    ("duplicate", t.how_duplicate()),
                    ("mistaken", t.how_mistaken()),
                ]
                .map(|(code, name)| (code.to_owned(), name.to_owned()))
                .into(),
            ),
            pick("inspection", t.field_inspection(), false, {
                let mut seen = inspections(false);
                seen.insert(0, (String::new(), t.none().to_owned()));
                seen
            }),
            pick("original", t.duplicate_of(), false, {
                let mut others = open_defects();
                others.retain(|(uid, _)| uid != of);
                others.insert(0, (String::new(), t.none().to_owned()));
                others
            }),
            lines("text", t.field_reason(), false),
            files(false),
        ],
        What::Work => {
            let mut ticks = field("defects", t.field_defects(), false, Kind::Ticks(open_defects()));
            ticks.value = if typed.ticks.is_empty() { again(of) } else { typed.ticks.join(" ") };
            let worst = case.open_defects().first().map(|(_, defect)| defect.severity);
            let days = match worst {
                Some(Severity::Urgent) => 1,
                Some(Severity::Important) => 14,
                _ => 60,
            };
            vec![
                ticks,
                lines("text", t.field_text(), true),
                day("due", t.field_due(), Some(today.saturating_add(days.days()))),
                pick("assignee", t.field_assignee(), false, people(pages, t)),
            ]
        }
        What::Done => vec![
            lines("text", t.field_text(), true),
            line("parts", t.field_parts(), false),
            line("cost", t.field_cost(), false),
            files(false),
        ],
        What::Certify => {
            let months =
                catalogue.certificates.iter().find(|known| &*known.code == of).map_or(12, |known| known.months);
            let until = today.saturating_add(i32::from(months).months()).saturating_sub(1.day());
            vec![
                pick("certificate", t.field_type(), true, types()),
                line("number", t.field_number(), false),
                line("issuer", t.field_issuer(), false),
                line("scope", t.field_scope(), false),
                day("from", t.field_from(), Some(today)),
                day("until", t.field_until(), Some(until)),
                files(false),
            ]
        }
        What::Stage => {
            let of_type = catalogue.certificates.iter().find(|known| &*known.code == of);
            let stages = of_type.into_iter().flat_map(|of_type| &of_type.steps);
            let stages = stages.map(|(code, name)| (code.to_string(), t.pick(name).to_owned())).collect();
            vec![
                pick("certificate", t.field_type(), true, types()),
                pick("stage", t.field_stage(), true, stages),
                day("on", t.field_on(), Some(today)),
                line("number", t.field_number(), false),
                files(false),
            ]
        }
        What::End => vec![pick("certificate", t.field_type(), true, types()), lines("text", t.field_reason(), true)],
        What::Call => {
            let sheet = catalogue.sheet(&held.asset.kind);
            let planned = sheet.into_iter().flat_map(|sheet| sheet.types_for(held.asset.used_as.as_deref()));
            let again = (REINSPECTION.to_owned(), t.pick(&crate::operations::duty::reinspection()).to_owned());
            let types = planned.map(|of_type| (of_type.code.to_string(), t.pick(&of_type.name).to_owned()));
            vec![
                pick("of_type", t.field_type(), true, types.chain([again]).collect()),
                day("due", t.field_due(), Some(today)),
                lines("text", t.field_reason(), true),
            ]
        }
        What::Maintained => vec![lines("text", t.field_text(), true), files(false)],
        What::File => vec![line("text", t.field_text(), true), files(true)],
        What::Accident => vec![lines("text", t.field_text(), true), files(false)],
        What::Takeover => vec![day("on", t.field_on(), Some(today)), lines("text", t.field_reason(), true)],
        What::Dismantle => vec![lines("text", t.field_reason(), true), files(true)],
    }
}

/// Who may be given work.
fn people(pages: &Pages, t: Lang) -> Vec<(String, String)> {
    let everybody = pages.gateway.people.everybody().unwrap_or_default();
    let now = pages.gateway.clock.now();
    let able = everybody.iter().filter(|person| person.may_enter(now) && person.may(Permission::Repair));
    let mut people: Vec<_> = able.map(|person| (person.id.subject(), person.shown().to_owned())).collect();
    people.sort_by(|a, b| a.1.cmp(&b.1));
    people.insert(0, (String::new(), t.none().to_owned()));
    people
}

/// `POST /equipment/{id}/do/{what}`.
pub(in crate::pages) async fn post(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path((id, what)): Path<(String, String)>,
    request: Request,
) -> Response {
    let typed = Typed::read(request).await;
    answer(pages, visitor, move |pages, visitor| {
        let t = visitor.lang;
        let what = What::named(&what).ok_or(PageError::NotFound)?;
        let person = caller.person().ok_or(PageError::Forbidden)?;
        if !person.may(what.needs()) {
            return Err(PageError::Forbidden);
        }
        let Some(typed) = typed else {
            let html = render(pages, visitor, (&id, what, ""), &Typed::default(), Some(t.document_wrong().to_owned()))?;
            return Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html));
        };
        let of = typed.get("of").to_owned();
        let wrong = match take(pages, &caller, person, (&id, what), &typed, t)? {
            Ok(()) => return Ok(Answer::To(format!("/equipment/{id}?done={}", what.code()))),
            Err(wrong) => wrong,
        };
        let html = render(pages, visitor, (&id, what, &of), &typed, Some(wrong))?;
        Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
    })
    .await
}

fn take(
    pages: &Pages,
    caller: &Caller,
    person: &Person,
    (id, what): (&str, What),
    typed: &Typed,
    t: Lang,
) -> Result<Result<(), String>, PageError> {
    let sight = Sight::of(pages, Some(person))?;
    let held = sight.get(id)?;
    let deed = match deed(what, typed, &pages.gateway.config.catalogue, t) {
        Ok(deed) => deed,
        Err(wrong) => return Ok(Err(wrong)),
    };
    if !person.may(needs(&deed)) {
        return Err(PageError::Forbidden);
    }
    let Ok(uid) = Uid::new(typed.get("uid")) else { return Err(PageError::BadRequest) };
    let files = match typed.keep(pages, caller) {
        Ok(files) => files,
        Err(BookError::Document) => return Ok(Err(t.document_wrong().to_owned())),
        Err(error) => return Err(error.into()),
    };
    let text = match deed {
        // The words are in the deed.
        Deed::Closed { .. } | Deed::Barred | Deed::WorkDone { .. } => typed.get("text").to_owned(),
        _ => String::new(),
    };
    let (at, by) = (pages.gateway.clock.now(), hand(person));
    let step = Step { uid, at, by, deed, evidence: Evidence { files, text } };
    let new = New::of(held.asset.id.clone(), step);
    match act(caller, "", |cause| pages.gateway.book.take(cause, &[new])) {
        Ok(_) => Ok(Ok(())),
        // Sent twice by the same form: it is there.
        Err(BookError::Refused { refusal: Refusal::Used, .. }) => Ok(Err(t.refusal(Refusal::Used).to_owned())),
        Err(BookError::Refused { refusal, .. }) => Ok(Err(t.refusal(refusal).to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// The step that was typed, or what is wrong.
fn deed(what: What, typed: &Typed, catalogue: &Catalogue, t: Lang) -> Result<Deed, String> {
    let text = || typed.get("text").to_owned();
    let of = || Uid::new(typed.get("of")).map_err(|_| t.refusal(Refusal::Unknown).to_owned());
    let uid = |name: &str| Uid::new(typed.get(name)).map_err(|_| t.refusal(Refusal::NotWell).to_owned());
    let day = |name: &str| -> Result<Date, String> { typed.get(name).parse().map_err(|_| t.day_wrong().to_owned()) };
    let severity = || match typed.get("severity") {
        "recommended" => Ok(Severity::Recommended),
        "important" => Ok(Severity::Important),
        "urgent" => Ok(Severity::Urgent),
        _ => Err(t.severity_missing().to_owned()),
    };
    let certificate = || {
        let known = catalogue.certificates.iter().find(|known| &*known.code == typed.get("certificate"));
        known.map(|known| Box::<str>::from(&*known.code)).ok_or_else(|| t.bad_request().to_owned())
    };
    Ok(match what {
        What::Found => Deed::Found { severity: severity()?, text: text() },
        What::Lockout => Deed::LockoutOrdered { cause: LockoutCause::Decision(text()) },
        What::Bar => Deed::Barred,
        What::Release => Deed::Released { inspection: Uid::new(typed.get("inspection")).ok() },
        What::Restrict => Deed::Restricted { text: text() },
        What::Unrestrict => Deed::Unrestricted { reason: text() },
        What::Reclassify => Deed::Reclassified { defect: of()?, severity: severity()?, reason: text() },
        What::Close => Deed::Closed {
            defect: of()?,
            closing: match typed.get("how") {
                "repaired" => Closing::Repaired { inspection: uid("inspection")? },
                "removed" => Closing::Removed,
                "duplicate" => Closing::Duplicate {
                    of: Uid::new(typed.get("original")).map_err(|_| t.refusal(Refusal::NoOriginal).to_owned())?,
                },
                "mistaken" => Closing::Mistaken,
                _ => return Err(t.bad_request().to_owned()),
            },
        },
        What::Agree => Deed::ClosingAgreed { defect: of()? },
        What::Disagree => Deed::ClosingRefused { defect: of()?, reason: text() },
        What::Work => Deed::WorkOrdered {
            defects: typed.ticks.iter().filter_map(|uid| Uid::new(uid).ok()).collect(),
            text: if text().is_empty() { return Err(t.refusal(Refusal::Words).to_owned()) } else { text() },
            due: Some(day("due")?),
            assignee: typed.get("assignee").to_owned(),
        },
        What::Done => Deed::WorkDone {
            order: of()?,
            parts: typed.get("parts").to_owned(),
            cost_cents: match typed.get("cost") {
                "" => None,
                cost => Some(cents(cost).ok_or_else(|| t.field_cost_wrong().to_owned())?),
            },
        },
        What::Cancel => Deed::WorkCancelled { order: of()?, reason: text() },
        What::Certify => Deed::Certified {
            certificate: certificate()?,
            paper: Paper {
                number: typed.get("number").to_owned(),
                issuer: typed.get("issuer").to_owned(),
                scope: typed.get("scope").to_owned(),
                from: day("from")?,
                until: day("until")?,
            },
        },
        What::Stage => {
            let (certificate, stage) = (certificate()?, typed.get("stage"));
            let of_type = catalogue.certificates.iter().find(|known| *known.code == *certificate);
            if !of_type.is_some_and(|of_type| of_type.steps.iter().any(|(code, _)| &**code == stage)) {
                return Err(t.bad_request().to_owned());
            }
            Deed::Applied { certificate, stage: stage.into(), on: day("on")?, number: typed.get("number").to_owned() }
        }
        What::End => Deed::ApplicationEnded { certificate: certificate()?, reason: text() },
        What::Withdraw => Deed::Withdrawn { paper: of()?, reason: text() },
        What::Call => Deed::Called { of_type: typed.get("of_type").into(), due: day("due")?, reason: text() },
        What::Maintained => Deed::Maintained { text: text() },
        What::File => Deed::Filed { of: Uid::new(typed.get("of")).ok(), text: text() },
        What::Accident => Deed::Accident { text: text() },
        What::Takeover => Deed::TakenOver { automatic_from: day("on")?, reason: text() },
        What::Dismantle => Deed::Dismantled { reason: text() },
    })
}

/// An amount in euro, with a comma or a point, as cents.
fn cents(text: &str) -> Option<u64> {
    let text = text.trim().trim_start_matches('€').trim().replace(',', ".");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    if part.len() > 2 || !part.bytes().all(|b| b.is_ascii_digit()) || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part: u64 = format!("{part:0<2}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(part)
}

/// What a step says, in a line.
pub(super) fn told(deed: &Deed, t: Lang) -> String {
    match deed {
        Deed::Inspected { passed, .. } => if *passed { t.rec_passed() } else { t.rec_failed() }.to_owned(),
        Deed::Found { severity, text } => format!("{} · {text}", t.severity_of(*severity)),
        Deed::Reclassified { severity, reason, .. } => format!("{} · {reason}", t.severity_of(*severity)),
        Deed::LockoutOrdered { cause: LockoutCause::Decision(reason) } => reason.clone(),
        Deed::LockoutOrdered { cause: LockoutCause::Certificate(_) } => t.eq_lapsed().to_owned(),
        Deed::LockoutOrdered { cause: LockoutCause::Defect(_) } => t.sev_urgent().to_owned(),
        Deed::Restricted { text } | Deed::Maintained { text } | Deed::Filed { text, .. } | Deed::Accident { text } => {
            text.clone()
        }
        Deed::Unrestricted { reason }
        | Deed::ApplicationEnded { reason, .. }
        | Deed::Withdrawn { reason, .. }
        | Deed::ClosingRefused { reason, .. }
        | Deed::WorkCancelled { reason, .. }
        | Deed::Dismantled { reason } => reason.clone(),
        Deed::Applied { on, number, .. } => format!("{} {number}", row::day(*on, t)).trim().to_owned(),
        Deed::Certified { paper, .. } => {
            format!("{} · {} – {}", paper.number, row::day(paper.from, t), row::day(paper.until, t))
        }
        Deed::Called { due, reason, .. } => format!("{} {} · {reason}", t.due_on(), row::day(*due, t)),
        Deed::TakenOver { automatic_from, reason } => format!("{} · {reason}", row::day(*automatic_from, t)),
        Deed::WorkOrdered { text, due, .. } => match due {
            Some(due) => format!("{text} · {} {}", t.due_on(), row::day(*due, t)),
            None => text.clone(),
        },
        Deed::WorkDone { parts, cost_cents, .. } => {
            let cost =
                cost_cents.map(|cents| format!("{} €", super::super::format::number(cents as f64 / 100.0, 2, t)));
            let told: Vec<&str> =
                [Some(parts.as_str()), cost.as_deref()].into_iter().flatten().filter(|part| !part.is_empty()).collect();
            told.join(" · ")
        }
        Deed::Closed { closing, .. } => match closing {
            Closing::Repaired { .. } => t.how_repaired(),
            Closing::Removed => t.how_removed(),
            Closing::Duplicate { .. } => t.how_duplicate(),
            Closing::Mistaken => t.how_mistaken(),
        }
        .to_owned(),
        Deed::Barred | Deed::Released { .. } | Deed::ClosingAgreed { .. } => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::cents;

    #[test]
    fn an_amount_is_read_as_people_write_it() {
        for (text, expected) in [
            ("48,50", Some(4_850)),
            ("48.5", Some(4_850)),
            ("€ 3", Some(300)),
            ("0,05", Some(5)),
            ("1.234", None),
            ("-3", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(cents(text), expected, "{text}");
        }
    }
}
