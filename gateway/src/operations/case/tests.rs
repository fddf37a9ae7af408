use proptest::prelude::*;

use super::super::step::Paper;
use super::*;

fn uid(name: &str) -> Uid {
    Uid::new(&format!("{name:-<8}")).expect("a name")
}

fn hand(name: &str) -> Hand {
    Hand(format!("person/{name}").into())
}

fn photo() -> Evidence {
    Evidence { files: vec!["ab".into()], text: String::new() }
}

fn said(text: &str) -> Evidence {
    Evidence { files: Vec::new(), text: text.to_owned() }
}

/// A case that tells what came of each step.
struct Story {
    case: Case,
    at: i64,
}

impl Story {
    fn begin() -> Self {
        Self { case: Case::default(), at: 0 }
    }

    fn took(&mut self, name: &str, by: &str, deed: Deed, evidence: Evidence) -> Result<(), Refusal> {
        self.at += 60_000;
        let at = Timestamp::from_millis(self.at);
        let before = self.case.clone();
        let taken = self.case.take(&Step { uid: uid(name), at, by: hand(by), deed, evidence });
        assert!(taken.is_ok() || self.case == before, "a refused step changes nothing");
        taken
    }

    fn takes(&mut self, name: &str, by: &str, deed: Deed, evidence: Evidence) {
        assert_eq!(self.took(name, by, deed, evidence), Ok(()), "{name}");
    }
}

fn found(severity: Severity) -> Deed {
    Deed::Found { severity, text: "the chain is worn".to_owned(), rating: None }
}

fn inspected(passed: bool, found_well: &[&str]) -> Deed {
    looked(passed, found_well.iter().map(|name| uid(name)).collect(), None)
}

fn looked(passed: bool, found_well: Vec<Uid>, supersedes: Option<Uid>) -> Deed {
    Deed::Inspected { of_type: "operational".into(), covers: Vec::new(), passed, found_well, supersedes }
}

fn certified(certificate: &str) -> Deed {
    let day = |text: &str| text.parse().expect("a day");
    let (number, issuer, scope) = (String::new(), String::new(), String::new());
    let paper = Paper { number, issuer, scope, from: day("1970-01-01"), until: day("1970-12-31") };
    Deed::Certified { certificate: certificate.into(), paper }
}

fn done(order: &str) -> Deed {
    Deed::WorkDone { order: uid(order), parts: String::new(), cost_cents: None }
}

fn ordered(defects: &[&str]) -> Deed {
    work(defects.iter().map(|name| uid(name)).collect())
}

fn work(defects: Vec<Uid>) -> Deed {
    Deed::WorkOrdered { defects, text: String::new(), due: None, assignee: String::new() }
}

fn released(inspection: &str) -> Deed {
    Deed::Released { inspection: Some(uid(inspection)) }
}

fn repaired(defect: &str, inspection: &str) -> Deed {
    Deed::Closed { defect: uid(defect), closing: Closing::Repaired { inspection: uid(inspection) } }
}

#[test]
fn a_broken_swing_is_locked_out_barred_repaired_inspected_by_another_and_released() {
    let mut swing = Story::begin();
    let none = Evidence::default;
    swing.takes("round-1", "eleni", inspected(false, &[]), none());
    swing.takes("chain", "eleni", found(Severity::Urgent), photo());
    assert_eq!(swing.case.status(), Status::Ordered, "nobody asks whether");
    assert_eq!(swing.took("bar-1", "nikos", Deed::Barred, said("done")), Err(Refusal::Evidence));
    swing.takes("bar-2", "nikos", Deed::Barred, photo());
    assert_eq!(swing.case.status(), Status::LockedOut);
    assert_eq!(swing.took("bar-3", "nikos", Deed::Barred, photo()), Err(Refusal::Barred));

    swing.takes("order", "eleni", ordered(&["chain"]), none());
    assert_eq!(swing.took("work-0", "petros", done("order"), said("new chain")), Err(Refusal::Evidence));
    // An inspection before the work proves nothing.
    swing.takes("early", "eleni", inspected(true, &["chain"]), none());
    assert_eq!(swing.took("close-0", "eleni", repaired("chain", "early"), none()), Err(Refusal::NoWork));
    swing.takes("work", "petros", done("order"), photo());
    assert_eq!(swing.took("close-1", "eleni", repaired("chain", "early"), none()), Err(Refusal::TooEarly));
    assert_eq!(swing.took("free-1", "eleni", released("early"), none()), Err(Refusal::UrgentOpen));
    // Nor does the word of whoever did the work.
    swing.takes("own", "petros", inspected(true, &["chain"]), none());
    assert_eq!(swing.took("close-2", "eleni", repaired("chain", "own"), none()), Err(Refusal::OwnWork));

    swing.takes("again", "eleni", inspected(true, &["chain"]), none());
    swing.takes("close", "eleni", repaired("chain", "again"), none());
    assert_eq!(swing.case.status(), Status::LockedOut, "a closed defect does not open it");
    assert_eq!(swing.took("free-2", "eleni", released("own"), none()), Err(Refusal::OwnWork));
    assert_eq!(swing.took("free-3", "eleni", Deed::Released { inspection: None }, none()), Err(Refusal::NotWell));
    swing.takes("free", "eleni", released("again"), none());
    assert_eq!(swing.case, Case::default(), "nothing is open any more");
}

