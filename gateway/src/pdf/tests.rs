//! Reports as their readers get them: the text read back with poppler's pdftotext, and what every layout keeps to.

use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::font::{Fonts, Weight};
use super::jpeg::{Colours, Damage, Jpeg};
use super::lines::{Style, wrap};
use super::pager::{LEFT, Mark, PAGE_HEIGHT, Page, Pager, WIDTH};
use super::*;

fn report(blocks: Vec<Block>) -> Report {
    Report {
        language: Language::Greek,
        title: "Έκθεση επιθεώρησης παιδικής χαράς".into(),
        subtitle: "Παιδική χαρά Αγίου Ιωάννη · ετήσια κύρια επιθεώρηση".into(),
        head: Head {
            municipality: "Δήμος Ηρακλείου".into(), department: "Διεύθυνση Τεχνικών Υπηρεσιών".into()
        },
        made: "Εκτυπώθηκε 14/03/2026 14:20 από τη Μαρία Ξενάκη".into(),
        blocks,
    }
}

fn column(head: &str, width: u16, align: Align) -> Column {
    Column { head: head.into(), width, align }
}

fn text(text: &str) -> Block {
    Block::Text(text.into())
}

/// A table of defects with rows of one to four lines.
fn defects(rows: usize) -> Block {
    let said = "Χαλαρή σύνδεση της αλυσίδας στο αριστερό κάθισμα. ";
    Block::Table(Table {
        columns: vec![
            column("Α/Α", 1, Align::Right),
            column("Εξοπλισμός", 4, Align::Left),
            column("Εύρημα", 8, Align::Left),
            column("Προθεσμία", 3, Align::Left),
        ],
        rows: (1..=rows)
            .map(|n| vec![n.to_string(), format!("Κούνια {n}"), said.repeat(1 + n % 5), "21/03/2026".into()])
            .collect(),
    })
}

