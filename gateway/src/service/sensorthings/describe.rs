//! The properties of each entity, as the standard's tables name them. Words are English; names people gave come in both.

use super::city::{City, Measurand, Place, PlaceKey, Stream, Thing};
use super::entity::{Data, Entity, Measured};
use super::error::ApiError;
use super::source::Source;
use super::units;
use super::value::{Instant, Value};
use crate::catalogue::{NodeType, Position, Power, Quantity, Rule, Text};
use crate::reading::{Flag, Marks};
use crate::store::model::{Aggregate, Order, Page, Span, Status, WindowIndex};

const GEOJSON: &str = "application/geo+json";
const OM: &str = "http://www.opengis.net/def/observationType/OGC-OM/2.0/";

/// A property of an entity; none when the entity does not have it.
///
/// # Errors
/// When the store cannot be read: some properties of Datastreams come from their first and last observations.
pub(super) fn property(
    city: &City,
    source: &dyn Source,
    entity: &Entity,
    name: &'static str,
) -> Result<Option<Value>, ApiError> {
    Ok(match entity {
        Entity::Thing(at) => thing(city, &city.things[*at as usize], name),
        Entity::Location(at) => location(city, &city.places[*at as usize], name),
        Entity::FeatureOfInterest(at) => feature(city, &city.places[*at as usize], name),
        Entity::HistoricalLocation(thing, stay) => Some(Value::Time(city.stay(*thing, *stay).since.into())),
        Entity::Datastream(stream, window) => return datastream(city, source, *stream, *window, name),
        Entity::Sensor(at) => sensor(city, city.sensors[*at as usize].node_type.as_deref(), name),
        Entity::ObservedProperty(at) => observed_property(city, &city.quantities[*at as usize], name),
        Entity::Observation(measured) => observation(city, measured, name),
    })
}

fn thing(city: &City, thing: &Thing, name: &str) -> Option<Value> {
    let node = thing.node.as_deref();
    let code = node.and_then(|node| node.node_type.as_deref());
    let node_type = code.and_then(|code| city.catalogue.node_types.get(code));
    let place = thing.stays.last().and_then(|stay| stay.place).map(|place| &city.places[place as usize]);
    match name {
        "name" => Some(Value::text(&thing.name)),
        "description" => {
            let called = node.and_then(|node| node.name.as_ref()).map(|name| name.en.clone());
            let what = node_type.map(|node_type| node_type.name.en.clone()).filter(|name| !name.is_empty());
            let at = place.map(|place| place_name(city, place));
            let what = called.or(what).unwrap_or_else(|| "Sensor node".to_owned());
            Some(Value::Text(at.map_or_else(|| what.clone(), |at| format!("{what}, {at}"))))
        }
        _ => Some(Value::object_of_some([
            ("node_type", code.map(Value::from)),
            ("name", node.and_then(|node| node.name.as_ref()).map(both)),
            ("serial", node.and_then(|node| node.serial.as_deref()).map(Value::from)),
            ("site", place.and_then(|place| city.site(place)).map(|site| Value::from(&*site.code))),
            ("site_name", place.and_then(|place| city.site(place)).map(|site| both(&site.name))),
            ("zone", place.and_then(|place| place.zone.as_deref()).map(Value::from)),
            ("zone_name", place.and_then(|place| city.zone(place)).map(|zone| both(&zone.name))),
            ("power", node_type.map(|node_type| Value::from(power(node_type)))),
            ("indicative", node_type.map(|node_type| Value::Bool(node_type.indicative))),
            ("revoked", node.filter(|node| node.revoked).map(|_| Value::Bool(true))),
        ])),
    }
}

fn location(city: &City, place: &Place, name: &str) -> Option<Value> {
    match name {
        "name" => Some(Value::Text(place_name(city, place))),
        "description" => Some(Value::Text(place_description(city, place))),
        "encodingType" => Some(Value::from(GEOJSON)),
        "location" => place.position.map(point),
        _ => place_properties(city, place),
    }
}

fn feature(city: &City, place: &Place, name: &str) -> Option<Value> {
    match name {
        "name" => Some(Value::Text(place_name(city, place))),
        "description" => Some(Value::Text(place_description(city, place))),
        "encodingType" => Some(Value::from(GEOJSON)),
        // RFC 7946, 3.2: a Feature whose place is not known has a null geometry.
        "feature" => Some(Value::object([
            ("type", Value::from("Feature")),
            ("geometry", place.position.map_or(Value::Null, point)),
            ("properties", Value::Null),
        ])),
        _ => place_properties(city, place),
    }
}

