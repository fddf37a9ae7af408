//! What is taken as a photograph or document, and what is left out of it: where it was taken, when, with what, by whom.
//!
//! JPEG (ITU-T T.81): segments `FF marker length …` until the scan; APPn but JFIF and Adobe's, and comments, are left out. PNG
//! (ISO/IEC 15948): chunks `length type … crc`; those that hold text, time or EXIF are left out. The pixels are not touched.

use super::book::Media;

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

fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    const APP0: u8 = 0xe0;
    const APP14: u8 = 0xee;
    const APP15: u8 = 0xef;
    const COMMENT: u8 = 0xfe;
    const SCAN: u8 = 0xda;
    let mut out = bytes.get(..2)?.to_vec();
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        if marker == 0xff {
            at += 1; // fill
            continue;
        }
        if marker == SCAN {
            let end = bytes.windows(2).rposition(|two| two == b"\xff\xd9")? + 2;
            out.extend_from_slice(bytes.get(at..end)?);
            return Some(out);
        }
        let length = usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
        let segment = bytes.get(at..at + 2 + length.max(2))?;
        let tells = marker == COMMENT || (APP0 + 1..=APP15).contains(&marker) && marker != APP14;
        if !tells {
            out.extend_from_slice(segment);
        }
        at += segment.len();
    }
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
