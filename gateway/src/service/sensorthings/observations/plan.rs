//! From a condition to spans of time, fewer parts, and what has to be looked at one by one.

use super::Part;
use crate::reading::Timestamp;
use crate::service::sensorthings::entity::{Entity, Measured};
use crate::service::sensorthings::error::ApiError;
use crate::service::sensorthings::eval;
use crate::service::sensorthings::filter::{Expr, Operator};
use crate::service::sensorthings::options::{is_id, is_property};
use crate::service::sensorthings::value::{Instant, Value};
use crate::service::sensorthings::view::View;
use crate::store::model::{Span, WindowLength};

/// What to read, and the conditions that reading does not yet meet.
pub(super) struct Plan {
    pub(super) parts: Vec<Part>,
    pub(super) residual: Vec<Expr>,
}

impl Plan {
    pub(super) fn new(view: &View<'_>, parts: Vec<Part>, filter: Option<Expr>) -> Result<Self, ApiError> {
        let mut plan = Self { parts, residual: Vec::new() };
        for condition in filter.map(Expr::conjuncts).unwrap_or_default() {
            plan.take(view, condition)?;
        }
        plan.parts.retain(|part| part.span.from < part.span.until && view.may_hold(part));
        Ok(plan)
    }

    fn take(&mut self, view: &View<'_>, condition: Expr) -> Result<(), ApiError> {
        if condition.is_constant() {
            if !eval::holds(&condition, view, &NOWHERE)? {
                self.parts.clear();
            }
            return Ok(());
        }
        if let Some(of_datastream) = condition.beyond("Datastream") {
            let mut kept = Vec::new();
            for part in self.parts.drain(..) {
                view.look(1)?;
                if eval::holds(&of_datastream, view, &Entity::Datastream(part.stream, part.window))? {
                    kept.push(part);
                }
            }
            self.parts = kept;
            return Ok(());
        }
        let Some((property, operator, value)) = compared(view, &condition)? else {
            self.residual.push(condition);
            return Ok(());
        };
        match (property, value) {
            (Property::Id, Value::Int(number)) if operator == Operator::Eq => {
                self.pick(view, number)?;
                self.residual.push(condition);
            }
            (Property::PhenomenonTime | Property::ResultTime, value) => {
                if !self.narrow(view, property, operator, &value) {
                    self.residual.push(condition);
                }
            }
            _ => self.residual.push(condition),
        }
        Ok(())
    }

    /// Leaves the one part and the one moment that can hold the Observation with that number.
    fn pick(&mut self, view: &View<'_>, number: i64) -> Result<(), ApiError> {
        let entity = match u64::try_from(number) {
            Ok(number) => super::find(view, number)?,
            Err(_) => None,
        };
        let Some(Entity::Observation(measured)) = entity else {
            self.parts.clear();
            return Ok(());
        };
        let Measured { stream, window, .. } = *measured;
        let at = measured.starts_at();
        self.parts.retain(|part| (part.stream, part.window) == (stream, window));
        self.parts.iter_mut().for_each(|part| part.span = met(part.span, at.millis(), at.millis().saturating_add(1)));
        Ok(())
    }

    /// Narrows the spans of parts; gives whether what is left is exactly what the condition asks for.
    fn narrow(&mut self, view: &View<'_>, property: Property, operator: Operator, value: &Value) -> bool {
        let (ends, instant) = match value {
            Value::Time(at) => ((*at, *at), true),
            Value::Interval(from, until) => ((*from, *until), false),
            _ => return false,
        };
        let mut exact = true;
        for part in &mut self.parts {
            let length = part.window.map(|window| view.city.windows[usize::from(window.0)]);
            let (from, until, whole) = match length {
                None => raw(operator, ends),
                Some(_) if property == Property::ResultTime => (i64::MIN, i64::MAX, false),
                Some(length) => window(operator, ends, length),
            };
            part.span = met(part.span, from, until);
            exact &= whole && instant;
        }
        exact
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Property {
    Id,
    PhenomenonTime,
    ResultTime,
}

/// An entity for expressions that ask nothing of one.
const NOWHERE: Entity = Entity::Sensor(u32::MAX);

/// `property operator constant`, or the other way round.
fn compared(view: &View<'_>, condition: &Expr) -> Result<Option<(Property, Operator, Value)>, ApiError> {
    let Expr::Binary(operator, left, right) = condition else { return Ok(None) };
    let (path, constant, operator) = match (left.is_constant(), right.is_constant()) {
        (false, true) => (left, right, *operator),
        (true, false) => (right, left, operator.mirrored()),
        _ => return Ok(None),
    };
    let property = if is_id(path) {
        Property::Id
    } else if is_property(path, "phenomenonTime") {
        Property::PhenomenonTime
    } else if is_property(path, "resultTime") {
        Property::ResultTime
    } else {
        return Ok(None);
    };
    Ok(Some((property, operator, eval::value(constant, view, &NOWHERE)?.into_owned())))
}

/// Which `measured_at` can meet a comparison, in milliseconds: first, first after, and whether all of them do meet it.
fn raw(operator: Operator, (from, until): (Instant, Instant)) -> (i64, i64, bool) {
    let after = |at: Instant| at.millis_floor().saturating_add(1);
    match operator {
        Operator::Lt => (i64::MIN, from.millis_ceil(), true),
        Operator::Le => (i64::MIN, after(from), true),
        Operator::Ge => (until.millis_ceil(), i64::MAX, true),
        Operator::Gt if from == until => (after(until), i64::MAX, true),
        Operator::Gt => (until.millis_ceil(), i64::MAX, true),
        Operator::Eq => (from.millis_ceil(), after(from), true),
        _ => (i64::MIN, i64::MAX, false),
    }
}

/// The same for the start of a window of that length.
fn window(operator: Operator, (from, until): (Instant, Instant), length: WindowLength) -> (i64, i64, bool) {
    // A local day has 23 hours at least: what starts later than that before the bound cannot end in time.
    let (length_ms, exact) = match length {
        WindowLength::Minutes(minutes) => (i64::from(minutes) * 60_000, true),
        WindowLength::LocalDay => (23 * 3_600_000, false),
    };
    let ends_by = |at: Instant| at.millis_floor().saturating_sub(length_ms).saturating_add(1);
    match operator {
        Operator::Lt => (i64::MIN, ends_by(from), exact),
        Operator::Le => (i64::MIN, ends_by(until), exact),
        Operator::Gt if from == until => (from.millis_floor().saturating_add(1), i64::MAX, true),
        Operator::Gt => (until.millis_ceil(), i64::MAX, true),
        Operator::Ge => (from.millis_ceil(), i64::MAX, true),
        Operator::Eq => (from.millis_ceil(), from.millis_floor().saturating_add(1), false),
        _ => (i64::MIN, i64::MAX, false),
    }
}

fn met(span: Span, from: i64, until: i64) -> Span {
    Span { from: span.from.max(Timestamp::from_millis(from)), until: span.until.min(Timestamp::from_millis(until)) }
}

/// The span of one minute since 1970: a window's start lies in it or not.
pub(super) fn minute(minute: u32) -> Span {
    let from = i64::from(minute) * 60_000;
    Span { from: Timestamp::from_millis(from), until: Timestamp::from_millis(from + 60_000) }
}
