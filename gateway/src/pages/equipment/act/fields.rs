//! What each deed asks.

use jiff::ToSpan;
use jiff::civil::Date;

use super::super::super::Pages;
use super::super::super::form::{again, again_lines};
use super::super::super::text::Lang;
use super::super::super::time::Local;
use super::super::typed::Typed;
use super::super::{accident, row};
use super::What;
use crate::operations::book::Held;
use crate::operations::duty;
use crate::operations::step::{REINSPECTION, Severity};
use crate::people::Permission;

/// A field of the form.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) needed: bool,
    pub(super) kind: Kind,
}

/// How it is asked.
pub(super) enum Kind {
    Line,
    Lines,
    Day,
    Pick(Vec<(String, String)>),
    Ticks(Vec<(String, String)>),
    /// Severities, each with what it means.
    Severity(Vec<(&'static str, &'static str, &'static str)>),
    Files,
}

/// The fields of a deed about `of`, with what was typed already.
pub(super) fn of(pages: &Pages, held: &Held, what: What, of: &str, typed: &Typed, t: Lang) -> Vec<Field> {
    let catalogue = &*pages.gateway.config.catalogue;
    let (case, today) = (&held.dossier.case, pages.gateway.book.today());
    let field = |name: &str, label: &str, needed, kind| {
        let value = match kind {
            Kind::Lines => again_lines(typed.get(name)),
            _ => again(typed.get(name)),
        };
        Field { name: name.to_owned(), label: label.to_owned(), value, needed, kind }
    };
    let line = |name: &str, label: &str, needed| field(name, label, needed, Kind::Line);
    let lines = |name: &str, label: &str, needed| field(name, label, needed, Kind::Lines);
    let files = |needed| field("files", t.field_photos(), needed, Kind::Files);
    let day = |name: &str, label: &str, value: Option<Date>| {
        let mut field = field(name, label, true, Kind::Day);
        if field.value.is_empty() {
            field.value = value.map(|day| day.to_string()).unwrap_or_default();
        }
        field
    };
    let pick = |name: &str, label: &str, needed, options| field(name, label, needed, Kind::Pick(options));
    let scheme = catalogue.scheme(&held.asset.kind);
    let severity = |scheme| field("severity", t.severity(), true, Kind::Severity(row::severities(scheme, t)));
    let inspections = |none: bool| {
        let passed = case.inspections.iter().filter(|(_, seen)| seen.passed);
        let mut passed: Vec<_> = passed.collect();
        passed.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.at));
        let local = Local { now: pages.gateway.clock.now(), zone: pages.gateway.config.time_zone.clone(), lang: t };
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
        What::Found => {
            let scales = row::scales(scheme, t).into_iter().enumerate();
            let mut fields: Vec<Field> =
                scales.map(|(n, (name, marks))| pick(&format!("mark{n}"), &name, false, marks)).collect();
            fields.extend([severity(scheme), lines("text", t.what_is_wrong(), true), files(false)]);
            fields
        }
        What::Lockout => vec![lines("text", t.field_reason(), true)],
        What::Bar => vec![files(true), line("text", t.check_note(), false)],
        What::Release => vec![pick("inspection", t.field_inspection(), true, inspections(true))],
        What::Restrict => vec![lines("text", t.field_text(), true)],
        What::Unrestrict | What::Disagree | What::Cancel | What::Withdraw => {
            vec![lines("text", t.field_reason(), true)]
        }
        What::Agree => vec![],
        What::Reclassify => vec![severity(None), lines("text", t.field_reason(), true)],
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
            let again = (REINSPECTION.to_owned(), t.pick(&duty::reinspection()).to_owned());
            let types = planned.map(|of_type| (of_type.code.to_string(), t.pick(&of_type.name).to_owned()));
            vec![
                pick("of_type", t.field_type(), true, types.chain([again]).collect()),
                day("due", t.field_due(), Some(today)),
                lines("text", t.field_reason(), true),
            ]
        }
        What::Maintained => vec![lines("text", t.field_text(), true), files(false)],
        What::File => vec![line("text", t.field_text(), true), files(true)],
        What::Accident => vec![
            day("on", t.acc_day(), Some(today)),
            line("at", t.acc_time(), true),
            line("place", t.acc_place(), true),
            lines("text", t.acc_what(), true),
            pick("injury", t.acc_injury(), true, accident::injuries(t)),
            pick("aid", t.acc_aid(), true, accident::first_aids(t)),
            line("witnesses", t.acc_witnesses(), false),
            lines("state", t.acc_state(), false),
            lines("measures", t.acc_measures(), false),
            files(false),
        ],
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
