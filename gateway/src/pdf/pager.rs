//! Strips put under each other on pages, and what stands on every page.
//!
//! A strip is never cut. One that is to stay with the next goes to the next page with it, unless they are higher than a page
//! together. A strip of a table that begins a page gets the table's head above it.

use std::rc::Rc;

use super::font::{Fonts, Weight};
use super::lines::{Line, Style, cut, fit, wrap};
use super::{PdfError, Report};

pub(super) const PAGE_WIDTH: f32 = 595.28;
pub(super) const PAGE_HEIGHT: f32 = 841.89;
pub(super) const LEFT: f32 = 60.0;
/// How wide the text is.
pub(super) const WIDTH: f32 = PAGE_WIDTH - 2.0 * LEFT;
pub(super) const HAIRLINE: f32 = 0.4;

const HEAD: f32 = 40.0;
const TOP: f32 = 92.0;
const FOOT: f32 = 786.0;
/// How much room a page has between head and foot.
pub(super) const ROOM: f32 = FOOT - 16.0 - TOP;

const MUNICIPALITY: Style = Style::new(Weight::Bold, 9.5, 13.0);
const DEPARTMENT: Style = Style::new(Weight::Regular, 9.0, 13.0);
const SMALL: Style = Style::new(Weight::Regular, 8.0, 11.0);

/// Something drawn; places are from the top left, in points.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// A line of text; `y` is its baseline.
    Text { x: f32, y: f32, style: Style, text: String },
    /// A line from one place to another.
    Stroke { from: (f32, f32), to: (f32, f32), weight: f32 },
    /// A frame of hairlines.
    Frame { x: f32, y: f32, width: f32, height: f32 },
    /// A picture by its number; `y` is its top.
    Picture { number: usize, x: f32, y: f32, width: f32, height: f32 },
}

impl Mark {
    /// A line of text from the top of its line.
    pub(super) fn text(x: f32, top: f32, style: Style, text: String) -> Mark {
        Mark::Text { x, y: top + style.baseline(), style, text }
    }

    pub(super) fn rule(x: f32, y: f32, width: f32, weight: f32) -> Mark {
        Mark::Stroke { from: (x, y), to: (x + width, y), weight }
    }

    pub(super) fn lowered(self, by: f32) -> Mark {
        match self {
            Mark::Text { x, y, style, text } => Mark::Text { x, y: y + by, style, text },
            Mark::Stroke { from, to, weight } => {
                Mark::Stroke { from: (from.0, from.1 + by), to: (to.0, to.1 + by), weight }
            }
            Mark::Frame { x, y, width, height } => Mark::Frame { x, y: y + by, width, height },
            Mark::Picture { number, x, y, width, height } => Mark::Picture { number, x, y: y + by, width, height },
        }
    }
}

/// What stays in one piece across the page.
#[derive(Clone, Debug, Default)]
pub(super) struct Strip {
    /// The space above it, where it does not begin a page.
    pub(super) gap: f32,
    pub(super) height: f32,
    /// From its own top.
    pub(super) marks: Vec<Mark>,
    /// It stays with the strip that follows.
    pub(super) with_next: bool,
    /// What stands above it where it begins a page.
    pub(super) head: Option<Rc<Strip>>,
}

/// The marks of one page.
pub(super) type Page = Vec<Mark>;

/// Fills pages.
pub(super) struct Pager {
    pages_max: usize,
    pages: Vec<Page>,
    /// How far the last page is filled.
    filled: f32,
    /// Strips that stay together, and the last of them is not known yet.
    chain: Vec<Strip>,
    chain_height: f32,
}

impl Pager {
    pub(super) fn new(pages_max: usize) -> Pager {
        Pager { pages_max, pages: Vec::new(), filled: ROOM, chain: Vec::new(), chain_height: 0.0 }
    }

    /// Takes the next strip.
    pub(super) fn push(&mut self, strip: Strip) -> Result<(), PdfError> {
        let ends = !strip.with_next;
        self.chain_height += strip.gap + strip.height;
        self.chain.push(strip);
        if ends || self.chain_height > ROOM { self.settle() } else { Ok(()) }
    }

    fn settle(&mut self) -> Result<(), PdfError> {
        let height = std::mem::take(&mut self.chain_height);
        if height <= ROOM && self.filled + height > ROOM {
            // What fits on one page begins one.
            self.filled = ROOM;
        }
        for strip in std::mem::take(&mut self.chain) {
            self.place(strip)?;
        }
        Ok(())
    }

    fn place(&mut self, strip: Strip) -> Result<(), PdfError> {
        if self.pages.is_empty() || self.filled + strip.gap + strip.height > ROOM {
            if self.pages.len() == self.pages_max {
                return Err(PdfError::TooManyPages { max: self.pages_max });
            }
            self.pages.push(Page::new());
            self.filled = 0.0;
            if let Some(head) = &strip.head {
                self.draw(Strip::clone(head));
            }
        } else {
            self.filled += strip.gap;
        }
        self.draw(strip);
        Ok(())
    }

    fn draw(&mut self, strip: Strip) {
        let top = TOP + self.filled;
        let page = self.pages.last_mut().expect("a page was begun");
        page.extend(strip.marks.into_iter().map(|mark| mark.lowered(top)));
        self.filled += strip.height;
    }

    /// The pages with their heads and feet; one at least.
    pub(super) fn finish(mut self, report: &Report, fonts: &Fonts) -> Result<Vec<Page>, PdfError> {
        self.settle()?;
        if self.pages.is_empty() {
            self.place(Strip::default())?;
        }
        let count = self.pages.len();
        for (at, page) in self.pages.iter_mut().enumerate() {
            head(page, report, fonts, at > 0);
            foot(page, report, fonts, &report.language.page(at + 1, count));
        }
        Ok(self.pages)
    }
}

/// The municipality and its department; from the second page on the title, so that a loose page tells where it belongs.
fn head(page: &mut Page, report: &Report, fonts: &Fonts, with_title: bool) {
    let room = if with_title { WIDTH * 0.55 } else { WIDTH };
    let line = fit(fonts, MUNICIPALITY, &report.head.municipality, room);
    page.push(Mark::text(LEFT, HEAD, MUNICIPALITY, line.text));
    let line = fit(fonts, DEPARTMENT, &report.head.department, room);
    page.push(Mark::text(LEFT, HEAD + MUNICIPALITY.leading, DEPARTMENT, line.text));
    if with_title {
        let line = fit(fonts, DEPARTMENT, &report.title, WIDTH * 0.4);
        page.push(Mark::text(LEFT + WIDTH - line.width, HEAD + MUNICIPALITY.leading, DEPARTMENT, line.text));
    }
    page.push(Mark::rule(LEFT, HEAD + MUNICIPALITY.leading + DEPARTMENT.leading + 5.0, WIDTH, HAIRLINE));
}

fn foot(page: &mut Page, report: &Report, fonts: &Fonts, number: &str) {
    page.push(Mark::rule(LEFT, FOOT, WIDTH, HAIRLINE));
    let Line { text, width } = fit(fonts, SMALL, number, WIDTH * 0.3);
    page.push(Mark::text(LEFT + WIDTH - width, FOOT + 5.0, SMALL, text));
    let room = WIDTH * 0.68;
    let mut lines = wrap(fonts, SMALL, &report.made, room);
    if lines.len() > 2 {
        cut(fonts, SMALL, &mut lines[1], room);
    }
    for (at, line) in lines.into_iter().take(2).enumerate() {
        page.push(Mark::text(LEFT, FOOT + 5.0 + at as f32 * SMALL.leading, SMALL, line.text));
    }
}
