//! [`Dossier`]: how one asset stands, made of all its steps: its case, its certificates, its last inspections, those that
//! were called for. Pure; what is written down is the steps, and a dossier can be made of them anew.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::case::{Case, Refusal};
use super::certificate::{self, Standing, Term};
use super::schedule::{Last, local_day};
use super::step::{Deed, Hand, LockoutCause, Paper, Step, Uid};
use crate::catalogue::inspections::CertificateType;
use crate::reading::Timestamp;

/// Inspections called for that one asset may have before it; a further one is refused.
pub const CALLS_MAX: usize = 32;
/// Certificates of one type that are kept at hand, the newest; all are among the steps.
const PAPERS_KEPT: usize = 8;

/// How one asset stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dossier {
    /// What is open about it.
    pub case: Case,
    /// Its certificates, by type.
    pub papers: BTreeMap<Box<str>, Papers>,
    /// Its last inspection of each type.
    pub last: BTreeMap<Box<str>, Made>,
    /// Inspections that were called for and not made yet.
    pub calls: BTreeMap<Uid, Call>,
    /// Who ever worked on it: not independent of it.
    pub workers: BTreeSet<Hand>,
    /// From when on a lapse locks it out by itself.
    pub automatic_from: Option<Date>,
}

/// The certificates of one type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Papers {
    /// Those that were issued.
    pub issued: BTreeMap<Uid, Paper>,
    /// Steps towards the next one.
    pub stages: Vec<Stage>,
}

/// A step towards a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Its code in the catalogue.
    pub stage: Box<str>,
    /// The day.
    pub on: Date,
    /// Its number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub number: String,
}

/// An inspection that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Its name.
    pub uid: Uid,
    /// The day.
    pub on: Date,
    /// By whom.
    pub by: Hand,
    /// Whether it found nothing important or urgent.
    pub passed: bool,
}

/// An inspection that was called for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its type.
    pub of_type: Box<str>,
    /// The day it is due.
    pub due: Date,
    /// Why.
    pub reason: String,
    /// When it was called for.
    pub called_at: Timestamp,
}

impl Papers {
    /// The day that one was applied for, if that is neither granted nor refused.
    pub fn applied(&self) -> Option<Date> {
        self.stages.iter().find(|stage| &*stage.stage == certificate::APPLICATION).map(|stage| stage.on)
    }

    /// How certificates of that type stand on a day.
    pub fn standing(&self, of_type: &CertificateType, today: Date) -> Standing {
        let issued: Vec<Term> = self.terms().collect();
        certificate::standing(of_type, &issued, self.applied(), today)
    }

    fn terms(&self) -> impl Iterator<Item = Term> {
        self.issued.values().map(|paper| Term { from: paper.from, until: paper.until })
    }

    fn is_in_force(&self, today: Date) -> bool {
        self.terms().any(|term| term.from <= today && today <= term.until)
    }
}

impl Dossier {
    /// Takes a step that arrived on `today`, as the city's calendar has it in `zone`.
    ///
    /// # Errors
    /// [`Refusal`]; the dossier is as before.
    pub fn take(&mut self, step: &Step, today: Date, zone: &TimeZone) -> Result<(), Refusal> {
        let mut next = self.clone();
        next.certify(today);
        next.case.take(step)?;
        next.note(step, today, zone)?;
        *self = next;
        Ok(())
    }

    /// How certificates of that type stand on a day.
    pub fn standing(&self, of_type: &CertificateType, today: Date) -> Standing {
        match self.papers.get(&*of_type.code) {
            Some(papers) => papers.standing(of_type, today),
            None => certificate::standing(of_type, &[], None, today),
        }
    }

    /// Whether the lapse of that certificate locks it out today, and has not yet.
    pub fn is_to_be_locked_out(&self, of_type: &CertificateType, today: Date) -> bool {
        let known = self.case.lockout.as_ref().is_some_and(|lockout| lockout.lapsed.contains(&*of_type.code));
        let standing = self.standing(of_type, today);
        !known
            && self.case.dismantled_at.is_none()
            && certificate::locks_out(of_type, standing, self.automatic_from, today)
    }

    /// The last inspection of a type, as a plan asks for it.
    pub fn last(&self, of_type: &str) -> Option<Last> {
        self.last.get(of_type).map(|made| Last { made: made.on, due: None })
    }

