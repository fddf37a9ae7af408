//! [`Case`]: what is open about one asset, and which step may come next.
//!
//! A case is what its steps made of it, one after another in the order in which they arrived; [`Case::take`] takes one or
//! says why not, and then nothing has changed. Pure. Guarantees, after any steps:
//!
//! - While an urgent defect is open the asset is locked out, or ordered to be, or dismantled.
//! - A lock-out ends by a passed inspection that came after the last work, made by somebody who did none of it; where a
//!   lapsed certificate was all there was, by the certificate.
//! - No defect is closed without evidence; that it was a mistake or is another one, two people say.
//!
//! Certificates, plans and the maintenance book are the dossier's ([`super::dossier`]): their steps change nothing here but what a
//! certificate locks out. What happened is kept by the steps. A case forgets what is over once nothing is open any more.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::step::{Closing, Deed, Evidence, Hand, LockoutCause, Severity, Step, Uid};
use crate::reading::Timestamp;

mod parts;

pub use parts::{Defect, DefectState, Inspection, Lockout, Refusal, WorkEnd, WorkOrder};

/// Defects, work orders and inspections that one case holds; a further one is refused.
pub const ITEMS_MAX: usize = 1_000;

/// Inspections kept while anything is open, beside those that found a defect well.
const INSPECTIONS_KEPT: usize = 32;

/// Whether equipment may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it was meant to be.
    Open,
    /// In part, or with care.
    Restricted,
    /// It must not be, and nobody has barred it yet: the worst there is.
    Ordered,
    /// It cannot be.
    LockedOut,
    /// It is gone.
    Dismantled,
}

/// What is open about one asset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Case {
    /// Defects, closed ones among them while anything is open.
    pub defects: BTreeMap<Uid, Defect>,
    /// The lock-out in force.
    pub lockout: Option<Lockout>,
    /// How its use is restricted.
    pub restriction: Option<String>,
    /// Work orders, those that ended among them while anything is open.
    pub orders: BTreeMap<Uid, WorkOrder>,
    /// Inspections since anything was open.
    pub inspections: BTreeMap<Uid, Inspection>,
    /// When it was dismantled.
    pub dismantled_at: Option<Timestamp>,
}

impl Case {
    /// Whether the equipment may be used.
    pub fn status(&self) -> Status {
        match (&self.dismantled_at, &self.lockout) {
            (Some(_), _) => Status::Dismantled,
            (None, Some(lockout)) if lockout.barred_at.is_some() => Status::LockedOut,
            (None, Some(_)) => Status::Ordered,
            (None, None) if self.restriction.is_some() => Status::Restricted,
            (None, None) => Status::Open,
        }
    }

    /// Defects that are open, the worst first.
    pub fn open_defects(&self) -> Vec<(&Uid, &Defect)> {
        let mut open: Vec<_> = self.defects.iter().filter(|(_, defect)| defect.is_open()).collect();
        open.sort_by_key(|(_, defect)| (std::cmp::Reverse(defect.severity), defect.found_at));
        open
    }

    /// Work orders that did not end.
    pub fn open_orders(&self) -> impl Iterator<Item = (&Uid, &WorkOrder)> {
        self.orders.iter().filter(|(_, order)| order.end.is_none())
    }

    /// Work that was done on defects that are open still, and that nobody else looked at since: the last of each defect.
    pub fn to_be_seen_again(&self) -> impl Iterator<Item = (&Uid, Timestamp)> {
        let last = |defect: &Uid| {
            let on_it = self.orders.iter().filter(move |(_, order)| order.defects.contains(defect));
            on_it.filter_map(|(uid, order)| Some((uid, order.done()?))).max_by_key(|(_, (at, _))| *at)
        };
        let open = self.defects.iter().filter(|(_, defect)| defect.is_open());
        open.filter_map(move |(uid, _)| {
            let (order, (done_at, by)) = last(uid)?;
            // One that passed without a word of the defect did not look for it.
            let seen = |seen: &Inspection| {
                seen.at >= done_at && seen.by != *by && (!seen.passed || seen.found_well.contains(uid))
            };
            (!self.inspections.values().any(seen)).then_some((order, done_at))
        })
    }

