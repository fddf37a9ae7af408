//! Mappings: how a maker's own JSON message is read, by its topic: whose it is, when it was measured, which of its values are
//! which quantity. They are data of `mappings.toml`; what is made of a message by one is `telemetry::decode::mapping`'s.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::reading::NodeId;

/// All mappings, in the file's order: the first that fits a message reads it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mappings(Vec<Mapping>);

/// How one kind of message is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// Its code, `milesight-am107`.
    pub code: Arc<str>,
    /// The topics it is for.
    pub topic: TopicPattern,
    /// What else must hold of the message.
    pub when: Vec<Condition>,
    /// Where the node's name stands.
    pub node: NodeFrom,
    /// Put in front of it.
    pub node_prefix: String,
    /// Where the time of measuring stands; none: it is the time of receipt.
    pub time: Option<TimeFrom>,
    /// The values. A place in this list is a reading's number when it is rejected and played again.
    pub fields: Vec<Field>,
}

/// Something that must hold of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Where it is looked for.
    pub path: Path,
    /// The value, as text; none: anything but null.
    pub equals: Option<String>,
}

/// Where a node's name stands.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeFrom {
    /// In the topic, at `{node}`.
    Topic,
    /// In the message.
    Payload(Path),
}

/// Where the time of measuring stands, and how it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeFrom {
    /// Where.
    pub path: Path,
    /// How.
    pub format: TimeFormat,
    /// For a text that says no offset.
    pub zone: jiff::tz::TimeZone,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFormat {
    /// RFC 3339, or without an offset.
    Text,
    /// Seconds since 1970, with a fraction perhaps.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
}

/// One value of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Where it stands.
    pub path: Path,
    /// The quantity's code.
    pub quantity: Arc<str>,
    /// The channel.
    pub channel: u8,
    /// The unit after factor and offset; none: the quantity's own.
    pub unit: Option<Arc<str>>,
    /// Factor.
    pub factor: f64,
    /// Added after the factor.
    pub offset: f64,
}

/// Why a message's node is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// No mapping is for the topic.
    #[error("no mapping is for this topic")]
    NoMapping,
    /// Where the name should stand there is none that can be a node's.
    #[error("the node's name is not where the mapping looks for it, or is no node's name")]
    NoName,
}

impl Mappings {
    /// These mappings. The loader has checked that what they name exists.
    pub fn new(mappings: Vec<Mapping>) -> Self {
        Self(mappings)
    }

    /// All of them.
    pub fn all(&self) -> &[Mapping] {
        &self.0
    }

    /// The mappings for a topic.
    pub fn for_topic<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a Mapping> {
        self.0.iter().filter(move |mapping| mapping.topic.matches(topic))
    }

    /// The first mapping that fits a message.
    pub fn find<'a>(&'a self, topic: &'a str, message: &Value) -> Option<&'a Mapping> {
        self.for_topic(topic).find(|mapping| mapping.fits(message))
    }

    /// Whose message it is. The payload is looked at only when the topic does not say.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn node(&self, topic: &str, payload: &[u8]) -> Result<NodeId, NodeError> {
        let mut candidates = self.for_topic(topic).peekable();
        let first = *candidates.peek().ok_or(NodeError::NoMapping)?;
        let alike = |mapping: &Mapping| mapping.node == NodeFrom::Topic && mapping.node_prefix == first.node_prefix;
        if candidates.all(alike) {
            return first.node(topic, &Value::Null);
        }
        let message = serde_json::from_slice(payload).unwrap_or(Value::Null);
        self.find(topic, &message).unwrap_or(first).node(topic, &message)
    }
}

impl Mapping {
    /// Whether all conditions hold of the message.
    pub fn fits(&self, message: &Value) -> bool {
        self.when.iter().all(|condition| condition.holds(message))
    }

    /// Whose message it is. Letters become small ones.
    ///
    /// # Errors
    /// [`NodeError::NoName`].
    pub fn node(&self, topic: &str, message: &Value) -> Result<NodeId, NodeError> {
        let name = match &self.node {
            NodeFrom::Topic => self.topic.node(topic),
            NodeFrom::Payload(path) => path.find(message).and_then(Value::as_str),
        };
        let name = format!("{}{}", self.node_prefix, name.ok_or(NodeError::NoName)?.to_ascii_lowercase());
        NodeId::new(&name).map_err(|_| NodeError::NoName)
    }
}

impl Condition {
    fn holds(&self, message: &Value) -> bool {
        match (self.path.find(message), &self.equals) {
            (None | Some(Value::Null), _) => false,
            (Some(_), None) => true,
            (Some(Value::String(text)), Some(equals)) => text == equals,
            (Some(value), Some(equals)) => {
                let text = value.to_string();
                text == *equals
            }
        }
    }
}

