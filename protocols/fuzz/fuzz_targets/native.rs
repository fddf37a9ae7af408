//! Native frames: no panic, and what decodes encodes to a frame that decodes to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocols::native::{Action, Frame};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = Frame::decode(bytes) {
        if matches!(&frame, Frame::Command(command) if command.action == Action::Unknown) {
            return;
        }
        let again = frame.to_bytes().expect("a decoded frame encodes");
        assert_eq!(Frame::decode(&again), Ok(frame));
    }
});
