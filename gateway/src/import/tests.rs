use super::*;
use crate::catalogue::load::embedded;

fn values(text: &str) -> Result<Values, Problems> {
    Values::parse(&Table::read(text.as_bytes()).expect("a table"), &embedded())
}

#[test]
fn names_of_pollutants_columns_and_dates_are_met_where_they_are() {
    let text = "Τιμή;Ρύπος;ΣΤΑΘΜΟΣ;Ημερομηνία\n46,49;PM2.5;egnatias;31/01/2010\n0,6;CΟ;egnatias;2010-01-31\n;O3;egnatias;2010-02-01\n";
    let values = values(text).expect("good");
    let series: Vec<_> = values.series.iter().map(|s| (&*s.station, &*s.quantity, s.days.clone())).collect();
    let day = jiff::civil::date(2010, 1, 31);
    assert_eq!(series, [("egnatias", "co", vec![(day, 0.6)]), ("egnatias", "pm25", vec![(day, 46.49)])]);
    assert_eq!((values.blank, values.count()), (1, 2));
}

#[test]
fn every_problem_is_told_with_its_line_and_nothing_is_taken() {
    let text = "date,station,pollutant,value\n2010-02-30,a,CO,1\n2010-01-01,a,XX,1\n2010-01-01,,CO,1\n2010-01-01,a,CO,x\n\
        2010-01-01,a,CO,101\n2010-01-02,a,CO,1\n2010-01-02,a,CO,2\n2010-01-03,a,XX,1\n";
    let problems = values(text).expect_err("bad").to_string();
    let lines: Vec<&str> = problems.lines().map(|line| line.split(':').next().unwrap_or_default().trim()).collect();
    assert_eq!(lines, ["line 2", "line 3", "line 4", "line 5", "line 6", "line 8"], "{problems}");
    let many = format!("date,station,pollutant,value\n{}", "x,a,CO,1\n".repeat(50));
    assert!(values(&many).expect_err("bad").to_string().ends_with("and 30 more"));
    assert!(values("date,station,value\n").expect_err("bad").to_string().contains("pollutant"));
}

#[test]
fn the_embedded_history_comes_whole_in_frames_that_a_journal_takes() {
    let catalogue = embedded();
    let table =
        Table::read(&include_bytes!("../../data/thessaloniki-air-daily-2010-2013.csv.gz")[..]).expect("a table");
    let values = Values::parse(&table, &catalogue).expect("good");
    assert_eq!(values.count(), 33_661);
    let egnatias = values.series.iter().find(|s| s.station == "egnatias" && &*s.quantity == "pm10").expect("a series");
    let days = || egnatias.days.iter().filter(|(day, _)| day.year() == 2010).map(|(_, value)| *value);
    assert_eq!(days().count(), 365);
    assert!((days().sum::<f64>() / 365.0 - 46.49).abs() < 0.005);
    let table = Table::read(&include_bytes!("../../data/thessaloniki-stations.csv")[..]).expect("a table");
    let stations = Station::parse(&table, &catalogue).expect("good");
    let prepared = prepare(&values, &stations, "station-", Timestamp::from_millis(0)).expect("good");
    let names: Vec<&str> = prepared.stations.iter().map(|(node, _)| node.as_str()).collect();
    assert_eq!(names.len(), 6);
    assert!(names.contains(&"station-egnatias"));
    assert_eq!(prepared.stations.iter().filter(|(_, station)| station.approximate).count(), 3);
    let longest = prepared.frames.iter().map(|frame| frame.encode().len()).max();
    assert!(longest < Some(40_000), "{longest:?}");
}

#[test]
fn stations_are_registered_once_and_described_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = crate::registry::RegistryConfig {
        mode: crate::registry::Enrolment::Claim,
        nodes_max: 10,
        claim: std::time::Duration::from_secs(60),
        knocks_max: 1_000,
    };
    let registry = Registry::open(&folder.path().join("records.db"), config).expect("a registry");
    let catalogue = embedded();
    let id = NodeId::new("station-x").expect("a name");
    let station = Station { zone: Some("DKA".into()), approximate: true, ..Station::named("x") };
    register(&registry, &[(id.clone(), Station::named("x"))], &catalogue).expect("added");
    register(&registry, &[(id.clone(), station)], &catalogue).expect("changed");
    let snapshot = registry.snapshot();
    let node = &snapshot.nodes[&id];
    assert_eq!(node.node_type.as_deref(), Some(NODE_TYPE));
    assert_eq!(node.name.as_ref().map(|name| &*name.en), Some("x (position approximate)"));
    assert_eq!(node.placements[0].zone.as_deref(), Some("DKA"));
}

#[test]
fn codes_of_stations_become_names_of_nodes() {
    let table = [
        ("egnatias", "egnatias"),
        ("25ης Μαρτίου", "25is-martiou"),
        ("Νέου Δημαρχείου / Α1", "neou-dimarcheiou-a1"),
        ("-x,,y-", "x-y"),
    ];
    for (code, expected) in table {
        assert_eq!(slug(code), expected);
    }
}

#[test]
fn two_stations_do_not_become_one_node() {
    let values = values("date;station;pollutant;value\n2010-01-31;Α;CO;1\n2010-01-31;a;CO;2\n").expect("good");
    let prepared = prepare(&values, &[], "station-", Timestamp::from_millis(0));
    assert!(matches!(prepared, Err(ImportError::SameName(..))));
}
