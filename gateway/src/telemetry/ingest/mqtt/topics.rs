//! What a node may publish on and subscribe to: its own topics, and no other.

use crate::reading::{NodeId, RejectReason};
use crate::telemetry::frame::FrameKind;

/// A node's topics.
#[derive(Debug)]
pub(super) struct Topics {
    /// `city/{node}/`.
    own: Box<str>,
    /// `city/{node}/commands`.
    commands: Box<str>,
}

const ROOT: &str = "city/";
const LEAVES: [&str; 4] = ["readings", "status", "replies", "commands"];

impl Topics {
    pub(super) fn of(node: &NodeId) -> Self {
        Self { own: format!("{ROOT}{node}/").into(), commands: format!("{ROOT}{node}/commands").into() }
    }

    /// The topic, and the only filter, on which the node hears commands.
    pub(super) fn commands(&self) -> &str {
        &self.commands
    }

    /// What a message of this node on that topic is, or why it is refused.
    pub(super) fn judge(&self, topic: &str, retain: bool) -> Result<FrameKind, RejectReason> {
        match topic.strip_prefix(&*self.own) {
            Some("readings") if retain => Err(RejectReason::Retained),
            Some("readings") => Ok(FrameKind::Readings),
            Some("status") => Ok(FrameKind::Status),
            Some("replies") => Ok(FrameKind::Reply),
            Some(_) => Err(RejectReason::WrongTopic),
            None if is_some_nodes(topic) => Err(RejectReason::ForeignTopic),
            None => Err(RejectReason::WrongTopic),
        }
    }
}

fn is_some_nodes(topic: &str) -> bool {
    topic
        .strip_prefix(ROOT)
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(node, leaf)| LEAVES.contains(&leaf) && NodeId::new(node).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_publishes_on_its_own_three_topics_alone() {
        use RejectReason::{ForeignTopic, Retained, WrongTopic};
        let topics = Topics::of(&NodeId::new("a.b").expect("a good name"));
        for (topic, retain, expected) in [
            ("city/a.b/readings", false, Ok(FrameKind::Readings)),
            ("city/a.b/readings", true, Err(Retained)),
            ("city/a.b/status", false, Ok(FrameKind::Status)),
            ("city/a.b/status", true, Ok(FrameKind::Status)),
            ("city/a.b/replies", false, Ok(FrameKind::Reply)),
            ("city/a.b/commands", false, Err(WrongTopic)),
            ("city/a.b/readings/", false, Err(WrongTopic)),
            ("city/a.b/", false, Err(WrongTopic)),
            ("city/a.bc/readings", false, Err(ForeignTopic)),
            ("city/other/commands", false, Err(ForeignTopic)),
            ("city/Other/readings", false, Err(WrongTopic)),
            ("city/other/elsewhere", false, Err(WrongTopic)),
            ("city", false, Err(WrongTopic)),
            ("/city/a.b/readings", false, Err(WrongTopic)),
            ("$SYS/x", false, Err(WrongTopic)),
        ] {
            assert_eq!(topics.judge(topic, retain), expected, "{topic}");
        }
    }
}
