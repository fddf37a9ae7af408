//! A segment of bytes that an enemy, or a dying disk, chose.

use super::record::{self, HEADER};
use super::segment::{self, Found, ITEMS_AT};

/// An id that an enemy has learnt, so that checksums can be made right.
const ID: u64 = 0x0123_4567_89ab_cdef;

/// No panic, no end that does not come; what is found is within the bytes, and accounted for.
pub fn journal_segment(bytes: &[u8]) {
    if let Found::Sound(header) = segment::any_header(bytes) {
        check(bytes.get(ITEMS_AT as usize..).unwrap_or_default(), header.id, header.first - 1);
    }
    check(bytes, ID, 6);
    // The same with the checksum of its first item right: few are by chance.
    if let Some(header) = bytes.first_chunk::<HEADER>() {
        let mut mended = bytes.to_vec();
        let total = record::claimed(header).min(bytes.len());
        let kind = match header[3] >> 6 {
            0 => record::Kind::Record,
            2 => record::Kind::Mark,
            _ => record::Kind::Void,
        };
        let position = u64::from_le_bytes(header[8..].try_into().expect("8 bytes of 16"));
        let right = record::header(ID, kind, position, &bytes[HEADER.min(total)..total]);
        mended[..HEADER].copy_from_slice(&right);
        check(&mended, ID, position.saturating_sub(1));
    }
}

fn check(items: &[u8], id: u64, before: u64) {
    let scan = record::scan(items, id, before);
    assert!(scan.end + scan.tail <= items.len());
    assert!(scan.records <= (items.len() / HEADER) as u64);
    assert!(scan.holes.iter().all(|hole| hole.at + hole.bytes <= scan.end));
    assert!(scan.last >= before);
}
