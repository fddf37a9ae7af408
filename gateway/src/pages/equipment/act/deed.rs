//! The step that was typed, and what a step says in words.

use jiff::civil::Date;

use super::super::super::format;
use super::super::super::text::Lang;
use super::super::row;
use super::super::typed::Typed;
use super::What;
use crate::catalogue::Catalogue;
use crate::catalogue::severity::Scheme;
use crate::operations::case::Refusal;
use crate::operations::duty::Day;
use crate::operations::step::{Closing, Deed, LockoutCause, Paper, Severity, Uid};

/// The step that was typed, or what is wrong.
pub(super) fn typed(
    what: What,
    typed: &Typed,
    scheme: Option<&Scheme>,
    catalogue: &Catalogue,
    t: Lang,
) -> Result<Deed, String> {
    let text = || typed.get("text").to_owned();
    let of = || Uid::new(typed.get("of")).map_err(|_| t.refusal(Refusal::Unknown).to_owned());
    let uid = |name: &str| Uid::new(typed.get(name)).map_err(|_| t.refusal(Refusal::NotWell).to_owned());
    let day = |name: &str| -> Result<Date, String> { typed.get(name).parse().map_err(|_| t.day_wrong().to_owned()) };
    let severity = || Severity::named(typed.get("severity")).ok_or_else(|| t.severity_missing().to_owned());
    let certificate = || {
        let known = catalogue.certificates.iter().find(|known| &*known.code == typed.get("certificate"));
        known.map(|known| Box::<str>::from(&*known.code)).ok_or_else(|| t.bad_request().to_owned())
    };
    Ok(match what {
        What::Found => {
            let mark = |n: usize| typed.get(&format!("mark{n}"));
            let (severity, rating) = row::rated(scheme, typed.get("severity"), mark, t)?;
            Deed::Found { severity, text: text(), rating }
        }
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
pub(in crate::pages::equipment) fn told(deed: &Deed, day: Day<'_>, t: Lang) -> String {
    match deed {
        Deed::Inspected { passed, .. } => if *passed { t.rec_passed() } else { t.rec_failed() }.to_owned(),
        Deed::Found { severity, text, .. } => format!("{} · {text}", t.severity_of(*severity)),
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
        Deed::Called { due, reason, .. } => {
            format!("{} {} · {}", t.due_on(), row::day(*due, t), row::reason(reason, day, t))
        }
        Deed::TakenOver { automatic_from, reason } => format!("{} · {reason}", row::day(*automatic_from, t)),
        Deed::WorkOrdered { text, due, .. } => match due {
            Some(due) => format!("{text} · {} {}", t.due_on(), row::day(*due, t)),
            None => text.clone(),
        },
        Deed::WorkDone { parts, cost_cents, .. } => {
            let cost = cost_cents.map(|cents| format!("{} €", format::number(cents as f64 / 100.0, 2, t)));
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