    /// Certificates that are in force today lock nothing out, also those that began since they were written down.
    fn certify(&mut self, today: Date) {
        let Some(lockout) = &mut self.case.lockout else { return };
        let papers = &self.papers;
        lockout.lapsed.retain(|of_type| !papers.get(of_type).is_some_and(|papers| papers.is_in_force(today)));
    }

    fn note(&mut self, step: &Step, today: Date, zone: &TimeZone) -> Result<(), Refusal> {
        let Step { uid, at, by, deed, evidence } = step;
        match deed {
            Deed::Inspected { of_type, covers, passed, supersedes, .. } => {
                let made = Made { uid: uid.clone(), on: local_day(*at, zone), by: by.clone(), passed: *passed };
                for of_type in covers.iter().chain([of_type]) {
                    let before = self.last.get(of_type);
                    let instead = before.is_some_and(|before| Some(&before.uid) == supersedes.as_ref());
                    // One that was offline for long may arrive after a later one.
                    if instead || before.is_none_or(|before| before.on <= made.on) {
                        self.last.insert(of_type.clone(), made.clone());
                    }
                }
                // One that was made before the call does not answer it, however late it arrives.
                let answers = |call: &Call| call.of_type == *of_type || covers.contains(&call.of_type);
                self.calls.retain(|_, call| !answers(call) || *at < call.called_at);
            }
            Deed::Called { of_type, due, reason } => {
                if self.calls.len() >= CALLS_MAX {
                    return Err(Refusal::TooMany);
                }
                let call = Call { of_type: of_type.clone(), due: *due, reason: reason.clone(), called_at: *at };
                self.calls.insert(uid.clone(), call);
            }
            Deed::Applied { certificate, stage, on, number } => {
                let papers = self.papers.entry(certificate.clone()).or_default();
                papers.stages.retain(|before| before.stage != *stage);
                papers.stages.push(Stage { stage: stage.clone(), on: *on, number: number.clone() });
            }
            Deed::ApplicationEnded { certificate, .. } => {
                let papers = self.papers.get_mut(certificate).ok_or(Refusal::Unknown)?;
                if papers.stages.is_empty() {
                    return Err(Refusal::Over);
                }
                papers.stages.clear();
            }
            Deed::Certified { certificate, paper } => {
                if paper.until < paper.from {
                    return Err(Refusal::Dates);
                }
                if evidence.files.is_empty() && paper.number.trim().is_empty() {
                    return Err(Refusal::Evidence);
                }
                let papers = self.papers.entry(certificate.clone()).or_default();
                papers.issued.insert(uid.clone(), paper.clone());
                papers.stages.clear();
                while papers.issued.len() > PAPERS_KEPT {
                    let oldest = papers.issued.iter().min_by_key(|(_, paper)| paper.until).map(|(uid, _)| uid.clone());
                    oldest.map(|oldest| papers.issued.remove(&oldest));
                }
            }
            Deed::Withdrawn { paper, .. } => {
                let mut of_types = self.papers.iter_mut();
                let of_type = of_types
                    .find_map(|(of_type, papers)| papers.issued.remove(paper).is_some().then(|| of_type.clone()));
                let of_type = of_type.ok_or(Refusal::Unknown)?;
                // What it had released is not certified any more.
                if let Some(lockout) = &mut self.case.lockout {
                    let of_it = LockoutCause::Certificate(of_type.clone());
                    if lockout.causes.contains(&of_it) && !self.papers[&of_type].is_in_force(today) {
                        lockout.lapsed.insert(of_type);
                    }
                }
            }
            Deed::WorkDone { .. } | Deed::Maintained { .. } => {
                self.workers.insert(by.clone());
            }
            Deed::TakenOver { automatic_from, .. } => self.automatic_from = Some(*automatic_from),
            _ => {}
        }
        self.certify_case(deed, today);
        Ok(())
    }

    /// A certificate that is not in force on that day opens nothing, whatever the step says.
    fn certify_case(&mut self, deed: &Deed, today: Date) {
        if let (Deed::Certified { certificate, .. }, Some(lockout)) = (deed, &mut self.case.lockout) {
            let of_it = LockoutCause::Certificate(certificate.clone());
            let in_force = self.papers.get(certificate).is_some_and(|papers| papers.is_in_force(today));
            if !in_force && lockout.causes.contains(&of_it) {
                lockout.lapsed.insert(certificate.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests;
