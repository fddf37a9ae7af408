//! [`View`]: the city and its store during one request, with a count of what was looked at and written.

use std::cell::Cell;
use std::sync::Arc;

use super::Limits;
use super::city::City;
use super::describe;
use super::entity::{Data, Entity, Measured};
use super::error::ApiError;
use super::eval::{self, Scope};
use super::filter::{Expr, PropertyPath};
use super::model::{ID, Kind, Navigation, SELF_LINK};
use super::observations::{self, Part};
use super::options::Options;
use super::source::Source;
use super::value::{Instant, Value};
use crate::reading::Timestamp;
use crate::store::model::{Datastream, Order, Page, WindowLength};

/// Longest window: a local day of 25 hours.
const WINDOW_MS_MAX: i64 = 25 * 3_600_000;

/// What a request sees.
pub(super) struct View<'a> {
    pub(super) city: &'a City,
    pub(super) source: &'a dyn Source,
    /// The store's datastreams as they are now, in the city's order.
    pub(super) streams: &'a [Arc<Datastream>],
    pub(super) now: Instant,
    /// Absolute, without a slash at its end.
    pub(super) base: &'a str,
    pub(super) limits: Limits,
    pub(super) demonstration: Option<&'static str>,
    looked: Cell<u64>,
    written: Cell<usize>,
}

/// Some entities of a collection.
pub(super) struct Found {
    pub(super) entities: Vec<Entity>,
    /// Whether there are more behind them.
    pub(super) more: bool,
    /// How many there are in all, when that was asked for.
    pub(super) count: Option<u64>,
}

impl<'a> View<'a> {
    pub(super) fn new(
        city: &'a City,
        source: &'a dyn Source,
        streams: &'a [Arc<Datastream>],
        now: Instant,
        base: &'a str,
        limits: Limits,
    ) -> Self {
        Self {
            city,
            source,
            streams,
            now,
            base,
            limits,
            demonstration: None,
            looked: Cell::new(0),
            written: Cell::new(0),
        }
    }

    /// Counts what is looked at.
    ///
    /// # Errors
    /// 400 when it is more than one request may.
    pub(super) fn look(&self, count: usize) -> Result<(), ApiError> {
        let looked = self.looked.get() + count as u64;
        self.looked.set(looked);
        match looked > self.limits.looked_max {
            true => Err(ApiError::bad(format!(
                "this would look at more than {} entities: narrow it, by phenomenonTime or by Datastream",
                self.limits.looked_max
            ))),
            false => Ok(()),
        }
    }

    /// Counts an entity that is written.
    ///
    /// # Errors
    /// 400 when there are more than one answer may have.
    pub(super) fn write(&self) -> Result<(), ApiError> {
        self.written.set(self.written.get() + 1);
        match self.written.get() > self.limits.written_max {
            true => Err(ApiError::bad(format!(
                "this answer would have more than {} entities, expanded ones included: use a smaller $top",
                self.limits.written_max
            ))),
            false => Ok(()),
        }
    }

    /// Observations of a part, with what they belong to.
    pub(super) fn fetch(&self, part: &Part, order: Order, page: Page) -> Result<Vec<Measured>, ApiError> {
        let (stream, window) = (part.stream, part.window);
        let id = self.city.streams[stream as usize].id;
        let measured = |data| Measured { stream, window, data };
        let read: Vec<Measured> = match window {
            None => {
                let read = self.source.observations(id, part.span, order, page)?;
                read.into_iter().map(|observation| measured(Data::Judged(observation))).collect()
            }
            Some(window) => {
                let read = self.source.aggregates(id, window, part.span, order, page)?;
                read.into_iter().map(|aggregate| measured(Data::Window(aggregate))).collect()
            }
        };
        self.look(1 + read.len())?;
        Ok(read)
    }

    /// How many Observations a part has.
    pub(super) fn count(&self, part: &Part) -> Result<u64, ApiError> {
        self.look(8)?;
        let id = self.city.streams[part.stream as usize].id;
        Ok(match part.window {
            None => self.source.count_observations(id, part.span)?,
            Some(window) => self.source.count_aggregates(id, window, part.span)?,
        })
    }

    /// Whether a part can hold anything, by the first and last time of its datastream.
    pub(super) fn may_hold(&self, part: &Part) -> bool {
        let stream = &self.streams[part.stream as usize];
        match (first_at(stream, part), stream.last_at) {
            (Some(first), Some(last)) => {
                let slack = if part.window.is_some() { WINDOW_MS_MAX } else { 0 };
                part.span.until.plus_millis(slack) > first && part.span.from <= last.plus_millis(slack)
            }
            _ => stream.external || stream.count > 0,
        }
    }

    /// When a part's first Observation comes in that order, at the earliest, as merges sort it.
    pub(super) fn bound(&self, part: &Part, order: Order) -> i64 {
        let stream = &self.streams[part.stream as usize];
        let (earliest, latest) = (part.span.from, part.span.until.plus_millis(-1));
        let end = match order {
            Order::Ascending => first_at(stream, part),
            Order::Descending => stream.last_at,
        };
        let Some(at) = end else { return i64::MIN };
        let starts = match part.window.map(|window| self.city.windows[usize::from(window.0)]) {
            None => at,
            Some(WindowLength::Minutes(minutes)) => {
                let length = i64::from(minutes.max(1)) * 60_000;
                Timestamp::from_millis(at.millis().div_euclid(length) * length)
            }
            // It starts within a day before; the earliest and the latest that can be.
            Some(WindowLength::LocalDay) if order == Order::Ascending => at.plus_millis(-WINDOW_MS_MAX),
            Some(WindowLength::LocalDay) => at,
        };
        match order {
            Order::Ascending => starts.max(earliest).millis(),
            Order::Descending => starts.min(latest).millis().saturating_neg(),
        }
    }

