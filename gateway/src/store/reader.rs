//! [`Reader`]: memory and store as one, for services, pages and sinks. Every call blocks: use a blocking thread.

use std::sync::Arc;

use super::StoreError;
use super::model::{Aggregate, Datastream, JudgedObservation, Order, Page, Rejection, Span, WindowIndex, WindowLength};
use crate::reading::{DatastreamId, NodeId};

/// Reads what is stored and what waits in memory for the next checkpoint. Cheap to clone.
#[derive(Clone)]
pub struct Reader {}

impl Reader {
    /// The configured windows, in order; a [`WindowIndex`] is a place in this list.
    pub fn windows(&self) -> &[WindowLength] {
        unimplemented!()
    }

    /// Every datastream, by id.
    pub fn datastreams(&self) -> Vec<Arc<Datastream>> {
        unimplemented!()
    }

    /// The datastream with that number.
    pub fn datastream(&self, _id: DatastreamId) -> Option<Arc<Datastream>> {
        unimplemented!()
    }

    /// Current observations (superseded ones left out) measured within `span`, judged, in the order asked.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn observations(
        &self,
        _id: DatastreamId,
        _span: Span,
        _order: Order,
        _page: Page,
    ) -> Result<Vec<JudgedObservation>, StoreError> {
        unimplemented!()
    }

    /// How many current observations were measured within `span`.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn count_observations(&self, _id: DatastreamId, _span: Span) -> Result<u64, StoreError> {
        unimplemented!()
    }

    /// The observation with that ordinal, superseded or not.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn observation(&self, _id: DatastreamId, _ordinal: u32) -> Result<Option<JudgedObservation>, StoreError> {
        unimplemented!()
    }

    /// Aggregates of the windows that start within `span`: those written, and those open or provisional as they are now.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn aggregates(
        &self,
        _id: DatastreamId,
        _window: WindowIndex,
        _span: Span,
        _order: Order,
        _page: Page,
    ) -> Result<Vec<Aggregate>, StoreError> {
        unimplemented!()
    }

    /// How many aggregates [`Reader::aggregates`] would give for that span.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn count_aggregates(&self, _id: DatastreamId, _window: WindowIndex, _span: Span) -> Result<u64, StoreError> {
        unimplemented!()
    }

    /// Written aggregates with a change number above `after`, in the order of change, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn changes(&self, _after: u64, _limit: usize) -> Result<Vec<Aggregate>, StoreError> {
        unimplemented!()
    }

    /// Rejections, newest first, of one node or of all.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub fn rejections(&self, _node: Option<&NodeId>, _page: Page) -> Result<Vec<Rejection>, StoreError> {
        unimplemented!()
    }
}
