//! From a parsed request to its answer: entities as JSON, with the links that lead on.

use super::entity::Entity;
use super::error::ApiError;
use super::model::{ID, Kind, Navigation, SELF_LINK};
use super::options::{Expand, Options};
use super::path::{End, Resource, Step};
use super::request::Request;
use super::value::Value;
use super::view::{Found, View};

/// The requirements that are met; what is not listed here is not there.
const CONFORMANCE: &[&str] = &[
    "datamodel",
    "resource-path/resource-path-to-entities",
    "request-data",
    "request-data/status-code",
    "request-data/query-status-code",
    "request-data/order",
    "request-data/expand",
    "request-data/select",
    "request-data/orderby",
    "request-data/top",
    "request-data/skip",
    "request-data/count",
    "request-data/filter",
    "request-data/built-in-filter-operations",
    "request-data/built-in-query-functions",
    "request-data/pagination",
];

/// What is sent back.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// A JSON document.
    Json(Value),
    /// A bare value, as text.
    Text(String),
    /// A property that is null: 204.
    Nothing,
}

/// Answers a request.
pub(super) fn answer(view: &View<'_>, request: &Request) -> Result<Answer, ApiError> {
    let Resource::Steps(steps, end) = &request.resource else { return Ok(Answer::Json(root(view))) };
    let Some((last, before)) = steps.split_last() else { return Ok(Answer::Json(root(view))) };
    let mut at: Option<Entity> = None;
    for step in before {
        at = Some(entity(view, at.as_ref(), step)?);
    }
    if last.is_collection() {
        let of = at.as_ref().zip(last.navigation);
        let found = view.page(last.kind, of, &request.options)?;
        let path = written(steps, end);
        return collection(view, found, &request.options, &path, *end == End::References).map(Answer::Json);
    }
    let entity = entity(view, at.as_ref(), last)?;
    match end {
        End::Entities => described(view, &entity, &request.options).map(Answer::Json),
        End::References => Ok(Answer::Json(Value::object([(SELF_LINK, Value::Text(view.link(&entity)))]))),
        End::Property(name, inner, bare) => property(view, &entity, name, inner, *bare),
    }
}

fn root(view: &View<'_>) -> Value {
    let sets = Kind::ALL.into_iter().map(|kind| {
        let url = format!("{}/{}", view.base, kind.set());
        Value::object([("name", Value::from(kind.set())), ("url", Value::Text(url))])
    });
    let uri = |name: &&str| Value::Text(format!("http://www.opengis.net/spec/iot_sensing/1.1/req/{name}"));
    let conformance = Value::List(CONFORMANCE.iter().map(uri).collect());
    Value::object([
        ("value", Value::List(sets.collect())),
        (
            "serverSettings",
            Value::object_of_some([
                ("conformance", Some(conformance)),
                ("demonstration", view.demonstration.map(Value::from)),
            ]),
        ),
    ])
}

/// The entity that a step leads to.
fn entity(view: &View<'_>, from: Option<&Entity>, step: &Step) -> Result<Entity, ApiError> {
    let missing = || match step.id {
        Some(id) => ApiError::missing(format!("there is no {} with the id {id} here", step.kind)),
        None => ApiError::missing(format!("there is no {} here", step.kind)),
    };
    match (from.zip(step.navigation), step.id) {
        (None, Some(id)) => view.find(step.kind, id)?.ok_or_else(missing),
        (Some((from, navigation)), Some(id)) => {
            view.find(step.kind, id)?.filter(|to| view.leads(from, navigation, to)).ok_or_else(missing)
        }
        (Some((from, navigation)), None) => view.city.follow(from, navigation).into_iter().next().ok_or_else(missing),
        (None, None) => Err(missing()),
    }
}

fn property(
    view: &View<'_>,
    entity: &Entity,
    name: &'static str,
    inner: &[String],
    bare: bool,
) -> Result<Answer, ApiError> {
    let missing = || ApiError::missing(format!("this {} has no '{name}'", entity.kind()));
    let mut value = view.property(entity, name)?.ok_or_else(missing)?;
    for name in inner {
        value = value.get(name).cloned().ok_or_else(|| ApiError::missing(format!("there is no '{name}' inside")))?;
    }
    let last = inner.last().cloned().map_or(std::borrow::Cow::Borrowed(name), std::borrow::Cow::Owned);
    Ok(match (value, bare) {
        (Value::Null, _) => Answer::Nothing,
        (value, true) => Answer::Text(value.plain()),
        (value, false) => Answer::Json(Value::Object(vec![(last, value)])),
    })
}

/// A collection's page: count, entities, link to the next page.
fn collection(
    view: &View<'_>,
    found: Found,
    options: &Options,
    path: &str,
    references: bool,
) -> Result<Value, ApiError> {
    let next = next(view, &found, options, path);
    let value = if references {
        found.entities.iter().map(|entity| Value::object([(SELF_LINK, Value::Text(view.link(entity)))])).collect()
    } else if options.data_array {
        data_array(view, &found.entities, options)?
    } else {
        found.entities.iter().map(|entity| described(view, entity, options)).collect::<Result<_, _>>()?
    };
    Ok(Value::object_of_some([
        ("@iot.count", found.count.map(Value::from)),
        ("value", Some(Value::List(value))),
        ("@iot.nextLink", next.map(Value::Text)),
    ]))
}

