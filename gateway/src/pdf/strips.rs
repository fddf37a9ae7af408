//! The blocks of a report as strips for the pager: what stays in one piece, and what stays with what follows.
//!
//! A paragraph leaves no single line on a page. A row is one strip where a page can hold it, and a strip for each of its lines
//! where not.

use std::rc::Rc;

use super::font::{Fonts, Weight};
use super::jpeg::Jpeg;
use super::lines::{Line, Style, wrap};
use super::pager::{HAIRLINE, LEFT, Mark, Pager, ROOM, Strip, WIDTH};
use super::{Align, Block, COLUMNS_MAX, PdfError, Report, Table};

const TITLE: Style = Style::new(Weight::Bold, 19.0, 25.0);
const SUBTITLE: Style = Style::new(Weight::Regular, 11.0, 16.0);
const HEADING: Style = Style::new(Weight::Bold, 12.0, 17.0);
const BODY: Style = Style::new(Weight::Regular, 10.0, 14.5);
const CELL: Style = Style::new(Weight::Regular, 9.0, 12.5);
const CELL_HEAD: Style = Style::new(Weight::Bold, 9.0, 12.5);
const CAPTION: Style = Style::new(Weight::Regular, 8.5, 12.0);

const GUTTER: f32 = 10.0;
/// So narrow a column may become beside others: still wider than any letter.
const COLUMN_MIN: f32 = 16.0;
const PICTURE_HEIGHT_MAX: f32 = 270.0;
/// A picture of few pixels is not blown up beyond this.
const POINTS_PER_PIXEL_MAX: f32 = 0.75;

/// Lays out everything; gives the pictures by their numbers.
pub(super) fn lay(report: &Report, fonts: &Fonts, pager: &mut Pager) -> Result<Vec<Jpeg>, PdfError> {
    let mut layout = Layout { report, fonts, pager, pictures: Vec::new() };
    layout.title()?;
    for block in &report.blocks {
        layout.block(block)?;
    }
    Ok(layout.pictures)
}

struct Layout<'a> {
    report: &'a Report,
    fonts: &'a Fonts,
    pager: &'a mut Pager,
    pictures: Vec<Jpeg>,
}

/// A text in its column.
struct Cell<'a> {
    x: f32,
    width: f32,
    align: Align,
    style: Style,
    text: &'a str,
}

/// What is around the lines of a row.
struct Around {
    above: f32,
    below: f32,
    /// The line under it.
    rule: Option<f32>,
    /// How high it may be in one piece.
    room: f32,
}

