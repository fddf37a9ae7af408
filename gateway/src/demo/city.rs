//! The demonstration's city: which nodes there are, what they are called, where they stand, what they measure.

use crate::catalogue::{Catalogue, Position};
use crate::reading::NodeId;
use crate::registry::Details;

use super::models::{self, Model, Source};
use super::week;

/// A place of the archive that stands for a site of the city.
pub(super) struct Air {
    /// The site's code.
    pub site: &'static str,
    /// The archive's number of the place.
    pub location: u32,
    /// The kind of node.
    pub node_type: &'static str,
}

const KIT: &str = "air-sds011-dht22";

/// The places of the archive with the best coverage, two of them with air pressure.
pub(super) const AIR: [Air; 16] = [
    Air { site: "white-tower", location: 7647, node_type: "air-sds011-bme280" },
    Air { site: "arch-of-galerius", location: 3121, node_type: KIT },
    Air { site: "syntrivani", location: 3939, node_type: KIT },
    Air { site: "aristotelous", location: 11407, node_type: "air-sds011-bme280" },
    Air { site: "panepistimio", location: 11513, node_type: KIT },
    Air { site: "xirokrini", location: 7832, node_type: KIT },
    Air { site: "new-railway-station", location: 11473, node_type: KIT },
    Air { site: "dimokratias", location: 8655, node_type: KIT },
    Air { site: "ano-poli", location: 11441, node_type: KIT },
    Air { site: "kallithea", location: 11670, node_type: KIT },
    Air { site: "toumba", location: 13447, node_type: KIT },
    Air { site: "artakis", location: 11610, node_type: KIT },
    Air { site: "nea-paralia", location: 11607, node_type: KIT },
    Air { site: "nea-elvetia", location: 11428, node_type: KIT },
    Air { site: "fleming", location: 11476, node_type: KIT },
    Air { site: "ortansias", location: 4315, node_type: KIT },
];

/// How a node writes its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// SenML in JSON.
    SenmlJson,
    /// SenML in CBOR.
    SenmlCbor,
    /// Our own frames.
    Native,
}

/// A node of the demonstration.
pub(super) struct CityNode {
    /// Its name.
    pub id: NodeId,
    /// What the registry is told of it.
    pub details: Details,
    /// How it writes.
    pub dialect: Dialect,
    /// What it measures.
    pub source: Source,
}

/// A kind of simulated node, and the sites where there are some.
struct Kind {
    /// What their names begin with.
    name: &'static str,
    el: &'static str,
    en: &'static str,
    node_type: &'static str,
    model: fn(u64) -> Model,
    /// Sites, each with how many stand there.
    sites: &'static [(&'static str, u8)],
}

const KINDS: [Kind; 10] = [
    Kind {
        name: "swing",
        el: "Κούνια",
        en: "Swing",
        node_type: "play-swing",
        model: models::swing,
        sites: &[("nea-paralia", 2), ("toumba", 1), ("ano-poli", 1)],
    },
    Kind {
        name: "slide",
        el: "Τσουλήθρα",
        en: "Slide",
        node_type: "play-slide",
        model: models::slide,
        sites: &[("nea-paralia", 1), ("toumba", 1), ("nea-elvetia", 1)],
    },
    Kind {
        name: "bin",
        el: "Κάδος",
        en: "Waste bin",
        node_type: "bin-ultrasonic",
        model: models::bin,
        sites: &[("aristotelous", 2), ("arch-of-galerius", 1), ("dimokratias", 1), ("fleming", 1), ("kallithea", 1)],
    },
    Kind {
        name: "parking",
        el: "Θέση στάθμευσης",
        en: "Parking place",
        node_type: "parking-magnetic",
        model: models::parking,
        sites: &[("syntrivani", 6), ("fleming", 5), ("xirokrini", 5)],
    },
    Kind {
        name: "lamp",
        el: "Φωτιστικό",
        en: "Street lamp",
        node_type: "lamp-controller",
        model: models::lamp,
        sites: &[("nea-paralia", 4), ("artakis", 2), ("kallithea", 2), ("white-tower", 2)],
    },
    Kind {
        name: "lift",
        el: "Ανελκυστήρας",
        en: "Lift",
        node_type: "lift-monitor",
        model: models::lift,
        sites: &[("new-railway-station", 2), ("panepistimio", 2)],
    },
    Kind {
        name: "sound",
        el: "Σταθμός θορύβου",
        en: "Sound level station",
        node_type: "sound-class2",
        model: models::sound,
        sites: &[
            ("aristotelous", 1),
            ("dimokratias", 1),
            ("arch-of-galerius", 1),
            ("panepistimio", 1),
            ("new-railway-station", 1),
            ("white-tower", 1),
            ("toumba", 1),
            ("ano-poli", 1),
            ("ortansias", 1),
            ("nea-elvetia", 1),
        ],
    },
    Kind {
        name: "weather",
        el: "Μετεωρολογικός σταθμός",
        en: "Weather station",
        node_type: "weather-station",
        model: models::weather,
        sites: &[("nea-paralia", 1), ("ano-poli", 1), ("xirokrini", 1), ("nea-elvetia", 1)],
    },
    Kind {
        name: "sea",
        el: "Σταθμήμετρο θάλασσας",
        en: "Sea level gauge",
        node_type: "water-level",
        model: models::water_level,
        sites: &[("white-tower", 1)],
    },
    Kind {
        name: "stream",
        el: "Σταθμήμετρο ρέματος",
        en: "Stream level gauge",
        node_type: "water-level",
        model: models::water_level,
        sites: &[("ortansias", 1)],
    },
];