fn place_name(city: &City, place: &Place) -> String {
    let site = city.site(place).map(|site| site.name.en.clone());
    match &place.key {
        PlaceKey::Site(code) => site.unwrap_or_else(|| code.to_string()),
        PlaceKey::Own { node, .. } => site.map_or_else(|| node.clone(), |site| format!("{node}, {site}")),
        PlaceKey::Zone(code) => city.zone(place).map_or_else(|| code.to_string(), |zone| zone.name.en.clone()),
        PlaceKey::Unplaced(node) => format!("{node}, place not known"),
    }
}

fn place_description(city: &City, place: &Place) -> String {
    let zone = city.zone(place).map(|zone| zone.name.en.clone());
    let zone = zone.map_or_else(String::new, |zone| format!(", {zone}"));
    match &place.key {
        PlaceKey::Site(_) => format!("A site where nodes stand{zone}"),
        PlaceKey::Own { node, .. } => format!("Where {node} stands{zone}"),
        PlaceKey::Zone(_) => "The middle of a zone: no nearer place is known".to_owned(),
        PlaceKey::Unplaced(node) => format!("The surroundings of {node}, whose place was not told"),
    }
}

fn place_properties(city: &City, place: &Place) -> Option<Value> {
    let site = city.site(place);
    Some(Value::object_of_some([
        ("site", site.map(|site| Value::from(&*site.code))),
        ("site_name", site.map(|site| both(&site.name))),
        ("zone", place.zone.as_deref().map(Value::from)),
        ("zone_name", city.zone(place).map(|zone| both(&zone.name))),
    ]))
}

fn datastream(
    city: &City,
    source: &dyn Source,
    at: u32,
    window: Option<WindowIndex>,
    name: &str,
) -> Result<Option<Value>, ApiError> {
    let stream = &city.streams[at as usize];
    let measurand = &city.quantities[stream.quantity as usize];
    let quantity = measurand.index.map(|index| city.catalogue.quantity(index));
    let length = window.and_then(|window| city.windows.get(usize::from(window.0))).map(|length| length.iso());
    Ok(match name {
        "name" => Some(Value::Text(match &length {
            Some(length) => format!("{} {length}", stream_name(stream)),
            None => stream_name(stream),
        })),
        "description" => {
            let what = quantity.map_or_else(|| stream.key.quantity.to_string(), |quantity| quantity.name.en.clone());
            Some(Value::Text(match &length {
                Some(length) => format!("{what} by {}, put together over {length}", stream.key.node),
                None => format!("{what} by {}", stream.key.node),
            }))
        }
        "observationType" => Some(Value::Text(format!("{OM}{}", observation_type(quantity, window.is_some())))),
        "unitOfMeasurement" => Some(match quantity {
            Some(Quantity { rule: Rule::State { .. }, .. }) | None => {
                Value::object([("name", Value::Null), ("symbol", Value::Null), ("definition", Value::Null)])
            }
            Some(quantity) => units::unit(&quantity.unit),
        }),
        "observedArea" => {
            let stay = city.things[stream.thing as usize].stays.last();
            stay.and_then(|stay| stay.place).and_then(|place| city.places[place as usize].position).map(point)
        }
        "phenomenonTime" => times(source, stream, window)?.map(|times| times.0),
        "resultTime" => times(source, stream, window)?.and_then(|times| times.1),
        _ => {
            let states = match quantity.map(|quantity| &quantity.rule) {
                Some(Rule::State { states }) => Some(Value::List(
                    states
                        .iter()
                        .map(|state| {
                            Value::object([
                                ("value", Value::Int(i64::from(state.value))),
                                ("code", Value::from(&*state.code)),
                                ("name", both(&state.name)),
                            ])
                        })
                        .collect(),
                )),
                _ => None,
            };
            let aggregate = length.map(|length| {
                let own = Value::from(u64::from(stream.id.0) * 8);
                let source = if stream.external { Value::Null } else { own };
                Value::object([("source", source), ("window", Value::Text(length))])
            });
            Some(Value::object_of_some([
                ("quantity", Some(Value::from(&*stream.key.quantity))),
                ("channel", Some(Value::Int(i64::from(stream.key.channel)))),
                ("aggregate", aggregate),
                ("external", stream.external.then_some(Value::Bool(true))),
                ("states", states),
            ]))
        }
    })
}

fn stream_name(stream: &Stream) -> String {
    match stream.key.channel {
        0 => format!("{} {}", stream.key.node, stream.key.quantity),
        channel => format!("{} {}.{channel}", stream.key.node, stream.key.quantity),
    }
}