#[test]
fn nothing_rests_upon_an_inspection_that_was_superseded() {
    let mut swing = Story::begin();
    let none = Evidence::default;
    let cause = LockoutCause::Decision("it creaks".into());
    swing.takes("creaks", "eleni", Deed::LockoutOrdered { cause }, none());
    swing.takes("look", "eleni", inspected(true, &[]), none());
    let instead = |passed| looked(passed, Vec::new(), Some(uid("look")));
    assert_eq!(swing.took("again-0", "eleni", instead(false), none()), Err(Refusal::Words), "without a reason");
    swing.takes("again", "eleni", instead(false), said("the bearing was not looked at"));
    assert_eq!(swing.took("free-0", "eleni", released("look"), none()), Err(Refusal::Unknown));
    assert_eq!(swing.took("free-1", "eleni", released("again"), none()), Err(Refusal::NotWell));
    assert_eq!(swing.case.status(), Status::Ordered);
}

#[test]
fn a_mistake_or_a_duplicate_is_said_by_two() {
    let mut slide = Story::begin();
    slide.takes("step", "eleni", found(Severity::Important), photo());
    slide.takes("rail", "eleni", found(Severity::Recommended), photo());
    let mistaken = || Deed::Closed { defect: uid("rail"), closing: Closing::Mistaken };
    let none = Evidence::default;
    assert_eq!(slide.took("c-1", "eleni", mistaken(), photo()), Err(Refusal::Words), "nothing closes without a reason");
    slide.takes("c-2", "eleni", mistaken(), said("it was a shadow"));
    assert_eq!(slide.case.open_defects().len(), 2, "until a second person agrees it is open");
    let agreed = || Deed::ClosingAgreed { defect: uid("rail") };
    assert_eq!(slide.took("a-1", "eleni", agreed(), none()), Err(Refusal::SecondPerson));
    slide.takes("a-2", "nikos", Deed::ClosingRefused { defect: uid("rail"), reason: "it is loose".into() }, none());
    assert_eq!(slide.took("a-3", "nikos", agreed(), none()), Err(Refusal::Over));

    let same =
        |of: &str, defect: &str| Deed::Closed { defect: uid(defect), closing: Closing::Duplicate { of: uid(of) } };
    assert_eq!(slide.took("d-1", "eleni", same("rail", "step"), said("the same")), Err(Refusal::NoOriginal), "milder");
    assert_eq!(slide.took("d-2", "eleni", same("rail", "rail"), said("the same")), Err(Refusal::NoOriginal), "itself");
    slide.takes("d-3", "eleni", same("step", "rail"), said("the same"));
    // The other one is closed before the second person agrees.
    slide.takes("gone", "nikos", Deed::Closed { defect: uid("step"), closing: Closing::Removed }, photo());
    assert_eq!(slide.took("d-4", "nikos", agreed(), none()), Err(Refusal::NoOriginal));
}

