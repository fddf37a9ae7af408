//! Municipal reports as PDF: inspection reports, maintenance books, accident records, packs of evidence.
//!
//! The caller builds a [`Report`] in its reader's language; [`render`] lays it out on A4 and writes the file. Guaranteed: the same
//! report gives the same bytes, since there is no clock and no chance inside; any text is rendered, a letter that the font lacks
//! as a box; nothing stands outside its column or page; all text can be found and copied. What a report says, and that its pictures
//! may be shown to its reader, is left to the caller.
//!
//! Pictures are embedded as they are, without what a camera notes beside them (place, device, thumbnails). They are turned as the
//! camera says. The file is not tagged for screen readers.

mod font;
mod jpeg;
mod lines;
mod pager;
mod strips;
#[cfg(test)]
mod tests;
mod write;

use font::Fonts;
use pager::Pager;

/// How many pages [`render`] makes. A longer report is refused whole with [`PdfError::TooManyPages`]: a report that ends
/// early would not be one.
pub const PAGES_MAX: usize = 500;

/// How many columns a table may have: with more, its words would be cut into letters.
pub const COLUMNS_MAX: usize = 12;

/// A report, in its reader's words.
#[derive(Clone, Debug)]
pub struct Report {
    /// The language that it is written in: the file says it, and the few words of the layout are in it.
    pub language: Language,
    /// Its title, also the file's.
    pub title: String,
    /// What stands under the title; may be empty.
    pub subtitle: String,
    /// Who it is of, on each page.
    pub head: Head,
    /// When and by whom it was made, at the foot of each page; up to two lines of it are shown.
    pub made: String,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// The languages of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Greek.
    Greek,
    /// English.
    English,
}

/// The head of each page; each is shown on one line, cut where it does not fit.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The municipality.
    pub municipality: String,
    /// Its department; may be empty.
    pub department: String,
}

/// A part of a report.
#[derive(Clone, Debug)]
pub enum Block {
    /// A heading; what follows begins on the same page.
    Heading(String),
    /// A text; its line breaks are kept.
    Text(String),
    /// Names and their values, under each other.
    Pairs(Vec<(String, String)>),
    /// A table.
    Table(Table),
    /// A picture, as large as the column allows, with what it shows. In place of a damaged one stands a frame that says so.
    Picture {
        /// The JPEG file.
        jpeg: Vec<u8>,
        /// What it shows; may be empty.
        caption: String,
    },
    /// A line to sign on for each, with what stands under it; up to three beside each other.
    Signatures(Vec<String>),
    /// A hairline.
    Rule,
}

/// A table. Its head is repeated on each page that it goes on to, and a row stays on one page where it fits.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Its columns, [`COLUMNS_MAX`] at most.
    pub columns: Vec<Column>,
    /// Its rows; one may have fewer cells than there are columns, not more.
    pub rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// What stands above it.
    pub head: String,
    /// Its share of the width, beside the shares of the others.
    pub width: u16,
    /// Where its cells stand.
    pub align: Align,
}

/// Where a cell stands in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// At its left: words.
    Left,
    /// At its right: numbers.
    Right,
}

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// It would be longer than it may.
    #[error("the report has more than {max} pages")]
    TooManyPages {
        /// How many it may have.
        max: usize,
    },
    /// A table has more columns than fit.
    #[error("a table has {columns} columns; {COLUMNS_MAX} fit")]
    TooManyColumns {
        /// How many it has.
        columns: usize,
    },
    /// A row has cells that belong to no column.
    #[error("row {row} of a table has {cells} cells for {columns} columns")]
    Cells {
        /// Which row, from one.
        row: usize,
        /// How many cells it has.
        cells: usize,
        /// How many columns there are.
        columns: usize,
    },
    /// The letters could not be taken out of the font.
    #[error("the font cannot be embedded")]
    Font(#[from] subsetter::Error),
}

/// The report as the bytes of a PDF file of [`PAGES_MAX`] pages at most.
pub fn render(report: &Report) -> Result<Vec<u8>, PdfError> {
    render_within(report, PAGES_MAX)
}

/// The same with another bound.
pub fn render_within(report: &Report, pages_max: usize) -> Result<Vec<u8>, PdfError> {
    let fonts = Fonts::load();
    let mut pager = Pager::new(pages_max);
    let pictures = strips::lay(report, &fonts, &mut pager)?;
    let pages = pager.finish(report, &fonts)?;
    write::file(report, &fonts, &pages, &pictures)
}

impl Language {
    /// As BCP 47 has it.
    fn code(self) -> &'static str {
        match self {
            Language::Greek => "el-GR",
            Language::English => "en",
        }
    }

    fn page(self, number: usize, of: usize) -> String {
        match self {
            Language::Greek => format!("Σελίδα {number} από {of}"),
            Language::English => format!("Page {number} of {of}"),
        }
    }

    fn damage(self, damage: jpeg::Damage) -> &'static str {
        use jpeg::Damage;
        match (self, damage) {
            (Language::Greek, Damage::NotJpeg) => "Η εικόνα δεν εμφανίζεται: το αρχείο της δεν είναι JPEG.",
            (Language::Greek, Damage::Cut) => "Η εικόνα δεν εμφανίζεται: το αρχείο της είναι ελλιπές.",
            (Language::Greek, Damage::Broken) => "Η εικόνα δεν εμφανίζεται: το αρχείο της είναι κατεστραμμένο.",
            (Language::Greek, Damage::Unusual) => {
                "Η εικόνα δεν εμφανίζεται: ένα PDF δεν δέχεται JPEG αυτού του είδους."
            }
            (Language::English, Damage::NotJpeg) => "The picture is not shown: its file is no JPEG.",
            (Language::English, Damage::Cut) => "The picture is not shown: its file is incomplete.",
            (Language::English, Damage::Broken) => "The picture is not shown: its file is damaged.",
            (Language::English, Damage::Unusual) => "The picture is not shown: a PDF does not take JPEG of this kind.",
        }
    }
}