/// All nodes of the city.
pub(super) fn nodes(catalogue: &Catalogue) -> Vec<CityNode> {
    let mut nodes = Vec::new();
    let replays = week::read(&AIR.map(|air| air.location));
    for (index, (air, replay)) in AIR.iter().zip(replays).enumerate() {
        let mut details = described(catalogue, air.site, air.node_type, 0);
        let (el, en) = names(catalogue, air.site);
        details.name_el = Some(format!("Αέρας, {el} (αναπαραγωγή πραγματικών μετρήσεων του Αμπερντίν, 2019)"));
        details.name_en = Some(format!("Air, {en} (replay of real measurements from Aberdeen, 2019)"));
        details.serial = Some(format!("Sensor.Community location {}", air.location));
        let dialect = if index % 3 == 2 { Dialect::SenmlCbor } else { Dialect::SenmlJson };
        nodes.push(CityNode { id: id(&["air", air.site]), details, dialect, source: Source::Replay(replay) });
    }
    for (kind_number, kind) in KINDS.iter().enumerate() {
        let mut number: u64 = 0;
        for (site, count) in kind.sites {
            let (el, en) = names(catalogue, site);
            for within in 1..=*count {
                number += 1;
                let seed = (kind_number as u64 + 1) << 32 | number;
                let mut details = described(catalogue, site, kind.node_type, seed);
                let which = if *count > 1 { format!(" {within}") } else { String::new() };
                details.name_el = Some(format!("{}{which}, {el} (προσομοίωση)", kind.el));
                details.name_en = Some(format!("{}{which}, {en} (simulated)", kind.en));
                let last = within.to_string();
                let parts = [kind.name, site, &last];
                let id = id(if *count > 1 { &parts } else { &parts[..2] });
                let source = Source::Model((kind.model)(seed));
                nodes.push(CityNode { id, details, dialect: Dialect::Native, source });
            }
        }
    }
    nodes
}

fn id(parts: &[&str]) -> NodeId {
    NodeId::new(&parts.join("-")).expect("codes of sites are names of nodes")
}

fn names<'a>(catalogue: &'a Catalogue, site: &'a str) -> (&'a str, &'a str) {
    catalogue.site(site).map_or((site, site), |site| (&site.name.el, &site.name.en))
}

/// What is said of a node at a site; several at one site stand some ten metres apart.
fn described(catalogue: &Catalogue, site: &str, node_type: &str, seed: u64) -> Details {
    let position = catalogue.site(site).map(|site| {
        let turn = seed as f64 * 2.399_963;
        let away = if seed == 0 { 0.0 } else { 0.000_25 + 0.000_06 * (seed % 7) as f64 };
        Position { lat: site.position.lat + away * turn.sin(), lon: site.position.lon + away * 1.3 * turn.cos() }
    });
    Details {
        node_type: Some(node_type.to_owned()),
        serial: Some("demonstration".to_owned()),
        site: Some(site.to_owned()),
        position,
        ..Details::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::catalogue::load::embedded;

    #[test]
    fn names_are_unique_say_what_is_not_real_and_refer_to_the_catalogue() {
        let catalogue = embedded();
        let nodes = nodes(&catalogue);
        let ids: HashSet<_> = nodes.iter().map(|node| node.id.clone()).collect();
        assert_eq!(ids.len(), nodes.len());
        for node in &nodes {
            let details = &node.details;
            let site = details.site.as_deref().unwrap_or_default();
            assert!(catalogue.site(site).is_some(), "{}: {site}", node.id);
            let node_type = details.node_type.as_deref().unwrap_or_default();
            assert!(catalogue.node_types.contains_key(node_type), "{}: {node_type}", node.id);
            let english = details.name_en.as_deref().unwrap_or_default();
            assert!(english.contains("simulated") || english.contains("replay"), "{english}");
            let greek = details.name_el.as_deref().unwrap_or_default();
            assert!(greek.contains("προσομοίωση") || greek.contains("αναπαραγωγή"), "{greek}");
        }
    }
}
