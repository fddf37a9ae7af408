//! Reads tables as spreadsheets write them: `;` or `,` between fields, quotes, a BOM, UTF-8 or Windows-1253, gzip.
//!
//! Decides nothing about what the fields mean; decimal commas are [`number`]'s. Bounded: a table larger than
//! [`TABLE_BYTES_MAX`] is refused before it is in memory.

use std::borrow::Cow;
use std::io::{self, Read};

/// Largest table, unpacked.
pub const TABLE_BYTES_MAX: u64 = 256 << 20;

/// A table: a header and its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Row>,
}

/// A row, with the line where it begins, from 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The line.
    pub line: usize,
    fields: Vec<String>,
}

/// Why bytes are no table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file could not be read or unpacked.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is larger than may be.
    #[error("the table is larger than {TABLE_BYTES_MAX} bytes")]
    TooLarge,
    /// A quote is opened and not closed.
    #[error("line {0}: a quoted field does not end")]
    Quote(usize),
    /// There is no header.
    #[error("the table is empty: its first line should name the columns")]
    Empty,
}

impl Table {
    /// Reads a table from the bytes of a file, packed with gzip or not.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn read(source: impl Read) -> Result<Self, TableError> {
        Self::parse(&decoded(&unpacked(source)?))
    }

    /// Reads a table that is text already.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let separator = separator(text);
        let mut rows = rows(text, separator)?.into_iter();
        let header = rows.next().ok_or(TableError::Empty)?.fields;
        Ok(Self { header, rows: rows.collect() })
    }

    /// The column whose header is one of these names; letter case, accents of Greek and lookalike letters do not count.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        let names: Vec<String> = names.iter().map(|name| folded(name)).collect();
        self.header.iter().position(|header| names.contains(&folded(header)))
    }

    /// The header as it stands.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The rows that are not empty.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

impl Row {
    /// The field of that column, without blanks around it; empty where the row has none.
    pub fn field(&self, column: usize) -> &str {
        self.fields.get(column).map_or("", |field| field.trim())
    }
}

/// A number with a decimal point or comma: `46.49`, `46,49`, `1.234,5`, `1 234.5`.
pub fn number(text: &str) -> Option<f64> {
    let text: String = text.trim().chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}')).collect();
    let (point, comma) = (text.rfind('.'), text.rfind(','));
    let plain = match (point, comma) {
        (_, None) => text,
        (None, Some(_)) => text.replace(',', "."),
        // Of both the later one is the decimal's; the other only groups.
        (Some(point), Some(comma)) if comma > point => text.replace('.', "").replace(',', "."),
        (Some(_), Some(_)) => text.replace(',', ""),
    };
    plain.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A text as codes are compared: lower case, Greek letters that look like Latin ones as those, only letters and digits.
pub fn folded(text: &str) -> String {
    text.chars()
        .flat_map(char::to_uppercase)
        .filter_map(|c| {
            let c = match c {
                'Α' | 'Ά' => 'A',
                'Β' => 'B',
                'Ε' | 'Έ' => 'E',
                'Ζ' => 'Z',
                'Η' | 'Ή' => 'H',
                'Ι' | 'Ί' | 'Ϊ' => 'I',
                'Κ' => 'K',
                'Μ' => 'M',
                'Ν' => 'N',
                'Ο' | 'Ό' => 'O',
                'Ρ' => 'P',
                'Τ' => 'T',
                'Υ' | 'Ύ' | 'Ϋ' => 'Y',
                'Χ' => 'X',
                'Ώ' => 'Ω',
                '₀'..='₉' => char::from_digit(c as u32 - '₀' as u32, 10)?,
                c => c,
            };
            c.is_alphanumeric().then(|| c.to_ascii_lowercase())
        })
        .collect()
}

fn unpacked(mut source: impl Read) -> Result<Vec<u8>, TableError> {
    let mut bytes = Vec::new();
    source.by_ref().take(TABLE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..]).take(TABLE_BYTES_MAX + 1).read_to_end(&mut plain)?;
        bytes = plain;
    }
    if bytes.len() as u64 > TABLE_BYTES_MAX { Err(TableError::TooLarge) } else { Ok(bytes) }
}

/// UTF-8, and what is not UTF-8 as Windows-1253, which is what old spreadsheets in Greece write.
pub fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| windows_1253(*byte)).collect()),
    }
}

fn windows_1253(byte: u8) -> char {
    const CONTROLS: [char; 32] = [
        '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', '\u{fffd}', '‰', '\u{fffd}', '‹', '\u{fffd}', '\u{fffd}',
        '\u{fffd}', '\u{fffd}', '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '\u{fffd}', '™', '\u{fffd}', '›',
        '\u{fffd}', '\u{fffd}', '\u{fffd}', '\u{fffd}',
    ];
    match byte {
        0x00..=0x7f => char::from(byte),
        0x80..=0x9f => CONTROLS[usize::from(byte - 0x80)],
        0xa1 => '\u{385}',
        0xa2 => 'Ά',
        0xaf => '―',
        0xb4 => '\u{384}',
        0xaa | 0xd2 | 0xff => '\u{fffd}',
        0xa0..=0xb7 | 0xbb | 0xbd => char::from(byte),
        // From here on the page runs along Unicode's own Greek block.
        0xb8.. => char::from_u32(u32::from(byte) + 0x2d0).unwrap_or('\u{fffd}'),
    }
}

/// `;` when the header has one: with decimal commas it must be.
fn separator(text: &str) -> char {
    let header = text.lines().next().unwrap_or_default();
    [';', '\t'].into_iter().find(|separator| header.contains(*separator)).unwrap_or(',')
}