impl Layout<'_> {
    fn title(&mut self) -> Result<(), PdfError> {
        self.lines(TITLE, &self.report.title, 0.0, Together::WithNext)?;
        if !self.report.subtitle.is_empty() {
            self.lines(SUBTITLE, &self.report.subtitle, 2.0, Together::Paragraph)?;
        }
        // What follows stands apart from the title.
        self.pager.push(Strip { height: 8.0, ..Strip::default() })
    }

    fn block(&mut self, block: &Block) -> Result<(), PdfError> {
        match block {
            Block::Heading(text) => self.lines(HEADING, text, 16.0, Together::WithNext),
            Block::Text(text) => self.lines(BODY, text, 6.0, Together::Paragraph),
            Block::Pairs(pairs) => self.pairs(pairs),
            Block::Table(table) => self.table(table),
            Block::Picture { jpeg, caption } => self.picture(jpeg, caption),
            Block::Signatures(people) => self.signatures(people),
            Block::Rule => {
                let marks = vec![Mark::rule(LEFT, 0.0, WIDTH, HAIRLINE)];
                self.pager.push(Strip { gap: 10.0, height: 4.0, marks, ..Strip::default() })
            }
        }
    }

    fn lines(&mut self, style: Style, text: &str, gap: f32, together: Together) -> Result<(), PdfError> {
        let lines = wrap(self.fonts, style, text, WIDTH);
        let count = lines.len();
        for (at, line) in lines.into_iter().enumerate() {
            let with_next = match together {
                Together::WithNext => true,
                Together::Paragraph => at + 1 < count && (at == 0 || at + 2 == count),
            };
            self.pager.push(Strip {
                gap: if at == 0 { gap } else { 0.0 },
                height: style.leading,
                marks: vec![Mark::text(LEFT, 0.0, style, line.text)],
                with_next,
                head: None,
            })?;
        }
        Ok(())
    }

    fn pairs(&mut self, pairs: &[(String, String)]) -> Result<(), PdfError> {
        let names = WIDTH * 0.3;
        for (at, (name, value)) in pairs.iter().enumerate() {
            let cells = [
                Cell { x: LEFT, width: names - GUTTER, align: Align::Left, style: CELL_HEAD, text: name },
                Cell { x: LEFT + names, width: WIDTH - names, align: Align::Left, style: CELL, text: value },
            ];
            let around = Around { above: 1.5, below: 1.5, rule: None, room: ROOM };
            for mut strip in self.row(&cells, &around) {
                strip.gap = if at == 0 { 6.0 } else { 0.0 };
                self.pager.push(strip)?;
            }
        }
        Ok(())
    }

    fn table(&mut self, table: &Table) -> Result<(), PdfError> {
        let count = table.columns.len();
        if count > COLUMNS_MAX {
            return Err(PdfError::TooManyColumns { columns: count });
        }
        let places = places(table);
        let heads: Vec<_> = table.columns.iter().map(|column| column.head.as_str()).collect();
        // A head that fills a third of a page is shown once, as a row.
        let around = Around { above: 3.0, below: 3.0, rule: Some(0.9), room: ROOM / 3.0 };
        let mut strips = self.row(&cells(table, &places, &heads, CELL_HEAD), &around);
        if let Some(first) = strips.first_mut() {
            first.gap = 8.0;
        }
        let head = (strips.len() == 1).then(|| Rc::new(strips[0].clone()));
        for mut strip in strips {
            strip.with_next = !table.rows.is_empty();
            self.pager.push(strip)?;
        }
        let head_height = head.as_ref().map_or(0.0, |head| head.height + 8.0);
        let around = Around { above: 3.0, below: 3.5, rule: Some(HAIRLINE), room: ROOM - head_height };
        for (at, row) in table.rows.iter().enumerate() {
            if row.len() > count {
                return Err(PdfError::Cells { row: at + 1, cells: row.len(), columns: count });
            }
            let texts: Vec<_> = row.iter().map(String::as_str).collect();
            for mut strip in self.row(&cells(table, &places, &texts, CELL), &around) {
                strip.head.clone_from(&head);
                self.pager.push(strip)?;
            }
        }
        Ok(())
    }

    fn picture(&mut self, file: &[u8], caption: &str) -> Result<(), PdfError> {
        let gap = 10.0;
        let mut strip =
            match Jpeg::read(file) {
                Ok(jpeg) => {
                    let (pixels_x, pixels_y) = jpeg.shown();
                    let scale = (WIDTH / pixels_x).min(PICTURE_HEIGHT_MAX / pixels_y).min(POINTS_PER_PIXEL_MAX);
                    let (width, height) = (pixels_x * scale, pixels_y * scale);
                    let number = self.pictures.len();
                    self.pictures.push(jpeg);
                    let marks = vec![Mark::Picture { number, x: LEFT, y: 0.0, width, height }];
                    Strip { gap, height, marks, ..Strip::default() }
                }
                Err(damage) => {
                    let said = self.report.language.damage(damage);
                    let lines = wrap(self.fonts, CAPTION, said, WIDTH - 24.0);
                    let height = lines.len() as f32 * CAPTION.leading + 24.0;
                    let mut marks = vec![Mark::Frame { x: LEFT, y: 0.0, width: WIDTH, height }];
                    marks.extend(lines.into_iter().enumerate().map(|(at, line)| {
                        Mark::text(LEFT + 12.0, 12.0 + at as f32 * CAPTION.leading, CAPTION, line.text)
                    }));
                    Strip { gap, height, marks, ..Strip::default() }
                }
            };
        strip.with_next = !caption.is_empty();
        self.pager.push(strip)?;
        if caption.is_empty() { Ok(()) } else { self.lines(CAPTION, caption, 3.0, Together::Paragraph) }
    }

    fn signatures(&mut self, people: &[String]) -> Result<(), PdfError> {
        const BESIDE: usize = 3;
        const BETWEEN: f32 = 22.0;
        let column = (WIDTH + BETWEEN) / BESIDE as f32;
        for row in people.chunks(BESIDE) {
            let cells: Vec<_> = row
                .iter()
                .enumerate()
                .map(|(at, text)| Cell {
                    x: LEFT + at as f32 * column,
                    width: column - BETWEEN,
                    align: Align::Left,
                    style: CELL,
                    text,
                })
                .collect();
            let height = 46.0;
            let marks = cells.iter().map(|cell| Mark::rule(cell.x, height, cell.width, 0.6)).collect();
            self.pager.push(Strip { gap: 12.0, height, marks, with_next: true, head: None })?;
            let around = Around { above: 4.0, below: 4.0, rule: None, room: ROOM - height - 12.0 };
            for strip in self.row(&cells, &around) {
                self.pager.push(strip)?;
            }
        }
        Ok(())
    }

    fn row(&self, cells: &[Cell<'_>], around: &Around) -> Vec<Strip> {
        let leading = cells.iter().map(|cell| cell.style.leading).fold(0.0, f32::max);
        let columns: Vec<Vec<Line>> =
            cells.iter().map(|cell| wrap(self.fonts, cell.style, cell.text, cell.width)).collect();
        let count = columns.iter().map(Vec::len).max().unwrap_or(0);
        let mut strips: Vec<Strip> = (0..count).map(|_| Strip { height: leading, ..Strip::default() }).collect();
        for (cell, lines) in cells.iter().zip(columns) {
            for (strip, line) in strips.iter_mut().zip(lines) {
                let x = match cell.align {
                    Align::Left => cell.x,
                    Align::Right => cell.x + cell.width - line.width,
                };
                strip.marks.push(Mark::text(x, 0.0, cell.style, line.text));
            }
        }
        let height = around.above + count as f32 * leading + around.below;
        if height <= around.room {
            strips = vec![whole(strips)];
        }
        if let [first, ..] = &mut strips[..] {
            first.height += around.above;
            first.marks = std::mem::take(&mut first.marks).into_iter().map(|mark| mark.lowered(around.above)).collect();
        }
        if let [.., last] = &mut strips[..] {
            last.height += around.below;
            last.marks.extend(around.rule.map(|weight| Mark::rule(LEFT, last.height, WIDTH, weight)));
        }
        strips
    }
}

