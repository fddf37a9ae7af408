//! Equipment that something happened to is to be inspected: readings above the levels of its sheet, as the store has them.

use std::collections::{BTreeSet, HashMap};

use crate::audit::Cause;
use crate::catalogue::inspections::Happening;
use crate::operations::event::{self, Peak};
use crate::reading::Timestamp;
use crate::service::Gateway;
use crate::store::StoreError;
use crate::store::model::{Order, Page, Span, WindowIndex};

use super::usage::UsageError;

/// How far readings are looked back at: what arrives later than that calls for nothing.
const LOOKED_BACK_MS: i64 = 7 * 86_400_000;

/// Readings above a level that one look takes into account of a datastream, the newest.
const PEAKS_MAX: usize = 100;

/// All of a span that is short already.
const ALL: Page = Page { skip: 0, top: 1_000_000 };

/// Calls for the inspections that readings ask for. Says how many.
pub(super) fn call(app: &Gateway) -> Result<usize, UsageError> {
    let (book, now) = (&app.book, app.clock.now());
    let shelf = book.shelf()?;
    let watched = event::watched(&shelf, &app.config.catalogue);
    if watched.is_empty() {
        return Ok(0);
    }
    let made = book.last_made(now.plus_millis(1))?.into_iter().map(|made| ((made.asset, made.of_type), made.at));
    let made: HashMap<_, _> = made.collect();
    let span = Span { from: now.plus_millis(-LOOKED_BACK_MS), until: now.plus_millis(1) };
    let mut peaks: Vec<((&str, f64), Vec<Peak>)> = Vec::new();
    let (mut called, mut asked_for) = (Vec::new(), BTreeSet::new());
    for one in watched {
        let Happening::Reading { quantity, above, .. } = &one.event.on else { continue };
        let asked = (&**quantity, *above);
        let known = match peaks.iter().position(|(of, _)| *of == asked) {
            Some(known) => known,
            None => {
                peaks.push((asked, above_level(app, asked, span)?));
                peaks.len() - 1
            }
        };
        let id = &one.unit.asset.id;
        // What came before it was written down, or before it was last looked at, was there to be seen.
        let looked = made.get(&(id.clone(), (*one.event.calls).into())).copied();
        let begun = one.unit.asset.known_from.to_zoned(app.config.time_zone.clone());
        let begun = begun.map(|begun| Timestamp::from_millis(begun.timestamp().as_millisecond())).unwrap_or_default();
        let Some(deed) = one.call(&peaks[known].1, looked.unwrap_or(begun), book.today()) else { continue };
        // Two events may ask for one inspection.
        if asked_for.insert((id.clone(), one.event.calls.clone())) {
            called.push(book.own(id.clone(), deed)?);
        }
    }
    for one in called.chunks(256) {
        book.take(Cause::gateway("gateway", "a reading above its level"), one)?;
    }
    Ok(called.len())
}

/// Readings of a quantity above a level within a span: by the longest windows first, which are few, then within those that had any.
fn above_level(app: &Gateway, (quantity, above): (&str, f64), span: Span) -> Result<Vec<Peak>, StoreError> {
    let reader = &app.reader;
    let length = |index: &usize| {
        let Span { from, until } = reader.window_around(WindowIndex(*index as u8), span.from);
        until.millis() - from.millis()
    };
    let Some(longest) = (0..reader.windows().len()).max_by_key(length) else { return Ok(Vec::new()) };
    let longest = WindowIndex(longest as u8);
    let whole = Span { from: reader.window_around(longest, span.from).from, ..span };
    let mut peaks = Vec::new();
    for datastream in reader.datastreams().into_iter().filter(|datastream| *datastream.key.quantity == *quantity) {
        if datastream.last_at.is_none_or(|last| last < span.from) {
            continue;
        }
        let mut found = Vec::new();
        let windows = reader.aggregates(datastream.id, longest, whole, Order::Descending, ALL)?;
        for window in windows.iter().filter(|window| window.values.max.is_some_and(|max| max > above)) {
            let within = Span { from: window.span.from.max(span.from), until: window.span.until.min(span.until) };
            let observations = reader.observations(datastream.id, within, Order::Descending, ALL)?;
            found.extend(observations.iter().filter(|o| o.value > above && o.flag().counts()).map(|observation| {
                Peak {
                    node: datastream.key.node.as_str().into(),
                    zone: reader.zone(&datastream.key.node, observation.measured_at).as_deref().map(Box::from),
                    at: observation.measured_at,
                    value: observation.value,
                }
            }));
            if found.len() > PEAKS_MAX {
                break;
            }
        }
        peaks.extend(found.into_iter().take(PEAKS_MAX));
    }
    Ok(peaks)
}
