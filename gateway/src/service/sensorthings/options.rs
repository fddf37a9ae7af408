//! The query options: `$filter $orderby $top $skip $count $expand $select $resultFormat`, and how they are written again
//! in the link to the next page. Pure; no text makes it panic.

use std::fmt::Write;

use super::error::ApiError;
use super::filter::Expr;
use super::model::{ID, Kind, Navigation};
use super::path::percent_decoded;

/// `$expand` inside `$expand` at most.
const EXPAND_DEPTH_MAX: usize = 6;
/// Bytes of a query string at most.
const QUERY_BYTES_MAX: usize = 16 * 1024;

/// What is asked of a collection or of an entity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// The condition that entities have to meet.
    pub filter: Option<Expr>,
    /// The order: keys, the first first.
    pub orderby: Vec<Key>,
    /// At most so many.
    pub top: Option<usize>,
    /// So many left out.
    pub skip: usize,
    /// Whether to say how many there are in all.
    pub count: bool,
    /// Relations whose entities come along.
    pub expand: Vec<Expand>,
    /// The properties and relations wanted; none means all.
    pub select: Option<Vec<&'static str>>,
    /// Whether Observations come as arrays.
    pub data_array: bool,
    /// The options as they were given, `$skip` and `$expand` left out.
    given: Vec<(&'static str, String)>,
}

/// One key of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// What is compared.
    pub by: Expr,
    /// Greatest first.
    pub descending: bool,
}

/// A relation whose entities come along.
#[derive(Debug, Clone, PartialEq)]
pub struct Expand {
    /// The relation.
    pub navigation: Navigation,
    /// What is asked of its entities.
    pub options: Options,
}

impl Options {
    /// Reads the query of a URL, percent-encoded, without its `?`, for a collection or an entity of that kind.
    ///
    /// # Errors
    /// 400 for an option that is unknown, given twice, malformed or out of place; 501 for one that is left out here.
    pub fn parse(query: &str, kind: Kind, collection: bool) -> Result<Self, ApiError> {
        let mut options = Self::default();
        for (name, value) in decoded(query)? {
            options.take(&name, &value, kind, 0)?;
        }
        options.check(collection, true)?;
        Ok(options)
    }

    /// Refuses every option: for the service's root and for properties.
    ///
    /// # Errors
    /// 400 when there is one.
    pub fn none(query: &str) -> Result<(), ApiError> {
        match decoded(query)?.first() {
            None => Ok(()),
            Some((name, _)) => Err(ApiError::bad(format!("{name} has no meaning here"))),
        }
    }

    /// The options of the page that begins after `skip` entities, for a URL.
    pub fn query(&self, skip: usize) -> String {
        let mut pairs: Vec<String> =
            self.given.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        if !self.expand.is_empty() {
            pairs.push(format!("$expand={}", encoded(&written(&self.expand))));
        }
        if skip > 0 {
            pairs.push(format!("$skip={skip}"));
        }
        pairs.join("&")
    }

    /// Whether that property or relation is wanted.
    pub fn selects(&self, name: &str) -> bool {
        self.select.as_ref().is_none_or(|names| names.contains(&name))
    }

    fn take(&mut self, name: &str, value: &str, kind: Kind, depth: usize) -> Result<(), ApiError> {
        const NAMES: [&str; 8] =
            ["$filter", "$orderby", "$top", "$skip", "$count", "$expand", "$select", "$resultFormat"];
        let Some(name) = NAMES.into_iter().find(|known| *known == name) else {
            return Err(ApiError::bad(format!("there is no query option '{name}'")));
        };
        let skipped = name == "$skip" && self.skip != 0;
        let expanded = name == "$expand" && !self.expand.is_empty();
        if skipped || expanded || self.given.iter().any(|(given, _)| *given == name) {
            return Err(ApiError::bad(format!("{name} is given twice")));
        }
        match name {
            "$filter" => self.filter = Some(Expr::condition(value, kind).map_err(|e| prefixed(name, e))?),
            "$orderby" => self.orderby = keys(value, kind)?,
            "$top" => self.top = Some(whole(name, value)?),
            "$skip" => self.skip = whole(name, value)?,
            "$count" => self.count = truth(value)?,
            "$expand" => self.expand = expands(value, kind, depth)?,
            "$select" => self.select = Some(selected(value, kind)?),
            _ => self.data_array = data_array(value, kind)?,
        }
        if !matches!(name, "$skip" | "$expand") {
            self.given.push((name, value.to_owned()));
        }
        Ok(())
    }

    fn check(&self, collection: bool, outermost: bool) -> Result<(), ApiError> {
        let of_collections = ["$filter", "$orderby", "$top", "$count", "$resultFormat"];
        let out_of_place = self.given.iter().map(|(name, _)| *name).find(|name| of_collections.contains(name));
        if !collection && let Some(name) = out_of_place.or((self.skip != 0).then_some("$skip")) {
            return Err(ApiError::bad(format!("{name} is for collections; this is one entity")));
        }
        if self.data_array && !outermost {
            return Err(ApiError::bad("$resultFormat cannot stand inside $expand"));
        }
        if self.data_array && !self.expand.is_empty() {
            return Err(ApiError::bad("$expand cannot go with $resultFormat=dataArray"));
        }
        Ok(())
    }

    /// Joins what `$expand=A/B` and `$expand=A` say of A.
    fn join(&mut self, other: Options) -> Result<(), ApiError> {
        if other.given.is_empty() && other.skip == 0 {
            return join_all(&mut self.expand, other.expand);
        }
        if !self.given.is_empty() || self.skip != 0 {
            return Err(ApiError::bad("$expand: options for one relation are given twice"));
        }
        let expand = std::mem::replace(self, other).expand;
        join_all(&mut self.expand, expand)
    }
}

