//! The resource path: from the segments of a URL to what is asked for. Pure; no path makes it panic.

use super::error::ApiError;
use super::model::{Kind, Navigation};

/// Segments of a path at most.
const SEGMENTS_MAX: usize = 32;

/// What a path addresses.
#[derive(Debug, Clone, PartialEq)]
pub enum Resource {
    /// The service's root.
    Root,
    /// Something reached by steps from a set of entities; there is at least one step.
    Steps(Vec<Step>, End),
}

/// A set, a relation, or one entity of either.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The relation followed; none for the first step, which is a set.
    pub navigation: Option<Navigation>,
    /// The type of what is there.
    pub kind: Kind,
    /// Whether it is a collection until an id picks from it.
    pub many: bool,
    /// Which entity of the collection.
    pub id: Option<u64>,
}

/// What of the last step is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// The entities themselves.
    Entities,
    /// Their addresses: `/$ref`.
    References,
    /// A property of one entity: its name, names inside it, and whether it is to be bare (`/$value`).
    Property(&'static str, Vec<String>, bool),
}

impl Step {
    /// Whether this is a collection.
    pub fn is_collection(&self) -> bool {
        self.many && self.id.is_none()
    }
}

/// Reads a path as it stands in a URL, percent-encoded, below `/v1.1`.
///
/// # Errors
/// 404 for what cannot exist, 400 for what is not well formed.
pub(super) fn parse(path: &str) -> Result<Resource, ApiError> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(Resource::Root);
    }
    let segments =
        path.split('/').map(|segment| percent_decoded(segment, false)).collect::<Result<Vec<String>, ApiError>>()?;
    if segments.len() > SEGMENTS_MAX {
        return Err(ApiError::bad(format!("a path may have {SEGMENTS_MAX} segments at most")));
    }
    let mut steps: Vec<Step> = Vec::new();
    for (at, segment) in segments.iter().enumerate() {
        let (name, id) = name_and_id(segment)?;
        let next = match steps.last() {
            None => Kind::from_set(name).map(|kind| Step { navigation: None, kind, many: true, id }),
            Some(last) if last.is_collection() => None,
            Some(last) => last.kind.navigation(name).map(|navigation| Step {
                navigation: Some(navigation),
                kind: navigation.target,
                many: navigation.many,
                id,
            }),
        };
        match next {
            Some(step) if step.id.is_some() && !step.many => {
                return Err(ApiError::missing(format!("'{name}' leads to one entity, it takes no id")));
            }
            Some(step) => steps.push(step),
            None => {
                let end = end(steps.last(), &segments[at..])?;
                return Ok(Resource::Steps(steps, end));
            }
        }
    }
    Ok(Resource::Steps(steps, End::Entities))
}

/// Reads what follows the last entity or collection.
fn end(last: Option<&Step>, rest: &[String]) -> Result<End, ApiError> {
    let first = rest.first().map_or("", String::as_str);
    let Some(last) = last else {
        return Err(ApiError::missing(format!("there is no entity set '{first}'")));
    };
    if first == "$ref" && rest.len() == 1 {
        return Ok(End::References);
    }
    if last.is_collection() {
        return Err(ApiError::missing(format!("'{first}' cannot follow a collection")));
    }
    let property = last
        .kind
        .property(first)
        .ok_or_else(|| ApiError::missing(format!("a {} has no property or relation '{first}'", last.kind)))?;
    let (inner, bare) = match rest.split_last() {
        Some((value, before)) if value == "$value" && !before.is_empty() => (&before[1..], true),
        _ => (&rest[1..], false),
    };
    if inner.iter().any(|name| name.is_empty() || name.starts_with('$')) {
        return Err(ApiError::missing("the path does not end in a property or its $value"));
    }
    Ok(End::Property(property, inner.to_vec(), bare))
}

/// `Things(1)` into its parts.
fn name_and_id(segment: &str) -> Result<(&str, Option<u64>), ApiError> {
    let Some((name, rest)) = segment.split_once('(') else { return Ok((segment, None)) };
    let id = rest
        .strip_suffix(')')
        .ok_or_else(|| ApiError::bad(format!("'{segment}' opens a parenthesis that it does not close")))?
        .trim();
    let number = id.bytes().all(|b| b.is_ascii_digit()).then(|| id.parse().ok()).flatten();
    number
        .map(|number| (name, Some(number)))
        .ok_or_else(|| ApiError::missing(format!("there is no entity '{segment}': ids are whole numbers")))
}

/// Decodes `%XX`; in a query also `+`, which stands for a space.
///
/// # Errors
/// 400 when a `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
pub(super) fn percent_decoded(text: &str, plus_is_space: bool) -> Result<String, ApiError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
                match (digit(), digit()) {
                    (Some(high), Some(low)) => (high * 16 + low) as u8,
                    _ => return Err(ApiError::bad("a '%' in the URL is not followed by two hexadecimal digits")),
                }
            }
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| ApiError::bad("the URL is not UTF-8"))
}
