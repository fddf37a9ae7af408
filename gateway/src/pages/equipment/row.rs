//! What lists of equipment share: an asset in a line, how it stands, who did something.

use std::collections::HashMap;

use jiff::civil::Date;

use super::super::Pages;
use super::super::text::Lang;
use super::super::view::PageError;
use super::Sight;
use crate::catalogue::Catalogue;
use crate::operations::asset::{Asset, Tree};
use crate::operations::book::Held;
use crate::operations::case::Status;
use crate::operations::step::{Hand, Severity};

/// A shape and its word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) mark: &'static str,
    pub(super) word: String,
}

/// An asset in a line.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) place: String,
    pub(super) status: Mark,
}

pub(super) fn row(sight: &Sight, held: &Held, catalogue: &Catalogue, t: Lang) -> Row {
    Row {
        id: held.asset.id.to_string(),
        name: held.asset.name(t == Lang::En).to_owned(),
        kind: kind(&held.asset, catalogue, t),
        place: place(sight, &held.asset, catalogue, t),
        status: status(held.dossier.case.status(), t),
    }
}

/// What it is.
pub(super) fn kind(asset: &Asset, catalogue: &Catalogue, t: Lang) -> String {
    let kinds = catalogue.sheet(&asset.kind).map(|sheet| &sheet.kinds);
    let kind = kinds.and_then(|kinds| kinds.iter().find(|kind| *kind.code == *asset.kind));
    kind.map_or_else(|| asset.kind.to_string(), |kind| t.pick(&kind.name).to_owned())
}

/// Where it stands: its site, or what it is a part of.
pub(super) fn place(sight: &Sight, asset: &Asset, catalogue: &Catalogue, t: Lang) -> String {
    let parent = asset.parent.as_ref().and_then(|parent| sight.shelf().get(parent));
    let site = sight.shelf().site_of(&asset.id).and_then(|site| catalogue.site(site));
    let parts = [parent.map(|parent| parent.asset.name(t == Lang::En)), site.map(|site| t.pick(&site.name))];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

pub(super) fn status(status: Status, t: Lang) -> Mark {
    let mark = match status {
        Status::Open => "good",
        Status::Restricted => "attention",
        Status::Ordered | Status::LockedOut => "barred",
        Status::Dismantled => "unheard",
    };
    Mark { mark, word: t.status_of(status).to_owned() }
}

pub(super) fn severity(severity: Severity, t: Lang) -> Mark {
    let mark = match severity {
        Severity::Recommended => "open",
        Severity::Important => "attention",
        Severity::Urgent => "barred",
    };
    Mark { mark, word: t.severity_of(severity).to_owned() }
}

/// Severities to choose from: code, name, what each means.
pub(super) fn severities(t: Lang) -> Vec<(&'static str, &'static str, &'static str)> {
    let says = [t.sev_recommended_says(), t.sev_important_says(), t.sev_urgent_says()];
    let all = Severity::ALL.into_iter().zip(says);
    all.map(|(severity, says)| (severity.code(), t.severity_of(severity), says)).collect()
}

pub(super) fn duty(standing: crate::operations::schedule::Standing, t: Lang) -> Mark {
    use crate::operations::schedule::Standing as S;
    let mark = match standing {
        S::Later => "good",
        S::Open => "open",
        S::Due => "attention",
        S::Overdue { .. } => "barred",
    };
    Mark { mark, word: t.duty(standing) }
}

pub(super) fn certificate(standing: crate::operations::certificate::Standing, t: Lang) -> Mark {
    use crate::operations::certificate::Standing as S;
    let mark = match standing {
        S::InForce { .. } => "good",
        S::Renewing { .. } => "open",
        S::ToRenew { .. } => "attention",
        S::Pending { .. } | S::Lapsed { .. } => "barred",
    };
    Mark { mark, word: t.certificate_standing(standing) }
}

/// `23 Νοε 2026`.
pub(super) fn day(date: Date, t: Lang) -> String {
    format!("{} {} {}", date.day(), t.months()[date.month() as usize - 1], date.year())
}

/// What people are called, by the pseudonyms of steps.
pub(super) struct Names(HashMap<String, String>, Lang);

impl Names {
    pub(super) fn read(pages: &Pages, t: Lang) -> Result<Self, PageError> {
        let everybody = pages.gateway.people.everybody()?;
        Ok(Self(everybody.iter().map(|person| (person.id.subject(), person.shown().to_owned())).collect(), t))
    }

    pub(super) fn of(&self, hand: &Hand) -> String {
        self.named(&hand.0)
    }

    /// The name of whoever that is: a pseudonym, a firm, the gateway.
    pub(super) fn named(&self, subject: &str) -> String {
        match subject {
            "gateway" => self.1.the_gateway().to_owned(),
            subject => self.0.get(subject).cloned().unwrap_or_else(|| subject.to_owned()),
        }
    }
}
