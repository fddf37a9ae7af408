//! The registry as its users see it: the doors, people, and another process on the same file.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::catalogue::{Catalogue, NodeType, Power, Quantity, Rule, Site, Tests, Zone};
use crate::telemetry::ingest::{Admission, Denied, Session, Sessions};

mod doors;
mod people;

/// A folder with records, opened as often as a test needs.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(records::FILE)
    }

    fn open(&self, mode: Enrolment) -> Arc<Registry> {
        self.open_for(mode, 2_000)
    }

    fn open_for(&self, mode: Enrolment, nodes_max: usize) -> Arc<Registry> {
        Registry::open(
            &self.path(),
            RegistryConfig { mode, nodes_max, claim: std::time::Duration::from_secs(60), knocks_max: 1_000 },
        )
        .expect("opened")
    }
}

const BY: Cause<'static> = Cause { actor: "tester", source: "", reason: "a test" };

fn node(name: &str) -> NodeId {
    NodeId::new(name).expect("a name")
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn text(name: &str) -> Text {
    Text { el: name.to_owned(), en: name.to_owned() }
}

pub(super) fn catalogue() -> Catalogue {
    let quantity = Quantity {
        code: "pm25".into(),
        number: Some(1),
        name: text("PM2.5"),
        unit: "ug/m3".into(),
        definition: None,
        decimals: 1,
        rule: Rule::Mean,
        conversions: Vec::new(),
        period_s: None,
        tests: Tests::default(),
    };
    let air = NodeType {
        code: "air".into(),
        name: text("Air"),
        sensor: "SDS011".to_owned(),
        indicative: true,
        power: Power::Mains,
        period_s: HashMap::new(),
    };
    let position = |lat| Position { lat, lon: 22.9 };
    let zone = |code: &str| Zone { code: code.into(), name: text(code), position: position(40.6) };
    let site = |code: &str, zone: &str, lat| Site {
        code: code.into(),
        name: text(code),
        zone: zone.into(),
        position: position(lat),
    };
    Catalogue::new(
        vec![quantity],
        HashMap::from([(Arc::from("air"), air)]),
        vec![zone("DKA"), zone("DKB")],
        vec![site("tower", "DKA", 40.1), site("port", "DKB", 40.2)],
    )
}
