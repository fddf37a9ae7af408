//! One series: its chart, the same numbers as a table, and what makes them final. The address says what is shown.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State as Shared};
use axum::response::Response;
use serde::Deserialize;

use super::chart::{self, Chart, Drawing, Limit, NARROW, Point, WIDE};
use super::latest::{self, FlagShown, Latest};
use super::nodes::{Pager, pager};
use super::text::Lang;
use super::time::{Local, When};
use super::view::{PageError, Tab, View, Visitor, show, with};
use super::{Pages, format};
use crate::catalogue::{Quantity, Rule};
use crate::reading::{DatastreamId, Flag, Timestamp};
use crate::store::model::{
    Aggregate, Datastream, JudgedObservation, Order, Page, Span, Status, WindowIndex, WindowLength,
};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Longest span: the calendar's ends make no chart.
const SPAN_MAX_MS: i64 = 20 * 366 * DAY_MS;
/// Most windows, or readings, of a page: finer ones are not offered for a span that has more.
const POINTS_MAX: i64 = 2_300;
/// Spans up to this long may be shown reading by reading.
const RAW_MAX_MS: i64 = 7 * DAY_MS;
/// Rows of the table.
const ROWS: usize = 48;

/// What of the series is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    span: String,
    from: String,
    until: String,
    window: String,
    page: Option<usize>,
    pub(super) separator: String,
    pub(super) decimal: String,
}

/// What is shown: a span, in windows of one kind or reading by reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) span: Span,
    /// None: each reading.
    pub(super) window: Option<WindowIndex>,
    /// A window was asked for that is too fine for the span.
    coarser: bool,
}

/// The spans with a name.
const SPANS: [(&str, i64); 4] = [("24h", DAY_MS), ("7d", 7 * DAY_MS), ("30d", 30 * DAY_MS), ("365d", 365 * DAY_MS)];

impl Which {
    /// The span asked for; none when it cannot be read.
    fn span(&self, local: &Local) -> Option<Span> {
        let named = SPANS.iter().find(|(name, _)| *name == self.span);
        if self.from.is_empty() && self.until.is_empty() {
            let length = named.map_or(DAY_MS, |(_, length)| *length);
            return Some(Span { from: local.now.plus_millis(-length), until: local.now });
        }
        let until = if self.until.is_empty() { local.now } else { local.parse(&self.until)? };
        let from = match self.from.is_empty() {
            true => until.plus_millis(-named.map_or(DAY_MS, |(_, length)| *length)),
            false => local.parse(&self.from)?,
        };
        let length = until.millis_since(from);
        (0 < length && length <= SPAN_MAX_MS).then_some(Span { from, until })
    }

    /// What is shown of what was asked for.
    ///
    /// # Errors
    /// The address has a time that cannot be read.
    pub(super) fn choose(&self, local: &Local, lengths: &[WindowLength]) -> Result<Choice, PageError> {
        let span = self.span(local).ok_or(PageError::BadRequest)?;
        let wanted = lengths.iter().position(|length| length.iso() == self.window);
        if self.window == "raw" && is_offered(None, lengths, span) {
            return Ok(Choice { span, window: None, coarser: false });
        }
        let index = |place: usize| WindowIndex(place as u8);
        if let Some(place) = wanted.filter(|place| is_offered(Some(index(*place)), lengths, span)) {
            return Ok(Choice { span, window: Some(index(place)), coarser: false });
        }
        let mut by_length: Vec<usize> = (0..lengths.len()).collect();
        by_length.sort_by_key(|place| minutes(lengths[*place]));
        let comfortable = |place: &&usize| span.until.millis_since(span.from) / length_ms(lengths[**place]) <= 400;
        let place = by_length.iter().find(comfortable).or(by_length.last()).copied().unwrap_or(0);
        Ok(Choice { span, window: Some(index(place)), coarser: !self.window.is_empty() })
    }
}

