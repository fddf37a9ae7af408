//! A small city in memory: what the store would give, without one.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalogue::{Catalogue, NodeType, Position, Power, Quantity, Rule, Site, State, Tests, Text, Zone};
use crate::reading::{DatastreamId, DatastreamKey, Flag, Marks, NodeId, Timestamp};
use crate::registry::{Node, Placement, Snapshot};
use crate::service::sensorthings::Source;
use crate::store::StoreError;
use crate::store::model::{
    Aggregate, Datastream, JudgedObservation, Order, Page, Span, Status, TestFlags, Values, WindowIndex, WindowLength,
};

/// 2026-11-20T00:00:00Z.
pub(crate) const DAY: i64 = 1_795_132_800_000;

const WINDOWS: [WindowLength; 3] = [WindowLength::Minutes(15), WindowLength::Minutes(60), WindowLength::LocalDay];

/// Observations and aggregates by datastream.
pub(crate) struct Fake {
    snapshot: Arc<Snapshot>,
    catalogue: Arc<Catalogue>,
    streams: Vec<Arc<Datastream>>,
    observations: HashMap<u32, Vec<JudgedObservation>>,
}

/// What one datastream holds.
pub(crate) struct Given {
    pub(crate) id: u32,
    pub(crate) node: &'static str,
    pub(crate) quantity: &'static str,
    pub(crate) channel: u8,
    /// `measured_at` and value, in the order of arrival.
    pub(crate) values: Vec<(i64, f64)>,
    pub(crate) external: bool,
}

impl Fake {
    /// Four nodes: at a site, moved between sites, at its own position, and never placed.
    pub(crate) fn city() -> Self {
        let minutes = |n: i64, step: i64| (0..n).map(move |i| (DAY + i * step * 60_000, 10.0 + i as f64));
        let given =
            |id, node, quantity, channel, values| Given { id, node, quantity, channel, values, external: false };
        let mut late: Vec<(i64, f64)> = minutes(10, 5).collect();
        late.swap(3, 9);
        Self::of(vec![
            given(1, "air-1", "pm25", 0, minutes(250, 1).collect()),
            given(2, "air-1", "temperature", 0, minutes(24, 60).map(|(t, v)| (t, v / 2.0)).collect()),
            given(3, "air-2", "pm25", 0, late),
            given(4, "air-2", "pm25", 1, minutes(3, 1).collect()),
            given(5, "lot-1", "parking", 0, vec![(DAY, 1.0), (DAY + 1_500, 0.0), (DAY + 1_500, 1.0)]),
            given(7, "stray", "uses", 0, vec![(DAY, 5.0)]),
            Given { id: 9, node: "egnatia", quantity: "pm10", channel: 0, values: vec![(DAY, 46.49)], external: true },
        ])
    }

    pub(crate) fn of(given: Vec<Given>) -> Self {
        let mut observations = HashMap::new();
        let mut streams = Vec::new();
        for stream in given {
            let ends = || stream.values.iter().map(|(at, _)| Timestamp::from_millis(*at));
            let shown = !stream.external;
            streams.push(Arc::new(Datastream {
                id: DatastreamId(stream.id),
                key: DatastreamKey {
                    node: NodeId::new(stream.node).expect("a name"),
                    quantity: stream.quantity.into(),
                    channel: stream.channel,
                },
                created_at: Timestamp::from_millis(DAY),
                begun_at: ends().min().filter(|_| shown),
                first_at: ends().min().filter(|_| shown),
                last_at: ends().max().filter(|_| shown),
                received_at: ends().max(),
                count: if shown { stream.values.len() as u64 } else { 0 },
                external: stream.external,
            }));
            let mut judged: Vec<JudgedObservation> = stream
                .values
                .iter()
                .enumerate()
                .map(|(ordinal, (at, value))| JudgedObservation {
                    measured_at: Timestamp::from_millis(*at),
                    value: *value,
                    raw: *value,
                    ordinal: ordinal as u32,
                    marks: if ordinal == 0 { Marks::BY_AGE } else { Marks::default() },
                    tests: TestFlags {
                        range: if *value > 200.0 { Flag::Suspect } else { Flag::Good },
                        ..TestFlags::NONE
                    },
                })
                .collect();
            judged.sort_by_key(|observation| (observation.measured_at, observation.ordinal));
            observations.insert(stream.id, judged);
        }
        Self { snapshot: Arc::new(snapshot()), catalogue: Arc::new(catalogue()), streams, observations }
    }

