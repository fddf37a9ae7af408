//! A JPEG file as a PDF takes it: its size and colours, and its bytes without what a camera notes beside the picture.
//!
//! Every segment is walked to the end of the picture, so that a cut file is told; the picture itself is not decoded. Notes
//! (EXIF with place and device, thumbnails, comments) and what is appended after the picture are left out; of them only the
//! turn is read.
//!
//! ```text
//! FF D8 │ FF marker, length (2 bytes, itself included), payload │ … │ FF DA, length, header, scan data │ … │ FF D9
//! ```

/// What a PDF needs to know of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Jpeg {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) colours: Colours,
    /// How EXIF says it is to be turned, 1 to 8; 1 is as it is.
    pub(super) orientation: u8,
    pub(super) bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    Gray,
    Rgb,
    Cmyk {
        /// As Adobe's programs write them.
        inverted: bool,
    },
}

/// Why a file is no picture for a PDF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    NotJpeg,
    /// It ends before the picture does.
    Cut,
    Broken,
    /// Lossless, arithmetic, of 12 bits, or of a number of colours that has no meaning in a PDF.
    Unusual,
}

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP14: u8 = 0xee;
const APP15: u8 = 0xef;
const COMMENT: u8 = 0xfe;

impl Jpeg {
    pub(super) fn read(file: &[u8]) -> Result<Jpeg, Damage> {
        if !file.starts_with(&[0xff, SOI, 0xff]) {
            return Err(Damage::NotJpeg);
        }
        let mut bytes = vec![0xff, SOI];
        let mut frame = None;
        let mut orientation = 1;
        let mut adobe = false;
        let mut scans = 0;
        let mut at = 2;
        loop {
            if *file.get(at).ok_or(Damage::Cut)? != 0xff {
                return Err(Damage::Broken);
            }
            // Any number of FF may stand before a marker.
            while *file.get(at + 1).ok_or(Damage::Cut)? == 0xff {
                at += 1;
            }
            let marker = file[at + 1];
            if marker == EOI {
                break;
            }
            if marker < 0xc0 || (0xd0..=SOI).contains(&marker) {
                return Err(Damage::Broken);
            }
            let length = file.get(at + 2..at + 4).ok_or(Damage::Cut)?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            if length < 2 {
                return Err(Damage::Broken);
            }
            let mut end = at + 2 + length;
            let payload = file.get(at + 4..end).ok_or(Damage::Cut)?;
            let mut keep = true;
            match marker {
                // Baseline, extended, progressive; then the kinds that viewers do not know. C4, C8 and CC are no frames.
                0xc0..=0xc2 => frame = Some(Frame::read(payload)?),
                0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return Err(Damage::Unusual),
                SOS => {
                    if frame.is_none() {
                        return Err(Damage::Broken);
                    }
                    scans += 1;
                    end += scan(&file[end..]).ok_or(Damage::Cut)?;
                }
                APP0 => keep = payload.starts_with(b"JFIF\0"),
                APP1 => {
                    orientation = turn(payload).unwrap_or(orientation);
                    keep = false;
                }
                APP14 => {
                    keep = payload.starts_with(b"Adobe");
                    adobe |= keep;
                }
                APP0..=APP15 | COMMENT => keep = false,
                _ => {}
            }
            if keep {
                bytes.extend_from_slice(&file[at..end]);
            }
            at = end;
        }
        let frame = frame.filter(|_| scans > 0).ok_or(Damage::Broken)?;
        bytes.extend([0xff, EOI]);
        let colours = match frame.components {
            1 => Colours::Gray,
            3 => Colours::Rgb,
            4 => Colours::Cmyk { inverted: adobe },
            _ => return Err(Damage::Unusual),
        };
        Ok(Jpeg { width: frame.width, height: frame.height, colours, orientation, bytes })
    }

    /// Width and height as it is shown, in pixels.
    pub(super) fn shown(&self) -> (f32, f32) {
        let (width, height) = (f32::from(self.width), f32::from(self.height));
        if self.orientation >= 5 { (height, width) } else { (width, height) }
    }

    /// Puts the picture, a square of one point in a PDF, where it is to be shown: at (x, y), up and to the right.
    pub(super) fn placed(&self, x: f32, y: f32, w: f32, h: f32) -> [f32; 6] {
        match self.orientation {
            2 => [-w, 0.0, 0.0, h, x + w, y],
            3 => [-w, 0.0, 0.0, -h, x + w, y + h],
            4 => [w, 0.0, 0.0, -h, x, y + h],
            5 => [0.0, -h, -w, 0.0, x + w, y + h],
            6 => [0.0, -h, w, 0.0, x, y + h],
            7 => [0.0, h, w, 0.0, x, y],
            8 => [0.0, h, -w, 0.0, x + w, y],
            _ => [w, 0.0, 0.0, h, x, y],
        }
    }
}

struct Frame {
    width: u16,
    height: u16,
    components: u8,
}

impl Frame {
    /// Bits, height, width, number of components, three bytes for each.
    fn read(payload: &[u8]) -> Result<Frame, Damage> {
        let &[bits, h1, h0, w1, w0, components, ref rest @ ..] = payload else { return Err(Damage::Broken) };
        let frame = Frame { width: u16::from_be_bytes([w1, w0]), height: u16::from_be_bytes([h1, h0]), components };
        if rest.len() != 3 * usize::from(components) || frame.width == 0 || frame.height == 0 {
            return Err(Damage::Broken);
        }
        if bits == 8 { Ok(frame) } else { Err(Damage::Unusual) }
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

/// The turn that EXIF asks for: tag 0112 of the first directory of a TIFF file.
fn turn(payload: &[u8]) -> Option<u8> {
    let tiff = payload.strip_prefix(b"Exif\0\0")?;
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
        .find(|&entry| u16_at(entry) == Some(0x0112))
        .and_then(|entry| u16_at(entry.checked_add(8)?))
        .and_then(|value| u8::try_from(value).ok())
        .filter(|value| (1..=8).contains(value))
}