#[test]
fn two_that_are_each_the_other_do_not_vanish() {
    let mut net = Story::begin();
    let none = Evidence::default;
    net.takes("one", "eleni", found(Severity::Urgent), photo());
    net.takes("two", "eleni", found(Severity::Urgent), photo());
    let same =
        |of: &str, defect: &str| Deed::Closed { defect: uid(defect), closing: Closing::Duplicate { of: uid(of) } };
    net.takes("s-1", "eleni", same("two", "one"), said("the same"));
    assert_eq!(net.took("s-2", "eleni", same("one", "two"), said("the same")), Err(Refusal::NoOriginal));
    net.takes("s-3", "nikos", Deed::ClosingAgreed { defect: uid("one") }, none());
    assert_eq!(net.case.open_defects().len(), 1);
    assert_eq!(net.case.status(), Status::Ordered);
}

#[test]
fn a_lapsed_certificate_locks_out_and_one_in_force_releases() {
    let mut lift = Story::begin();
    let none = Evidence::default;
    let lapsed = || Deed::LockoutOrdered { cause: LockoutCause::Certificate("periodic".into()) };
    lift.takes("lapse", "gateway", lapsed(), none());
    assert_eq!(lift.case.status(), Status::Ordered);
    let free = || Deed::Released { inspection: None };
    assert_eq!(lift.took("f-1", "eleni", free(), none()), Err(Refusal::NotCertified));
    lift.takes("cert", "eleni", certified("periodic"), photo());
    lift.takes("f-2", "eleni", free(), none());
    assert_eq!(lift.case.status(), Status::Open);

    // With another cause beside it somebody has to look.
    lift.takes("lapse-2", "gateway", lapsed(), none());
    let cause = LockoutCause::Decision("water in the pit".into());
    lift.takes("water", "nikos", Deed::LockoutOrdered { cause }, none());
    lift.takes("cert-2", "eleni", certified("periodic"), photo());
    assert_eq!(lift.took("f-3", "eleni", free(), none()), Err(Refusal::NotWell));
    lift.takes("look", "eleni", inspected(true, &[]), none());
    lift.takes("f-4", "eleni", released("look"), none());
}

#[test]
fn a_milder_word_does_not_open_what_is_locked_and_an_inspection_before_it_neither() {
    let mut goal = Story::begin();
    let none = Evidence::default;
    goal.takes("before", "nikos", inspected(true, &[]), none());
    goal.takes("loose", "eleni", found(Severity::Important), photo());
    assert_eq!(goal.case.status(), Status::Open);
    goal.takes("before-2", "nikos", inspected(true, &[]), none());
    let judged = |severity| Deed::Reclassified { defect: uid("loose"), severity, reason: "it overturns".into() };
    goal.takes("worse", "eleni", judged(Severity::Urgent), none());
    assert_eq!(goal.case.status(), Status::Ordered);
    goal.takes("milder", "eleni", judged(Severity::Recommended), none());
    assert_eq!(goal.case.status(), Status::Ordered);
    assert_eq!(goal.took("free", "eleni", released("before-2"), none()), Err(Refusal::TooEarly));
}

#[test]
fn what_is_dismantled_takes_nothing_more_and_a_year_of_rounds_stays_small() {
    let mut rocker = Story::begin();
    let none = Evidence::default;
    rocker.takes("worn", "eleni", found(Severity::Recommended), photo());
    for day in 0..3 * ITEMS_MAX {
        rocker.takes(&format!("round-{day}"), "eleni", inspected(true, &[]), none());
    }
    assert!(rocker.case.inspections.len() < 64, "{}", rocker.case.inspections.len());
    for n in 0..2 * ITEMS_MAX {
        let _ = rocker.took(&format!("defect-{n}"), "eleni", found(Severity::Recommended), photo());
    }
    assert!(rocker.case.defects.len() <= ITEMS_MAX);
    // However full it is, an urgent one is heard.
    rocker.takes("urgent", "eleni", found(Severity::Urgent), photo());
    assert_eq!(rocker.case.status(), Status::Ordered);
    let gone = || Deed::Dismantled { reason: "beyond repair".into() };
    assert_eq!(rocker.took("gone-1", "eleni", gone(), none()), Err(Refusal::Evidence));
    rocker.takes("gone", "eleni", gone(), photo());
    assert_eq!(rocker.case.status(), Status::Dismantled);
    assert_eq!(rocker.took("late", "eleni", found(Severity::Urgent), photo()), Err(Refusal::Dismantled));
}

