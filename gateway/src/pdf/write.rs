//! Pages as the bytes of a PDF 1.7 file, with the letters used of both faces.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::font::{Fonts, Used, Weight};
use super::jpeg::{Colours, Jpeg};
use super::pager::{HAIRLINE, Mark, PAGE_HEIGHT, PAGE_WIDTH, Page};
use super::{PdfError, Report};

/// The title in a file's metadata is cut there, in characters; no program shows so many.
const METADATA_MAX: usize = 500;

/// The file.
pub(super) fn file(report: &Report, fonts: &Fonts, pages: &[Page], pictures: &[Jpeg]) -> Result<Vec<u8>, PdfError> {
    let mut pdf = Pdf::new();
    let mut next = Ref::new(1);
    let [catalog, tree, info, resources, regular, bold] = [(); 6].map(|()| next.bump());
    let mut used = Letters::default();

    let page_ids: Vec<Ref> = pages.iter().map(|_| next.bump()).collect();
    for (page, &id) in pages.iter().zip(&page_ids) {
        let content = next.bump();
        let bytes = deflate(&draw(page, pictures, &mut used));
        pdf.stream(content, &bytes).filter(Filter::FlateDecode);
        let mut page = pdf.page(id);
        page.parent(tree).media_box(Rect::new(0.0, 0.0, PAGE_WIDTH, PAGE_HEIGHT)).contents(content);
        page.pair(Name(b"Resources"), resources);
    }
    pdf.pages(tree).kids(page_ids.iter().copied()).count(page_ids.len() as i32);

    let picture_ids: Vec<Ref> = pictures.iter().map(|_| next.bump()).collect();
    for (jpeg, &id) in pictures.iter().zip(&picture_ids) {
        embed(&mut pdf, id, jpeg);
    }
    fonts.of(Weight::Regular).write(&mut pdf, regular, &mut next, &used.regular)?;
    fonts.of(Weight::Bold).write(&mut pdf, bold, &mut next, &used.bold)?;

    let mut dictionary = pdf.indirect(resources).start::<pdf_writer::writers::Resources<'_>>();
    dictionary.fonts().pair(Name(b"R"), regular).pair(Name(b"B"), bold);
    let mut named = dictionary.x_objects();
    for (at, &id) in picture_ids.iter().enumerate() {
        named.pair(Name(picture_name(at).as_bytes()), id);
    }
    named.finish();
    dictionary.finish();

    let short = |text: &str| text.chars().take(METADATA_MAX).collect::<String>();
    let (title, author) = (short(&report.title), short(&report.head.municipality));
    pdf.document_info(info).title(TextStr(&title)).author(TextStr(&author)).producer(TextStr("City Gateway"));
    let mut root = pdf.catalog(catalog);
    root.pages(tree).lang(TextStr(report.language.code()));
    root.viewer_preferences().display_doc_title(true);
    root.finish();

    let id = ring::digest::digest(&ring::digest::SHA256, pdf.as_bytes()).as_ref()[..16].to_vec();
    pdf.set_file_id((id.clone(), id));
    Ok(pdf.finish())
}

#[derive(Default)]
struct Letters {
    regular: Used,
    bold: Used,
}

/// Of PDF's coordinates a hundredth of a point is more than a printer shows.
fn points(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}

fn draw(page: &Page, pictures: &[Jpeg], used: &mut Letters) -> Vec<u8> {
    let up = |y: f32| points(PAGE_HEIGHT - y);
    let mut content = Content::new();
    for mark in page {
        match mark {
            Mark::Text { x, y, style, text } if !text.is_empty() => {
                let (name, used) = match style.weight {
                    Weight::Regular => (Name(b"R"), &mut used.regular),
                    Weight::Bold => (Name(b"B"), &mut used.bold),
                };
                content.begin_text().set_font(name, style.size).next_line(points(*x), up(*y));
                content.show(Str(&used.encode(text))).end_text();
            }
            Mark::Text { .. } => {}
            Mark::Stroke { from, to, weight } => {
                content.set_line_width(*weight);
                content.move_to(points(from.0), up(from.1)).line_to(points(to.0), up(to.1)).stroke();
            }
            Mark::Frame { x, y, width, height } => {
                content.set_line_width(HAIRLINE);
                content.rect(points(*x), up(y + height), points(*width), points(*height)).stroke();
            }
            Mark::Picture { number, x, y, width, height } => {
                let place = pictures[*number].placed(*x, PAGE_HEIGHT - y - height, *width, *height);
                content.save_state().transform(place.map(points));
                content.x_object(Name(picture_name(*number).as_bytes())).restore_state();
            }
        }
    }
    content.finish().into_vec()
}

fn picture_name(number: usize) -> String {
    format!("P{number}")
}

fn embed(pdf: &mut Pdf, id: Ref, jpeg: &Jpeg) {
    let mut image = pdf.image_xobject(id, &jpeg.bytes);
    image.filter(Filter::DctDecode);
    image.width(i32::from(jpeg.width)).height(i32::from(jpeg.height)).bits_per_component(8);
    match jpeg.colours {
        Colours::Gray => image.color_space().device_gray(),
        Colours::Rgb => image.color_space().device_rgb(),
        Colours::Cmyk { .. } => image.color_space().device_cmyk(),
    }
    if jpeg.colours == (Colours::Cmyk { inverted: true }) {
        image.decode([1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    }
}

/// Packed as PDF streams are.
pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}