/// Runs one of poppler's programs on a file.
fn poppler(program: &str, arguments: &[&str], pdf: &[u8]) -> String {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(pdf).expect("the file is written");
    let output = Command::new(program)
        .args(arguments)
        .arg(file.path())
        .args((program == "pdftotext").then_some("-"))
        .stdin(Stdio::null())
        .output();
    let output =
        output.unwrap_or_else(|error| panic!("{program}: {error}; install it with: apt-get install -y poppler-utils"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{program}: {}: {said}", output.status);
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The text of each page.
fn read_back(pdf: &[u8]) -> Vec<String> {
    let all = poppler("pdftotext", &["-layout", "-enc", "UTF-8"], pdf);
    let mut pages: Vec<String> = all.split('\u{c}').map(str::to_owned).collect();
    assert_eq!(pages.pop().as_deref(), Some(""), "a form feed ends each page");
    pages
}

/// A page's words with single blanks, whatever the lines.
fn words(page: &str) -> String {
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn greek_with_accents_and_capitals_is_read_back_from_both_faces() {
    let letters =
        "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ αβγδεζηθικλμνξοπρσςτυφχψω ΆΈΉΊΌΎΏΪΫ άέήίόύώϊϋΐΰ ἀνάβασις «Ω» 12,5 °C ≥ 3 € µm²";
    let pdf = render(&report(vec![Block::Heading(letters.into()), text(letters)])).expect("a PDF");
    let pages = read_back(&pdf);
    assert_eq!(words(&pages[0]).matches(letters).count(), 2, "{}", pages[0]);
    let fonts = poppler("pdffonts", &[], &pdf);
    for face in ["NotoSans-Regular", "NotoSans-Bold"] {
        // Embedded, a subset, with its characters.
        let line = fonts.lines().find(|line| line.contains(face)).unwrap_or_else(|| panic!("{face}: {fonts}"));
        assert!(line.contains("yes yes yes"), "{line}");
    }
    assert!(pdf.len() < 60_000, "{} bytes: the whole font?", pdf.len());
}

#[test]
fn letters_whose_accents_come_apart_are_read_back_whole() {
    let pdf =
        render(&report(vec![text("Επιθεω\u{301}ρηση Ι\u{308}\u{301}ος κα\u{301}ι\u{308}\u{301}α")])).expect("a PDF");
    assert!(words(&read_back(&pdf)[0]).contains("Επιθεώρηση Ϊ\u{301}ος κάΐα"));
}

#[test]
fn every_page_says_whose_it_is_who_made_it_and_which_it_is() {
    let pdf = render(&report(vec![defects(60)])).expect("a PDF");
    let pages = read_back(&pdf);
    assert!(pages.len() > 2, "{} pages", pages.len());
    for (at, page) in pages.iter().enumerate() {
        let said = words(page);
        assert!(said.starts_with("Δήμος Ηρακλείου Διεύθυνση Τεχνικών Υπηρεσιών"), "{said}");
        assert!(said.contains("Έκθεση επιθεώρησης παιδικής χαράς"), "{said}");
        let end = format!("Εκτυπώθηκε 14/03/2026 14:20 από τη Μαρία Ξενάκη Σελίδα {} από {}", at + 1, pages.len());
        assert!(said.ends_with(&end), "{said}");
    }
    let info = poppler("pdfinfo", &[], &pdf);
    assert!(info.contains("Title:           Έκθεση επιθεώρησης παιδικής χαράς\n"), "{info}");
    assert!(info.contains("(A4)"), "{info}");
    assert!(pdf.windows(12).any(|bytes| bytes == b"/Lang(el-GR)" || bytes == b"/Lang (el-GR"));
}

#[test]
fn a_table_has_its_head_on_each_page_and_whole_rows() {
    let rows = 60;
    let pdf = render(&report(vec![defects(rows)])).expect("a PDF");
    let mut seen = 0;
    for page in read_back(&pdf) {
        let said = words(&page);
        assert_eq!(said.matches("Α/Α Εξοπλισμός Εύρημα Προθεσμία").count(), 1, "{page}");
        while said.contains(&format!(" {0} Κούνια {0} ", seen + 1)) {
            seen += 1;
        }
        // As many sentences stand on the page as its rows have.
        let here: Vec<usize> = (1..=rows).filter(|n| said.contains(&format!(" {n} Κούνια {n} "))).collect();
        let sentences: usize = here.iter().map(|n| 1 + n % 5).sum();
        assert_eq!(said.matches("κάθισμα.").count(), sentences, "{page}");
    }
    assert_eq!(seen, rows);
}

#[test]
fn a_heading_is_not_left_alone_at_the_end_of_a_page() {
    for lines in 40..60 {
        let filler = "γραμμή\n".repeat(lines);
        let pdf = render(&report(vec![text(&filler), Block::Heading("Ευρήματα".into()), defects(1)])).expect("a PDF");
        let page = read_back(&pdf).into_iter().find(|page| page.contains("Ευρήματα")).expect("the heading");
        assert!(page.contains("Κούνια 1"), "{lines} lines before: {page}");
    }
}

#[test]
fn a_cell_longer_than_a_page_goes_on_under_the_repeated_head() {
    let long = (0..1200).map(|n| format!("λέξη{n}")).collect::<Vec<_>>().join(" ");
    let table = Table {
        columns: vec![column("Πότε", 1, Align::Left), column("Τι έγινε", 3, Align::Left)],
        rows: vec![vec!["14/03/2026".into(), long.clone()], vec!["15/03/2026".into(), "Τέλος".into()]],
    };
    let pages = read_back(&render(&report(vec![Block::Table(table)])).expect("a PDF"));
    assert!(pages.len() >= 2, "{} pages", pages.len());
    assert!(pages.iter().all(|page| page.contains("Τι έγινε")));
    let all = pages.concat();
    assert!(long.split(' ').all(|word| all.split_whitespace().any(|read| read == word)));
}

#[test]
fn an_accent_that_stands_alone_after_a_blank_does_not_carry_the_blank_over_the_margin() {
    let fonts = Fonts::load();
    let style = Style::new(Weight::Regular, 10.0, 13.0);
    for width in (60..90_u8).map(f32::from) {
        for line in wrap(&fonts, style, "μμμμμμμμμμ \u{301}", width) {
            assert!(line.width <= width, "{:?} is {} wide, and {width} was asked for", line.text, line.width);
        }
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let blocks = vec![defects(7), Block::Picture { jpeg: jpeg(64, 48, &[]), caption: "Κούνια".into() }];
    assert_eq!(render(&report(blocks.clone())).expect("a PDF"), render(&report(blocks)).expect("a PDF"));
}

#[test]
fn a_letter_without_a_glyph_is_a_box_and_is_copied_as_it_was() {
    let pdf = render(&report(vec![text("Σκάλα 🛝 μετά \u{7}τέλος")])).expect("a PDF");
    assert!(words(&read_back(&pdf)[0]).contains("Σκάλα 🛝 μετά \u{fffd}τέλος"));
    let wide = Fonts::load().of(Weight::Regular).width('🛝', 10.0);
    assert!(wide > 3.0, "the box is to be seen, and is {wide} points wide");
}

#[test]
fn a_megabyte_in_a_cell_is_refused_by_its_pages_and_in_a_text_it_is_laid_out() {
    let megabyte = "ά".repeat(500_000);
    let table = Table {
        columns: (0..COLUMNS_MAX).map(|_| column("", 1, Align::Left)).collect(),
        rows: vec![vec![megabyte.clone(); COLUMNS_MAX]],
    };
    let refused = render(&report(vec![Block::Table(table)])).expect_err("too long");
    assert!(matches!(refused, PdfError::TooManyPages { max: PAGES_MAX }), "{refused}");
    let pdf = render(&report(vec![text(&megabyte)])).expect("a PDF");
    let read: usize = read_back(&pdf).iter().map(|page| page.matches('ά').count()).sum();
    // Head and foot have some of their own.
    assert!(read >= 500_000, "{read}");
}

#[test]
fn what_has_no_place_is_an_error() {
    let columns = |count: usize| (0..count).map(|_| column("x", 1, Align::Left)).collect();
    let table = |columns, cells: usize| Block::Table(Table { columns, rows: vec![vec!["x".into(); cells]] });
    let wide = render(&report(vec![table(columns(COLUMNS_MAX + 1), 1)]));
    assert!(matches!(wide, Err(PdfError::TooManyColumns { columns: 13 })));
    let surplus = render(&report(vec![table(columns(2), 3)]));
    assert!(matches!(surplus, Err(PdfError::Cells { row: 1, cells: 3, columns: 2 })));
    let none = render_within(&report(vec![defects(60)]), 2);
    assert!(matches!(none, Err(PdfError::TooManyPages { max: 2 })));
}

#[test]
fn dates_and_numbers_stay_whole_and_long_words_break() {
    let fonts = Fonts::load();
    let style = Style::new(Weight::Regular, 10.0, 14.0);
    let lines =
        |said: &str, width| -> Vec<String> { wrap(&fonts, style, said, width).into_iter().map(|l| l.text).collect() };
    assert_eq!(lines("έως 2026-03-21 το αργότερο", 60.0), ["έως", "2026-03-21", "το αργότερο"]);
    assert_eq!(lines("κούνια-φωλιά", 40.0), ["κούνια-", "φωλιά"]);
    assert_eq!(lines("ένα  \n\n δύο \n", 100.0), ["ένα", "", " δύο"]);
    assert_eq!(lines("ααααααα", 17.0).concat(), "ααααααα");
    assert!(lines("ααααααα", 17.0).len() > 2);
    assert_eq!(lines("", 10.0), [""]);
}

// --- Pictures.

/// A gray picture of one shade, with segments put in after its first marker.
fn jpeg(width: u16, height: u16, segments: &[(u8, &[u8])]) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    let mut segment = |marker: u8, payload: &[u8]| {
        file.extend([0xff, marker]);
        file.extend((payload.len() as u16 + 2).to_be_bytes());
        file.extend(payload);
    };
    for (marker, payload) in segments {
        segment(*marker, payload);
    }
    segment(0xdb, &[&[0][..], &[8; 64]].concat());
    let ([h1, h0], [w1, w0]) = (height.to_be_bytes(), width.to_be_bytes());
    segment(0xc0, &[8, h1, h0, w1, w0, 1, 1, 0x11, 0]);
    // Two codes for the mean of a block (0: no change, 10: a change of 7 bits), one for its rest (0: none).
    segment(0xc4, &[&[0x00, 1, 1][..], &[0; 14], &[0, 7]].concat());
    segment(0xc4, &[&[0x10, 1][..], &[0; 15], &[0]].concat());
    segment(0xda, &[1, 1, 0, 0, 63, 0]);
    // The first block: code 10, the change 1000000, no rest; all others 0 and 0.
    let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
    file.extend([0b1010_0000, 0b0000_0000]);
    file.extend(vec![0; blocks / 4]);
    file.extend([0xff, 0xd9]);
    file
}

/// EXIF that asks for a turn, and names a place.
fn exif(orientation: u8) -> Vec<u8> {
    let mut payload = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    payload.extend([orientation, 0, 0, 0, 0, 0, 0]);
    payload.extend(b"35.3387 N 25.1442 E");
    payload
}

#[test]
fn a_picture_is_shown_with_its_caption_and_without_the_cameras_notes() {
    let mut file = jpeg(320, 200, &[(0xe1, &exif(6)), (0xfe, b"Phone of Maria")]);
    file.extend(b"a film after the picture");
    let read = Jpeg::read(&file).expect("a picture");
    assert_eq!((read.width, read.height, read.colours, read.orientation), (320, 200, Colours::Gray, 6));
    assert_eq!(read.shown(), (200.0, 320.0));
    assert_eq!(read.bytes, jpeg(320, 200, &[]));
    let pdf = render(&report(vec![Block::Picture {
        jpeg: file, caption: "Η αλυσίδα της κούνιας 3".into()
    }]))
    .expect("a PDF");
    assert!(read_back(&pdf)[0].contains("Η αλυσίδα της κούνιας 3"));
    let images = poppler("pdfimages", &["-list"], &pdf);
    assert!(images.lines().any(|line| line.contains("320   200  gray") && line.contains("jpeg")), "{images}");
    for secret in ["35.3387", "Phone", "film"] {
        assert!(!pdf.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()), "{secret}");
    }
}

#[test]
fn a_turned_picture_has_its_top_where_the_camera_says() {
    // Where the file's upper left corner is shown, of a box from (0, 0) to (2, 1), y upwards.
    let corners =
        [(1, (0, 1)), (2, (2, 1)), (3, (2, 0)), (4, (0, 0)), (5, (0, 1)), (6, (2, 1)), (7, (2, 0)), (8, (0, 0))];
    for (orientation, corner) in corners {
        let picture = Jpeg::read(&jpeg(8, 8, &[(0xe1, &exif(orientation))])).expect("a picture");
        let [a, b, c, d, e, f] = picture.placed(0.0, 0.0, 2.0, 1.0);
        let at = |u: f32, v: f32| ((a * u + c * v + e) as i32, (b * u + d * v + f) as i32);
        assert_eq!(at(0.0, 1.0), corner, "orientation {orientation}");
        let mut all = [at(0.0, 0.0), at(0.0, 1.0), at(1.0, 0.0), at(1.0, 1.0)];
        all.sort_unstable();
        assert_eq!(all, [(0, 0), (0, 1), (2, 0), (2, 1)], "orientation {orientation}");
    }
}

#[test]
fn a_damaged_picture_is_told_in_its_place_and_the_report_goes_on() {
    let whole = jpeg(64, 64, &[]);
    let block = |jpeg: &[u8]| Block::Picture { jpeg: jpeg.to_vec(), caption: "Το εύρημα 7".into() };
    let pdf = render(&report(vec![block(&whole[..whole.len() - 9]), text("Τέλος"), block(b"GIF89a")])).expect("a PDF");
    let said = words(&read_back(&pdf)[0]);
    assert!(said.contains("το αρχείο της είναι ελλιπές. Το εύρημα 7 Τέλος"), "{said}");
    assert!(said.contains("το αρχείο της δεν είναι JPEG. Το εύρημα 7"), "{said}");
    let progressive_of_12_bits = [0xff, 0xd8, 0xff, 0xc2, 0, 11, 12, 0, 8, 0, 8, 1, 1, 0x11, 0];
    assert_eq!(Jpeg::read(&progressive_of_12_bits), Err(Damage::Unusual));
}

#[test]
fn a_picture_cut_anywhere_is_damaged() {
    let whole = jpeg(64, 64, &[(0xe1, &exif(3))]);
    for length in 0..whole.len() {
        Jpeg::read(&whole[..length]).expect_err("cut");
    }
    Jpeg::read(&whole).expect("whole");
}

// --- Any text.

/// The pages of a report before they are written.
fn lay_out(report: &Report) -> Vec<Page> {
    let fonts = Fonts::load();
    let mut pager = Pager::new(usize::MAX);
    strips::lay(report, &fonts, &mut pager).expect("laid out");
    pager.finish(report, &fonts).expect("pages")
}

/// Everything is on its page, between the margins, and no text runs into the one beside it.
fn nothing_overflows(pages: &[Page]) {
    let fonts = Fonts::load();
    let close = 0.1;
    for page in pages {
        let mut texts = Vec::new();
        for mark in page {
            if let Mark::Text { x, y, style, text } = mark {
                let face = fonts.of(style.weight);
                let width: f32 = text.chars().map(|letter| face.width(letter, style.size)).sum();
                assert!(*x >= LEFT - close && x + width <= LEFT + WIDTH + close, "{text:?} from {x}, {width} wide");
                assert!(*y > 30.0 && *y < PAGE_HEIGHT - 20.0, "{text:?} at {y}");
                texts.push((*y, *x, width, text));
            }
        }
        texts.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        for pair in texts.windows(2) {
            let [(y, x, width, text), (next_y, next_x, _, next)] = pair else { unreachable!("windows of two") };
            let apart = next_y - y > close || x + width <= next_x + close;
            assert!(apart, "{text:?} ends at {} in {next:?} at {next_x}", x + width);
        }
    }
}

/// Words as people, machines and mischief write them.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[α-ωά-ώΑ-Ω ]{0,60}",
        2 => "\\PC{0,80}",
        2 => any::<String>(),
        1 => "[a-zΑ-Ω/\u{301}\u{200b}\r\n\t-]{0,300}",
        1 => ("[WΩ ]", 0_usize..3000).prop_map(|(letter, times)| letter.repeat(times)),
    ]
}

fn any_block() -> impl Strategy<Value = Block> {
    let table = (1_usize..=COLUMNS_MAX).prop_flat_map(|count| {
        let align = prop_oneof![Just(Align::Left), Just(Align::Right)];
        let columns = (any_text(), any::<u16>(), align).prop_map(|(head, width, align)| Column { head, width, align });
        let rows = prop::collection::vec(prop::collection::vec(any_text(), 0..=count), 0..6);
        (prop::collection::vec(columns, count), rows).prop_map(|(columns, rows)| Block::Table(Table { columns, rows }))
    });
    prop_oneof![
        any_text().prop_map(Block::Heading),
        any_text().prop_map(Block::Text),
        prop::collection::vec((any_text(), any_text()), 0..5).prop_map(Block::Pairs),
        table,
        (prop::collection::vec(any::<u8>(), 0..40), any_text())
            .prop_map(|(rest, caption)| Block::Picture { jpeg: [&[0xff, 0xd8, 0xff], &rest[..]].concat(), caption }),
        (1_u16..=2000, 1_u16..=2000, 1_u8..=8, any_text()).prop_map(|(width, height, turn, caption)| {
            Block::Picture { jpeg: jpeg(width, height, &[(0xe1, &exif(turn))]), caption }
        }),
        prop::collection::vec(any_text(), 0..7).prop_map(Block::Signatures),
        Just(Block::Rule),
    ]
}

fn any_report() -> impl Strategy<Value = Report> {
    let parts = (any_text(), any_text(), any_text(), any_text(), any_text(), prop::collection::vec(any_block(), 0..8));
    parts.prop_map(|(title, subtitle, municipality, department, made, blocks)| Report {
        language: Language::English,
        title,
        subtitle,
        head: Head { municipality, department },
        made,
        blocks,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_report_is_laid_out_between_its_margins_and_written(report in any_report()) {
        nothing_overflows(&lay_out(&report));
        let pdf = render_within(&report, usize::MAX).expect("a PDF");
        prop_assert!(pdf.starts_with(b"%PDF-1.7"));
    }

    #[test]
    fn no_letter_is_lost_by_wrapping(said in any_text(), width in 16.0_f32..500.0) {
        let fonts = Fonts::load();
        let style = Style::new(Weight::Bold, 9.0, 12.0);
        // A line as wide as the text is the text, less its blanks at the end.
        let ink = |width| -> String {
            wrap(&fonts, style, &said, width).into_iter().flat_map(|line| line.text.chars().collect::<Vec<_>>()).filter(|c| !c.is_whitespace()).collect()
        };
        prop_assert_eq!(ink(width), ink(f32::MAX));
    }

    #[test]
    fn any_bytes_are_a_picture_or_damaged(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0_usize..300, with in any::<u8>()) {
        let _ = Jpeg::read(&bytes);
        let mut file = jpeg(64, 64, &[(0xe1, &exif(3))]);
        let place = at % file.len();
        file[place] = with;
        let _ = Jpeg::read(&file);
    }
}
