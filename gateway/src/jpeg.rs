//! The segments of a JPEG file (ITU-T T.81), and how EXIF says that its picture is to be turned. For who keeps photographs and
//! for who puts them into a PDF: what a segment means to them is theirs.
//!
//! Every segment is walked to the end of the picture, so that a cut file is told; the picture itself is not decoded, and what is
//! appended after it is not looked at.
//!
//! ```text
//! FF D8 │ FF marker, length (2 bytes, itself included), payload │ … │ FF DA, length, header, scan data │ … │ FF D9
//! ```

/// The start of a picture.
const SOI: u8 = 0xd8;
/// The end of a picture.
pub(crate) const EOI: u8 = 0xd9;
/// The start of a scan.
pub(crate) const SOS: u8 = 0xda;
/// JFIF's segment, and others'.
pub(crate) const APP0: u8 = 0xe0;
/// EXIF's, and others'.
pub(crate) const APP1: u8 = 0xe1;
/// Adobe's, and others'.
pub(crate) const APP14: u8 = 0xee;
/// The last of the programs' own.
pub(crate) const APP15: u8 = 0xef;
/// A comment.
pub(crate) const COMMENT: u8 = 0xfe;
/// What a file begins with.
pub(crate) const BEGIN: [u8; 2] = [0xff, SOI];
/// What a file ends with.
pub(crate) const END: [u8; 2] = [0xff, EOI];

/// Why a file cannot be walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does not begin as one.
    NotJpeg,
    /// It ends before the picture does.
    Cut,
    /// Something stands where a segment should.
    Broken,
}

/// A part of the file between its beginning and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    /// What it is.
    pub(crate) marker: u8,
    /// What it says; of a scan its header.
    pub(crate) payload: &'a [u8],
    /// The whole of it, marker and length with it; of a scan its data too.
    pub(crate) bytes: &'a [u8],
}

/// Walks a file to the end of its picture; after a fault there is nothing more.
pub(crate) struct Segments<'a> {
    file: &'a [u8],
    at: Option<usize>,
}

impl<'a> Segments<'a> {
    /// Of that file.
    pub(crate) fn of(file: &'a [u8]) -> Result<Self, Fault> {
        if file.starts_with(&[0xff, SOI, 0xff]) { Ok(Self { file, at: Some(2) }) } else { Err(Fault::NotJpeg) }
    }

    /// The segment there and where the next begins; none at the picture's end.
    fn read(&self, mut at: usize) -> Result<Option<(Segment<'a>, usize)>, Fault> {
        let file = self.file;
        if *file.get(at).ok_or(Fault::Cut)? != 0xff {
            return Err(Fault::Broken);
        }
        // Any number of FF may stand before a marker.
        while *file.get(at + 1).ok_or(Fault::Cut)? == 0xff {
            at += 1;
        }
        let marker = file[at + 1];
        if marker == EOI {
            return Ok(None);
        }
        if marker < 0xc0 || (0xd0..=SOI).contains(&marker) {
            return Err(Fault::Broken);
        }
        let length = file.get(at + 2..at + 4).ok_or(Fault::Cut)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        if length < 2 {
            return Err(Fault::Broken);
        }
        let mut end = at + 2 + length;
        let payload = file.get(at + 4..end).ok_or(Fault::Cut)?;
        if marker == SOS {
            end += scan(&file[end..]).ok_or(Fault::Cut)?;
        }
        Ok(Some((Segment { marker, payload, bytes: &file[at..end] }, end)))
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Result<Segment<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at.take()?;
        match self.read(at) {
            Ok(Some((segment, next))) => {
                self.at = Some(next);
                Some(Ok(segment))
            }
            Ok(None) => None,
            Err(fault) => Some(Err(fault)),
        }
    }
}

