//! What is taken as a photograph or document, and what is left out of it: where it was taken, when, with what, by whom.
//!
//! JPEG: APPn but JFIF and Adobe's, comments, and what is appended after the picture are left out; how EXIF says that the picture
//! is to be turned stays. PNG (ISO/IEC 15948): chunks `length type … crc`; those that hold text, time or EXIF are left out. The
//! pixels are not touched.

use super::book::Media;
use crate::jpeg::{self, APP0, APP1, APP14, APP15, COMMENT, SOS, Segment, Segments};

/// The bytes that are kept, or none where they are no JPEG, PNG or PDF.
pub(super) fn sound(bytes: &[u8]) -> Option<(Media, Vec<u8>)> {
    if bytes.starts_with(b"\xff\xd8\xff") {
        return jpeg(bytes).map(|bytes| (Media::Jpeg, bytes));
    }
    if bytes.starts_with(PNG) {
        return png(bytes).map(|bytes| (Media::Png, bytes));
    }
    bytes.starts_with(b"%PDF-").then(|| (Media::Pdf, bytes.to_vec()))
}

/// All segments but those that tell; of EXIF the turn alone stays, since the pixels lie as the camera was held.
fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = jpeg::BEGIN.to_vec();
    let (mut turned, mut scans) = (false, 0);
    for segment in Segments::of(bytes).ok()? {
        let Segment { marker, payload, bytes } = segment.ok()?;
        match marker {
            APP1 => {
                if let Some(turn @ 2..) = jpeg::turn(payload).filter(|_| !turned) {
                    out.extend(jpeg::turned(turn));
                    turned = true;
                }
            }
            APP0 | APP14 => out.extend_from_slice(bytes),
            APP0..=APP15 | COMMENT => {}
            _ => out.extend_from_slice(bytes),
        }
        scans += usize::from(marker == SOS);
    }
    out.extend(jpeg::END);
    (scans > 0).then_some(out)
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    const TELL: [&[u8]; 5] = [b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"];
    let mut out = PNG.to_vec();
    let mut at = PNG.len();
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize;
        let chunk = bytes.get(at..at.checked_add(length)?.checked_add(12)?)?;
        let of_type = &chunk[4..8];
        if !TELL.contains(&of_type) {
            out.extend_from_slice(chunk);
        }
        at += chunk.len();
        if of_type == b"IEND" {
            return Some(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, text: &[u8]) -> Vec<u8> {
        let length = (text.len() as u16 + 2).to_be_bytes();
        [&[0xff, marker], &length[..], text].concat()
    }

    fn chunk(of_type: &[u8], text: &[u8]) -> Vec<u8> {
        [&(text.len() as u32).to_be_bytes()[..], of_type, text, &[0; 4]].concat()
    }

    #[test]
    fn where_it_was_taken_is_left_out() {
        let scan = [segment(0xda, b"header"), b"pixels\xff\x00more\xff\xd9".to_vec()].concat();
        let (jfif, table) = (segment(0xe0, b"JFIF\0"), segment(0xdb, b"table"));
        let (exif, comment) = (segment(0xe1, b"Exif\0\0GPS 40.63 22.94"), segment(0xfe, b"by Eleni"));
        let taken =
            [b"\xff\xd8".to_vec(), jfif.clone(), exif, comment, table.clone(), scan.clone(), b"GPS".to_vec()].concat();
        let (media, kept) = sound(&taken).expect("a photograph");
        assert_eq!((media, kept), (Media::Jpeg, [b"\xff\xd8".to_vec(), jfif, table, scan].concat()));
        let (head, end) = (chunk(b"IHDR", b"size"), chunk(b"IEND", b""));
        let taken = [PNG.to_vec(), head.clone(), chunk(b"tEXt", b"GPS"), end.clone(), b"GPS".to_vec()].concat();
        assert_eq!(sound(&taken), Some((Media::Png, [PNG.to_vec(), head, end].concat())));
    }

    #[test]
    fn how_it_is_to_be_turned_stays_and_nothing_else_of_it() {
        // As a phone writes it: little-endian, the maker's name, the turn, a place in a directory of its own.
        let mut tiff = b"II\x2a\0\x08\0\0\0\x03\0".to_vec();
        for (tag, kind, value) in
            [(0x010f_u16, 2_u16, *b"Eln\0"), (0x0112, 3, [6, 0, 0, 0]), (0x8825, 4, [50, 0, 0, 0])]
        {
            tiff.extend([&tag.to_le_bytes()[..], &kind.to_le_bytes(), &1_u32.to_le_bytes(), &value].concat());
        }
        tiff.extend(b"\0\0\0\0GPS 40.63 22.94");
        let exif = segment(0xe1, &[b"Exif\0\0", &tiff[..]].concat());
        let scan = [segment(0xda, b"header"), b"pixels\xff\xd9".to_vec()].concat();
        let taken =
            [b"\xff\xd8".to_vec(), exif.clone(), segment(0xe1, b"http://ns.adobe.com/xap"), scan.clone()].concat();
        let (_, kept) = sound(&taken).expect("a photograph");
        assert_eq!(kept, [b"\xff\xd8".to_vec(), jpeg::turned(6), scan.clone()].concat());
        assert_eq!(sound(&kept), Some((Media::Jpeg, kept.clone())), "what is kept is kept as it is");
        let twice = [b"\xff\xd8".to_vec(), exif.clone(), exif, scan.clone()].concat();
        assert_eq!(sound(&twice), Some((Media::Jpeg, kept)));
        let upright = [b"\xff\xd8".to_vec(), jpeg::turned(1), scan.clone()].concat();
        assert_eq!(sound(&upright), Some((Media::Jpeg, [b"\xff\xd8".to_vec(), scan].concat())));
    }

    #[test]
    fn what_is_cut_or_something_else_is_not_taken_and_nothing_panics() {
        let jpeg = [b"\xff\xd8".to_vec(), segment(0xe1, b"Exif"), segment(0xda, b"h"), b"p\xff\xd9".to_vec()].concat();
        let png = [PNG.to_vec(), chunk(b"IHDR", b"size"), chunk(b"IEND", b"")].concat();
        for whole in [jpeg, png] {
            assert!(sound(&whole).is_some());
            for cut in 0..whole.len() {
                assert_eq!(sound(&whole[..cut]), None, "{cut}");
            }
            for at in 0..whole.len() {
                let mut other = whole.clone();
                other[at] = 0xff;
                let _ = sound(&other);
            }
        }
        for other in [&b"<script>"[..], b"", b"GIF89a", b"PK\x03\x04"] {
            assert_eq!(sound(other), None);
        }
    }
}
