//! The checksum of frames and serial lines: CRC-32 as in Ethernet and zip, kept as 4 bytes, little endian, at the end.

use crc::{CRC_32_ISO_HDLC, Crc};

static TABLE: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// Bytes it takes.
pub(crate) const LENGTH: usize = 4;

/// The checksum of `bytes`, as it stands on the wire.
pub(crate) fn of(bytes: &[u8]) -> [u8; LENGTH] {
    TABLE.checksum(bytes).to_le_bytes()
}

/// What stands before the checksum at the end of `bytes`, if it is right.
pub(crate) fn strip(bytes: &[u8]) -> Option<&[u8]> {
    let (covered, told) = bytes.split_last_chunk::<LENGTH>()?;
    (of(covered) == *told).then_some(covered)
}