    /// Takes a step.
    ///
    /// # Errors
    /// [`Refusal`]; the case is as before.
    pub fn take(&mut self, step: &Step) -> Result<(), Refusal> {
        if self.dismantled_at.is_some() {
            return Err(Refusal::Dismantled);
        }
        let Step { uid, at, by, deed, evidence } = step;
        match deed {
            Deed::Inspected { passed, found_well, supersedes, .. } => {
                self.has_room(uid)?;
                if supersedes.is_some() {
                    words(&evidence.text)?;
                }
                for defect in found_well {
                    self.open_defect(defect)?;
                }
                // Nothing may rest any more upon what it stands instead of.
                if let Some(before) = supersedes {
                    self.inspections.remove(before);
                }
                let seen = Inspection { at: *at, by: by.clone(), passed: *passed, found_well: found_well.clone() };
                self.inspections.insert(uid.clone(), seen);
            }
            Deed::Found { severity, text, rating } => {
                match self.has_room(uid) {
                    // However much is open, equipment with an urgent defect is locked out.
                    Err(Refusal::TooMany) if *severity == Severity::Urgent => {}
                    room => room?,
                }
                words(text)?;
                let found = Defect {
                    severity: *severity,
                    rating: rating.clone(),
                    text: text.clone(),
                    found_at: *at,
                    found_by: by.clone(),
                    state: DefectState::Open,
                };
                self.defects.insert(uid.clone(), found);
                self.lock_out_if_urgent(uid, *at, by);
            }
            Deed::Reclassified { defect, severity, reason } => {
                words(reason)?;
                let found = self.open_defect(defect)?;
                (found.severity, found.rating) = (*severity, None);
                self.lock_out_if_urgent(defect, *at, by);
            }
            Deed::LockoutOrdered { cause } => {
                if let LockoutCause::Decision(reason) = cause {
                    words(reason)?;
                }
                self.lock_out(cause.clone(), *at, by);
            }
            Deed::Barred => {
                let lockout = self.lockout.as_mut().ok_or(Refusal::NotLockedOut)?;
                if lockout.barred_at.is_some() {
                    return Err(Refusal::Barred);
                }
                files(evidence)?;
                lockout.barred_at = Some(*at);
            }
            Deed::Released { inspection } => {
                self.may_be_released(inspection.as_ref())?;
                self.lockout = None;
            }
            Deed::Restricted { text } => {
                words(text)?;
                self.restriction = Some(text.clone());
            }
            Deed::Unrestricted { reason } => {
                words(reason)?;
                self.restriction.take().ok_or(Refusal::Over)?;
            }
            Deed::Certified { certificate, .. } => {
                if let Some(lockout) = &mut self.lockout {
                    lockout.lapsed.remove(certificate);
                }
            }
            Deed::WorkOrdered { defects, text, due, assignee } => {
                self.has_room(uid)?;
                for defect in defects {
                    self.open_defect(defect)?;
                }
                let ordered = WorkOrder {
                    defects: defects.clone(),
                    ordered_at: *at,
                    text: text.clone(),
                    due: *due,
                    assignee: assignee.clone(),
                    end: None,
                };
                self.orders.insert(uid.clone(), ordered);
            }
            Deed::WorkDone { order, .. } => {
                let needs_files = self.work_is_important(order);
                let order = self.open_order(order)?;
                if needs_files {
                    files(evidence)?;
                } else if !evidence.is_some() {
                    return Err(Refusal::Words);
                }
                order.end = Some(WorkEnd::Done { at: *at, by: by.clone() });
            }
            Deed::WorkCancelled { order, reason } => {
                words(reason)?;
                self.open_order(order)?.end = Some(WorkEnd::Cancelled);
            }
            Deed::Closed { defect, closing } => self.close(defect, closing, by, evidence)?,
            Deed::ClosingAgreed { defect } => self.agree(defect, by)?,
            Deed::ClosingRefused { defect, reason } => {
                words(reason)?;
                let defect = self.open_defect(defect)?;
                if !matches!(defect.state, DefectState::Proposed { .. }) {
                    return Err(Refusal::Over);
                }
                defect.state = DefectState::Open;
            }
            Deed::Applied { .. } => {}
            Deed::Withdrawn { reason, .. }
            | Deed::ApplicationEnded { reason, .. }
            | Deed::Called { reason, .. }
            | Deed::TakenOver { reason, .. }
            | Deed::Maintained { text: reason }
            | Deed::Accident { text: reason } => words(reason)?,
            Deed::Filed { text, .. } => {
                words(text)?;
                files(evidence)?;
            }
            Deed::Dismantled { reason } => {
                words(reason)?;
                files(evidence)?;
                *self = Self { dismantled_at: Some(*at), ..Self::default() };
            }
        }
        self.forget_what_is_over();
        Ok(())
    }

