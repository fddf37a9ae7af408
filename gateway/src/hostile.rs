//! Bytes that an enemy chose, for everything that reads them: what `cargo fuzz` runs (`gateway/fuzz`) and, here, a bounded run
//! of the same over kept corpora and random changes of them, with any compiler.
//!
//! No target may panic, hang or take memory without bound; each also says what must hold of what it reads.

use std::sync::OnceLock;

use crate::catalogue::{Catalogue, load};
use crate::config::Config;
use crate::service::sensorthings::request;
use crate::telemetry::decode;
use crate::telemetry::frame::Frame;

pub use crate::telemetry::ingest::mqtt::hostile::mqtt_session;
pub use crate::telemetry::journal::hostile::journal_segment;
pub use crate::telemetry::sinks::line_protocol::readback::line_protocol;

/// A record of the journal: what reads as a frame is written as the same bytes, but for text that was not UTF-8.
pub fn frame(bytes: &[u8]) {
    if let Ok(frame) = Frame::decode(bytes) {
        assert_eq!(Frame::decode(&frame.encode()).as_ref(), Ok(&frame));
    }
}

/// A maker's own message, by the mappings that are part of the program: topic, a zero, payload.
pub fn mapping(bytes: &[u8]) {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    let catalogue = CATALOGUE.get_or_init(load::embedded);
    let (topic, payload) = bytes.split_at(bytes.iter().position(|byte| *byte == 0).unwrap_or(0));
    let topic = String::from_utf8_lossy(topic);
    if let Ok(message) = decode::mapping::read(&catalogue.mappings, &topic, payload.get(1..).unwrap_or_default()) {
        assert!(!message.records.is_empty(), "a message without a value is refused");
    }
}

/// The configuration: every problem is told, none is a panic.
pub fn configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    Config::problems_of(text);
}

/// A SensorThings URL: what is understood is written, as links to further pages are, and understood as the same.
pub fn sensorthings(bytes: &[u8]) {
    let Ok(url) = std::str::from_utf8(bytes) else { return };
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let Ok(asked) = request::parse(path, query) else { return };
    let written = asked.options.query(asked.options.skip);
    match request::parse(path, &written) {
        Ok(again) => assert_eq!(again, asked, "{written:?}, made of {query:?}"),
        Err(error) => panic!("{written:?}, made of {query:?}, is not understood: {error:?}"),
    }
}

#[cfg(test)]
#[path = "../../protocols/fuzz/bounded.rs"]
mod bounded;

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a target over its corpus and random changes of it.
    fn run(name: &str, target: fn(&[u8])) {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
        bounded::run(&corpus, target);
    }

    #[test]
    fn frames() {
        run("frame", frame);
    }

    #[test]
    fn mappings() {
        run("mapping", mapping);
    }

    #[test]
    fn configurations() {
        run("configuration", configuration);
    }

    #[test]
    fn sensorthings_urls() {
        run("sensorthings", sensorthings);
    }

    #[test]
    fn mqtt_sessions() {
        run("mqtt_session", mqtt_session);
    }

    #[test]
    fn journal_segments() {
        run("journal_segment", journal_segment);
    }

    #[test]
    fn lines() {
        run("line_protocol", line_protocol);
    }
}
