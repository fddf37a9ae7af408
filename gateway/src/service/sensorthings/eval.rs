//! The value of an expression for one entity.
//!
//! Where types do not fit, the value is null, and a condition that is null is not met, as in OData.
//! Times: an instant is a point; an interval is half-open. `lt` is wholly before, `gt` wholly after, `le` and `ge` compare
//! both ends, `eq` is the same interval. A text that reads as a moment may stand where a moment is compared.

mod functions;

use std::borrow::Cow;
use std::cmp::Ordering;

use super::error::ApiError;
use super::filter::{Expr, Operator, PropertyPath};
use super::value::{Instant, Value};

/// Where properties and relations come from.
pub(super) trait Scope {
    /// What expressions are about.
    type Entity;

    /// The value that a path leads to from an entity, null when it leads nowhere.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn value(&self, entity: &Self::Entity, path: &PropertyPath) -> Result<Value, ApiError>;

    /// Whether the condition holds for any entity that the relations lead to.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn any(
        &self,
        entity: &Self::Entity,
        navigations: &[super::model::Navigation],
        condition: &Expr,
    ) -> Result<bool, ApiError>;

    /// The moment of the request.
    fn now(&self) -> Instant;
}

/// Whether a condition holds.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn holds<S: Scope>(expr: &Expr, scope: &S, entity: &S::Entity) -> Result<bool, ApiError> {
    Ok(*value(expr, scope, entity)? == Value::Bool(true))
}

/// The value of an expression.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn value<'e, S: Scope>(expr: &'e Expr, scope: &S, entity: &S::Entity) -> Result<Cow<'e, Value>, ApiError> {
    Ok(match expr {
        Expr::Literal(value) => Cow::Borrowed(value),
        Expr::Path(path) => Cow::Owned(scope.value(entity, path)?),
        Expr::Any(navigations, condition) => Cow::Owned(Value::Bool(scope.any(entity, navigations, condition)?)),
        Expr::Not(inner) => Cow::Owned(match *value(inner, scope, entity)? {
            Value::Bool(truth) => Value::Bool(!truth),
            _ => Value::Null,
        }),
        Expr::Negative(inner) => Cow::Owned(match *value(inner, scope, entity)? {
            Value::Int(number) => Value::Int(number.wrapping_neg()),
            Value::Number(number) => Value::Number(-number),
            Value::Duration(length) => Value::Duration(length.wrapping_neg()),
            _ => Value::Null,
        }),
        Expr::Binary(operator @ (Operator::And | Operator::Or), left, right) => {
            let left = truth(&*value(left, scope, entity)?);
            let decided = *operator == Operator::Or;
            if left == Some(decided) {
                return Ok(Cow::Owned(Value::Bool(decided)));
            }
            let right = truth(&*value(right, scope, entity)?);
            Cow::Owned(match (left, right) {
                (_, Some(right)) if right == decided => Value::Bool(decided),
                (Some(_), Some(_)) => Value::Bool(!decided),
                _ => Value::Null,
            })
        }
        Expr::Binary(operator, left, right) => {
            let (left, right) = (value(left, scope, entity)?, value(right, scope, entity)?);
            Cow::Owned(binary(*operator, &left, &right))
        }
        Expr::Call(function, arguments) => {
            let arguments =
                arguments.iter().map(|argument| value(argument, scope, entity)).collect::<Result<Vec<_>, _>>()?;
            Cow::Owned(functions::call(*function, &arguments, scope.now())?)
        }
    })
}

/// The order of two keys of `$orderby`: null first.
pub(super) fn order(left: &Value, right: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) | Value::Number(_) => 2,
        Value::Time(_) | Value::Interval(..) => 3,
        Value::Text(_) => 4,
        _ => 5,
    };
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        _ => match (ends(left), ends(right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => compared(left, right).unwrap_or_else(|| rank(left).cmp(&rank(right))),
        },
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        _ => None,
    }
}

fn binary(operator: Operator, left: &Value, right: &Value) -> Value {
    match operator {
        Operator::Add | Operator::Sub | Operator::Mul | Operator::Div | Operator::Mod => {
            arithmetic(operator, left, right)
        }
        _ => Value::Bool(comparison(operator, left, right)),
    }
}