    /// The entity of that kind with that number.
    pub(super) fn find(&self, kind: Kind, number: u64) -> Result<Option<Entity>, ApiError> {
        match kind {
            Kind::Observation => observations::find(self, number),
            _ => Ok(self.city.find(kind, number)),
        }
    }

    /// Whether a relation leads from an entity to another.
    pub(super) fn leads(&self, from: &Entity, navigation: Navigation, to: &Entity) -> bool {
        match (from, to) {
            (Entity::Datastream(stream, window), Entity::Observation(measured)) => {
                (measured.stream, measured.window) == (*stream, *window)
            }
            (Entity::FeatureOfInterest(place), Entity::Observation(measured)) => {
                self.city.feature_of(measured) == Some(*place)
            }
            _ => self.city.follow(from, navigation).contains(to),
        }
    }

    /// One page of a collection: all of a kind, or those a relation leads to.
    pub(super) fn page(
        &self,
        kind: Kind,
        of: Option<(&Entity, Navigation)>,
        options: &Options,
    ) -> Result<Found, ApiError> {
        let top = options.top.unwrap_or(self.limits.top_default).min(self.limits.top_max);
        if kind == Kind::Observation {
            let parts = observations::parts(self.city, of.map(|(entity, _)| entity));
            return observations::page(self, parts, options, options.skip, top);
        }
        let mut entities = match of {
            None => self.city.all(kind),
            Some((from, navigation)) => self.city.follow(from, navigation),
        };
        if let Some(filter) = &options.filter {
            let mut kept = Vec::new();
            for entity in entities {
                self.look(1)?;
                if eval::holds(filter, self, &entity)? {
                    kept.push(entity);
                }
            }
            entities = kept;
        }
        if !options.orderby.is_empty() {
            entities = self.sorted(entities, options)?;
        }
        let count = options.count.then_some(entities.len() as u64);
        let more = top > 0 && entities.len() > options.skip.saturating_add(top);
        let entities = entities.into_iter().skip(options.skip).take(top).collect();
        Ok(Found { entities, more, count })
    }

    fn sorted(&self, entities: Vec<Entity>, options: &Options) -> Result<Vec<Entity>, ApiError> {
        let mut ranked = Vec::with_capacity(entities.len());
        for entity in entities {
            self.look(1)?;
            let keys = options.orderby.iter();
            let values = keys
                .map(|key| Ok(eval::value(&key.by, self, &entity)?.into_owned()))
                .collect::<Result<Vec<Value>, ApiError>>()?;
            ranked.push((values, entity));
        }
        ranked.sort_by(|(left, _), (right, _)| {
            let keys = options.orderby.iter().zip(left.iter().zip(right)).map(|(key, (left, right))| {
                let order = eval::order(left, right);
                if key.descending { order.reverse() } else { order }
            });
            keys.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        Ok(ranked.into_iter().map(|(_, entity)| entity).collect())
    }

    /// A property of an entity; none when it does not have it.
    pub(super) fn property(&self, entity: &Entity, name: &'static str) -> Result<Option<Value>, ApiError> {
        if matches!(entity, Entity::Datastream(_, Some(_))) && matches!(name, "phenomenonTime" | "resultTime") {
            self.look(2)?;
        }
        match name {
            ID => Ok(Some(Value::from(entity.number(self.city)))),
            SELF_LINK => Ok(Some(Value::Text(self.link(entity)))),
            _ => describe::property(self.city, self.source, entity, name),
        }
    }

    /// The absolute URL of an entity.
    pub(super) fn link(&self, entity: &Entity) -> String {
        format!("{}/{}({})", self.base, entity.kind().set(), entity.number(self.city))
    }
}

impl Scope for View<'_> {
    type Entity = Entity;

    fn value(&self, entity: &Entity, path: &PropertyPath) -> Result<Value, ApiError> {
        let mut at = None;
        for navigation in &path.navigations {
            let Some(next) = self.city.follow(at.as_ref().unwrap_or(entity), *navigation).into_iter().next() else {
                return Ok(Value::Null);
            };
            at = Some(next);
        }
        let mut value = self.property(at.as_ref().unwrap_or(entity), path.property)?.unwrap_or(Value::Null);
        for name in &path.inner {
            value = value.get(name).cloned().unwrap_or(Value::Null);
        }
        Ok(value)
    }

    fn any(&self, entity: &Entity, navigations: &[Navigation], condition: &Expr) -> Result<bool, ApiError> {
        let Some((first, rest)) = navigations.split_first() else { return eval::holds(condition, self, entity) };
        for next in self.city.follow(entity, *first) {
            self.look(1)?;
            if self.any(&next, rest, condition)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn now(&self) -> Instant {
        self.now
    }
}

impl From<Instant> for Timestamp {
    fn from(at: Instant) -> Self {
        Timestamp::from_millis(at.millis_floor())
    }
}

/// The earliest that a part can hold: aggregates outlive the observations they were made of.
fn first_at(stream: &Datastream, part: &Part) -> Option<Timestamp> {
    if part.window.is_some() { stream.begun_at } else { stream.first_at }
}