/// Which lines of a text stay on one page.
#[derive(Clone, Copy)]
enum Together {
    /// All of them, and what follows.
    WithNext,
    /// The first two and the last two.
    Paragraph,
}

/// The strips as one.
fn whole(strips: Vec<Strip>) -> Strip {
    let mut all = Strip::default();
    for strip in strips {
        let top = all.height;
        all.marks.extend(strip.marks.into_iter().map(|mark| mark.lowered(top)));
        all.height += strip.height;
    }
    all
}

/// Left edge and width of each column.
fn places(table: &Table) -> Vec<(f32, f32)> {
    let count = table.columns.len();
    let shares: f32 = table.columns.iter().map(|column| f32::from(column.width.max(1))).sum();
    let free = WIDTH - count as f32 * COLUMN_MIN - count.saturating_sub(1) as f32 * GUTTER;
    let mut x = LEFT;
    table
        .columns
        .iter()
        .map(|column| {
            let width = COLUMN_MIN + free * f32::from(column.width.max(1)) / shares;
            let place = (x, width);
            x += width + GUTTER;
            place
        })
        .collect()
}

fn cells<'a>(table: &Table, places: &[(f32, f32)], texts: &[&'a str], style: Style) -> Vec<Cell<'a>> {
    table
        .columns
        .iter()
        .zip(places)
        .zip(texts)
        .map(|((column, &(x, width)), &text)| Cell { x, width, align: column.align, style, text })
        .collect()
}