fn comparison(operator: Operator, left: &Value, right: &Value) -> bool {
    if *left == Value::Null || *right == Value::Null {
        let same = *left == *right;
        return match operator {
            Operator::Eq => same,
            Operator::Ne => !same,
            _ => false,
        };
    }
    if let Some((left, right)) = both_times(left, right) {
        return time_comparison(operator, left, right);
    }
    match operator {
        Operator::Eq => equal(left, right),
        Operator::Ne => !equal(left, right),
        _ => compared(left, right).is_some_and(|order| match operator {
            Operator::Gt => order.is_gt(),
            Operator::Ge => order.is_ge(),
            Operator::Lt => order.is_lt(),
            _ => order.is_le(),
        }),
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    compared(left, right).map_or_else(|| left == right, Ordering::is_eq)
}

fn compared(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (Value::TimeOfDay(left), Value::TimeOfDay(right)) => Some(left.cmp(right)),
        _ => left.number()?.partial_cmp(&right.number()?),
    }
}

/// The ends of a moment or an interval.
fn ends(value: &Value) -> Option<(Instant, Instant)> {
    match value {
        Value::Time(at) => Some((*at, *at)),
        Value::Interval(from, until) => Some((*from, *until)),
        _ => None,
    }
}

type Ends = (Instant, Instant);

/// Both as times, when one is a time and the other is, or reads as one.
fn both_times(left: &Value, right: &Value) -> Option<(Ends, Ends)> {
    let read = |value: &Value| match value {
        Value::Text(text) => {
            let at = Instant(text.parse::<jiff::Timestamp>().ok()?.as_microsecond());
            Some((at, at))
        }
        Value::Date(date) => {
            let at = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond();
            Some((Instant(at), Instant(at)))
        }
        other => ends(other),
    };
    match (ends(left), ends(right)) {
        (Some(left), Some(right)) => Some((left, right)),
        (Some(left), None) => Some((left, read(right)?)),
        (None, Some(right)) => Some((read(left)?, right)),
        (None, None) => None,
    }
}

fn time_comparison(operator: Operator, left: Ends, right: Ends) -> bool {
    match operator {
        Operator::Eq => left == right,
        Operator::Ne => left != right,
        Operator::Lt => before(left, right),
        Operator::Gt => before(right, left),
        Operator::Ge => left.0 >= right.0 && left.1 >= right.1,
        _ => left.0 <= right.0 && left.1 <= right.1,
    }
}

/// Whether all of the first comes before all of the second. The end of an interval is not inside it, a moment is.
fn before(first: Ends, second: Ends) -> bool {
    if first.0 == first.1 { first.1 < second.0 } else { first.1 <= second.0 }
}

fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Value {
    use Operator::{Add, Div, Mod, Mul, Sub};
    let shift =
        |at: Instant, by: i64| Instant(if operator == Add { at.0.saturating_add(by) } else { at.0.saturating_sub(by) });
    match (operator, left, right) {
        (Add | Sub, Value::Time(at), Value::Duration(by)) => Value::Time(shift(*at, *by)),
        (Add | Sub, Value::Interval(from, until), Value::Duration(by)) => {
            Value::Interval(shift(*from, *by), shift(*until, *by))
        }
        (Add, Value::Duration(by), Value::Time(at)) => Value::Time(shift(*at, *by)),
        (Sub, Value::Time(left), Value::Time(right)) => Value::Duration(left.0.saturating_sub(right.0)),
        (Add, Value::Duration(left), Value::Duration(right)) => Value::Duration(left.saturating_add(*right)),
        (Sub, Value::Duration(left), Value::Duration(right)) => Value::Duration(left.saturating_sub(*right)),
        (Mul, Value::Duration(length), number) | (Mul, number, Value::Duration(length)) => {
            number.number().map_or(Value::Null, |n| Value::Duration((*length as f64 * n) as i64))
        }
        (Div, Value::Duration(length), number) if number.number().is_some_and(|n| n != 0.0) => {
            Value::Duration((*length as f64 / number.number().unwrap_or(1.0)) as i64)
        }
        (_, Value::Int(left), Value::Int(right)) => {
            let exact = match operator {
                Add => left.checked_add(*right),
                Sub => left.checked_sub(*right),
                Mul => left.checked_mul(*right),
                Div => left.checked_div(*right),
                Mod => left.checked_rem(*right),
                _ => None,
            };
            exact.map_or(Value::Null, Value::Int)
        }
        _ => match (left.number(), right.number()) {
            (Some(left), Some(right)) => Value::Number(match operator {
                Add => left + right,
                Sub => left - right,
                Mul => left * right,
                Div => left / right,
                _ => left % right,
            }),
            _ => Value::Null,
        },
    }
}