/// Whether a span may be shown in that window.
fn is_offered(window: Option<WindowIndex>, lengths: &[WindowLength], span: Span) -> bool {
    let length = span.until.millis_since(span.from);
    match window {
        None => length <= RAW_MAX_MS,
        Some(window) => length / length_ms(lengths[usize::from(window.0)]) <= POINTS_MAX,
    }
}

fn minutes(length: WindowLength) -> i64 {
    match length {
        WindowLength::Minutes(minutes) => i64::from(minutes),
        WindowLength::LocalDay => 1_440,
    }
}

fn length_ms(length: WindowLength) -> i64 {
    minutes(length) * 60_000
}

struct Link {
    text: String,
    href: String,
    current: bool,
}

struct Row {
    from: String,
    full: String,
    mean: String,
    low: String,
    high: String,
    sum: String,
    count: String,
    capture: String,
    capture_low: bool,
    status: Status,
    status_word: &'static str,
    revision: u32,
    flag: Option<FlagShown>,
}

#[derive(Template)]
#[template(path = "series.html")]
struct SeriesPage {
    t: Lang,
    v: View,
    id: u32,
    name: String,
    node: String,
    latest: Latest,
    indicative: bool,
    external: bool,
    raw: bool,
    spans: Vec<Link>,
    windows: Vec<Link>,
    earlier: String,
    later: Option<String>,
    from_field: String,
    until_field: String,
    from_full: String,
    until_full: String,
    window_code: String,
    summary: Option<String>,
    overall: Vec<(&'static str, String)>,
    coarser: Option<String>,
    charts: Vec<Chart>,
    values: String,
    from_ms: i64,
    until_ms: i64,
    limits: Vec<String>,
    has_band: bool,
    has_suspect: bool,
    has_failed: bool,
    has_unsettled: bool,
    has_sum: bool,
    rows: Vec<Row>,
    pager: Pager,
    last_at: Option<When>,
    unit: String,
}

/// `GET /series/{id}`.
pub(super) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        let datastream = find(pages, &id)?;
        render(pages, visitor, &datastream, &which)
    })
    .await
}

/// The series of that number.
pub(super) fn find(pages: &Pages, id: &str) -> Result<Arc<Datastream>, PageError> {
    let id = id.parse().map_err(|_| PageError::NotFound)?;
    pages.gateway.reader.datastream(DatastreamId(id)).ok_or(PageError::NotFound)
}

