//! Collections of Observations, read from the store in pages: nothing is loaded that an answer does not need.
//!
//! A collection is a list of [`Part`]s, each a Datastream and a span of time. What a condition says of time becomes spans,
//! what it says of the Datastream leaves parts out; what remains is looked at observation by observation, within a bound.
//! Without `$orderby` the order is Datastream by Datastream, each by time; it is the same from page to page.

mod flow;
mod plan;

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::city::{City, PlaceKey};
use super::entity::{Data, Entity, Measured};
use super::error::ApiError;
use super::eval;
use super::filter::Expr;
use super::options::{Key, Options, is_id, is_property};
use super::value::Value;
use super::view::{Found, View};
use crate::store::model::{Order, Page, Span, WindowIndex};
use flow::Flow;
use plan::Plan;

/// Observations that may be held to be sorted.
const SORTED_MAX: usize = 100_000;
/// Observations read at once where all are looked at.
const READ_AHEAD: usize = 4096;

/// A Datastream's Observations within a span: by `measured_at`, or by the start of the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    pub(super) stream: u32,
    pub(super) window: Option<WindowIndex>,
    pub(super) span: Span,
}

/// The parts of all Observations, or of those that belong to an entity.
pub(super) fn parts(city: &City, of: Option<&Entity>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut take = |stream: u32, span: Span| {
        parts.extend(city.windows_of(stream).map(|window| Part { stream, window, span }));
    };
    match of {
        None => (0..city.streams.len() as u32).for_each(|stream| take(stream, Span::ALL)),
        Some(Entity::Datastream(stream, window)) => {
            parts.push(Part { stream: *stream, window: *window, span: Span::ALL });
        }
        Some(Entity::FeatureOfInterest(at)) => {
            let place = &city.places[*at as usize];
            for &(thing, stay) in &place.stays {
                let stay = city.stay(thing, stay);
                let span = Span { from: stay.from, until: stay.until };
                city.things[thing as usize].streams.iter().for_each(|stream| take(*stream, span));
            }
            if let PlaceKey::Unplaced(_) = place.key {
                for thing in city.things.iter().filter(|thing| thing.unplaced == Some(*at)) {
                    let unknown = thing.stays.iter().filter(|stay| stay.place.is_none());
                    let mut spans: Vec<Span> =
                        unknown.map(|stay| Span { from: stay.from, until: stay.until }).collect();
                    if thing.stays.is_empty() {
                        spans.push(Span::ALL);
                    }
                    for span in spans {
                        thing.streams.iter().for_each(|stream| take(*stream, span));
                    }
                }
            }
            parts.sort_by_key(|part| (part.stream, part.window, part.span.from));
        }
        Some(_) => {}
    }
    parts
}

/// The Observation with that number.
pub(super) fn find(view: &View<'_>, number: u64) -> Result<Option<Entity>, ApiError> {
    let Some((stream, window)) = view.city.datastream(number >> 32) else { return Ok(None) };
    let id = view.city.streams[stream as usize].id;
    let within = number as u32;
    let data = match window {
        None => view.source.observation(id, within)?.map(Data::Judged),
        Some(window) => {
            let page = Page { skip: 0, top: 1 };
            let span = plan::minute(within);
            view.source.aggregates(id, window, span, Order::Ascending, page)?.pop().map(Data::Window)
        }
    };
    Ok(data.map(|data| Entity::Observation(Box::new(Measured { stream, window, data }))))
}

