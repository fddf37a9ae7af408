//! [`Source`]: what SensorThings reads, so that it can be tested without a store. [`Live`] is the running gateway's.

use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::reading::DatastreamId;
use crate::registry::Snapshot;
use crate::store::model::{Aggregate, Datastream, JudgedObservation, Order, Page, Span, WindowIndex, WindowLength};
use crate::store::{Reader, StoreError};

/// The city's data, for reading. Calls may block: they are made on blocking threads.
pub trait Source: Send + Sync + 'static {
    /// The registry as it stands; the same `Arc` while nothing changed.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// The catalogues; the same `Arc` while nothing changed.
    fn catalogue(&self) -> Arc<Catalogue>;

    /// The configured windows, in order.
    fn windows(&self) -> Vec<WindowLength>;

    /// Every datastream, by id.
    fn datastreams(&self) -> Vec<Arc<Datastream>>;

    /// The datastream with that number, as it is now.
    fn datastream(&self, id: DatastreamId) -> Option<Arc<Datastream>>;

    /// Current observations measured within `span`, by `measured_at`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn observations(
        &self,
        id: DatastreamId,
        span: Span,
        order: Order,
        page: Page,
    ) -> Result<Vec<JudgedObservation>, StoreError>;

    /// How many current observations were measured within `span`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn count_observations(&self, id: DatastreamId, span: Span) -> Result<u64, StoreError>;

    /// The observation with that ordinal.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn observation(&self, id: DatastreamId, ordinal: u32) -> Result<Option<JudgedObservation>, StoreError>;

    /// Aggregates of the windows that start within `span`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn aggregates(
        &self,
        id: DatastreamId,
        window: WindowIndex,
        span: Span,
        order: Order,
        page: Page,
    ) -> Result<Vec<Aggregate>, StoreError>;

    /// How many aggregates there are in that span.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn count_aggregates(&self, id: DatastreamId, window: WindowIndex, span: Span) -> Result<u64, StoreError>;
}

/// The running gateway: its store, its catalogue, and a function that gives the registry's newest snapshot.
pub struct Live<F> {
    /// Observations and aggregates.
    pub reader: Reader,
    /// Quantities, node types, zones, sites.
    pub catalogue: Arc<Catalogue>,
    /// The registry as it stands when called.
    pub registry: F,
}

impl<F> Source for Live<F>
where
    F: Fn() -> Arc<Snapshot> + Send + Sync + 'static,
    Reader: Send + Sync,
{
    fn snapshot(&self) -> Arc<Snapshot> {
        (self.registry)()
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.clone()
    }

    fn windows(&self) -> Vec<WindowLength> {
        self.reader.windows().to_vec()
    }

    fn datastreams(&self) -> Vec<Arc<Datastream>> {
        self.reader.datastreams()
    }

    fn datastream(&self, id: DatastreamId) -> Option<Arc<Datastream>> {
        self.reader.datastream(id)
    }

    fn observations(
        &self,
        id: DatastreamId,
        span: Span,
        order: Order,
        page: Page,
    ) -> Result<Vec<JudgedObservation>, StoreError> {
        self.reader.observations(id, span, order, page)
    }

    fn count_observations(&self, id: DatastreamId, span: Span) -> Result<u64, StoreError> {
        self.reader.count_observations(id, span)
    }

    fn observation(&self, id: DatastreamId, ordinal: u32) -> Result<Option<JudgedObservation>, StoreError> {
        self.reader.observation(id, ordinal)
    }

    fn aggregates(
        &self,
        id: DatastreamId,
        window: WindowIndex,
        span: Span,
        order: Order,
        page: Page,
    ) -> Result<Vec<Aggregate>, StoreError> {
        self.reader.aggregates(id, window, span, order, page)
    }

    fn count_aggregates(&self, id: DatastreamId, window: WindowIndex, span: Span) -> Result<u64, StoreError> {
        self.reader.count_aggregates(id, window, span)
    }
}
