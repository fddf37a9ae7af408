use super::*;
use crate::catalogue::load;
use crate::operations::asset::{AssetId, Unsound};
use crate::operations::dossier::Made;
use crate::operations::step::{Deed, Evidence, Severity, Step};

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn asset(kind: &str, used_as: Option<&str>) -> Asset {
    let json = serde_json::json!({
        "id": "thing-1", "kind": kind, "name_el": "Κάτι", "used_as": used_as, "known_from": "2026-03-01",
    });
    serde_json::from_value(json).expect("an asset")
}

fn made(on: &str) -> Made {
    let uid = Uid::new("inspection-1").expect("a name");
    Made { uid, on: day(on), by: Hand("eleni".into()), passed: true }
}

/// Type and day due of what is due or overdue.
fn due(asset: &Asset, dossier: &Dossier, today: &str) -> Vec<(String, String, Option<u32>)> {
    let catalogue = load::embedded();
    let held = Held { asset: asset.clone(), dossier: dossier.clone() };
    let mut shelf = Shelf::default();
    shelf.put(held.clone());
    let zone = TimeZone::get("Europe/Athens").expect("it is known");
    let on = Day { date: day(today), zone: &zone, catalogue: &catalogue };
    on.duties(&shelf, &held)
        .into_iter()
        .filter(Duty::is_due)
        .map(|duty| (duty.of_type.to_string(), duty.due.to_string(), duty.overdue()))
        .collect()
}

#[test]
fn what_is_taken_over_is_due_on_its_first_day_but_was_opened_before() {
    let playground = asset("playground", None);
    let first = due(&playground, &Dossier::default(), "2026-03-01");
    let types: Vec<&str> = first.iter().map(|(of_type, _, _)| of_type.as_str()).collect();
    assert_eq!(types, ["annual_main", "operational", "routine_visual"]);
    assert_eq!(due(&playground, &Dossier::default(), "2026-03-03")[0].2, Some(2));
    let new = Asset { installed: Some(day("2026-03-02")), ..playground };
    let types: Vec<String> =
        due(&new, &Dossier::default(), "2026-03-02").into_iter().map(|(of_type, ..)| of_type).collect();
    assert!(types.contains(&"post_installation".to_owned()), "{types:?}");
}

#[test]
fn a_call_is_due_on_its_day_and_what_is_dismantled_asks_for_nothing() {
    let mut dossier = Dossier::default();
    for of_type in ["annual_main", "operational", "routine_visual"] {
        dossier.last.insert(of_type.into(), made("2026-03-10"));
    }
    let playground = asset("playground", None);
    assert_eq!(due(&playground, &dossier, "2026-03-10"), []);
    let call = super::super::dossier::Call {
        of_type: REINSPECTION.into(),
        due: day("2026-03-10"),
        reason: "an impact".into(),
        called_at: crate::reading::Timestamp::default(),
    };
    dossier.calls.insert(Uid::new("call-0001").expect("a name"), call);
    assert_eq!(due(&playground, &dossier, "2026-03-10"), [(REINSPECTION.into(), "2026-03-10".into(), None)]);
    dossier.case.dismantled_at = Some(crate::reading::Timestamp::default());
    assert_eq!(due(&playground, &dossier, "2026-03-12"), []);
}

#[test]
fn a_lift_is_held_to_its_use() {
    let catalogue = load::embedded();
    let codes = |used_as: &str| -> Vec<String> {
        let lift = asset("lift", Some(used_as));
        needed(&lift, &Dossier::default(), &catalogue, day("2026-03-01")).map(|n| n.of_type.code.to_string()).collect()
    };
    assert_eq!(codes("public"), ["lift_public"]);
    assert_eq!(codes("residential_tall"), ["lift_residential_tall"]);
    let lift = asset("lift", Some("public"));
    assert_eq!(
        due(&lift, &Dossier::default(), "2026-03-15")[0],
        ("maintenance_public".into(), "2026-03-15".into(), None)
    );
}

#[test]
fn who_worked_on_it_or_whose_employer_keeps_it_is_not_independent() {
    let mut dossier = Dossier::default();
    let (eleni, nikos) = (Hand("person/eleni".into()), Hand("person/nikos".into()));
    dossier.workers.insert(nikos.clone());
    let swing = Asset { maintainer: "Παιχνίδια ΑΕ".into(), ..asset("swing", None) };
    assert_eq!(independence(&eleni, "", &swing, &dossier), Ok(()));
    assert_eq!(independence(&nikos, "", &swing, &dossier), Err(Dependent::Worked));
    assert_eq!(independence(&eleni, "παιχνίδια αε ", &swing, &dossier), Err(Dependent::Employer));
    assert_eq!(independence(&eleni, "Άλλη ΑΕ", &swing, &dossier), Ok(()));
}

#[test]
fn a_sensor_box_is_looked_at_where_there_is_one() {
    let catalogue = load::embedded();
    let mut swing = asset("swing", None);
    let sheet = catalogue.sheet("swing").expect("a sheet");
    let codes = |asset: &Asset, of_type: &str| -> Vec<String> {
        items(sheet, asset, of_type).iter().map(|item| item.code.to_string()).collect()
    };
    let without = codes(&swing, REINSPECTION);
    assert!(without.contains(&"chain".to_owned()) && without.contains(&"entrapment".to_owned()), "{without:?}");
    assert!(!without.contains(&"sensor_box".to_owned()));
    let mount = crate::operations::asset::Mount { node: "swing-7".into(), place: String::new(), consent: None };
    swing.nodes.push(mount);
    assert!(codes(&swing, "routine_visual").contains(&"sensor_box".to_owned()));
    assert!(AssetId::new("new").is_err() && AssetId::new("pg-1").is_ok());
}

