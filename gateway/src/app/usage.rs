//! Equipment that was used often enough is to be inspected: the uses that its nodes counted, as the store sums them up by days.

use jiff::ToSpan;

use crate::audit::Cause;
use crate::operations::asset::AssetId;
use crate::operations::book::BookError;
use crate::operations::usage::{self, Watched};
use crate::reading::Timestamp;
use crate::service::Gateway;
use crate::store::StoreError;
use crate::store::model::{Order, Page, Span, WindowIndex, WindowLength};

/// Days that are looked back at most: an inspection that counts uses is made within them anyway.
const DAYS_MAX: usize = 1_100;

/// Why uses could not be counted.
#[derive(Debug, thiserror::Error)]
pub(super) enum UsageError {
    #[error(transparent)]
    Book(#[from] BookError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Calls for the inspections that are due by use. Says how many.
pub(super) fn call(app: &Gateway) -> Result<usize, UsageError> {
    let (book, now) = (&app.book, app.clock.now());
    let (shelf, today) = (book.shelf()?, book.today());
    let mut called = Vec::new();
    for watched in usage::watched(&shelf, &app.config.catalogue) {
        let counted = counted(app, &watched, now)?;
        if let Some(deed) = watched.call(&counted, today) {
            called.push(book.own(watched.unit.asset.id.clone(), deed)?);
        }
    }
    for one in called.chunks(256) {
        book.take(Cause::gateway("gateway", "so many uses"), one)?;
    }
    Ok(called.len())
}

/// Uses of each piece from the day after the last inspection until now.
fn counted(app: &Gateway, watched: &Watched<'_>, now: Timestamp) -> Result<Vec<(AssetId, f64)>, StoreError> {
    let reader = &app.reader;
    let days = reader.windows().iter().position(|window| *window == WindowLength::LocalDay);
    let from = watched.since.saturating_add(1.day()).to_zoned(app.config.time_zone.clone());
    let (Some(days), Ok(from)) = (days, from) else { return Ok(Vec::new()) };
    let span = Span { from: Timestamp::from_millis(from.timestamp().as_millisecond()), until: now };
    let mut counted = Vec::new();
    for datastream in reader.datastreams() {
        let key = &datastream.key;
        let on = watched.nodes.iter().find(|(_, node)| key.node.as_str() == *node);
        let Some((asset, _)) = on.filter(|_| *key.quantity == *watched.uses.quantity) else { continue };
        let page = Page { skip: 0, top: DAYS_MAX };
        let windows = reader.aggregates(datastream.id, WindowIndex(days as u8), span, Order::Ascending, page)?;
        counted.push((asset.id.clone(), windows.iter().filter_map(|window| window.values.sum).sum()));
    }
    Ok(counted)
}
