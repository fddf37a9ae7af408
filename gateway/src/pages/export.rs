//! A series as CSV: `;` or `,`, decimal comma or point, cells that a spreadsheet would run as formulas made harmless.

use std::sync::Arc;

use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::series::{Which, find};
use super::text::Lang;
use super::time::Local;
use super::view::{PageError, Visitor, show};
use super::{Pages, latest};
use crate::catalogue::Quantity;
use crate::store::model::{Datastream, Order, Page, Span};

/// Most rows of a file.
const ROWS_MAX: usize = 100_000;

/// How cells are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    separator: char,
    decimal_comma: bool,
}

/// A file as it is written.
pub(super) struct Csv {
    format: Format,
    pub(super) out: String,
    at_start: bool,
}

impl Csv {
    /// With a comma between cells, as tables are brought in.
    pub(super) fn plain() -> Self {
        Self::new(Format { separator: ',', decimal_comma: false })
    }

    fn new(format: Format) -> Self {
        // A spreadsheet takes UTF-8 for what it is only with this mark.
        Self { format, out: "\u{feff}".to_owned(), at_start: true }
    }

    fn cell(&mut self, text: &str) {
        if !self.at_start {
            self.out.push(self.format.separator);
        }
        self.at_start = false;
        if text.contains([self.format.separator, '"', '\n', '\r']) {
            self.out.push('"');
            self.out.push_str(&text.replace('"', "\"\""));
            self.out.push('"');
        } else {
            self.out.push_str(text);
        }
    }

    /// A text that nobody may mistake for a formula.
    pub(super) fn text(&mut self, text: &str) {
        if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
            self.cell(&format!("'{text}"));
        } else {
            self.cell(text);
        }
    }

    /// A number as a spreadsheet reads it: its own minus, no thousands.
    fn number(&mut self, value: Option<f64>, decimals: usize) {
        let Some(value) = value else { return self.cell("") };
        let text = format!("{value:.decimals$}");
        self.cell(&if self.format.decimal_comma { text.replace('.', ",") } else { text });
    }

    pub(super) fn end(&mut self) {
        self.out.push_str("\r\n");
        self.at_start = true;
    }
}