/// States are numbers from a list, which is neither a measurement nor a count: O&M's plain observation, whose result is any.
fn observation_type(quantity: Option<&Quantity>, aggregate: bool) -> &'static str {
    match quantity {
        None => "OM_Observation",
        Some(Quantity { rule: Rule::State { .. }, .. }) => "OM_Observation",
        Some(quantity) if counts(quantity, aggregate) => "OM_CountObservation",
        Some(_) => "OM_Measurement",
    }
}

/// Whether results are whole counts: events and increments of whole ones, not means of them.
fn counts(quantity: &Quantity, aggregate: bool) -> bool {
    let whole = quantity.decimals == 0 && quantity.unit.contains("{count}");
    whole && (!aggregate || matches!(quantity.rule, Rule::Counter { .. } | Rule::Increment | Rule::Maximum))
}

/// phenomenonTime and resultTime: from the first observation to the last.
fn times(
    source: &dyn Source,
    stream: &Stream,
    window: Option<WindowIndex>,
) -> Result<Option<(Value, Option<Value>)>, ApiError> {
    let Some(window) = window else {
        let now = source.datastream(stream.id);
        let ends = now.and_then(|now| Some((now.first_at?, now.last_at?)));
        return Ok(ends.map(|(first, last)| {
            let interval = Value::Interval(first.into(), last.into());
            (interval.clone(), Some(interval))
        }));
    };
    let end = |order| -> Result<Option<Aggregate>, ApiError> {
        let page = Page { skip: 0, top: 1 };
        Ok(source.aggregates(stream.id, window, Span::ALL, order, page)?.pop())
    };
    let (Some(first), Some(last)) = (end(Order::Ascending)?, end(Order::Descending)?) else { return Ok(None) };
    let whole = Value::Interval(first.span.from.into(), last.span.until.into());
    // The open window has no result yet; the one before it ended where it starts.
    let (from, until) = (first.span.until, if last.status == Status::Open { last.span.from } else { last.span.until });
    Ok(Some((whole, (from <= until).then(|| Value::Interval(from.into(), until.into())))))
}

fn sensor(city: &City, code: Option<&str>, name: &str) -> Option<Value> {
    let node_type = code.and_then(|code| city.catalogue.node_types.get(code));
    let what = match node_type {
        Some(node_type) if !node_type.sensor.is_empty() => node_type.sensor.clone(),
        Some(node_type) => node_type.name.en.clone(),
        None => "A sensor that the catalogue does not describe".to_owned(),
    };
    match name {
        "name" => Some(Value::from(code.unwrap_or("unknown"))),
        "description" => Some(Value::Text(what)),
        "encodingType" => Some(Value::from("text/html")),
        "metadata" => {
            let indicative = match node_type {
                Some(node_type) if node_type.indicative => "<p>Indicative measurements only.</p>",
                _ => "",
            };
            Some(Value::Text(format!("<p>{}</p>{indicative}", escaped(&what))))
        }
        _ => node_type.map(|node_type| {
            Value::object([
                ("name", both(&node_type.name)),
                ("power", Value::from(power(node_type))),
                ("indicative", Value::Bool(node_type.indicative)),
            ])
        }),
    }
}

fn observed_property(city: &City, measurand: &Measurand, name: &str) -> Option<Value> {
    let quantity = measurand.index.map(|index| city.catalogue.quantity(index));
    match name {
        "name" => Some(Value::from(&*measurand.code)),
        "definition" => {
            let page = quantity.and_then(|quantity| quantity.definition.as_deref());
            Some(page.map_or_else(|| Value::Text(format!("urn:city-gateway:quantity:{}", measurand.code)), Value::from))
        }
        "description" => Some(quantity.map_or_else(
            || Value::from("A quantity that the catalogue does not describe"),
            |quantity| Value::text(&quantity.name.en),
        )),
        _ => quantity.map(|quantity| {
            Value::object_of_some([
                ("name", Some(both(&quantity.name))),
                ("unit", Some(Value::from(&*quantity.unit))),
                ("decimals", Some(Value::Int(i64::from(quantity.decimals)))),
                ("period_s", quantity.period_s.map(Value::from)),
            ])
        }),
    }
}