fn render(pages: &Pages, visitor: &Visitor, series: &Arc<Datastream>, which: &Which) -> Result<String, PageError> {
    let t = visitor.lang;
    let local = pages.local(visitor);
    let reader = &pages.gateway.reader;
    let lengths = reader.windows();
    let choice = which.choose(&local, lengths)?;
    let quantity = pages.quantity(&series.key);
    let decimals = latest::decimals(quantity);
    let unit = quantity.map_or_else(String::new, |quantity| format::unit(&quantity.unit));
    let period = reader.period_s(&series.key);
    let all = Page { skip: 0, top: (POINTS_MAX as usize) * 8 };
    let (points, mut rows) = match choice.window {
        None => {
            let found = reader.observations(series.id, choice.span, Order::Ascending, all)?;
            (
                found.iter().map(raw_point).collect(),
                found.iter().map(|o| raw_row(o, quantity, &local)).collect::<Vec<_>>(),
            )
        }
        Some(window) => {
            // A window that the span begins within belongs to it.
            let from = reader.window_around(window, choice.span.from).from;
            let span = Span { from, until: choice.span.until };
            let found = reader.aggregates(series.id, window, span, Order::Ascending, all)?;
            (
                found.iter().map(window_point).collect::<Vec<_>>(),
                found.iter().map(|a| window_row(a, quantity, &local)).collect(),
            )
        }
    };
    let gap_ms = match choice.window {
        Some(_) => Some(0),
        None => period.map(|period| i64::from(period) * 3_000),
    };
    let limits = limits(quantity, t);
    let steps = matches!(quantity.map(|q| &q.rule), Some(Rule::State { .. }));
    let drawing =
        Drawing { points: &points, span: choice.span, gap_ms, limits: &limits, decimals, steps, local: &local };
    let charts = if points.is_empty() { Vec::new() } else { [WIDE, NARROW].map(|size| drawing.draw(size)).into() };
    rows.reverse();
    let last_page = rows.len().div_ceil(ROWS).max(1);
    let at = which.page.unwrap_or(1).clamp(1, last_page);
    let pager = pager(visitor, at, ROWS, rows.len());
    let overall = overall(&points, &rows, choice.window.is_none(), t);
    let rows: Vec<Row> = rows.into_iter().skip((at - 1) * ROWS).take(ROWS).collect();
    let has = |flag: Flag| points.iter().any(|p| p.flag == flag);
    let node_type = reader.registry().nodes.get(&series.key.node).and_then(|node| node.node_type.clone());
    let node_type = node_type.and_then(|code| pages.gateway.config.catalogue.node_types.get(&code).cloned());
    let name = pages.series_name(&series.key, t);
    let window_code = choice.window.map_or_else(|| "raw".to_owned(), |w| lengths[usize::from(w.0)].iso());
    let length = choice.span.until.millis_since(choice.span.from);
    let moved = |by: i64| {
        let (from, until) = (choice.span.from.plus_millis(by), choice.span.until.plus_millis(by));
        with(&visitor.path, &visitor.query, &[("span", ""), ("page", ""), ("from", &utc(from)), ("until", &utc(until))])
    };
    let page = SeriesPage {
        v: View::new(pages, visitor, &local, Tab::Nodes, format!("{name} – {}", series.key.node)),
        id: series.id.0,
        node: series.key.node.to_string(),
        latest: pages.latest(series, &local)?,
        indicative: node_type.is_some_and(|kind| kind.indicative),
        external: series.external,
        raw: choice.window.is_none(),
        spans: spans(visitor, which, t),
        windows: windows(visitor, lengths, choice, t),
        earlier: moved(-length),
        later: (choice.span.until < local.now).then(|| moved(length)),
        from_field: local.field(choice.span.from),
        until_field: local.field(choice.span.until),
        from_full: local.full(choice.span.from),
        until_full: local.full(choice.span.until),
        summary: chart::summary(&points, decimals, &unit, t),
        overall,
        coarser: choice
            .coarser
            .then(|| choice.window.map(|w| format!("{} {}.", t.coarser(), t.window_length(lengths[usize::from(w.0)]))))
            .flatten(),
        values: values(&points, quantity, &local),
        from_ms: choice.span.from.millis(),
        until_ms: choice.span.until.millis(),
        charts,
        limits: limits_told(quantity, t),
        has_band: points.iter().any(|p| p.low < p.high),
        has_suspect: has(Flag::Suspect),
        has_failed: has(Flag::Fail),
        has_unsettled: points.iter().any(|p| p.status != Status::Settled),
        has_sum: matches!(quantity.map(|q| &q.rule), Some(Rule::Counter { .. } | Rule::Increment)),
        rows,
        pager,
        last_at: series.last_at.map(|at| local.when(at)),
        window_code,
        unit,
        name,
        t,
    };
    Ok(page.render()?)
}

/// An instant as addresses carry it.
fn utc(at: Timestamp) -> String {
    let whole = Timestamp::from_millis(at.millis().div_euclid(1_000) * 1_000);
    whole.to_string().replace(".000Z", "Z")
}

fn spans(visitor: &Visitor, which: &Which, t: Lang) -> Vec<Link> {
    let custom = !which.from.is_empty() || !which.until.is_empty();
    let words = [t.day(), t.week(), t.month(), t.year()];
    let current = |name: &str| !custom && (which.span == name || (which.span.is_empty() && name == "24h"));
    SPANS
        .iter()
        .zip(words)
        .map(|((name, _), word)| Link {
            text: word.to_owned(),
            href: with(
                &visitor.path,
                &visitor.query,
                &[("from", ""), ("until", ""), ("page", ""), ("window", ""), ("span", name)],
            ),
            current: current(name),
        })
        .collect()
}

