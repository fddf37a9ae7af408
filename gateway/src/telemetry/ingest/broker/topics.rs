//! What a message is, by the topic it came on. Pure.

use crate::catalogue::mapping::{Mappings, NodeError};
use crate::reading::{NodeId, RejectReason};
use crate::telemetry::frame::{Frame, FrameKind};

/// What a message is, and whose.
pub(super) type Judged = Result<(NodeId, FrameKind), Refused>;

/// A message that is no node's, or not what a node may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// Who sent it, where the topic says so well.
    pub(super) node: Option<NodeId>,
    /// Why.
    pub(super) reason: RejectReason,
}

/// Judges a message by its topic, and by its payload where a mapping finds the node's name in it.
pub(super) fn judge(topic: &str, retain: bool, payload: &[u8], mappings: &Mappings) -> Judged {
    let refuse = |node, reason| Err(Refused { node, reason });
    if let Some((node, leaf)) = topic.strip_prefix("city/").and_then(|rest| rest.split_once('/')) {
        let Ok(node) = NodeId::new(node) else { return refuse(None, RejectReason::WrongTopic) };
        return match leaf {
            "readings" if retain => refuse(Some(node), RejectReason::Retained),
            "readings" => Ok((node, FrameKind::Readings)),
            "status" => Ok((node, FrameKind::Status)),
            "replies" => Ok((node, FrameKind::Reply)),
            _ => refuse(Some(node), RejectReason::WrongTopic),
        };
    }
    if topic.len() > Frame::MAPPED_TOPIC_MAX {
        return refuse(None, RejectReason::WrongTopic);
    }
    match mappings.node(topic, payload) {
        Ok(node) if retain => refuse(Some(node), RejectReason::Retained),
        Ok(node) => Ok((node, FrameKind::Mapped { topic: topic.to_owned() })),
        Err(NodeError::NoMapping) => refuse(None, RejectReason::WrongTopic),
        Err(NodeError::NoName) => refuse(None, RejectReason::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load;

    #[test]
    fn the_topic_says_who_speaks_and_of_what() {
        use RejectReason::{Malformed, Retained, WrongTopic};
        let mappings = load::embedded().mappings;
        let node = |name: &str| NodeId::new(name).expect("a good name");
        let refused = |name: Option<&str>, reason| Err(Refused { node: name.map(node), reason });
        let uplink = "application/5/device/24e124725c140001/event/up";
        let mapped = || FrameKind::Mapped { topic: uplink.into() };
        for (topic, retain, expected) in [
            ("city/a.b/readings", false, Ok((node("a.b"), FrameKind::Readings))),
            ("city/a.b/readings", true, refused(Some("a.b"), Retained)),
            ("city/a.b/status", true, Ok((node("a.b"), FrameKind::Status))),
            ("city/a.b/replies", false, Ok((node("a.b"), FrameKind::Reply))),
            ("city/a.b/commands", false, refused(Some("a.b"), WrongTopic)),
            ("city/A/readings", false, refused(None, WrongTopic)),
            ("elsewhere", false, refused(None, WrongTopic)),
            (uplink, false, Ok((node("24e124725c140001"), mapped()))),
            (uplink, true, refused(Some("24e124725c140001"), Retained)),
            ("application/5/device/ά/event/up", false, refused(None, Malformed)),
        ] {
            assert_eq!(judge(topic, retain, b"{}", &mappings), expected, "{topic}");
        }
    }
}
