//! The two faces of a report: widths of letters for the layout, and the letters used for the file.
//!
//! Each character used gets a number of its own, even where two share a glyph or neither has one, so that what is copied out of
//! the file is what was written. A character without a glyph is shown as the font's box.

use std::collections::HashMap;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;

use super::PdfError;
use super::write::deflate;

static REGULAR: &[u8] = notosans::REGULAR_TTF;
static BOLD: &[u8] = notosans::BOLD_TTF;

const IDENTITY: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Which of the two faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// Both faces.
pub(super) struct Fonts {
    regular: Face,
    bold: Face,
}

/// One face.
pub(super) struct Face {
    data: &'static [u8],
    name: &'static str,
    stem: f32,
    parsed: ttf_parser::Face<'static>,
}

impl Fonts {
    pub(super) fn load() -> Fonts {
        Fonts { regular: Face::new(REGULAR, "NotoSans-Regular", 80.0), bold: Face::new(BOLD, "NotoSans-Bold", 140.0) }
    }

    pub(super) fn of(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }
}

impl Face {
    fn new(data: &'static [u8], name: &'static str, stem: f32) -> Face {
        let parsed = ttf_parser::Face::parse(data, 0).expect("the font is part of the program");
        Face { data, name, stem, parsed }
    }

    fn glyph(&self, letter: char) -> ttf_parser::GlyphId {
        let shown = match letter {
            '\u{2010}' | '\u{2011}' => '-',
            other => other,
        };
        self.parsed.glyph_index(shown).unwrap_or_default()
    }

    /// In thousandths of the size.
    fn advance(&self, glyph: ttf_parser::GlyphId) -> f32 {
        let units = self.parsed.glyph_hor_advance(glyph).unwrap_or(0);
        self.thousandths(f32::from(units))
    }

    fn thousandths(&self, units: f32) -> f32 {
        units * 1000.0 / f32::from(self.parsed.units_per_em())
    }

    /// How wide a letter is at a size.
    pub(super) fn width(&self, letter: char, size: f32) -> f32 {
        self.advance(self.glyph(letter)) * size / 1000.0
    }

    /// Writes the face with the letters used, and nothing else of it.
    pub(super) fn write(&self, pdf: &mut Pdf, font: Ref, next: &mut Ref, used: &Used) -> Result<(), PdfError> {
        let mut glyphs = GlyphRemapper::new();
        // Number 0 is the box.
        let mut map = vec![0, 0];
        let mut widths = vec![self.advance(ttf_parser::GlyphId(0))];
        for &letter in &used.letters {
            let glyph = self.glyph(letter);
            map.extend(glyphs.remap(glyph.0).to_be_bytes());
            widths.push(self.advance(glyph));
        }
        let subset = subsetter::subset(self.data, 0, &glyphs)?;
        let name = format!("{}+{}", tag(&used.letters), self.name);
        let name = Name(name.as_bytes());
        let [cid, descriptor, file, unicode, numbers] = [(); 5].map(|()| next.bump());

        pdf.type0_font(font)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(unicode);
        let mut cid_font = pdf.cid_font(cid);
        cid_font.subtype(CidFontType::Type2).base_font(name).system_info(IDENTITY).font_descriptor(descriptor);
        cid_font.default_width(widths[0]).cid_to_gid_map_stream(numbers);
        cid_font.widths().consecutive(0, widths);
        drop(cid_font);

        let face = &self.parsed;
        let bounds = face.global_bounding_box();
        let [x_min, y_min, x_max, y_max] =
            [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|units| self.thousandths(f32::from(units)));
        pdf.font_descriptor(descriptor)
            .name(name)
            .flags(FontFlags::NON_SYMBOLIC)
            .bbox(Rect::new(x_min, y_min, x_max, y_max))
            .italic_angle(0.0)
            .ascent(self.thousandths(f32::from(face.ascender())))
            .descent(self.thousandths(f32::from(face.descender())))
            .cap_height(self.thousandths(f32::from(face.capital_height().unwrap_or(face.ascender()))))
            .stem_v(self.stem)
            .font_file2(file);

        let mut cmap = UnicodeCmap::<u16>::new(Name(b"Letters"), IDENTITY);
        for (at, &letter) in used.letters.iter().enumerate() {
            // A control character would be one in the reader's clipboard too.
            cmap.pair(at as u16 + 1, if letter.is_control() { '\u{fffd}' } else { letter });
        }
        let cmap = deflate(cmap.finish().as_slice());
        pdf.cmap(unicode, &cmap).filter(Filter::FlateDecode);
        pdf.stream(numbers, &deflate(&map)).filter(Filter::FlateDecode);
        let packed = deflate(&subset);
        pdf.stream(file, &packed).filter(Filter::FlateDecode).pair(Name(b"Length1"), subset.len() as i32);
        Ok(())
    }
}

/// The characters that a file uses of a face, numbered from 1 in the order in which they come.
#[derive(Default)]
pub(super) struct Used {
    letters: Vec<char>,
    numbers: HashMap<char, u16>,
}

impl Used {
    /// The text as the file writes it: two bytes for each character.
    pub(super) fn encode(&mut self, text: &str) -> Vec<u8> {
        text.chars().flat_map(|letter| self.number(letter).to_be_bytes()).collect()
    }

    fn number(&mut self, letter: char) -> u16 {
        if let Some(&number) = self.numbers.get(&letter) {
            return number;
        }
        // More characters than there are numbers: the box.
        let Ok(number) = u16::try_from(self.letters.len() + 1) else { return 0 };
        self.letters.push(letter);
        self.numbers.insert(letter, number);
        number
    }
}

/// Six capitals that tell one set of letters from another, as the format asks.
fn tag(letters: &[char]) -> String {
    let hash = letters.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &letter| {
        (hash ^ u64::from(u32::from(letter))).wrapping_mul(0x0100_0000_01b3)
    });
    (0..6).map(|place| char::from(b'A' + (hash / 26_u64.pow(place) % 26) as u8)).collect()
}