fn windows(visitor: &Visitor, lengths: &[WindowLength], choice: Choice, t: Lang) -> Vec<Link> {
    let link = |code: &str| with(&visitor.path, &visitor.query, &[("page", ""), ("window", code)]);
    let raw = Link { text: t.raw().to_owned(), href: link("raw"), current: choice.window.is_none() };
    let each = (0..lengths.len()).map(|place| (WindowIndex(place as u8), lengths[place]));
    let offered = each.filter(|(window, _)| is_offered(Some(*window), lengths, choice.span)).map(|(window, length)| {
        Link { text: t.window_length(length), href: link(&length.iso()), current: choice.window == Some(window) }
    });
    is_offered(None, lengths, choice.span).then_some(raw).into_iter().chain(offered).collect()
}

fn limits(quantity: Option<&Quantity>, t: Lang) -> Vec<Limit> {
    let Some(quantity) = quantity else { return Vec::new() };
    let both = |range: Option<(f64, f64)>, label, fails| {
        range.into_iter().flat_map(move |(low, high)| [low, high].map(|value| Limit { value, label, fails }))
    };
    both(quantity.tests.range_suspect, t.limit_suspect(), false)
        .chain(both(quantity.tests.range_fail, t.limit_fail(), true))
        .collect()
}

/// The limits in words, those beyond the chart too.
fn limits_told(quantity: Option<&Quantity>, t: Lang) -> Vec<String> {
    let Some(quantity) = quantity else { return Vec::new() };
    let tell = |value: f64| format::number(value, usize::from(value.fract() != 0.0), t);
    [(t.outside_suspect(), quantity.tests.range_suspect), (t.outside_fail(), quantity.tests.range_fail)]
        .into_iter()
        .filter_map(|(word, range)| range.map(|(low, high)| format!("{word} {}…{}", tell(low), tell(high))))
        .collect()
}

fn raw_point(o: &JudgedObservation) -> Point {
    Point {
        span: Span { from: o.measured_at, until: o.measured_at },
        mean: o.flag().counts().then_some(o.value),
        low: None,
        high: (!o.flag().counts()).then_some(o.value),
        flag: o.flag(),
        status: Status::Settled,
    }
}

fn window_point(a: &Aggregate) -> Point {
    let flag = match (a.values.failed, a.values.suspect) {
        (0, 0) => Flag::Good,
        (0, _) => Flag::Suspect,
        _ => Flag::Fail,
    };
    Point { span: a.span, mean: a.values.result(), low: a.values.min, high: a.values.max, flag, status: a.status }
}

fn raw_row(o: &JudgedObservation, quantity: Option<&Quantity>, local: &Local) -> Row {
    let t = local.lang;
    Row {
        from: local
            .zoned(o.measured_at)
            .map_or_else(String::new, |z| format!("{} {}", local.day(&z), z.strftime("%H:%M:%S"))),
        full: local.full(o.measured_at),
        mean: latest::value(quantity, o.value, t),
        low: String::new(),
        high: String::new(),
        sum: String::new(),
        count: String::new(),
        capture: String::new(),
        capture_low: false,
        status: Status::Settled,
        status_word: "",
        revision: 0,
        flag: Some(latest::flag(o.flag(), t)),
    }
}

