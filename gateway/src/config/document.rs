//! Reads a TOML file into a serde shape and finds every mistake on the way, not only the first.
//!
//! The parser recovers from mistakes of syntax. What the shape refuses is reported with its place, taken out of the
//! table, and the rest is read again, until the shape takes it. What was taken out is [`Key`]-absent afterwards, so
//! checks of meaning go on with the default. Lines with a mistake of syntax are not judged further.

use std::ops::Range;
use std::path::Path;

use schemars::JsonSchema;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problems, Report, did_you_mean};

/// A key of a shape: there with its place in the file, or not there.
#[derive(Debug, Clone)]
pub(crate) struct Key<T>(Option<Spanned<T>>);

impl<T> Key<T> {
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(Spanned::get_ref)
    }

    /// Where its value stands.
    pub(crate) fn span(&self) -> Option<Range<usize>> {
        self.0.as_ref().map(Spanned::span)
    }
}

impl<T> Default for Key<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Key<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(|value| Self(Some(value)))
    }
}

impl<T: JsonSchema> JsonSchema for Key<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

/// The text of a file that people edit.
pub(crate) fn read_text(file: &Path) -> Result<String, Problems> {
    let bytes = std::fs::read(file).map_err(|error| Problems::of_file(file, format!("cannot be read: {error}"), ""))?;
    String::from_utf8(bytes).map_err(|_| Problems::of_file(file, "is not UTF-8".into(), "a file saved as UTF-8"))
}

/// The shape of `text` and the report of what is wrong so far.
pub(crate) fn read<T: DeserializeOwned + Default>(file: &Path, text: &str) -> (T, Report) {
    let mut report = Report::new(file, text);
    let (mut root, errors) = DeTable::parse_recoverable(text);
    let mut lists: Vec<Range<usize>> = Vec::new();
    for error in errors {
        // One forgotten ']' makes every line that follows a mistake: it is told once, with where the list begins.
        // The end of the file, where it is missed at last, is no longer within.
        let back = usize::from(error.message().starts_with("unclosed array"));
        let list = error.span().and_then(|span| list_around(root.get_ref(), span.start.saturating_sub(back)));
        if list.as_ref().is_some_and(|list| lists.contains(list)) {
            continue;
        }
        let begins = list.as_ref().map(|list| report.line(list.start));
        if let Some(problem) = report.add_syntax(error.span(), error.message())
            && let Some(line) = begins
        {
            problem.hint(format!("the list that begins in line {line} may lack its `]`"));
        }
        lists.extend(list);
    }
    loop {
        let error = match T::deserialize(toml::de::Deserializer::from(root.clone())) {
            Ok(shape) => return (shape, report),
            Err(error) => error,
        };
        let span = error.span().unwrap_or_default();
        let Some(taken) = take_out(root.get_mut(), &span, "") else {
            report.add("", Some(span), error.message(), "");
            return (T::default(), report);
        };
        describe(&mut report, &error, span, taken);
    }
}

/// The outermost list that `offset` lies in.
fn list_around(table: &DeTable<'_>, offset: usize) -> Option<Range<usize>> {
    table.iter().find_map(|(_, value)| match value.get_ref() {
        DeValue::Array(items) => {
            let within = value.span().start < offset && offset < value.span().end;
            let inner = items.iter().filter_map(|item| item.get_ref().as_table());
            within.then(|| value.span()).or_else(|| inner.filter_map(|table| list_around(table, offset)).next())
        }
        DeValue::Table(inner) => list_around(inner, offset),
        _ => None,
    })
}

/// Puts serde's words into those of somebody who edits the file.
fn describe(report: &mut Report, error: &toml::de::Error, span: Range<usize>, key: String) {
    let message = error.message();
    let named: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let (found, known) = named.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
        let what =
            if message.starts_with("unknown field") { "unknown key".into() } else { report.excerpt(span.clone()) };
        let one_of = if known.len() > 1 { "one of " } else { "" };
        let problem = report.add(key, Some(span), what, format!("{one_of}{}", known.join(", ")));
        problem.hint = did_you_mean(found, known.iter().copied());
        return;
    }
    let expected = match message.split_once(", expected ").map(|(_, expected)| expected) {
        Some("u8" | "u16" | "u32" | "u64" | "usize") => "a whole number, 0 or more",
        Some("i8" | "i16" | "i32" | "i64") => "a whole number",
        Some("f32" | "f64") => "a number",
        Some("a string" | "string") => "a text in quotes",
        Some("a boolean") => "true or false",
        Some("a sequence") => "a list in [ ]",
        Some("a map") => "a table of keys",
        Some(other) if other.starts_with("struct ") => "a table of keys",
        Some(other) => other,
        None if message.starts_with("wanted string") => "a text in quotes",
        None => message,
    };
    let found = report.excerpt(span.clone());
    report.add(key, Some(span), found, expected);
}

/// Takes out the entry whose key or value stands at `span`, and says its name. A scalar in a list takes the whole
/// list with it, since what is left would mean something else.
fn take_out(table: &mut DeTable<'_>, span: &Range<usize>, path: &str) -> Option<String> {
    let mut here = None;
    for (key, value) in table.iter_mut() {
        let name = if path.is_empty() { key.get_ref().to_string() } else { format!("{path}.{}", key.get_ref()) };
        let at_value = value.span() == *span;
        match value.get_mut() {
            DeValue::Table(inner) => {
                if let Some(taken) = take_out(inner, span, &name) {
                    return Some(taken);
                }
            }
            DeValue::Array(items) => {
                let mut inside = false;
                for (i, item) in items.iter_mut().enumerate() {
                    let item_span = item.span();
                    if let DeValue::Table(inner) = item.get_mut()
                        && let Some(taken) = take_out(inner, span, &format!("{name}[{i}]"))
                    {
                        return Some(taken);
                    }
                    inside |= item_span.start <= span.start && span.end <= item_span.end && !span.is_empty();
                }
                if inside {
                    here.get_or_insert((key.get_ref().clone(), name.clone()));
                }
            }
            _ => {}
        }
        if key.span() == *span || at_value {
            here = Some((key.get_ref().clone(), name));
        }
    }
    let (key, name) = here?;
    table.remove(&*key);
    Some(name)
}