/// Any step at all, of few people about few things, so that they meet.
fn any_step() -> impl Strategy<Value = Step> {
    let name = || (0..12_u8).prop_map(|n| uid(&format!("item-{n}")));
    let names = || prop::collection::vec(name(), 0..4);
    let severity = || prop::sample::select(&Severity::ALL[..]);
    let text = || prop::sample::select(vec![String::new(), "because".to_owned()]);
    let closing = prop_oneof![
        name().prop_map(|inspection| Closing::Repaired { inspection }),
        Just(Closing::Removed),
        name().prop_map(|of| Closing::Duplicate { of }),
        Just(Closing::Mistaken),
    ];
    let cause = prop_oneof![
        name().prop_map(LockoutCause::Defect),
        Just(LockoutCause::Certificate("mark".into())),
        text().prop_map(LockoutCause::Decision),
    ];
    let deed = prop_oneof![
        3 => (any::<bool>(), names(), prop::option::weighted(0.2, name()))
            .prop_map(|(passed, well, instead)| looked(passed, well, instead)),
        3 => (severity(), text()).prop_map(|(severity, text)| Deed::Found { severity, text, rating: None }),
        1 => (name(), severity(), text())
            .prop_map(|(defect, severity, reason)| Deed::Reclassified { defect, severity, reason }),
        1 => cause.prop_map(|cause| Deed::LockoutOrdered { cause }),
        1 => Just(Deed::Barred),
        3 => prop::option::of(name()).prop_map(|inspection| Deed::Released { inspection }),
        1 => text().prop_map(|text| Deed::Restricted { text }),
        1 => text().prop_map(|reason| Deed::Unrestricted { reason }),
        1 => Just(certified("mark")),
        2 => names().prop_map(work),
        2 => name().prop_map(|order| Deed::WorkDone { order, parts: String::new(), cost_cents: None }),
        1 => (name(), text()).prop_map(|(order, reason)| Deed::WorkCancelled { order, reason }),
        3 => (name(), closing).prop_map(|(defect, closing)| Deed::Closed { defect, closing }),
        2 => name().prop_map(|defect| Deed::ClosingAgreed { defect }),
        1 => (name(), text()).prop_map(|(defect, reason)| Deed::ClosingRefused { defect, reason }),
    ];
    let by = prop::sample::select(vec!["eleni", "nikos", "petros"]);
    let evidence = prop::sample::select(vec![Evidence::default(), photo(), said("seen")]);
    (name(), 0..10_000_i64, by, deed, evidence).prop_map(|(uid, at, by, deed, evidence)| Step {
        uid,
        at: Timestamp::from_millis(at),
        by: hand(by),
        deed,
        evidence,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The clocks of phones are in no order here, and steps arrive in any.
    #[test]
    fn no_sequence_of_steps_leaves_equipment_open_that_has_an_urgent_defect(
        steps in prop::collection::vec(any_step(), 1..60)
    ) {
        let mut case = Case::default();
        for step in steps {
            let before = case.clone();
            let taken = case.take(&step);
            if taken.is_err() {
                prop_assert_eq!(&case, &before);
                continue;
            }
            let urgent = case.defects.values().any(|defect| defect.is_open() && defect.severity == Severity::Urgent);
            prop_assert!(!urgent || case.status() >= Status::Ordered, "{:?}", case);
            // What was locked out is released by a step that says so, and by no other.
            if before.lockout.is_some() && case.lockout.is_none() {
                let Deed::Released { inspection } = &step.deed else { panic!("{step:?} opened it") };
                let workers: Vec<&Hand> = before.orders.values().filter_map(WorkOrder::done).map(|(_, by)| by).collect();
                match inspection.as_ref().map(|name| &before.inspections[name]) {
                    Some(seen) => prop_assert!(seen.passed && !workers.contains(&&seen.by), "{:?}", before),
                    None => prop_assert!(before.lockout.as_ref().is_some_and(Lockout::is_for_certificates_alone)),
                }
            }
            // Of two that are open none vanishes into the other.
            let open = |case: &Case| case.defects.values().filter(|defect| defect.is_open()).count();
            prop_assert!(open(&case) + 1 >= open(&before));
            // What is kept comes back as it was.
            let kept: Case = serde_json::from_str(&serde_json::to_string(&case).expect("text")).expect("a case");
            prop_assert_eq!(kept, case.clone());
        }
    }
}
