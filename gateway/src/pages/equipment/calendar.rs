//! The calendar of inspections, and what it asks of each who inspects.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use super::super::text::Lang;
use super::super::view::{PageError, Tab, View, Visitor, show, with};
use super::super::{Pages, format};
use super::Sight;
use crate::operations::asset::Tree;
use crate::operations::book::Held;
use crate::operations::{duty, schedule};
use crate::people::Permission;
use crate::service::access::Caller;

/// Which month, as `2026-11`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    month: String,
}

/// A day of the calendar.
struct Day {
    name: String,
    today: bool,
    entries: Vec<(String, String, String)>,
}

#[derive(Template)]
#[template(path = "equipment_calendar.html")]
struct CalendarPage {
    t: Lang,
    v: View,
    month: String,
    previous: String,
    next: String,
    days: Vec<Day>,
    overdue: usize,
    load: Vec<(String, usize)>,
    people: Vec<Shown>,
    everybody: bool,
}

/// `GET /equipment/calendar`: what is due on each day of a month, by the plans as they stand; what comes back within the month
/// is shown each time.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        let (t, local, today) = (visitor.lang, pages.local(visitor), pages.gateway.book.today());
        let first: Date = match which.month.as_str() {
            "" => today.first_of_month(),
            month => format!("{month}-01").parse().map_err(|_| PageError::BadRequest)?,
        };
        let last = first.last_of_month();
        let sight = Sight::new(pages, visitor)?;
        let (days, overdue, load) = due_in(&sight, pages, (first, last), t);
        let (people, everybody) = people(pages, &sight, visitor)?;
        let month = |of: Date| with("/equipment/calendar", "", &[("month", &of.strftime("%Y-%m").to_string())]);
        let page = CalendarPage {
            v: View::new(pages, visitor, &local, Tab::Equipment, t.calendar()),
            month: format!("{} {}", t.months()[first.month() as usize - 1], first.year()),
            previous: month(first.saturating_sub(1.day())),
            next: month(last.saturating_add(1.day())),
            days: days
                .into_iter()
                .map(|(day, entries)| Day {
                    name: format!(
                        "{} {} {}",
                        t.weekdays()[day.weekday().to_monday_zero_offset() as usize],
                        day.day(),
                        t.months()[day.month() as usize - 1]
                    ),
                    today: day == today,
                    entries,
                })
                .collect(),
            overdue,
            load: load.into_iter().collect(),
            people,
            everybody,
            t,
        };
        Ok(page.render()?)
    })
    .await
}

type Entries = BTreeMap<Date, Vec<(String, String, String)>>;

/// What is due on each day of a span; how many are overdue; how many of each type.
fn due_in(sight: &Sight, pages: &Pages, span: (Date, Date), t: Lang) -> (Entries, usize, BTreeMap<String, usize>) {
    let (mut days, mut load) = (Entries::new(), BTreeMap::new());
    let overdue = each_due(sight, pages, span, |held, made, due| {
        let name = t.pick(&made.name).to_owned();
        *load.entry(name.clone()).or_insert(0) += 1;
        let asset = &held.asset;
        days.entry(due).or_default().push((asset.id.to_string(), asset.name(t == Lang::En).to_owned(), name));
    });
    (days, overdue, load)
}

/// Tells each inspection that is due within a span by the plans as they stand, also what comes back within it; gives how many are
/// overdue.
fn each_due(
    sight: &Sight,
    pages: &Pages,
    (first, last): (Date, Date),
    mut tell: impl FnMut(&Held, &duty::Duty, Date),
) -> usize {
    let day = pages.gateway.book.day();
    let mut overdue = 0;
    for held in sight.all() {
        let Some(sheet) = day.catalogue.sheet(&held.asset.kind) else { continue };
        for made in day.duties(sight.shelf(), held) {
            overdue += usize::from(made.overdue().is_some());
            let plan = sheet
                .of_type(&made.of_type)
                .filter(|_| made.call.is_none())
                .and_then(|of_type| duty::plan(&held.asset, of_type));
            // What is overdue is due today; after it the plan goes on.
            let mut due = made.due.max(day.date);
            while due <= last {
                if due >= first {
                    tell(held, &made, due);
                }
                let next = plan.and_then(|plan| plan.due(Some(schedule::Last { made: due, due: Some(due) })));
                match next.filter(|next| *next > due) {
                    Some(next) => due = next,
                    None => break,
                }
            }
        }
    }
    overdue
}