fn next(view: &View<'_>, found: &Found, options: &Options, path: &str) -> Option<String> {
    let skip = options.skip.saturating_add(found.entities.len());
    found.more.then(|| format!("{}/{path}?{}", view.base, options.query(skip)))
}

/// An entity: control information, links, properties, then the entities that come along.
fn described(view: &View<'_>, entity: &Entity, options: &Options) -> Result<Value, ApiError> {
    view.write()?;
    let kind = entity.kind();
    let link = view.link(entity);
    let mut fields = Vec::with_capacity(12);
    if options.selects(ID) {
        fields.push((ID.into(), Value::from(entity.number(view.city))));
    }
    if options.selects(SELF_LINK) {
        fields.push((SELF_LINK.into(), Value::text(&link)));
    }
    let expanded = |navigation: &Navigation| options.expand.iter().any(|expand| expand.navigation == *navigation);
    for navigation in kind.navigations() {
        if options.selects(navigation.name) && !expanded(navigation) {
            let name = format!("{}@iot.navigationLink", navigation.name);
            fields.push((name.into(), Value::Text(format!("{link}/{}", navigation.name))));
        }
    }
    for name in kind.properties() {
        if options.selects(name)
            && let Some(value) = view.property(entity, name)?
        {
            fields.push(((*name).into(), value));
        }
    }
    for expand in &options.expand {
        come_along(view, entity, expand, &mut fields)?;
    }
    Ok(Value::Object(fields))
}

type Fields = Vec<(std::borrow::Cow<'static, str>, Value)>;

fn come_along(view: &View<'_>, entity: &Entity, expand: &Expand, fields: &mut Fields) -> Result<(), ApiError> {
    let Expand { navigation, options } = expand;
    if !navigation.many {
        let one = view.city.follow(entity, *navigation).into_iter().next();
        let one = one.map(|one| described(view, &one, options)).transpose()?;
        fields.push((navigation.name.into(), one.unwrap_or(Value::Null)));
        return Ok(());
    }
    let found = view.page(navigation.target, Some((entity, *navigation)), options)?;
    if let Some(count) = found.count {
        fields.push((format!("{}@iot.count", navigation.name).into(), Value::from(count)));
    }
    let all = found.entities.iter().map(|one| described(view, one, options)).collect::<Result<Vec<_>, _>>()?;
    fields.push((navigation.name.into(), Value::List(all)));
    let path = format!("{}({})/{}", entity.kind().set(), entity.number(view.city), navigation.name);
    if let Some(next) = next(view, &found, options, &path) {
        fields.push((format!("{}@iot.nextLink", navigation.name).into(), Value::Text(next)));
    }
    Ok(())
}

/// Observations as arrays, Datastream by Datastream.
fn data_array(view: &View<'_>, entities: &[Entity], options: &Options) -> Result<Vec<Value>, ApiError> {
    const DEFAULT: [&str; 6] = [ID, "phenomenonTime", "resultTime", "result", "resultQuality", "parameters"];
    let components: Vec<&'static str> = options.select.clone().unwrap_or_else(|| DEFAULT.to_vec());
    if let Some(relation) = components.iter().find(|name| Kind::Observation.navigation(name).is_some()) {
        return Err(ApiError::bad(format!("$select: '{relation}' is a relation, no component of a data array")));
    }
    let mut groups: Vec<(Entity, Vec<Value>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for entity in entities {
        view.write()?;
        let Entity::Observation(measured) = entity else { continue };
        let at = *places.entry((measured.stream, measured.window)).or_insert_with(|| {
            groups.push((Entity::Datastream(measured.stream, measured.window), Vec::new()));
            groups.len() - 1
        });
        let row = components.iter().map(|name| Ok(view.property(entity, name)?.unwrap_or(Value::Null)));
        groups[at].1.push(Value::List(row.collect::<Result<_, ApiError>>()?));
    }
    let names: Vec<Value> = components.iter().map(|name| Value::from(if *name == ID { "id" } else { *name })).collect();
    Ok(groups
        .into_iter()
        .map(|(datastream, rows)| {
            Value::object([
                ("Datastream@iot.navigationLink", Value::Text(view.link(&datastream))),
                ("components", Value::List(names.clone())),
                ("dataArray@iot.count", Value::from(rows.len() as u64)),
                ("dataArray", Value::List(rows)),
            ])
        })
        .collect())
}

/// The path of a request, written again.
fn written(steps: &[Step], end: &End) -> String {
    let mut path = steps
        .iter()
        .map(|step| {
            let name = step.navigation.map_or_else(|| step.kind.set(), |navigation| navigation.name);
            step.id.map_or_else(|| name.to_owned(), |id| format!("{name}({id})"))
        })
        .collect::<Vec<_>>()
        .join("/");
    if *end == End::References {
        path.push_str("/$ref");
    }
    path
}
