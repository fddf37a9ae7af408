//! A month in numbers: how inspections kept to their plans, what was found and closed, how long equipment was locked out. Pure:
//! steps in the order of their arrival and days of the city's calendar in, numbers out.
//!
//! A step counts in the month in which it came on record; how long something lasted goes by when it was done, as far as it
//! lies within the month. What came on record after the month is not looked at, so that a month that is over stays as it was.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use jiff::ToSpan;
use jiff::civil::Date;

use super::schedule::{Last, Plan, days_between};
use super::step::{Closing, Deed, Severity, Step, Uid};
use crate::catalogue::inspections::Interval;
use crate::reading::Timestamp;

/// Which month; of one that is not over the part until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// Its first day.
    pub first: Date,
    /// The last day that is looked at.
    pub last: Date,
    /// Its first instant.
    pub from: Timestamp,
    /// The instant after it, or now.
    pub until: Timestamp,
}

/// How inspections of one type kept to their plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// That were due in the month, what was overdue when it began among it.
    pub due: u32,
    /// That were made, due or not.
    pub made: u32,
    /// Of those due: made after the days that are allowed.
    pub late: u32,
    /// Of those due: not made, and those days are over.
    pub missed: u32,
}

/// Defects of one severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Defects {
    /// That were found.
    pub found: u32,
    /// That were closed.
    pub closed: u32,
    /// That are open at the end.
    pub open: u32,
}

/// Lock-outs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lockouts {
    /// In force at any time of the month.
    pub in_force: u32,
    /// Of those: ordered in the month.
    pub ordered: u32,
    /// Of those: ended in the month.
    pub ended: u32,
    /// Milliseconds of the month that equipment was locked out.
    pub ms: i64,
    /// Milliseconds of the month between orders and bars: equipment that must not be used and could be.
    pub waited_ms: i64,
    /// The longest of those.
    pub waited_longest_ms: i64,
}

/// A month of some equipment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Inspections by type.
    pub inspections: BTreeMap<Box<str>, Kept>,
    /// Defects by severity, as [`Severity::ALL`].
    pub defects: [Defects; 3],
    /// Lock-outs.
    pub lockouts: Lockouts,
    /// Work orders given.
    pub work_ordered: u32,
    /// Work orders done.
    pub work_done: u32,
    /// What that work cost, in euro cents.
    pub cost_cents: u64,
    /// Certificates within their lead time, none applied for.
    pub to_renew: u32,
    /// Certificates within their lead time or lapsed, and applied for.
    pub renewing: u32,
    /// Certificates that are not in force and not applied for.
    pub lapsed: u32,
    /// Accidents.
    pub accidents: u32,
}

impl AddAssign<&Numbers> for Numbers {
    fn add_assign(&mut self, other: &Numbers) {
        for (of_type, kept) in &other.inspections {
            let sum = self.inspections.entry(of_type.clone()).or_default();
            sum.due += kept.due;
            sum.made += kept.made;
            sum.late += kept.late;
            sum.missed += kept.missed;
        }
        for (sum, defects) in self.defects.iter_mut().zip(&other.defects) {
            sum.found += defects.found;
            sum.closed += defects.closed;
            sum.open += defects.open;
        }
        let (sum, lockouts) = (&mut self.lockouts, &other.lockouts);
        sum.in_force += lockouts.in_force;
        sum.ordered += lockouts.ordered;
        sum.ended += lockouts.ended;
        sum.ms += lockouts.ms;
        sum.waited_ms += lockouts.waited_ms;
        sum.waited_longest_ms = sum.waited_longest_ms.max(lockouts.waited_longest_ms);
        self.work_ordered += other.work_ordered;
        self.work_done += other.work_done;
        self.cost_cents = self.cost_cents.saturating_add(other.cost_cents);
        self.to_renew += other.to_renew;
        self.renewing += other.renewing;
        self.lapsed += other.lapsed;
        self.accidents += other.accidents;
    }
}

/// How one plan was kept to: `last` is the last inspection before the month, `made` those of the month by day.
pub fn kept(plan: &Plan, last: Option<Last>, made: &[Date], month: &Month) -> Kept {
    let mut kept = Kept { made: made.len() as u32, ..Kept::default() };
    let allowed = i32::from(plan.after_days);
    let after = |due: Date| plan.due(Some(Last { made: due, due: Some(due) })).filter(|next| *next > due);
    let in_time_until = |due: Date| due.saturating_add(allowed.days());
    let mut last = nearer(plan, last, month.first);
    // Of what was overdue for long, what fell due last is still to be made; the rest was missed in its own month.
    while let Some(due) = plan.due(last)
        && after(due).is_some_and(|next| next <= month.first)
    {
        last = Some(Last { made: due, due: Some(due) });
    }
    for &day in made {
        while let Some(due) = plan.due(last).filter(|due| *due <= month.last) {
            let next = after(due).filter(|next| *next <= day);
            if next.is_some() && in_time_until(due) < day {
                // Another one fell due before this was made: it was not made for the first.
                kept.due += 1;
                kept.missed += 1;
                last = Some(Last { made: due, due: Some(due) });
                continue;
            }
            let may_be_from = due.saturating_sub(i32::from(plan.before_days).days());
            if day >= may_be_from {
                kept.due += 1;
                kept.late += u32::from(day > in_time_until(due));
            }
            break;
        }
        last = Some(Last { made: day, due: plan.due(last) });
    }
    while let Some(due) = plan.due(last).filter(|due| *due <= month.last) {
        kept.due += 1;
        kept.missed += u32::from(days_between(in_time_until(due), month.last) > 0);
        let Some(next) = after(due) else { break };
        if next > month.last {
            break;
        }
        last = Some(Last { made: due, due: Some(due) });
    }
    kept
}