/// The options of a query, decoded. Those without a `$` are not the standard's: they are left to others.
fn decoded(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    if query.len() > QUERY_BYTES_MAX {
        return Err(ApiError::bad(format!("a query may have {QUERY_BYTES_MAX} bytes at most")));
    }
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = percent_decoded(name, true)?;
        if name.starts_with('$') {
            pairs.push((name, percent_decoded(value, true)?));
        }
    }
    Ok(pairs)
}

fn whole(name: &str, value: &str) -> Result<usize, ApiError> {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    digits
        .then(|| value.parse::<u32>().ok())
        .flatten()
        .map(|number| number as usize)
        .ok_or_else(|| ApiError::bad(format!("{name} takes a whole number from 0 on, not '{value}'")))
}

fn truth(value: &str) -> Result<bool, ApiError> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(ApiError::bad(format!("$count is true or false, not '{value}'"))),
    }
}

fn data_array(value: &str, kind: Kind) -> Result<bool, ApiError> {
    if value != "dataArray" {
        return Err(ApiError::unsupported(format!("$resultFormat '{value}' is not supported; dataArray is")));
    }
    if kind != Kind::Observation {
        return Err(ApiError::bad("$resultFormat=dataArray is for Observations"));
    }
    Ok(true)
}

fn keys(value: &str, kind: Kind) -> Result<Vec<Key>, ApiError> {
    split(value, ',')
        .into_iter()
        .map(|key| {
            let key = key.trim();
            let (by, descending) = match key.rsplit_once(' ') {
                Some((by, "desc")) => (by, true),
                Some((by, "asc")) => (by, false),
                _ => (key, false),
            };
            let by = Expr::key(by, kind).map_err(|error| prefixed("$orderby", error))?;
            Ok(Key { by, descending })
        })
        .collect()
}

fn selected(value: &str, kind: Kind) -> Result<Vec<&'static str>, ApiError> {
    let mut names = Vec::new();
    for name in value.split(',').map(str::trim) {
        let known = kind.property(name).or_else(|| kind.navigation(name).map(|navigation| navigation.name));
        let name = known.ok_or_else(|| ApiError::bad(format!("$select: a {kind} has no property '{name}'")))?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

fn expands(value: &str, kind: Kind, depth: usize) -> Result<Vec<Expand>, ApiError> {
    let mut found = Vec::new();
    for item in split(value, ',') {
        join_all(&mut found, vec![expand(item.trim(), kind, depth)?])?;
    }
    Ok(found)
}

/// `Datastreams($top=1;$expand=Sensor)/Observations($top=1)`
fn expand(item: &str, kind: Kind, depth: usize) -> Result<Expand, ApiError> {
    if depth >= EXPAND_DEPTH_MAX {
        return Err(ApiError::bad(format!("$expand may be nested {EXPAND_DEPTH_MAX} deep at most")));
    }
    let parts = split(item, '/');
    let first = parts.first().copied().unwrap_or_default();
    let (name, inside) = match first.split_once('(') {
        Some((name, rest)) => {
            let inside = rest.strip_suffix(')').ok_or_else(|| {
                ApiError::bad(format!("$expand: '{first}' opens a parenthesis that it does not close"))
            })?;
            (name.trim(), inside)
        }
        None => (first.trim(), ""),
    };
    let navigation =
        kind.navigation(name).ok_or_else(|| ApiError::bad(format!("$expand: a {kind} has no relation '{name}'")))?;
    let mut options = Options::default();
    for pair in split(inside, ';').into_iter().map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        options.take(name.trim(), value, navigation.target, depth + 1)?;
    }
    options.check(navigation.many, false)?;
    if parts.len() > 1 {
        let rest = &item[first.len() + 1..];
        join_all(&mut options.expand, vec![expand(rest, navigation.target, depth + 1)?])?;
    }
    Ok(Expand { navigation, options })
}

fn join_all(into: &mut Vec<Expand>, more: Vec<Expand>) -> Result<(), ApiError> {
    for expand in more {
        match into.iter_mut().find(|known| known.navigation == expand.navigation) {
            Some(known) => known.options.join(expand.options)?,
            None => into.push(expand),
        }
    }
    Ok(())
}

/// Splits at a sign that stands outside quotes and parentheses.
fn split(text: &str, sign: char) -> Vec<&str> {
    let (mut parts, mut from, mut depth, mut quoted) = (Vec::new(), 0, 0usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ if c == sign && !quoted && depth == 0 => {
                parts.push(&text[from..at]);
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

fn prefixed(name: &str, error: ApiError) -> ApiError {
    if error.message.starts_with('$') {
        return error;
    }
    ApiError { message: format!("{name}: {}", error.message), ..error }
}

/// `$expand` written again, decoded.
fn written(expands: &[Expand]) -> String {
    let items = expands.iter().map(|expand| {
        let options = &expand.options;
        let mut inside: Vec<String> = options.given.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if options.skip > 0 {
            inside.push(format!("$skip={}", options.skip));
        }
        if !options.expand.is_empty() {
            inside.push(format!("$expand={}", written(&options.expand)));
        }
        match inside.is_empty() {
            true => expand.navigation.name.to_owned(),
            false => format!("{}({})", expand.navigation.name, inside.join(";")),
        }
    });
    items.collect::<Vec<_>>().join(",")
}

/// Encodes what may not stand in the value of a query.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~!$'()*,;:@/=".contains(&byte);
        if plain {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Whether an expression is that property of the entity itself.
pub(super) fn is_property(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Path(path) if path.navigations.is_empty() && path.inner.is_empty() && path.property == name)
}

/// Whether an expression is the entity's number.
pub(super) fn is_id(expr: &Expr) -> bool {
    is_property(expr, ID)
}