fn observation(city: &City, measured: &Measured, name: &str) -> Option<Value> {
    let stream = &city.streams[measured.stream as usize];
    let quantity = city.quantities[stream.quantity as usize].index.map(|index| city.catalogue.quantity(index));
    let state = matches!(quantity, Some(Quantity { rule: Rule::State { .. }, .. }));
    let whole = quantity.is_some_and(|quantity| state || counts(quantity, measured.window.is_some()));
    let number = |number: f64| match whole && number.fract() == 0.0 && number.abs() < 9e15 {
        true => Value::Int(number as i64),
        false => Value::Number(number),
    };
    match &measured.data {
        Data::Judged(observation) => match name {
            "phenomenonTime" | "resultTime" => Some(Value::Time(observation.measured_at.into())),
            "result" => Some(number(observation.value)),
            "resultQuality" => Some(flag(observation.flag())),
            "parameters" => {
                let tests = observation.tests;
                let marks = [
                    (Marks::CLOCK_SUSPECT, "gateway_clock_suspect"),
                    (Marks::BY_AGE, "time_by_age"),
                    (Marks::BY_RECEIPT, "time_by_receipt"),
                ];
                let marks: Vec<Value> =
                    marks.into_iter().filter(|(m, _)| observation.marks.has(*m)).map(|(_, w)| w.into()).collect();
                Some(Value::object_of_some([
                    ("raw", Some(number(observation.raw))),
                    (
                        "qartod",
                        Some(Value::object([
                            ("gross_range", flag(tests.range)),
                            ("spike", flag(tests.spike)),
                            ("rate_of_change", flag(tests.rate)),
                            ("flat_line", flag(tests.flat_line)),
                            ("date", flag(tests.date)),
                            ("calibration", flag(tests.calibration)),
                        ])),
                    ),
                    ("marks", (!marks.is_empty()).then_some(Value::List(marks))),
                ]))
            }
            _ => None,
        },
        Data::Window(aggregate) => {
            let span = aggregate.span;
            match name {
                "phenomenonTime" => Some(Value::Interval(span.from.into(), span.until.into())),
                // Null until the window has ended: then its result exists.
                "resultTime" if aggregate.status == Status::Open => Some(Value::Null),
                "resultTime" => Some(Value::Time(Instant::from(span.until))),
                "result" => Some(aggregate.values.result().filter(|n| n.is_finite()).map_or(Value::Null, number)),
                "resultQuality" => Some(flag(quality(aggregate))),
                "parameters" => Some(parameters(aggregate)),
                _ => None,
            }
        }
    }
}

/// QARTOD's flag of a window: missing without a result, suspect when too little was captured, else good.
fn quality(aggregate: &Aggregate) -> Flag {
    match aggregate.values.result() {
        None => Flag::Missing,
        Some(_) if aggregate.status == Status::Open => Flag::NotEvaluated,
        Some(_) if !aggregate.values.valid => Flag::Suspect,
        Some(_) => Flag::Good,
    }
}

fn parameters(aggregate: &Aggregate) -> Value {
    let values = &aggregate.values;
    let percentile = |at: usize| values.percentiles.map(|percentiles| Value::Number(percentiles[at]));
    let shares = values.shares.iter();
    let shares = shares.map(|(state, share)| (state.to_string().into(), Value::Number(*share))).collect::<Vec<_>>();
    Value::object_of_some([
        ("mean", values.mean.map(Value::from)),
        ("min", values.min.map(Value::from)),
        ("max", values.max.map(Value::from)),
        ("sum", values.sum.map(Value::from)),
        ("count", Some(Value::from(values.count))),
        ("suspect", Some(Value::from(values.suspect))),
        ("failed", Some(Value::from(values.failed))),
        ("n_expected", values.expected.map(Value::from)),
        ("capture", values.capture.map(Value::from)),
        ("valid", Some(Value::Bool(values.valid))),
        ("p10", percentile(0)),
        ("p50", percentile(1)),
        ("p90", percentile(2)),
        ("p95", percentile(3)),
        ("shares", (!shares.is_empty()).then_some(Value::Object(shares))),
        ("status", Some(Value::from(aggregate.status.code()))),
        ("revision", Some(Value::from(aggregate.revision))),
        ("zone", aggregate.zone.as_deref().map(Value::from)),
    ])
}

fn flag(flag: Flag) -> Value {
    Value::Int(match flag {
        Flag::Good => 1,
        Flag::NotEvaluated => 2,
        Flag::Suspect => 3,
        Flag::Fail => 4,
        Flag::Missing => 9,
    })
}

fn point(position: Position) -> Value {
    let coordinates = Value::List(vec![Value::Number(position.lon), Value::Number(position.lat)]);
    Value::object([("type", Value::from("Point")), ("coordinates", coordinates)])
}

fn both(text: &Text) -> Value {
    Value::object([("el", Value::text(&text.el)), ("en", Value::text(&text.en))])
}

fn power(node_type: &NodeType) -> &'static str {
    match node_type.power {
        Power::Mains => "mains",
        Power::Night => "night",
        Power::Battery => "battery",
        Power::Solar => "solar",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
