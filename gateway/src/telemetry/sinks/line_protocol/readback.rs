//! Lines read back by parsers written here from the two stores' documents, and not by anything the encoder uses; and the
//! encoder held to them with texts that an enemy chose.

use std::sync::Arc;

use super::{Row, encode};
use crate::reading::Timestamp;
use crate::store::model::Values;

/// How a store reads backslashes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dialect {
    /// InfluxDB: a special character is escaped when a backslash stands right before it; `\\` is two backslashes.
    Influx,
    /// VictoriaMetrics: a special character is escaped by an odd run of backslashes; `\\` is one.
    Victoria,
}

#[derive(Debug, PartialEq)]
pub(super) struct Line {
    pub(super) measurement: String,
    pub(super) tags: Vec<(String, String)>,
    pub(super) fields: Vec<(String, Field)>,
    pub(super) time_ms: i64,
}

#[derive(Debug, PartialEq)]
pub(super) enum Field {
    Float(f64),
    Integer(i64),
    Boolean(bool),
}

impl Dialect {
    fn is_escaped(self, text: &str, at: usize) -> bool {
        let run = text[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        match self {
            Dialect::Influx => run > 0,
            Dialect::Victoria => run % 2 == 1,
        }
    }

    /// Splits at each `separator` that is not escaped.
    fn split(self, text: &str, separator: char) -> Vec<&str> {
        let mut parts = Vec::new();
        let mut start = 0;
        for (at, _) in text.match_indices(separator) {
            if !self.is_escaped(text, at) {
                parts.push(&text[start..at]);
                start = at + separator.len_utf8();
            }
        }
        parts.push(&text[start..]);
        parts
    }

    fn unescape(self, text: &str) -> String {
        let mut out = String::new();
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            let drops = char == '\\'
                && chars.peek().is_some_and(|next| match self {
                    Dialect::Influx => matches!(next, ',' | '=' | ' '),
                    Dialect::Victoria => matches!(next, ',' | '=' | ' ' | '\\'),
                });
            out.push(if drops { chars.next().expect("it was peeked") } else { char });
        }
        out
    }

    pub(super) fn parse(self, text: &str) -> Line {
        let text = text.strip_suffix('\n').expect("a line ends with a line break");
        assert!(!text.contains(['\n', '\r']), "one line: {text:?}");
        assert!(!text.starts_with('#'), "a comment: {text:?}");
        let [series, fields, time] = self.split(text, ' ')[..] else { panic!("not three parts: {text:?}") };
        assert!(!fields.contains('"'), "VictoriaMetrics would read a text: {text:?}");
        let mut series = self.split(series, ',').into_iter();
        let measurement = self.unescape(series.next().expect("a split has a first part"));
        let pair = |text: &str| {
            let [key, value] = self.split(text, '=')[..] else { panic!("not a pair: {text:?}") };
            assert!(!key.is_empty() && !value.is_empty(), "an empty side: {text:?}");
            (self.unescape(key), value.to_owned())
        };
        let tags = series.map(pair).map(|(key, value)| (key, self.unescape(&value))).collect();
        let fields = self.split(fields, ',').into_iter().map(pair).map(|(key, value)| (key, field(&value))).collect();
        Line { measurement, tags, fields, time_ms: time.parse().expect("a time") }
    }
}

fn field(text: &str) -> Field {
    match text {
        "true" => Field::Boolean(true),
        "false" => Field::Boolean(false),
        _ => match text.strip_suffix('i') {
            Some(integer) => Field::Integer(integer.parse().expect("an integer")),
            None => Field::Float(text.parse().expect("a number")),
        },
    }
}

/// What a reader of the line must find.
pub(super) fn expected(row: &Row<'_>) -> Line {
    let tag = |key: &str, value: &str| (!value.is_empty()).then(|| (key.to_owned(), value.to_owned()));
    let channel = row.channel.to_string();
    let tags = [
        tag("channel", &channel),
        tag("node", row.node),
        tag("window", row.window),
        tag("zone", row.zone.unwrap_or("")),
    ];
    let values = row.values;
    let mut fields = vec![("count".to_owned(), Field::Integer(values.count.into()))];
    if let Some(expected) = values.expected {
        fields.push(("n_expected".into(), Field::Integer(expected.into())));
    }
    fields.push(("suspect".into(), Field::Integer(values.suspect.into())));
    fields.push(("revision".into(), Field::Integer(row.revision.into())));
    fields.push(("valid".into(), Field::Boolean(values.valid)));
    let mut float = |key: String, value: Option<f64>| {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            fields.push((key, Field::Float(value)));
        }
    };
    float("capture".into(), values.capture);
    float("mean".into(), values.mean);
    float("min".into(), values.min);
    float("max".into(), values.max);
    float("sum".into(), values.sum);
    for (i, key) in ["p10", "p50", "p90", "p95"].into_iter().enumerate() {
        float(key.into(), values.percentiles.map(|p| p[i]));
    }
    for &(state, share) in &values.shares {
        let code = row.states.iter().find(|(number, _)| *number == state).map(|(_, code)| code.to_string());
        float(format!("share_{}", code.unwrap_or_else(|| state.to_string())), Some(share));
    }
    Line {
        measurement: row.quantity.into(),
        tags: tags.into_iter().flatten().collect(),
        fields,
        time_ms: row.from.millis(),
    }
}

/// A row whose texts and numbers are cut from `bytes`: a line that is written says what the row says, in either store.
pub fn line_protocol(bytes: &[u8]) {
    let (numbers, texts) = bytes.split_at(bytes.len().min(24));
    let number = |at: usize| -> [u8; 8] { std::array::from_fn(|i| numbers.get(at + i).copied().unwrap_or(0)) };
    let float = |at: usize| f64::from_bits(u64::from_le_bytes(number(at)));
    let mut texts = texts.split(|byte| *byte == b'|').map(String::from_utf8_lossy);
    let mut text = || texts.next().unwrap_or_default().into_owned();
    let (quantity, node, window, zone, code) = (text(), text(), text(), text(), text());
    let values = Values {
        count: numbers.len() as u32,
        mean: Some(float(0)),
        min: Some(float(8)),
        max: Some(float(16)),
        shares: vec![(1, float(0)), (2, float(8))],
        ..Values::default()
    };
    let states = [(1, Arc::from(code.as_str()))];
    let row = Row {
        quantity: &quantity,
        node: &node,
        channel: numbers.first().copied().unwrap_or(0),
        window: &window,
        zone: Some(&zone),
        from: Timestamp::from_millis(i64::from_le_bytes(number(8))),
        values: &values,
        revision: 7,
        states: &states,
    };
    let mut out = String::new();
    if encode(&row, &mut out).is_ok() {
        for dialect in [Dialect::Influx, Dialect::Victoria] {
            assert_eq!(dialect.parse(&out), expected(&row), "{dialect:?}");
        }
    } else {
        assert!(out.is_empty());
    }
}
