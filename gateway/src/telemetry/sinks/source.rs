//! The store as a sink sees it: changes read by a reader, the cursor and lines given up written by the pipeline.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use super::{Change, ChangeSource, QuarantinedLine};
use crate::catalogue::Rule;
use crate::store::model::Aggregate;
use crate::store::{Quarantined, Reader, StoreError};
use crate::telemetry::pipeline::{Order, Orders};

/// One sink's view of the store.
pub struct StoreSource {
    sink: String,
    reader: Reader,
    orders: Orders,
    newest: watch::Receiver<u64>,
    cursor: AtomicU64,
}

impl StoreSource {
    /// The view of the sink of that name, which has come as far as `cursor`.
    pub fn new(sink: &str, reader: Reader, orders: Orders, newest: watch::Receiver<u64>, cursor: u64) -> Self {
        Self { sink: sink.to_owned(), reader, orders, newest, cursor: AtomicU64::new(cursor) }
    }

    fn change(&self, aggregate: Aggregate) -> Result<Change, StoreError> {
        let unknown =
            || StoreError::Damaged(format!("an aggregate of the unknown datastream {}", aggregate.datastream.0));
        let datastream = self.reader.datastream(aggregate.datastream).ok_or_else(unknown)?;
        let window = self.reader.windows().get(usize::from(aggregate.window.0));
        let window =
            window.ok_or_else(|| StoreError::Damaged("an aggregate of a window that is not configured".into()))?;
        let catalogue = self.reader.catalogue();
        let states = match catalogue.find(&datastream.key.quantity).map(|index| &catalogue.quantity(index).rule) {
            Some(Rule::State { states }) => states.iter().map(|state| (state.value, state.code.clone())).collect(),
            _ => Vec::new(),
        };
        Ok(Change {
            number: aggregate.change.unwrap_or(0),
            key: datastream.key.clone(),
            window: window.iso().into(),
            zone: aggregate.zone,
            span: aggregate.span,
            values: aggregate.values,
            revision: aggregate.revision,
            states: states.into(),
        })
    }
}

impl ChangeSource for StoreSource {
    fn newest(&self) -> watch::Receiver<u64> {
        self.newest.clone()
    }

    fn changes(&self, after: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        self.reader.changes(after, limit)?.into_iter().map(|aggregate| self.change(aggregate)).collect()
    }

    fn cursor(&self) -> Result<u64, StoreError> {
        Ok(self.cursor.load(Ordering::Relaxed))
    }

    fn set_cursor(&self, change: u64) -> Result<(), StoreError> {
        self.cursor.store(change, Ordering::Relaxed);
        self.orders.give(Order::Cursor { sink: self.sink.clone(), change });
        Ok(())
    }

    fn quarantine(&self, lines: &[QuarantinedLine]) -> Result<(), StoreError> {
        for line in lines {
            self.orders.give(Order::Quarantine(Quarantined {
                sink: self.sink.clone(),
                change: line.change,
                line: line.line.clone(),
                error: line.error.clone(),
                at: line.at,
            }));
        }
        Ok(())
    }

    fn quarantined(&self) -> Result<u64, StoreError> {
        self.reader.quarantined(&self.sink)
    }
}