fn rows(text: &str, separator: char) -> Result<Vec<Row>, TableError> {
    let mut rows = Vec::new();
    let mut row = Row { line: 1, fields: Vec::new() };
    let (mut field, mut line) = (String::new(), 1);
    let mut quoted_since = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted_since.is_some() => {
                if chars.next_if_eq(&'"').is_some() {
                    field.push('"');
                } else {
                    quoted_since = None;
                }
            }
            '"' if field.trim().is_empty() => {
                field.clear();
                quoted_since = Some(line);
            }
            '\n' if quoted_since.is_none() => {
                end_row(&mut row, &mut field, &mut rows);
                line += 1;
                row.line = line;
            }
            '\r' if quoted_since.is_none() => {}
            c if c == separator && quoted_since.is_none() => row.fields.push(std::mem::take(&mut field)),
            c => {
                line += usize::from(c == '\n');
                field.push(c);
            }
        }
    }
    if let Some(line) = quoted_since {
        return Err(TableError::Quote(line));
    }
    end_row(&mut row, &mut field, &mut rows);
    Ok(rows)
}

fn end_row(row: &mut Row, field: &mut String, rows: &mut Vec<Row>) {
    row.fields.push(std::mem::take(field));
    let fields = std::mem::take(&mut row.fields);
    if fields.iter().any(|field| !field.trim().is_empty()) {
        rows.push(Row { line: row.line, fields });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &[u8]) -> Table {
        Table::read(text).expect("a table")
    }

    #[test]
    fn semicolons_decimal_commas_and_windows_1253_are_read() {
        // Ημερομηνία;Σταθμός;Ρύπος;Τιμή and a row, as an old spreadsheet writes them.
        let header = b"\xc7\xec\xe5\xf1\xef\xec\xe7\xed\xdf\xe1;\xd3\xf4\xe1\xe8\xec\xfc\xf2;\xd1\xfd\xf0\xef\xf2;\xd4\xe9\xec\xde\r\n";
        let row = b"31/01/2010;\xc5\xe3\xed\xe1\xf4\xdf\xe1\xf2;\xcd\xcf2;46,49\r\n";
        let table = table(&[&header[..], &row[..]].concat());
        assert_eq!(table.header(), ["Ημερομηνία", "Σταθμός", "Ρύπος", "Τιμή"]);
        assert_eq!(table.column(&["date", "ΗΜΕΡΟΜΗΝΙΑ"]), Some(0));
        let row = &table.rows()[0];
        assert_eq!((row.line, row.field(1)), (2, "Εγνατίας"));
        assert_eq!(folded(row.field(2)), "no2", "Greek letters that look Latin");
        assert_eq!(number(row.field(3)), Some(46.49));
    }

    #[test]
    fn a_bom_quotes_empty_lines_and_gzip_make_no_difference() {
        let plain = table(b"a,b\n1,\"x, \"\"y\"\"\nz\"\n\n2,w\n");
        assert_eq!(plain.rows().len(), 2);
        assert_eq!((plain.rows()[0].line, plain.rows()[0].field(1)), (2, "x, \"y\"\nz"));
        assert_eq!((plain.rows()[1].line, plain.rows()[1].field(0), plain.rows()[1].field(9)), (5, "2", ""));
        assert_eq!(table(b"\xef\xbb\xbfa,b\n1,\"x, \"\"y\"\"\nz\"\n\n2,w\n"), plain);
        let mut packed = Vec::new();
        flate2::read::GzEncoder::new(&b"a,b\n1,\"x, \"\"y\"\"\nz\"\n\n2,w\n"[..], flate2::Compression::fast())
            .read_to_end(&mut packed)
            .expect("packed");
        assert_eq!(table(&packed), plain);
    }

    #[test]
    fn what_is_no_table_says_why() {
        assert!(matches!(Table::read(&b"\n \n"[..]), Err(TableError::Empty)));
        assert!(matches!(Table::read(&b"a\nb\n\"c\n"[..]), Err(TableError::Quote(3))));
        assert!(matches!(Table::read(&b"\x1f\x8bxx"[..]), Err(TableError::Io(_))));
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let table = [
            ("46.49", Some(46.49)),
            ("46,49", Some(46.49)),
            (" -3 ", Some(-3.0)),
            ("1.234,5", Some(1234.5)),
            ("1,234.5", Some(1234.5)),
            ("1\u{a0}234", Some(1234.0)),
            ("", None),
            ("n/a", None),
            ("NaN", None),
            ("inf", None),
            ("1,2,3", None),
        ];
        for (text, expected) in table {
            assert_eq!(number(text), expected, "{text:?}");
        }
    }

    #[test]
    fn windows_1253_is_the_page_that_it_says() {
        let table =
            [(0x80, '€'), (0xa2, 'Ά'), (0xb5, 'µ'), (0xb8, 'Έ'), (0xba, 'Ί'), (0xbb, '»'), (0xbc, 'Ό'), (0xbd, '½')];
        for (byte, expected) in table {
            assert_eq!(windows_1253(byte), expected, "{byte:02x}");
        }
        assert_eq!(
            (0xc1..=0xd9).filter(|b| *b != 0xd2).map(windows_1253).collect::<String>(),
            "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ"
        );
        assert_eq!((0xe1..=0xfe).map(windows_1253).collect::<String>(), "αβγδεζηθικλμνξοπρςστυφχψωϊϋόύώ");
    }
}