/// The same place in a plan, nearer to a day: nobody goes through thousands of years because a form said so.
fn nearer(plan: &Plan, last: Option<Last>, day: Date) -> Option<Last> {
    let Some(due) = plan.due(last) else { return last };
    let made = match plan.rule {
        Interval::Days(every @ 1..) if due < day => {
            let left = i64::from(days_between(due, day)) % i64::from(every);
            day.saturating_sub((left + i64::from(every)).days())
        }
        // They fall on days of the calendar, whenever the last was made.
        Interval::PerMonth(_) | Interval::Yearly { .. } if due < day.saturating_sub(3.years()) => {
            day.saturating_sub(2.years())
        }
        _ => return last,
    };
    Some(Last { made, due: None })
}

/// One asset, step by step.
#[derive(Debug, Clone, Default)]
pub struct OfAsset {
    numbers: Numbers,
    open: BTreeMap<Uid, Severity>,
    lockout: Option<(Timestamp, Option<Timestamp>)>,
}

impl OfAsset {
    /// Takes the next step that came on record, before the month or in it. Inspections are [`kept`]'s.
    pub fn take(&mut self, step: &Step, arrived_at: Timestamp, month: &Month) {
        let now = u32::from(arrived_at >= month.from);
        match &step.deed {
            Deed::Found { severity, .. } => {
                self.numbers.defects[place(*severity)].found += now;
                self.open.insert(step.uid.clone(), *severity);
                self.lock_out_if(*severity == Severity::Urgent, step.at, now);
            }
            Deed::Reclassified { defect, severity, .. } => {
                self.open.insert(defect.clone(), *severity);
                self.lock_out_if(*severity == Severity::Urgent, step.at, now);
            }
            Deed::Closed { defect, closing: Closing::Repaired { .. } | Closing::Removed }
            | Deed::ClosingAgreed { defect } => {
                if let Some(severity) = self.open.remove(defect) {
                    self.numbers.defects[place(severity)].closed += now;
                }
            }
            Deed::LockoutOrdered { .. } => self.lock_out_if(true, step.at, now),
            Deed::Barred => {
                if let Some((_, barred)) = &mut self.lockout {
                    *barred = Some(step.at);
                }
            }
            Deed::Released { .. } => self.end_lockout(step.at, now, month),
            Deed::Dismantled { .. } => {
                self.end_lockout(step.at, now, month);
                self.open.clear();
            }
            Deed::WorkOrdered { .. } => self.numbers.work_ordered += now,
            Deed::WorkDone { cost_cents, .. } => {
                self.numbers.work_done += now;
                if now > 0 {
                    self.numbers.cost_cents = self.numbers.cost_cents.saturating_add(cost_cents.unwrap_or_default());
                }
            }
            Deed::Accident { .. } => self.numbers.accidents += now,
            _ => {}
        }
    }

    /// Kinds of steps that [`Self::take`] looks at.
    pub const KINDS: [&str; 12] = [
        "found",
        "reclassified",
        "closed",
        "closing_agreed",
        "lockout_ordered",
        "barred",
        "released",
        "dismantled",
        "work_ordered",
        "work_done",
        "accident",
        "closing_refused",
    ];

    /// What it comes to at the month's end.
    pub fn end(mut self, month: &Month) -> Numbers {
        if self.lockout.is_some() {
            self.end_lockout(month.until, 0, month);
        }
        for severity in self.open.values() {
            self.numbers.defects[place(*severity)].open += 1;
        }
        self.numbers
    }

    fn lock_out_if(&mut self, is_so: bool, at: Timestamp, now: u32) {
        if is_so && self.lockout.is_none() {
            self.lockout = Some((at, None));
            self.numbers.lockouts.ordered += now;
        }
    }

    fn end_lockout(&mut self, at: Timestamp, now: u32, month: &Month) {
        let Some((ordered, barred)) = self.lockout.take() else { return };
        let within = |from: Timestamp, until: Timestamp| {
            let (from, until) = (from.millis().max(month.from.millis()), until.millis().min(month.until.millis()));
            (until - from).max(0)
        };
        let ms = within(ordered, at);
        if ms == 0 && now == 0 {
            return;
        }
        let waited = within(ordered, barred.unwrap_or(at).min(at));
        let lockouts = &mut self.numbers.lockouts;
        lockouts.in_force += 1;
        lockouts.ended += now;
        lockouts.ms += ms;
        lockouts.waited_ms += waited;
        lockouts.waited_longest_ms = lockouts.waited_longest_ms.max(waited);
    }
}

const fn place(severity: Severity) -> usize {
    match severity {
        Severity::Recommended => 0,
        Severity::Important => 1,
        Severity::Urgent => 2,
    }
}

#[cfg(test)]
mod tests;
