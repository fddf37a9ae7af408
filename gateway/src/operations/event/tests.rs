use serde_json::json;

use super::*;
use crate::catalogue::load;
use crate::operations::asset::Asset;
use crate::operations::dossier::{Call, Dossier};
use crate::operations::step::Uid;

fn held(json: serde_json::Value) -> Held {
    let asset: Asset = serde_json::from_value(json).expect("an asset");
    Held { asset, dossier: Dossier::default() }
}

/// A playground in Toumba with a swing that has a node, and another one elsewhere that has none.
fn shelf() -> Shelf {
    let mut shelf = Shelf::default();
    for json in [
        json!({ "id": "pg-1", "kind": "playground", "name_el": "Τούμπα", "site": "toumba", "known_from": "2026-01-01" }),
        json!({
            "id": "sw-1", "kind": "swing", "name_el": "Κούνια", "parent": "pg-1", "known_from": "2026-01-01",
            "nodes": [{ "node": "swing-7", "position": "beam" }],
        }),
        json!({ "id": "pg-2", "kind": "playground", "name_el": "Πύργος", "site": "white-tower", "known_from": "2026-01-01" }),
    ] {
        shelf.put(held(json));
    }
    shelf
}

fn peak(node: &str, zone: &str, at: i64, value: f64) -> Peak {
    Peak { node: node.into(), zone: Some(zone.into()), at: Timestamp::from_millis(at), value }
}

#[test]
fn a_blow_calls_where_its_node_is_and_a_storm_in_all_its_community() {
    let (catalogue, shelf) = (load::embedded(), shelf());
    let day: Date = "2026-03-01".parse().expect("a day");
    let zone = |site: &str| catalogue.site(site).expect("a site").zone.to_string();
    let seen = Timestamp::from_millis(1_000);
    let called = |quantity: &str, peaks: &[Peak]| -> Vec<(String, String, String)> {
        let watched = watched(&shelf, &catalogue).into_iter();
        let of_it =
            watched.filter(|one| matches!(&one.event.on, Happening::Reading { quantity: of, .. } if **of == *quantity));
        let calls = of_it.filter_map(|one| match one.call(peaks, seen, day)? {
            Deed::Called { of_type, due, reason } => {
                assert_eq!(due.to_string(), "2026-03-02");
                Some((one.unit.asset.id.to_string(), of_type.to_string(), reason))
            }
            other => panic!("{other:?}"),
        });
        calls.collect()
    };
    let toumba = zone("toumba");
    let blows = [
        peak("swing-7", &toumba, 2_000, 31.5),
        peak("swing-7", &toumba, 3_000, 80.25),
        peak("swing-7", &toumba, 4_000, 45.0),
        peak("swing-9", &toumba, 2_000, 150.0),
    ];
    let (unit, of_type, reason) = called("impact", &blows).pop().expect("a call");
    assert_eq!((&*unit, &*of_type, called("impact", &blows).len()), ("pg-1", "operational", 1));
    assert_eq!(told(&reason), Some(("impact", 80.25, "swing-7", Timestamp::from_millis(3_000))));
    assert_eq!(called("impact", &[peak("swing-7", &toumba, 1_000, 80.0)]), [], "it was looked at since");

    let storm = [peak("weather-1", &zone("white-tower"), 2_000, 26.0)];
    let units: Vec<String> = called("wind_speed", &storm).into_iter().map(|(unit, ..)| unit).collect();
    let own = zone("white-tower");
    assert_eq!(units.contains(&"pg-1".to_owned()), toumba == own);
    assert!(units.contains(&"pg-2".to_owned()), "{units:?}");
}

#[test]
fn what_is_called_for_already_is_not_called_for_again() {
    let (catalogue, mut shelf) = (load::embedded(), shelf());
    let of = |shelf: &Shelf, id: &str, of_type: &str| {
        watched(shelf, &catalogue).iter().any(|one| one.unit.asset.id.as_str() == id && *one.event.calls == *of_type)
    };
    assert!(of(&shelf, "pg-1", "operational") && !of(&shelf, "pg-2", "operational"), "the other has no node");
    let id = crate::operations::asset::AssetId::new("pg-1").expect("a code");
    let mut called = shelf.get(&id).expect("it is there").clone();
    let call = Call {
        of_type: "operational".into(),
        due: Date::default(),
        reason: "a blow".into(),
        called_at: Timestamp::default(),
    };
    called.dossier.calls.insert(Uid::new("call-0001").expect("a name"), call);
    shelf.put(called.clone());
    assert!(!of(&shelf, "pg-1", "operational") && of(&shelf, "pg-1", "routine_visual"));
    called.dossier.case.dismantled_at = Some(Timestamp::default());
    shelf.put(called);
    assert!(!of(&shelf, "pg-1", "routine_visual"));
}

#[test]
fn other_reasons_are_a_persons_words() {
    for other in
        ["", "reading", "reading impact", "reading impact x swing-7 5", "reading impact 5 swing-7 5 more", REPAIRED]
    {
        assert_eq!(told(other), None, "{other}");
    }
}
