//! The deframer: no panic, every frame it finds encodes and is found again, every error is counted.

use crc::{CRC_32_ISO_HDLC, Crc};
use protocols::line::{Deframer, LINE_BYTES_MAX, PLAIN_BYTES_MAX};

/// One input.
pub(crate) fn run(bytes: &[u8]) {
    check(bytes);
    // The same as a plain frame whose checksum and COBS are right: few are by chance.
    let crc = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(bytes);
    let plain = [bytes, &crc.to_le_bytes()].concat();
    let mut coded = vec![0; cobs::max_encoding_length(plain.len()) + 1];
    let length = cobs::encode(&plain, &mut coded);
    coded.truncate(length);
    coded.push(0);
    check(&coded);
}

fn check(bytes: &[u8]) {
    let mut deframer = Deframer::<PLAIN_BYTES_MAX>::new();
    let mut errors = 0;
    for byte in bytes {
        match deframer.push(*byte) {
            None => {}
            Some(Err(_)) => errors += 1,
            Some(Ok(frame)) => {
                let mut out = [0; LINE_BYTES_MAX];
                // A payload longer than a native frame may be found, but not sent.
                let Ok(again) = frame.encode(&mut out) else { continue };
                let mut other = Deframer::<PLAIN_BYTES_MAX>::new();
                let (last, before) = again.split_last().expect("two delimiters");
                assert!(before.iter().all(|byte| other.push(*byte).is_none()));
                assert_eq!(other.push(*last), Some(Ok(frame)));
            }
        }
    }
    assert_eq!(deframer.errors().total(), errors);
}