/// Topics, level by level: `application/+/device/{node}/event/up`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPattern(Vec<Level>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Level {
    /// This text.
    Text(String),
    /// `+`: anything.
    Any,
    /// `{node}`: the node's name.
    Node,
    /// `#`: all further levels.
    Rest,
}

impl TopicPattern {
    /// The pattern in that text; none when it is no pattern, or has two `{node}`.
    pub fn parse(text: &str) -> Option<Self> {
        let level = |level: &str| match level {
            "+" => Some(Level::Any),
            "{node}" => Some(Level::Node),
            "#" => Some(Level::Rest),
            text if text.contains(['+', '#', '{', '}']) => None,
            text => Some(Level::Text(text.to_owned())),
        };
        let levels = text.split('/').map(level).collect::<Option<Vec<Level>>>()?;
        let nodes = levels.iter().filter(|level| **level == Level::Node).count();
        let rest_within = levels.iter().rev().skip(1).any(|level| *level == Level::Rest);
        (!text.is_empty() && nodes <= 1 && !rest_within).then_some(Self(levels))
    }

    /// Whether it says where the node's name stands.
    pub fn names_node(&self) -> bool {
        self.0.contains(&Level::Node)
    }

    /// Whether it is for that topic.
    pub fn matches(&self, topic: &str) -> bool {
        let mut levels = topic.split('/');
        for level in &self.0 {
            match (level, levels.next()) {
                (Level::Rest, _) => return true,
                (_, None) => return false,
                (Level::Text(text), Some(level)) if text != level => return false,
                _ => {}
            }
        }
        levels.next().is_none()
    }

    fn node<'a>(&self, topic: &'a str) -> Option<&'a str> {
        topic.split('/').nth(self.0.iter().position(|level| *level == Level::Node)?)
    }
}

/// A place in a message: names with dots between them, `[n]` for an element of a list; `$` is the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Element(usize),
}

impl Path {
    /// The path in that text, `object.temperature` or `sensors[0].t`; none when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "$" {
            return Some(Self(Vec::new()));
        }
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (key, mut elements) = part.split_at(part.find('[').unwrap_or(part.len()));
            if key.is_empty() {
                return None;
            }
            steps.push(Step::Key(key.to_owned()));
            while !elements.is_empty() {
                let (number, rest) = elements.strip_prefix('[')?.split_once(']')?;
                steps.push(Step::Element(number.parse().ok()?));
                elements = rest;
            }
        }
        Some(Self(steps))
    }

    /// What stands there.
    pub fn find<'v>(&self, message: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(message, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Element(n) => value.get(n),
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("$");
        }
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if i == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Element(n) => write!(f, "[{n}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_topics_level_by_level() {
        let pattern = |text: &str| TopicPattern::parse(text).expect("a pattern");
        for (text, topic, expected) in [
            ("application/+/device/{node}/event/up", "application/5/device/ab/event/up", true),
            ("application/+/device/{node}/event/up", "application/5/device/ab/event/join", false),
            ("application/+/device/{node}/event/up", "application/5/device/ab/event", false),
            ("application/+/device/{node}/event/up", "application/5/device/ab/event/up/x", false),
            ("shellies/#", "shellies/x/sensor/temperature", true),
            ("shellies/#", "tele/x", false),
            ("{node}/events/rpc", "s-1/events/rpc", true),
        ] {
            assert_eq!(pattern(text).matches(topic), expected, "{text} {topic}");
        }
        assert_eq!(pattern("{node}/events/rpc").node("s-1/events/rpc"), Some("s-1"));
        for text in ["", "a/#/b", "{node}/{node}", "x{node}", "a+"] {
            assert_eq!(TopicPattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn paths_lead_through_objects_and_lists() {
        let message = serde_json::json!({ "a": { "b:0": [1, { "c": 7 }] } });
        for (text, expected) in
            [("a.b:0[1].c", Some("7")), ("a.b:0[0]", Some("1")), ("a.x", None), ("a.b:0[9]", None), ("a.b:0.c", None)]
        {
            let path = Path::parse(text).expect("a path");
            assert_eq!(path.find(&message).map(Value::to_string).as_deref(), expected, "{text}");
            assert_eq!(path.to_string(), text);
        }
        assert_eq!(Path::parse("$").expect("the whole").find(&message), Some(&message));
        for text in ["", "a..b", ".a", "a[", "a[x]", "a[0]b"] {
            assert_eq!(Path::parse(text), None, "{text}");
        }
    }
}