/// Days back and ahead that an inspector's load is told of.
const LOAD_DAYS: i32 = 30;

/// An inspector's load as it is shown.
struct Shown {
    name: String,
    made: usize,
    took: String,
    due: usize,
    share: String,
}

/// Who inspects, what they made and what is due at their sites. Everybody's for who keeps the register or audits it; else one's own.
fn people(pages: &Pages, sight: &Sight, visitor: &Visitor) -> Result<(Vec<Shown>, bool), PageError> {
    let (t, now) = (visitor.lang, pages.gateway.clock.now());
    let Some(caller) = visitor.caller.as_ref().and_then(Caller::person) else { return Ok((Vec::new(), false)) };
    let everybody = caller.may(Permission::Assets) || caller.may(Permission::Audit);
    let all = pages.gateway.people.everybody()?;
    let inspectors: Vec<_> = all.iter().filter(|one| one.may_enter(now) && one.may(Permission::Inspect)).collect();
    let mut load = Load::of(inspectors.iter().map(|one| one.id.subject()));
    let since = now.plus_millis(-i64::from(LOAD_DAYS) * 86_400_000);
    for (by, made, ms) in pages.gateway.book.inspected_since(since)? {
        load.made(&by.0, made, ms);
    }
    let today = pages.gateway.book.today();
    each_due(sight, pages, (today, today.saturating_add(LOAD_DAYS.days())), |held, _, _| {
        let site = sight.shelf().site_of(&held.asset.id);
        let theirs: Vec<bool> = inspectors.iter().map(|one| one.is_of(site)).collect();
        load.due(&theirs);
    });
    let shown = inspectors.iter().zip(load.lines).filter(|(one, _)| everybody || one.id == caller.id);
    let mut shown: Vec<(f64, Shown)> = shown
        .map(|(one, line)| {
            let share = format::number(line.share, 1, t);
            let took = format::duration(line.ms, t);
            (line.share, Shown { name: one.shown().to_owned(), made: line.made, took, due: line.due, share })
        })
        .collect();
    shown.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok((shown.into_iter().map(|(_, shown)| shown).collect(), everybody))
}

/// The load of each inspector.
struct Load {
    at: HashMap<String, usize>,
    lines: Vec<Line>,
}

/// One's load.
#[derive(Debug, Clone, Default, PartialEq)]
struct Line {
    /// Inspections made.
    made: usize,
    /// What they took together, in milliseconds.
    ms: i64,
    /// Inspections due where they inspect.
    due: usize,
    /// Their part of those, each shared evenly by all who inspect there.
    share: f64,
}

impl Load {
    fn of(subjects: impl Iterator<Item = String>) -> Self {
        let at: HashMap<String, usize> = subjects.zip(0..).collect();
        Self { lines: vec![Line::default(); at.len()], at }
    }

    fn made(&mut self, by: &str, made: usize, ms: i64) {
        if let Some(line) = self.at.get(by).and_then(|at| self.lines.get_mut(*at)) {
            (line.made, line.ms) = (made, ms);
        }
    }

    /// One is due; `theirs` says of each inspector whether it is one of theirs.
    fn due(&mut self, theirs: &[bool]) {
        let many = theirs.iter().filter(|is| **is).count() as f64;
        for (line, _) in self.lines.iter_mut().zip(theirs).filter(|(_, is)| **is) {
            line.due += 1;
            line.share += 1.0 / many;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_shared_by_those_who_inspect_there() {
        let mut load = Load::of(["person/a", "person/b", "person/c"].into_iter().map(str::to_owned));
        load.made("person/a", 2, 90_000);
        load.made("person/b", 1, 0);
        load.made("person/gone", 1, 9_000);
        load.due(&[true, true, false]);
        load.due(&[true, false, false]);
        load.due(&[false, false, false]);
        let line = |made, ms, due, share| Line { made, ms, due, share };
        assert_eq!(load.lines, [line(2, 90_000, 2, 1.5), line(1, 0, 1, 0.5), line(0, 0, 0, 0.0)]);
    }
}
