//! Native frames: no panic, and what decodes encodes to a frame that decodes to the same.

use crc::{CRC_32_ISO_HDLC, Crc};
use protocols::native::{Action, Frame};

/// One input.
pub(crate) fn run(bytes: &[u8]) {
    check(bytes);
    // The same with its checksum right: few are by chance.
    let covered = &bytes[..bytes.len().saturating_sub(4)];
    let crc = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(covered);
    check(&[covered, &crc.to_le_bytes()].concat());
}

fn check(bytes: &[u8]) {
    if let Ok(frame) = Frame::decode(bytes) {
        if matches!(&frame, Frame::Command(command) if command.action == Action::Unknown) {
            return;
        }
        let again = frame.to_bytes().expect("a decoded frame encodes");
        assert_eq!(Frame::decode(&again), Ok(frame));
    }
}