/// How long the data of a scan is: up to a marker that is neither a stuffed FF nor a restart.
fn scan(data: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += data[at..].iter().position(|&byte| byte == 0xff)?;
        match *data.get(at + 1)? {
            0x00 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}

/// What EXIF's payload begins with.
const EXIF: &[u8] = b"Exif\0\0";
/// The tag that says how a picture is to be turned.
const ORIENTATION: u16 = 0x0112;

/// The turn that EXIF asks for, 1 to 8; 1 is as it is. Of the first directory of a TIFF file.
pub(crate) fn turn(payload: &[u8]) -> Option<u8> {
    let tiff = payload.strip_prefix(EXIF)?;
    let little = match tiff.get(..4)? {
        b"II\x2a\0" => true,
        b"MM\0\x2a" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let u32_at = |at: usize| {
        let bytes = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let directory = usize::try_from(u32_at(4)?).ok()?;
    let entries = usize::from(u16_at(directory)?);
    (0..entries)
        .map_while(|n| directory.checked_add(2 + 12 * n))
        .find(|&entry| u16_at(entry) == Some(ORIENTATION))
        .and_then(|entry| u16_at(entry.checked_add(8)?))
        .and_then(|value| u8::try_from(value).ok())
        .filter(|value| (1..=8).contains(value))
}

/// A segment of EXIF that says the turn and nothing else.
///
/// ```text
/// FF E1 │ length │ "Exif" 0 0 │ "MM" 0 2A │ directory at 8 │ 1 entry │ 0112, short, 1 value │ turn, 0 │ no directory follows
/// ```
pub(crate) fn turned(turn: u8) -> Vec<u8> {
    let tiff: [&[u8]; 7] = [
        b"MM\0\x2a",
        &8_u32.to_be_bytes(),
        &1_u16.to_be_bytes(),
        &ORIENTATION.to_be_bytes(),
        &[0, 3, 0, 0, 0, 1],
        &[0, turn, 0, 0],
        &0_u32.to_be_bytes(),
    ];
    let payload = [EXIF, &tiff.concat()].concat();
    let length = (payload.len() as u16 + 2).to_be_bytes();
    [&[0xff, APP1], &length[..], &payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_walked_to_its_end_and_no_further() {
        let file = b"\xff\xd8\xff\xfe\0\x04hi\xff\xff\xff\xdb\0\x03t\xff\xda\0\x03hpix\xff\0el\xff\xd0s\xff\xd9\xff\xe1\0\x09GPS";
        let walked: Vec<_> = Segments::of(file).expect("a JPEG").collect::<Result<_, _>>().expect("whole");
        let told: Vec<(u8, &[u8])> = walked.iter().map(|segment| (segment.marker, segment.payload)).collect();
        assert_eq!(told, [(COMMENT, &b"hi"[..]), (0xdb, b"t"), (SOS, b"h")]);
        assert_eq!(walked[1].bytes, b"\xff\xdb\0\x03t", "what fills before a marker is left out");
        assert_eq!(walked[2].bytes, b"\xff\xda\0\x03hpix\xff\0el\xff\xd0s");
        let end = file.len() - 9;
        for cut in 3..end {
            let walked: Result<Vec<_>, _> = Segments::of(&file[..cut]).expect("it begins as one").collect();
            assert_eq!(walked, Err(Fault::Cut), "{cut}");
        }
        assert_eq!(Segments::of(b"\x89PNG").err(), Some(Fault::NotJpeg));
        let broken: Result<Vec<_>, _> = Segments::of(b"\xff\xd8\xff\xfe\0\x02!").expect("it begins as one").collect();
        assert_eq!(broken, Err(Fault::Broken));
    }

    #[test]
    fn the_turn_that_is_written_is_read() {
        for expected in 1..=8 {
            let file = [&BEGIN[..], &turned(expected), &END].concat();
            let mut segments = Segments::of(&file).expect("a JPEG");
            let segment = segments.next().expect("one").expect("whole");
            assert_eq!((segment.marker, turn(segment.payload)), (APP1, Some(expected)));
            assert!(segments.next().is_none());
        }
    }
}