    /// Whether it may be released on the ground of that inspection, and why not.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn may_be_released(&self, inspection: Option<&Uid>) -> Result<(), Refusal> {
        let lockout = self.lockout.as_ref().ok_or(Refusal::NotLockedOut)?;
        if self.has_urgent() {
            return Err(Refusal::UrgentOpen);
        }
        if !lockout.lapsed.is_empty() {
            return Err(Refusal::NotCertified);
        }
        let Some(inspection) = inspection else {
            return if lockout.is_for_certificates_alone() { Ok(()) } else { Err(Refusal::NotWell) };
        };
        let inspection = self.inspections.get(inspection).ok_or(Refusal::Unknown)?;
        if !inspection.passed {
            return Err(Refusal::NotWell);
        }
        let mut since = lockout.ordered_at;
        for (at, by) in self.orders.values().filter_map(WorkOrder::done) {
            if *by == inspection.by {
                return Err(Refusal::OwnWork);
            }
            since = since.max(at);
        }
        if inspection.at < since { Err(Refusal::TooEarly) } else { Ok(()) }
    }

    fn close(&mut self, uid: &Uid, closing: &Closing, by: &Hand, evidence: &Evidence) -> Result<(), Refusal> {
        let (severity, state) = {
            let defect = self.open_defect(uid)?;
            (defect.severity, defect.state.clone())
        };
        if matches!(state, DefectState::Proposed { .. }) {
            return Err(Refusal::Used);
        }
        match closing {
            Closing::Repaired { inspection } => self.is_repaired(uid, inspection)?,
            Closing::Removed => files(evidence)?,
            Closing::Duplicate { of } => {
                self.is_original(of, uid, severity)?;
                words(&evidence.text)?;
            }
            Closing::Mistaken => words(&evidence.text)?,
        }
        let state = if closing.needs_second() {
            DefectState::Proposed { closing: closing.clone(), by: by.clone() }
        } else {
            DefectState::Closed(closing.clone())
        };
        self.open_defect(uid)?.state = state;
        Ok(())
    }

    fn agree(&mut self, uid: &Uid, by: &Hand) -> Result<(), Refusal> {
        let defect = self.open_defect(uid)?;
        let DefectState::Proposed { closing, by: first } = defect.state.clone() else { return Err(Refusal::Over) };
        if first == *by {
            return Err(Refusal::SecondPerson);
        }
        let severity = defect.severity;
        if let Closing::Duplicate { of } = &closing {
            // It may have been closed meanwhile.
            self.is_original(of, uid, severity)?;
        }
        self.open_defect(uid)?.state = DefectState::Closed(closing);
        Ok(())
    }

    /// Whether work on it was done and an inspection of another hand found it well afterwards.
    fn is_repaired(&self, defect: &Uid, inspection: &Uid) -> Result<(), Refusal> {
        let inspection = self.inspections.get(inspection).ok_or(Refusal::Unknown)?;
        if !inspection.found_well.contains(defect) {
            return Err(Refusal::NotWell);
        }
        let on_it = self.orders.values().filter(|order| order.defects.contains(defect));
        let done: Vec<(Timestamp, &Hand)> = on_it.filter_map(WorkOrder::done).collect();
        let Some(last) = done.iter().map(|(at, _)| *at).max() else { return Err(Refusal::NoWork) };
        if done.iter().any(|(_, by)| **by == inspection.by) {
            return Err(Refusal::OwnWork);
        }
        if inspection.at < last { Err(Refusal::TooEarly) } else { Ok(()) }
    }

    /// Whether `of` is open, another one, and at least as bad, so that nothing is lost when it stands for both.
    fn is_original(&self, of: &Uid, duplicate: &Uid, severity: Severity) -> Result<(), Refusal> {
        let original = self.defects.get(of).ok_or(Refusal::Unknown)?;
        let stands = matches!(original.state, DefectState::Open) && original.severity >= severity && of != duplicate;
        if stands { Ok(()) } else { Err(Refusal::NoOriginal) }
    }

    fn lock_out_if_urgent(&mut self, uid: &Uid, at: Timestamp, by: &Hand) {
        if self.defects.get(uid).is_some_and(|defect| defect.severity == Severity::Urgent) {
            self.lock_out(LockoutCause::Defect(uid.clone()), at, by);
        }
    }

    fn lock_out(&mut self, cause: LockoutCause, at: Timestamp, by: &Hand) {
        let lockout = self.lockout.get_or_insert_with(|| Lockout {
            ordered_at: at,
            ordered_by: by.clone(),
            barred_at: None,
            causes: Vec::new(),
            lapsed: BTreeSet::new(),
        });
        if let LockoutCause::Certificate(certificate) = &cause {
            lockout.lapsed.insert(certificate.clone());
        }
        // An inspection must have seen what this is about.
        lockout.ordered_at = lockout.ordered_at.max(at);
        if !lockout.causes.contains(&cause) {
            lockout.causes.push(cause);
        }
    }

    fn has_urgent(&self) -> bool {
        self.defects.values().any(|defect| defect.is_open() && defect.severity == Severity::Urgent)
    }

    fn work_is_important(&self, order: &Uid) -> bool {
        let defects = self.orders.get(order).map(|order| order.defects.as_slice()).unwrap_or_default();
        let severity = |uid| self.defects.get(uid).map(|defect| defect.severity);
        defects.iter().filter_map(severity).any(|severity| severity >= Severity::Important)
    }

    fn has_room(&self, uid: &Uid) -> Result<(), Refusal> {
        let (defects, orders, inspections) = (&self.defects, &self.orders, &self.inspections);
        if defects.contains_key(uid) || orders.contains_key(uid) || inspections.contains_key(uid) {
            return Err(Refusal::Used);
        }
        let items = defects.len() + orders.len() + inspections.len();
        if items >= ITEMS_MAX { Err(Refusal::TooMany) } else { Ok(()) }
    }

    fn open_defect(&mut self, uid: &Uid) -> Result<&mut Defect, Refusal> {
        let defect = self.defects.get_mut(uid).ok_or(Refusal::Unknown)?;
        if defect.is_open() { Ok(defect) } else { Err(Refusal::Over) }
    }

    fn open_order(&mut self, uid: &Uid) -> Result<&mut WorkOrder, Refusal> {
        let order = self.orders.get_mut(uid).ok_or(Refusal::Unknown)?;
        if order.end.is_none() { Ok(order) } else { Err(Refusal::Over) }
    }

    /// Keeps what a further step may rest upon.
    fn forget_what_is_over(&mut self) {
        let defects_open = self.defects.values().any(Defect::is_open);
        if self.lockout.is_none() && !defects_open && self.open_orders().next().is_none() {
            self.defects.clear();
            self.orders.clear();
            self.inspections.clear();
            return;
        }
        // Of the daily rounds the newest are enough to name; what looked at a defect again stays.
        let mut newest: Vec<Timestamp> = self.inspections.values().map(|one| one.at).collect();
        newest.sort_unstable_by(|a, b| b.cmp(a));
        if let Some(&oldest_kept) = newest.get(INSPECTIONS_KEPT - 1) {
            self.inspections.retain(|_, one| one.at >= oldest_kept || !one.found_well.is_empty());
        }
    }
}

fn words(text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() { Err(Refusal::Words) } else { Ok(()) }
}

fn files(evidence: &Evidence) -> Result<(), Refusal> {
    if evidence.files.is_empty() { Err(Refusal::Evidence) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