/// `GET /series/{id}/csv?from=&until=&window=&separator=&decimal=`.
pub(super) async fn csv(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let (asked, lang) = (pages.clone(), visitor.lang);
    let wanted = (visitor.clone(), id.clone());
    let made = tokio::task::spawn_blocking(move || {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        let (visitor, id) = wanted;
        make(&asked, &visitor, &id, &which)
    });
    match made.await {
        Ok(Ok(Some((name, text)))) => {
            let mut response = ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response();
            if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
                response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
            }
            response
        }
        Ok(Ok(None)) => (StatusCode::PAYLOAD_TOO_LARGE, lang.too_many_rows()).into_response(),
        Ok(Err(error)) => show(pages, visitor, move |_, _| Err(error)).await,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The file's name and content; none when it would have more than [`ROWS_MAX`] rows.
fn make(pages: &Pages, visitor: &Visitor, id: &str, which: &Which) -> Result<Option<(String, String)>, PageError> {
    let series = find(pages, id)?;
    let local = pages.local(visitor);
    let reader = &pages.gateway.reader;
    let choice = which.choose(&local, reader.windows())?;
    let format = Format {
        separator: if which.separator == "comma" { ',' } else { ';' },
        decimal_comma: match which.decimal.as_str() {
            "comma" => true,
            "point" => false,
            _ => visitor.lang == Lang::El,
        },
    };
    let all = Page { skip: 0, top: ROWS_MAX + 1 };
    let mut file = Csv::new(format);
    let demonstration = pages.gateway.config.demonstration;
    let (count, window) = match choice.window {
        None => (raw(pages, &series, choice.span, all, &mut file, &local)?, "readings".to_owned()),
        Some(window) => {
            let span = Span { from: reader.window_around(window, choice.span.from).from, ..choice.span };
            let found = reader.aggregates(series.id, window, span, Order::Ascending, all)?;
            let quantity = pages.quantity(&series.key);
            let decimals = latest::decimals(quantity);
            head(&mut file, &series, quantity, demonstration);
            for name in [
                "from", "until", "mean", "min", "max", "sum", "count", "suspect", "failed", "expected", "capture",
                "valid", "status", "revision",
            ] {
                file.text(name);
            }
            file.end();
            for a in &found {
                row_head(&mut file, &series, quantity, demonstration);
                file.text(&local.iso(a.span.from));
                file.text(&local.iso(a.span.until));
                for value in [a.values.mean, a.values.min, a.values.max, a.values.sum] {
                    file.number(value, decimals);
                }
                for n in [a.values.count, a.values.suspect, a.values.failed] {
                    file.cell(&n.to_string());
                }
                file.cell(&a.values.expected.map_or_else(String::new, |n| n.to_string()));
                file.number(a.values.capture, 3);
                file.text(if a.values.valid { "yes" } else { "no" });
                file.text(a.status.code());
                file.cell(&a.revision.to_string());
                file.end();
            }
            (found.len(), reader.windows()[usize::from(window.0)].iso())
        }
    };
    let mark = if demonstration { "demonstration-" } else { "" };
    let name = format!("{mark}{}-{}-{}-{window}.csv", series.key.node, series.key.quantity, series.key.channel);
    Ok((count <= ROWS_MAX).then_some((name, file.out)))
}

/// The columns that say what the numbers are, in every row: a file is cut up and pasted together by its readers.
fn head(file: &mut Csv, _: &Datastream, _: Option<&Quantity>, demonstration: bool) {
    if demonstration {
        file.text("demonstration");
    }
    for name in ["node", "quantity", "channel", "unit"] {
        file.text(name);
    }
}

fn row_head(file: &mut Csv, series: &Datastream, quantity: Option<&Quantity>, demonstration: bool) {
    if demonstration {
        file.text("yes");
    }
    file.text(series.key.node.as_str());
    file.text(&series.key.quantity);
    file.cell(&series.key.channel.to_string());
    file.text(quantity.map_or("", |quantity| &quantity.unit));
}

fn raw(
    pages: &Pages,
    series: &Datastream,
    span: Span,
    all: Page,
    file: &mut Csv,
    local: &Local,
) -> Result<usize, PageError> {
    let found = pages.gateway.reader.observations(series.id, span, Order::Ascending, all)?;
    let quantity = pages.quantity(&series.key);
    let demonstration = pages.gateway.config.demonstration;
    let decimals = latest::decimals(quantity);
    head(file, series, quantity, demonstration);
    for name in ["measured_at", "value", "flag"] {
        file.text(name);
    }
    file.end();
    for o in &found {
        row_head(file, series, quantity, demonstration);
        file.text(&local.iso(o.measured_at));
        file.number(Some(o.value), decimals);
        file.cell(&o.flag().code().to_string());
        file.end();
    }
    Ok(found.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, fill: impl FnOnce(&mut Csv)) -> String {
        let mut csv = Csv::new(format);
        fill(&mut csv);
        csv.end();
        csv.out.trim_start_matches('\u{feff}').trim_end().to_owned()
    }

    #[test]
    fn formulas_are_made_harmless_and_numbers_stay_numbers() {
        let greek = Format { separator: ';', decimal_comma: true };
        let out = written(greek, |csv| {
            for text in ["=1+2", "+x", "-x", "@x", "plain"] {
                csv.text(text);
            }
            csv.number(Some(-3.5), 2);
            csv.number(None, 2);
        });
        assert_eq!(out, "'=1+2;'+x;'-x;'@x;plain;-3,50;");
    }

    #[test]
    fn cells_with_the_separator_or_quotes_are_quoted() {
        let english = Format { separator: ',', decimal_comma: true };
        let out = written(english, |csv| {
            csv.text("a,b");
            csv.text("say \"x\"");
            csv.text("two\nlines");
            csv.number(Some(1.5), 1);
        });
        assert_eq!(out, "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"1,5\"");
    }
}