/// One page of the Observations of `parts`.
pub(super) fn page(
    view: &View<'_>,
    parts: Vec<Part>,
    options: &Options,
    skip: usize,
    top: usize,
) -> Result<Found, ApiError> {
    let Plan { parts, residual } = Plan::new(view, parts, options.filter.clone())?;
    let by_count = residual.is_empty();
    let count = match options.count && by_count {
        true => Some(parts.iter().try_fold(0, |sum, part| view.count(part).map(|n| sum + n))?),
        false => None,
    };
    if top == 0 && (!options.count || by_count) {
        return Ok(Found { entities: Vec::new(), more: false, count });
    }
    let raw_only = parts.iter().all(|part| part.window.is_none());
    let in_time = options
        .orderby
        .first()
        .filter(|key| is_property(&key.by, "phenomenonTime") || (raw_only && is_property(&key.by, "resultTime")));
    let mut counted = 0;
    let mut found = match (options.orderby.as_slice(), in_time) {
        ([], _) => {
            let mut left = skip;
            let mut parts = parts;
            if by_count {
                left = skip_parts(view, &mut parts, skip)?;
            }
            let mut flow = Flow::sequence(parts, Order::Ascending, top + 1);
            if by_count {
                flow.skip(left);
                left = 0;
            }
            let count_all = options.count && !by_count;
            collect(view, &mut || flow.next(view), &residual, left, top, count_all, &mut counted)?
        }
        ([key], None) if is_id(&key.by) => {
            let count_all = options.count && !by_count;
            by_number(view, &parts, &residual, key, skip, top, count_all, &mut counted)?
        }
        (keys, Some(first)) => {
            let order = if first.descending { Order::Descending } else { Order::Ascending };
            let single = parts.len() == 1;
            let mut flow = match single {
                true => Flow::sequence(parts, order, top + 1),
                false => Flow::merge(view, parts, order),
            };
            let mut left = skip;
            if single && by_count && keys.len() == 1 {
                flow.skip(left);
                left = 0;
            }
            let mut ties = Ties { flow, keys, sort: !single || keys.len() > 1, group: Vec::new(), ahead: None };
            let count_all = options.count && !by_count;
            collect(view, &mut || ties.next(view), &residual, left, top, count_all, &mut counted)?
        }
        (keys, None) => {
            let mut flow = Flow::sequence(parts, Order::Ascending, READ_AHEAD);
            sorted(view, &mut flow, &residual, keys, skip, top, &mut counted)?
        }
    };
    let more = found.len() > top;
    found.truncate(top);
    let count = if options.count { count.or(Some(counted)) } else { None };
    Ok(Found {
        entities: found.into_iter().map(|m| Entity::Observation(Box::new(m))).collect(),
        more: more && top > 0,
        count,
    })
}

/// Leaves out whole parts, as long as they are to be skipped; gives what is left to skip.
fn skip_parts(view: &View<'_>, parts: &mut Vec<Part>, skip: usize) -> Result<usize, ApiError> {
    let mut left = skip;
    let mut at = 0;
    while left > 0 && at < parts.len() {
        let count = view.count(&parts[at])? as usize;
        if count > left {
            break;
        }
        left -= count;
        at += 1;
    }
    parts.drain(..at);
    Ok(left)
}

type Pull<'p> = dyn FnMut() -> Result<Option<Measured>, ApiError> + 'p;

/// Takes from a flow what meets the conditions: `top`, and one more to know that there is more.
fn collect(
    view: &View<'_>,
    pull: &mut Pull<'_>,
    residual: &[Expr],
    skip: usize,
    top: usize,
    count_all: bool,
    counted: &mut u64,
) -> Result<Vec<Measured>, ApiError> {
    let (mut found, mut left) = (Vec::new(), skip);
    while found.len() <= top || count_all {
        let Some(measured) = pull()? else { break };
        let Some(measured) = kept(view, residual, measured)? else { continue };
        *counted += 1;
        if left > 0 {
            left -= 1;
        } else if found.len() <= top {
            found.push(measured);
        }
    }
    Ok(found)
}

/// The observation, when it meets every condition.
fn kept(view: &View<'_>, residual: &[Expr], measured: Measured) -> Result<Option<Measured>, ApiError> {
    let entity = Entity::Observation(Box::new(measured));
    for condition in residual {
        if !eval::holds(condition, view, &entity)? {
            return Ok(None);
        }
    }
    match entity {
        Entity::Observation(measured) => Ok(Some(*measured)),
        _ => Ok(None),
    }
}

/// A flow in the order of time, with those of one time sorted by all keys.
struct Ties<'k> {
    flow: Flow,
    keys: &'k [Key],
    sort: bool,
    group: Vec<Measured>,
    ahead: Option<Measured>,
}