    fn observed(&self, id: DatastreamId, span: Span) -> Vec<JudgedObservation> {
        let external = self.datastream(id).is_some_and(|stream| stream.external);
        let all = self.observations.get(&id.0).filter(|_| !external).into_iter().flatten();
        all.filter(|observation| span.contains(observation.measured_at)).copied().collect()
    }

    fn windows_of(&self, id: DatastreamId, window: WindowIndex, span: Span) -> Vec<Aggregate> {
        let length = match WINDOWS[usize::from(window.0)] {
            WindowLength::Minutes(minutes) => i64::from(minutes) * 60_000,
            WindowLength::LocalDay => 86_400_000,
        };
        let mut windows: Vec<Aggregate> = Vec::new();
        for observation in self.observations.get(&id.0).into_iter().flatten() {
            let from = observation.measured_at.millis().div_euclid(length) * length;
            let value = observation.value;
            if windows.last().is_none_or(|last| last.span.from.millis() != from) {
                windows.push(Aggregate {
                    datastream: id,
                    window,
                    span: Span { from: Timestamp::from_millis(from), until: Timestamp::from_millis(from + length) },
                    values: Values { min: Some(value), max: Some(value), sum: Some(0.0), ..Values::default() },
                    status: Status::Settled,
                    revision: 0,
                    change: Some(1),
                    zone: Some("DKA".into()),
                });
            }
            let values = &mut windows.last_mut().expect("pushed above").values;
            values.count += 1;
            values.valid = true;
            values.sum = values.sum.map(|sum| sum + value);
            values.min = values.min.map(|min| min.min(value));
            values.max = values.max.map(|max| max.max(value));
            values.mean = values.sum.map(|sum| sum / f64::from(values.count));
        }
        windows.retain(|aggregate| span.contains(aggregate.span.from));
        windows
    }
}

fn cut<T>(mut all: Vec<T>, order: Order, page: Page) -> Vec<T> {
    if order == Order::Descending {
        all.reverse();
    }
    all.into_iter().skip(page.skip).take(page.top).collect()
}

impl Source for Fake {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.clone()
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.clone()
    }

    fn windows(&self) -> Vec<WindowLength> {
        WINDOWS.to_vec()
    }

    fn datastreams(&self) -> Vec<Arc<Datastream>> {
        self.streams.clone()
    }

    fn datastream(&self, id: DatastreamId) -> Option<Arc<Datastream>> {
        let at = self.streams.binary_search_by_key(&id, |stream| stream.id).ok()?;
        Some(self.streams[at].clone())
    }

    fn observations(
        &self,
        id: DatastreamId,
        span: Span,
        order: Order,
        page: Page,
    ) -> Result<Vec<JudgedObservation>, StoreError> {
        Ok(cut(self.observed(id, span), order, page))
    }

    fn count_observations(&self, id: DatastreamId, span: Span) -> Result<u64, StoreError> {
        Ok(self.observed(id, span).len() as u64)
    }

    fn observation(&self, id: DatastreamId, ordinal: u32) -> Result<Option<JudgedObservation>, StoreError> {
        Ok(self.observed(id, Span::ALL).into_iter().find(|observation| observation.ordinal == ordinal))
    }

    fn aggregates(
        &self,
        id: DatastreamId,
        window: WindowIndex,
        span: Span,
        order: Order,
        page: Page,
    ) -> Result<Vec<Aggregate>, StoreError> {
        Ok(cut(self.windows_of(id, window, span), order, page))
    }

    fn count_aggregates(&self, id: DatastreamId, window: WindowIndex, span: Span) -> Result<u64, StoreError> {
        Ok(self.windows_of(id, window, span).len() as u64)
    }
}

