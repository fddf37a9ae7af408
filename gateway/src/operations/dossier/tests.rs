use super::*;
use crate::catalogue::load;
use crate::operations::case::Status;
use crate::operations::step::{Evidence, LockoutCause, Severity};
use crate::reading::Timestamp;

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn uid(name: &str) -> Uid {
    Uid::new(&format!("{name:-<8}")).expect("a name")
}

/// An asset and the day it is.
struct Story {
    dossier: Dossier,
    zone: TimeZone,
}

impl Story {
    fn begin() -> Self {
        Self { dossier: Dossier::default(), zone: TimeZone::get("Europe/Athens").expect("bundled") }
    }

    /// On a day, at noon.
    fn took(&mut self, name: &str, on: &str, by: &str, deed: Deed) -> Result<(), Refusal> {
        let noon = day(on).at(12, 0, 0, 0).to_zoned(self.zone.clone()).expect("a noon");
        let at = Timestamp::from_millis(noon.timestamp().as_millisecond());
        let evidence = Evidence { files: vec!["ab".into()], text: "seen".into() };
        let step = Step { uid: uid(name), at, by: Hand(by.into()), deed, evidence };
        let before = self.dossier.clone();
        let taken = self.dossier.take(&step, day(on), &self.zone);
        assert!(taken.is_ok() || self.dossier == before, "a refused step changes nothing");
        taken
    }

    fn takes(&mut self, name: &str, on: &str, by: &str, deed: Deed) {
        assert_eq!(self.took(name, on, by, deed), Ok(()), "{name}");
    }
}

fn mark(from: &str, until: &str) -> Deed {
    let (number, issuer, scope) = ("Β/12".into(), "ΕΣΥΔ 1".into(), String::new());
    let paper = Paper { number, issuer, scope, from: day(from), until: day(until) };
    Deed::Certified { certificate: "suitability_mark".into(), paper }
}

fn inspected(of_type: &str, covers: &[&str]) -> Deed {
    Deed::Inspected {
        of_type: of_type.into(),
        covers: covers.iter().map(|code| Box::from(*code)).collect(),
        passed: true,
        found_well: Vec::new(),
        supersedes: None,
    }
}

#[test]
fn a_certificate_that_begins_later_opens_nothing_before_its_day() {
    let mut playground = Story::begin();
    let lapsed = LockoutCause::Certificate("suitability_mark".into());
    playground.takes("lapse", "2026-03-01", "gateway", Deed::LockoutOrdered { cause: lapsed });
    playground.takes("granted", "2026-03-02", "eleni", mark("2026-03-10", "2027-03-09"));
    let free = || Deed::Released { inspection: None };
    assert_eq!(playground.took("free-1", "2026-03-09", "eleni", free()), Err(Refusal::NotCertified));
    // Nothing has to be written down for it to begin.
    playground.takes("free-2", "2026-03-10", "eleni", free());
    assert_eq!(playground.dossier.case.status(), Status::Open);
}

#[test]
fn one_that_was_withdrawn_certifies_nothing() {
    let mut playground = Story::begin();
    let catalogue = load::embedded();
    let of_type = catalogue.certificates_for("playground", None).next().expect("the mark");
    playground.takes("granted", "2026-03-01", "eleni", mark("2026-03-01", "2027-02-28"));
    let decided = Deed::TakenOver { automatic_from: day("2026-03-05"), reason: "as decided".into() };
    playground.takes("decided", "2026-03-01", "eleni", decided);
    assert!(!playground.dossier.is_to_be_locked_out(of_type, day("2026-03-05")));
    let withdrawn = |paper| Deed::Withdrawn { paper: uid(paper), reason: "of another playground".into() };
    assert_eq!(playground.took("gone-0", "2026-03-04", "eleni", withdrawn("other")), Err(Refusal::Unknown));
    playground.takes("gone", "2026-03-04", "eleni", withdrawn("granted"));
    assert!(!playground.dossier.is_to_be_locked_out(of_type, day("2026-03-04")), "it was decided for the 5th");
    assert!(playground.dossier.is_to_be_locked_out(of_type, day("2026-03-05")));
    let cause = LockoutCause::Certificate(of_type.code.as_ref().into());
    playground.takes("lapse", "2026-03-05", "gateway", Deed::LockoutOrdered { cause });
    assert!(!playground.dossier.is_to_be_locked_out(of_type, day("2026-03-06")), "once is enough");
}