impl Ties<'_> {
    fn next(&mut self, view: &View<'_>) -> Result<Option<Measured>, ApiError> {
        if !self.sort {
            return self.flow.next(view);
        }
        if self.group.is_empty() {
            let Some(first) = self.ahead.take().map_or_else(|| self.flow.next(view), |m| Ok(Some(m)))? else {
                return Ok(None);
            };
            let at = first.starts_at();
            let mut group = vec![first];
            while let Some(next) = self.flow.next(view)? {
                if next.starts_at() != at {
                    self.ahead = Some(next);
                    break;
                }
                group.push(next);
            }
            if group.len() > 1 {
                let mut ranked = group
                    .into_iter()
                    .enumerate()
                    .map(|(at, measured)| Ranked::new(view, self.keys, measured, at))
                    .collect::<Result<Vec<_>, _>>()?;
                ranked.sort();
                group = ranked.into_iter().map(|ranked| ranked.measured).collect();
            }
            group.reverse();
            self.group = group;
        }
        Ok(self.group.pop())
    }
}

/// By `@iot.id`: Datastream by Datastream, so that only those of the page are sorted.
#[expect(clippy::too_many_arguments, reason = "the parts of one page's plan")]
fn by_number(
    view: &View<'_>,
    parts: &[Part],
    residual: &[Expr],
    key: &Key,
    skip: usize,
    top: usize,
    count_all: bool,
    counted: &mut u64,
) -> Result<Vec<Measured>, ApiError> {
    let same = |a: &Part, b: &Part| (a.stream, a.window) == (b.stream, b.window);
    let mut datastreams: Vec<&[Part]> = parts.chunk_by(same).collect();
    if key.descending {
        datastreams.reverse();
    }
    let (mut found, mut left) = (Vec::new(), skip);
    for parts in datastreams {
        if found.len() > top && !count_all {
            break;
        }
        if residual.is_empty() && left > 0 {
            let count = parts.iter().try_fold(0, |sum, part| view.count(part).map(|n| sum + n))? as usize;
            if count <= left {
                left -= count;
                continue;
            }
        }
        let wanted = left + (top + 1).saturating_sub(found.len());
        let mut flow = Flow::sequence(parts.to_vec(), Order::Ascending, READ_AHEAD);
        let keys = std::slice::from_ref(key);
        let mut first = sorted(view, &mut flow, residual, keys, 0, wanted.saturating_sub(1), counted)?;
        let skipped = left.min(first.len());
        first.drain(..skipped);
        left -= skipped;
        found.extend(first);
    }
    found.truncate(top + 1);
    Ok(found)
}

/// Looks at all, keeps the first `skip + top + 1` by the keys.
fn sorted(
    view: &View<'_>,
    flow: &mut Flow,
    residual: &[Expr],
    keys: &[Key],
    skip: usize,
    top: usize,
    counted: &mut u64,
) -> Result<Vec<Measured>, ApiError> {
    let most = skip.saturating_add(top).saturating_add(1);
    if most > SORTED_MAX {
        return Err(ApiError::bad(format!(
            "$orderby other than by phenomenonTime reaches the first {SORTED_MAX} Observations only; narrow the condition"
        )));
    }
    let mut first: BinaryHeap<Ranked> = BinaryHeap::new();
    let mut place = 0;
    while let Some(measured) = flow.next(view)? {
        let Some(measured) = kept(view, residual, measured)? else { continue };
        *counted += 1;
        place += 1;
        first.push(Ranked::new(view, keys, measured, place)?);
        if first.len() > most {
            first.pop();
        }
    }
    Ok(first.into_sorted_vec().into_iter().skip(skip).map(|ranked| ranked.measured).collect())
}

/// An observation with the values of its keys; equal ones keep the order in which they came.
struct Ranked {
    values: Vec<(Value, bool)>,
    place: usize,
    measured: Measured,
}

impl Ranked {
    fn new(view: &View<'_>, keys: &[Key], measured: Measured, place: usize) -> Result<Self, ApiError> {
        let entity = Entity::Observation(Box::new(measured));
        let values = keys
            .iter()
            .map(|key| Ok((eval::value(&key.by, view, &entity)?.into_owned(), key.descending)))
            .collect::<Result<Vec<_>, ApiError>>()?;
        match entity {
            Entity::Observation(measured) => Ok(Self { values, place, measured: *measured }),
            _ => Err(ApiError::bad("not an Observation")),
        }
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let keys = self.values.iter().zip(&other.values).map(|((left, descending), (right, _))| {
            let order = eval::order(left, right);
            if *descending { order.reverse() } else { order }
        });
        keys.fold(Ordering::Equal, Ordering::then).then(self.place.cmp(&other.place))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}