fn text(el: &str, en: &str) -> Text {
    Text { el: el.to_owned(), en: en.to_owned() }
}

fn snapshot() -> Snapshot {
    let at_site = |from: i64, site: &str| Placement {
        from: Timestamp::from_millis(from),
        site: Some(site.into()),
        zone: None,
        position: None,
    };
    let own = Placement {
        from: Timestamp::from_millis(DAY),
        site: None,
        zone: Some("DKA".into()),
        position: Some(Position { lat: 40.63, lon: 22.95 }),
    };
    let node = |number: u32, id: &str, node_type: &str, placements: Vec<Placement>| Node {
        id: NodeId::new(id).expect("a name"),
        number,
        node_type: Some(node_type.into()),
        name: None,
        serial: Some(format!("SN-{number}")),
        enrolled_at: Timestamp::from_millis(DAY),
        revoked: false,
        awaited_until: None,
        placements,
    };
    let nodes = [
        node(1, "air-1", "air", vec![at_site(DAY, "white-tower")]),
        node(2, "air-2", "air", vec![at_site(DAY, "white-tower"), at_site(DAY + 20 * 60_000, "rotonda")]),
        node(3, "lot-1", "lot", vec![own]),
        node(4, "idle", "lot", vec![]),
    ];
    let nodes = nodes.into_iter().map(|node| (node.id.clone(), Arc::new(node))).collect();
    Snapshot { revision: 1, nodes, calibrations: HashMap::new() }
}

fn catalogue() -> Catalogue {
    let quantity = |number: u8, code: &str, unit: &str, decimals: u8, rule: Rule| Quantity {
        code: code.into(),
        number: Some(number),
        name: text("ποσότητα", &format!("{code} in English")),
        unit: unit.into(),
        definition: Some(format!("https://example.org/{code}").into()),
        decimals,
        rule,
        conversions: Vec::new(),
        period_s: Some(60),
        tests: Tests::default(),
    };
    let state = |value: i32, code: &str| State { value, code: code.into(), unknown: false, name: text("θ", code) };
    let quantities = vec![
        quantity(1, "pm25", "ug/m3", 2, Rule::Mean),
        quantity(2, "pm10", "ug/m3", 2, Rule::Mean),
        quantity(3, "temperature", "Cel", 2, Rule::Mean),
        quantity(4, "parking", "1", 0, Rule::State { states: vec![state(0, "free"), state(1, "occupied")] }),
        quantity(5, "uses", "{count}", 0, Rule::Counter { modulus: None }),
    ];
    let node_type = |code: &str, sensor: &str, indicative: bool| NodeType {
        code: code.into(),
        name: text("τύπος", &format!("{code} node")),
        sensor: sensor.to_owned(),
        indicative,
        power: Power::Mains,
        period_s: HashMap::new(),
    };
    let types = [node_type("air", "SDS011 <laser> & DHT22", true), node_type("lot", "Magnetometer", false)];
    let position = |lat: f64, lon: f64| Position { lat, lon };
    let zones = vec![Zone { code: "DKA".into(), name: text("Α΄", "First"), position: position(40.633, 22.947) }];
    let site = |code: &str, en: &str, at: Position| Site {
        code: code.into(),
        name: text("τόπος", en),
        zone: "DKA".into(),
        position: at,
    };
    let sites = vec![
        site("white-tower", "White Tower", position(40.6264, 22.9484)),
        site("rotonda", "O'Rotonda", position(40.6332, 22.9529)),
    ];
    let types = types.into_iter().map(|node_type| (node_type.code.clone(), node_type)).collect();
    Catalogue::new(quantities, types, zones, sites)
}
