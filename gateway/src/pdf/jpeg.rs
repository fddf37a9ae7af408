//! A JPEG file as a PDF takes it: its size and colours, and its bytes without what a camera notes beside the picture.
//!
//! The picture itself is not decoded. Notes (EXIF with place and device, thumbnails, comments) and what is appended after the
//! picture are left out; of them only the turn is read.

use crate::jpeg::{self, APP0, APP1, APP14, APP15, COMMENT, Fault, SOS, Segment, Segments};

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

impl From<Fault> for Damage {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotJpeg => Self::NotJpeg,
            Fault::Cut => Self::Cut,
            Fault::Broken => Self::Broken,
        }
    }
}

impl Jpeg {
    pub(super) fn read(file: &[u8]) -> Result<Jpeg, Damage> {
        let mut bytes = jpeg::BEGIN.to_vec();
        let mut frame = None;
        let mut orientation = 1;
        let mut adobe = false;
        let mut scans = 0;
        for segment in Segments::of(file)? {
            let Segment { marker, payload, bytes: whole } = segment?;
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
                }
                APP0 => keep = payload.starts_with(b"JFIF\0"),
                APP1 => {
                    orientation = jpeg::turn(payload).unwrap_or(orientation);
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
                bytes.extend_from_slice(whole);
            }
        }
        let frame = frame.filter(|_| scans > 0).ok_or(Damage::Broken)?;
        bytes.extend(jpeg::END);
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