#[test]
fn an_application_is_pending_until_it_is_granted_or_ends() {
    let mut playground = Story::begin();
    let catalogue = load::embedded();
    let of_type = catalogue.certificates_for("playground", None).next().expect("the mark");
    let stage = |stage: &str, on: &str| Deed::Applied {
        certificate: "suitability_mark".into(),
        stage: stage.into(),
        on: day(on),
        number: "7/2026".into(),
    };
    let standing = |story: &Story| story.dossier.standing(of_type, day("2026-04-01"));
    playground.takes("report", "2026-03-01", "eleni", stage("report", "2026-02-20"));
    assert_eq!(standing(&playground), Standing::Lapsed { days: None }, "a report is no application");
    playground.takes("applied", "2026-03-02", "eleni", stage("application", "2026-03-02"));
    assert_eq!(standing(&playground), Standing::Pending { days: None });
    let ended = || Deed::ApplicationEnded { certificate: "suitability_mark".into(), reason: "refused".into() };
    playground.takes("ended", "2026-03-20", "eleni", ended());
    assert_eq!(standing(&playground), Standing::Lapsed { days: None });
    assert_eq!(playground.took("ended-2", "2026-03-21", "eleni", ended()), Err(Refusal::Over));
    playground.takes("granted", "2026-03-22", "eleni", mark("2026-03-22", "2027-03-21"));
    assert!(standing(&playground).is_in_force());
}

#[test]
fn an_inspection_stands_for_what_it_covers_and_answers_calls_made_before_it() {
    let mut playground = Story::begin();
    let called = |of_type: &str| Deed::Called {
        of_type: of_type.into(),
        due: day("2026-03-05"),
        reason: "an impact of 80 g".into(),
    };
    playground.takes("call", "2026-03-04", "gateway", called("operational"));
    // A form that was sent late: made before the impact.
    playground.takes("late", "2026-03-03", "eleni", inspected("annual_main", &["operational", "routine_visual"]));
    assert_eq!(playground.dossier.calls.len(), 1);
    for of_type in ["annual_main", "operational", "routine_visual"] {
        assert_eq!(playground.dossier.last(of_type).map(|last| last.made), Some(day("2026-03-03")), "{of_type}");
    }
    playground.takes("round", "2026-03-06", "eleni", inspected("routine_visual", &[]));
    assert_eq!(playground.dossier.calls.len(), 1, "a round is not what was called for");
    playground.takes("made", "2026-03-06", "eleni", inspected("operational", &["routine_visual"]));
    assert_eq!(playground.dossier.calls.len(), 0);
    // An older one that arrives later does not take its place.
    playground.takes("older", "2026-03-01", "nikos", inspected("operational", &[]));
    assert_eq!(playground.dossier.last("operational").map(|last| last.made), Some(day("2026-03-06")));
}

#[test]
fn who_works_on_it_is_known_for_good_and_a_dossier_comes_back_as_it_was() {
    let mut swing = Story::begin();
    let found = Deed::Found { severity: Severity::Important, text: "loose".into(), rating: None };
    swing.takes("loose", "2026-03-01", "eleni", found);
    let defects = vec![uid("loose")];
    let due = Some(day("2026-03-08"));
    let ordered = Deed::WorkOrdered { defects, text: "tighten".into(), due, assignee: "person/petros".into() };
    swing.takes("order", "2026-03-01", "eleni", ordered);
    let done = Deed::WorkDone { order: uid("order"), parts: "2 × M12".into(), cost_cents: Some(480) };
    swing.takes("done", "2026-03-02", "petros", done);
    let closing = crate::operations::step::Closing::Removed;
    swing.takes("closed", "2026-03-03", "eleni", Deed::Closed { defect: uid("loose"), closing });
    assert_eq!(swing.dossier.case, Case::default());
    assert!(swing.dossier.workers.contains(&Hand("petros".into())));
    let kept = serde_json::to_string(&swing.dossier).expect("text");
    assert_eq!(serde_json::from_str::<Dossier>(&kept).expect("a dossier"), swing.dossier);
}
