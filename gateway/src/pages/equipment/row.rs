//! What lists of equipment share: an asset in a line, how it stands, who did something.

use std::collections::HashMap;
use std::iter;

use jiff::civil::Date;

use super::super::Pages;
use super::super::format;
use super::super::text::Lang;
use super::super::view::PageError;
use super::Sight;
use crate::catalogue::Catalogue;
use crate::catalogue::severity::{Scale, Scheme};
use crate::operations::asset::{Asset, Tree};
use crate::operations::book::{Book, Held, Media};
use crate::operations::case::Status;
use crate::operations::duty::Day;
use crate::operations::event;
use crate::operations::rating::Rating;
use crate::operations::schedule::local_day;
use crate::operations::step::{Hand, Severity};
use crate::operations::usage;

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

/// Why an inspection was called for: in a person's words, or the gateway's own reason in the reader's language.
pub(super) fn reason(reason: &str, on: Day<'_>, t: Lang) -> String {
    if reason == event::REPAIRED {
        return t.after_repair().to_owned();
    }
    if let Some((uses, asset, since)) = usage::told(reason) {
        return t.so_many_uses(&format::count(uses, t), asset, &day(since, t));
    }
    let Some((code, value, node, at)) = event::told(reason) else { return reason.to_owned() };
    let (name, value) = match on.catalogue.find(code).map(|index| on.catalogue.quantity(index)) {
        Some(quantity) => {
            let value = format::number(value, usize::from(quantity.decimals), t);
            (t.pick(&quantity.name), format!("{value} {}", format::unit(&quantity.unit)))
        }
        None => (code, format::number(value, 2, t)),
    };
    format!("{name} {value} · {node} · {}", day(local_day(at, on.zone), t))
}

/// Severities to choose from: code, name, what each means. Where a scheme has scales, first what it proposes.
pub(super) fn severities(scheme: Option<&Scheme>, t: Lang) -> Vec<(&'static str, &'static str, &'static str)> {
    let rated = scheme.is_some_and(|scheme| !scheme.scales.is_empty());
    let proposed = rated.then(|| (BY_SCHEME, t.sev_by_scheme(), t.sev_by_scheme_says()));
    let says = [t.sev_recommended_says(), t.sev_important_says(), t.sev_urgent_says()];
    let all = Severity::ALL.into_iter().zip(says);
    proposed.into_iter().chain(all.map(|(severity, says)| (severity.code(), t.severity_of(severity), says))).collect()
}

/// The choice of a severity that leaves it to the scheme.
pub(super) const BY_SCHEME: &str = "scheme";

/// Marks to choose from on each scale of a scheme: the scale's name, and each mark's number and name.
pub(super) fn scales(scheme: Option<&Scheme>, t: Lang) -> Vec<(String, Vec<(String, String)>)> {
    let marks = |scale: &Scale| {
        let named =
            scale.marks.iter().zip(1..).map(|(mark, n): (_, u8)| (n.to_string(), format!("{n} · {}", t.pick(mark))));
        iter::once((String::new(), String::new())).chain(named).collect()
    };
    let scales = scheme.into_iter().flat_map(|scheme| &scheme.scales);
    scales.map(|scale| (t.pick(&scale.name).to_owned(), marks(scale))).collect()
}

/// The severity and the rating that were chosen, or what is missing. `mark` gives what was chosen on a scale.
pub(super) fn rated<'a>(
    scheme: Option<&Scheme>,
    chosen: &str,
    mark: impl Fn(usize) -> &'a str,
    t: Lang,
) -> Result<(Severity, Option<Rating>), String> {
    let scales = scheme.map_or(0, |scheme| scheme.scales.len());
    let marks: Option<Vec<u8>> = (0..scales).map(|n| mark(n).parse().ok()).collect();
    let rating = scheme.zip(marks.filter(|marks| !marks.is_empty()));
    let rating = rating.map(|(scheme, marks)| Rating { scheme: (*scheme.code).into(), marks });
    let proposed = rating.as_ref().zip(scheme).and_then(|(rating, scheme)| rating.proposes(scheme));
    let severity = match chosen {
        BY_SCHEME => proposed.ok_or_else(|| t.sev_mark_missing().to_owned()),
        chosen => Severity::named(chosen).ok_or_else(|| t.severity_missing().to_owned()),
    };
    Ok((severity?, rating.filter(|_| proposed.is_some())))
}

/// How it was rated, in words: of a scheme that is gone, its marks alone.
pub(super) fn rating(rating: &Rating, catalogue: &Catalogue, t: Lang) -> String {
    let scheme = catalogue.schemes.iter().find(|scheme| *scheme.code == *rating.scheme);
    let scales = scheme.map(|scheme| scheme.scales.as_slice()).unwrap_or_default();
    let marks = rating.marks.iter().enumerate().map(|(n, mark)| {
        let scale = scales.get(n);
        let word = scale.and_then(|scale| scale.marks.get(usize::from(*mark).wrapping_sub(1)));
        match (scale, word) {
            (Some(scale), Some(word)) => {
                format!("{}: {} ({mark}/{})", t.pick(&scale.name), t.pick(word), scale.marks.len())
            }
            _ => format!("{} {mark}", rating.scheme),
        }
    });
    marks.collect::<Vec<_>>().join(", ")
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

/// A photograph or a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// Its SHA-256, by which it is had.
    pub(super) sum: String,
    /// Whether a page can show it.
    pub(super) picture: bool,
    /// What whoever added it called it; of a document, some name.
    pub(super) name: String,
}

/// Photographs and documents by their sums; what is not on record is told without a picture.
pub(super) fn files(book: &Book, sums: &[Box<str>], t: Lang) -> Result<Vec<File>, PageError> {
    let file = |sum: &str| {
        let document = book.described(sum)?;
        let picture = document.as_ref().is_some_and(|document| document.media != Media::Pdf);
        let name = document.map(|document| document.name).unwrap_or_default();
        let name = if name.is_empty() && !picture { t.document().to_owned() } else { name };
        Ok(File { sum: sum.to_owned(), picture, name })
    };
    sums.iter().map(|sum| file(sum)).collect()
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