#[test]
fn what_its_papers_say_counts_until_there_is_a_record_and_stands_for_what_it_covers() {
    let mut playground = asset("playground", None);
    playground.inspected = [("annual_main", "2025-06-10"), ("routine_visual", "2026-02-27")]
        .map(|(code, on)| (code.into(), day(on)))
        .into();
    assert_eq!(playground.check(&load::embedded()), Err(Unsound::Nowhere), "its types and days are well");
    // The annual one stands for the operational one, whose three months are over long since.
    let told = due(&playground, &Dossier::default(), "2026-03-01");
    let told: Vec<(&str, &str, Option<u32>)> =
        told.iter().map(|(of_type, due, overdue)| (of_type.as_str(), due.as_str(), *overdue)).collect();
    assert_eq!(told, [("operational", "2025-09-10", Some(172)), ("routine_visual", "2026-02-28", Some(1))]);
    // What is on record counts from then on.
    let mut dossier = Dossier::default();
    dossier.last.insert("operational".into(), made("2026-02-28"));
    assert_eq!(due(&playground, &dossier, "2026-02-28"), [("routine_visual".into(), "2026-02-28".into(), None)]);
    for (code, on) in [("annual_main", "2026-03-02"), ("lift_periodic", "2026-01-01")] {
        let wrong = Asset { inspected: [(code.into(), day(on))].into(), ..asset("playground", None) };
        assert_eq!(wrong.check(&load::embedded()), Err(Unsound::Inspected(code.into())));
    }
}

#[test]
fn work_on_a_defect_asks_for_a_look_by_another_hand() {
    let zone = TimeZone::get("Europe/Athens").expect("it is known");
    let mut dossier = Dossier::default();
    let mut hour = 0;
    let mut take = |dossier: &mut Dossier, uid: &str, by: &str, deed: Deed| {
        hour += 1;
        // From ten in the morning of 10 March on.
        let at = crate::reading::Timestamp::from_millis(1_773_129_600_000 + hour * 3_600_000);
        let evidence = Evidence { files: vec!["0".repeat(64).into()], text: "seen".into() };
        let step = Step { uid: Uid::new(uid).expect("a name"), at, by: Hand(by.into()), deed, evidence };
        dossier.take(&step, day("2026-03-10"), &zone).expect("it is taken");
    };
    let uid = |text: &str| Uid::new(text).expect("a name");
    let inspected = |passed: bool, found_well: &[&str]| {
        let found_well = found_well.iter().map(|defect| uid(defect)).collect();
        Deed::Inspected { of_type: REINSPECTION.into(), covers: Vec::new(), passed, found_well, supersedes: None }
    };
    let found = Deed::Found { severity: Severity::Important, text: "chain worn".into(), rating: None };
    take(&mut dossier, "defect-01", "eleni", found);
    let order = |defects: &[&str]| Deed::WorkOrdered {
        defects: defects.iter().map(|defect| uid(defect)).collect(),
        text: "new chain".into(),
        due: None,
        assignee: String::new(),
    };
    let done = |order: &str| Deed::WorkDone { order: uid(order), parts: String::new(), cost_cents: None };
    take(&mut dossier, "order-001", "nikos", order(&["defect-01"]));
    let swing = asset("swing", None);
    let again = |dossier: &Dossier, today: &str| -> Vec<(String, Option<u32>)> {
        let all = due(&swing, dossier, today).into_iter();
        all.filter(|(of_type, ..)| *of_type == *REINSPECTION).map(|(_, due, late)| (due, late)).collect()
    };
    assert_eq!(again(&dossier, "2026-03-30"), []);
    take(&mut dossier, "done-0001", "kostas", done("order-001"));
    assert_eq!(again(&dossier, "2026-03-10"), [], "it may be made, and is due on the next day");
    assert_eq!(again(&dossier, "2026-03-11"), [("2026-03-11".into(), None)]);
    assert_eq!(again(&dossier, "2026-03-13"), [("2026-03-11".into(), Some(2))]);
    // Whoever did the work, and who did not look for it, did not see that it is well.
    take(&mut dossier, "inspect-1", "kostas", inspected(true, &["defect-01"]));
    take(&mut dossier, "inspect-2", "eleni", inspected(true, &[]));
    assert_eq!(again(&dossier, "2026-03-13").len(), 1);
    // It is not well: there must be work again, and then another look.
    take(&mut dossier, "inspect-3", "eleni", inspected(false, &[]));
    assert_eq!(again(&dossier, "2026-03-13"), []);
    take(&mut dossier, "order-002", "nikos", order(&["defect-01"]));
    take(&mut dossier, "done-0002", "kostas", done("order-002"));
    assert_eq!(again(&dossier, "2026-03-13").len(), 1);
    take(&mut dossier, "inspect-4", "eleni", inspected(true, &["defect-01"]));
    assert_eq!(again(&dossier, "2026-03-13"), []);
}