fn window_row(a: &Aggregate, quantity: Option<&Quantity>, local: &Local) -> Row {
    let t = local.lang;
    let tell =
        |value: Option<f64>| value.map_or_else(|| t.none().to_owned(), |value| latest::value(quantity, value, t));
    let day_long = a.span.until.millis_since(a.span.from) >= 23 * HOUR_MS;
    let from = local.zoned(a.span.from).map_or_else(String::new, |z| match day_long {
        true => local.day(&z),
        false => format!("{} {}", local.day(&z), z.strftime("%H:%M")),
    });
    Row {
        from,
        full: format!("{} – {}", local.full(a.span.from), local.full(a.span.until)),
        mean: tell(a.values.mean.or_else(|| a.values.sum.is_none().then(|| a.values.result()).flatten())),
        low: tell(a.values.min),
        high: tell(a.values.max),
        sum: tell(a.values.sum),
        count: format::count(u64::from(a.values.count), t),
        capture: a.values.capture.map_or_else(|| t.none().to_owned(), |share| format::percent(share, t)),
        capture_low: a.values.capture.is_some() && !a.values.valid && a.status != Status::Open,
        status: a.status,
        status_word: t.status(a.status),
        revision: a.revision,
        flag: match (a.values.failed, a.values.suspect) {
            (0, 0) => None,
            (0, _) => Some(latest::flag(Flag::Suspect, t)),
            _ => Some(latest::flag(Flag::Fail, t)),
        },
    }
}

/// Numbers about the whole span, before the chart.
fn overall(points: &[Point], rows: &[Row], raw: bool, t: Lang) -> Vec<(&'static str, String)> {
    let mut out = vec![(t.count(), format::count(rows.len() as u64, t))];
    let flagged = |flag: Flag| points.iter().filter(|p| p.flag == flag).count() as u64;
    for (word, n) in [(t.legend_suspect(), flagged(Flag::Suspect)), (t.flag_fail(), flagged(Flag::Fail))] {
        if n > 0 {
            out.push((word, format::count(n, t)));
        }
    }
    let revised = rows.iter().filter(|row| row.revision > 0).count() as u64;
    if !raw && revised > 0 {
        out.push((t.revision(), format::count(revised, t)));
    }
    out
}

/// What the script reads values from: milliseconds and text, a line a point; none for very many.
fn values(points: &[Point], quantity: Option<&Quantity>, local: &Local) -> String {
    const READ_MAX: usize = 800;
    if points.len() > READ_MAX {
        return String::new();
    }
    let told = points.iter().filter_map(|p| {
        let value = latest::value(quantity, p.mean.or(p.high)?, local.lang);
        Some(format!("{} {value}", (p.span.from.millis() + p.span.until.millis()) / 2))
    });
    told.collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    const LENGTHS: [WindowLength; 3] = [WindowLength::Minutes(15), WindowLength::Minutes(60), WindowLength::LocalDay];

    fn choose(which: &Which) -> Option<Choice> {
        let zone = TimeZone::get("Europe/Athens").expect("the zone is bundled");
        let local = Local { now: Timestamp::from_millis(1_795_384_624_000), zone, lang: Lang::El };
        which.choose(&local, &LENGTHS).ok()
    }

    #[test]
    fn a_span_has_windows_that_fit_it() {
        for (span, window) in [("24h", 0), ("7d", 1), ("30d", 2), ("365d", 2), ("", 0)] {
            let choice = choose(&Which { span: span.into(), ..Which::default() }).expect("a choice");
            assert_eq!(choice.window, Some(WindowIndex(window)), "{span}");
        }
    }

    #[test]
    fn a_window_too_fine_for_the_span_gives_way_and_says_so() {
        let fine = Which { span: "365d".into(), window: "PT15M".into(), ..Which::default() };
        let choice = choose(&fine).expect("a choice");
        assert_eq!((choice.window, choice.coarser), (Some(WindowIndex(2)), true));
        let raw = Which { span: "7d".into(), window: "raw".into(), ..Which::default() };
        assert_eq!(choose(&raw).map(|c| (c.window, c.coarser)), Some((None, false)));
    }

    #[test]
    fn a_span_that_cannot_be_is_refused() {
        for (from, until) in [("2026-11-20T10:00", "2026-11-20T09:00"), ("χθες", ""), ("0001-01-01", "2026-01-01")]
        {
            let which = Which { from: from.into(), until: until.into(), ..Which::default() };
            assert_eq!(choose(&which), None, "{from}");
        }
    }
}
