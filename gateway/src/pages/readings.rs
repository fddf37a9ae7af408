//! A series in a line of a table: its last reading, its course and the gaps of the week. Nodes and equipment show it.

use std::sync::Arc;

use super::latest::Latest;
use super::strip::{self, Strip};
use super::time::Local;
use super::view::PageError;
use super::{Pages, chart, format};
use crate::store::model::{Datastream, Order, Page, Span};

const DAY_MS: i64 = 86_400_000;
const SPARK: (f64, f64) = (140.0, 28.0);
const SPARK_POINTS_MAX: usize = 120;

/// A series in a line.
pub(super) struct Reading {
    pub(super) latest: Latest,
    pub(super) spark: String,
    pub(super) strip: Strip,
    pub(super) gaps: String,
}

/// The line of a datastream.
pub(super) fn reading(pages: &Pages, datastream: &Arc<Datastream>, local: &Local) -> Result<Reading, PageError> {
    let t = local.lang;
    let reader = &pages.gateway.reader;
    let span = Span { from: local.now.plus_millis(-DAY_MS), until: local.now.plus_millis(1) };
    let found = reader.observations(datastream.id, span, Order::Descending, Page { skip: 0, top: SPARK_POINTS_MAX })?;
    let mut points: Vec<_> = found.iter().filter(|o| o.flag().counts()).map(|o| (o.measured_at, o.value)).collect();
    points.reverse();
    // What is drawn fills the width: a fast series shows its last hours, a slow one its day.
    let drawn = Span { from: points.first().map_or(span.from, |first| first.0), until: span.until };
    let gap_ms = reader.period_s(&datastream.key).map(|period| i64::from(period) * 3_000);
    let strip = strip::week(pages, datastream, local.now)?;
    let gaps = match strip.missing_ms {
        0 => t.gaps_none().to_owned(),
        missing => format::duration(missing, t),
    };
    Ok(Reading {
        latest: pages.latest(datastream, local)?,
        spark: chart::sparkline(&points, drawn, gap_ms, SPARK),
        strip,
        gaps,
    })
}
