//! What comes from the gateway's own inbox: rejections played again, and daily values of other networks.

use serde::{Deserialize, Serialize};

use super::intake::{Intake, Taking};
use crate::catalogue::QuantityIndex;
use crate::reading::{NodeId, RejectReason, Timestamp};
use crate::store::StoreError;
use crate::store::model::{Rejection, Values, WindowIndex, WindowLength};
use crate::telemetry::frame::{Delivery, Frame, FrameKind, Origin};
use crate::telemetry::validate::Refusal;

/// A rejection that is to be played again.
#[derive(Debug)]
pub(super) struct Request {
    /// The frame that was rejected, or that held the reading.
    pub(super) original: Frame,
    /// Which reading; none for the whole frame.
    pub(super) reading: Option<u32>,
    /// Why it was rejected.
    pub(super) reason: RejectReason,
}

/// The frame that plays `rejection` again: reason, reading, then the rejected frame's own bytes.
pub fn replay_frame(rejection: &Rejection, frame: &[u8], now: Timestamp) -> Frame {
    let reason = RejectReason::ALL.iter().position(|r| *r == rejection.reason).expect("ALL holds every reason");
    let mut payload = vec![reason as u8];
    payload.extend_from_slice(&rejection.reading.unwrap_or(u32::MAX).to_le_bytes());
    payload.extend_from_slice(frame);
    Frame {
        kind: FrameKind::Replay { rejection: rejection.id },
        node: rejection.node.clone(),
        origin: Origin::Inbox,
        received_at: now,
        clock_suspect: false,
        delivery: Delivery::default(),
        payload,
    }
}

impl Request {
    pub(super) fn of(frame: &Frame) -> Option<Self> {
        let (reason, rest) = frame.payload.split_first()?;
        let (reading, rest) = rest.split_first_chunk::<4>()?;
        let reading = u32::from_le_bytes(*reading);
        Some(Self {
            original: Frame::decode(rest).ok()?,
            reading: (reading != u32::MAX).then_some(reading),
            reason: *RejectReason::ALL.get(usize::from(*reason))?,
        })
    }
}

/// Tells a message that is sent again from another one: FNV-1a over session, packet id and content.
pub(super) fn delivery_hash(delivery: &Delivery, payload: &[u8]) -> u64 {
    let head = delivery.session.to_le_bytes().into_iter().chain(delivery.packet_id.to_le_bytes());
    head.chain(payload.iter().copied())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Daily values of another network's station, as the inbox gives them; the payload is JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct External {
    /// The quantity's code.
    pub quantity: String,
    /// Local dates and the day's value in the catalogue's unit.
    pub days: Vec<(jiff::civil::Date, f64)>,
}

impl External {
    /// The values as a frame for the journal; `station` is the node they belong to.
    pub fn frame(&self, station: NodeId, now: Timestamp) -> Frame {
        Frame {
            kind: FrameKind::External,
            node: station,
            origin: Origin::Inbox,
            received_at: now,
            clock_suspect: false,
            delivery: Delivery::default(),
            payload: serde_json::to_vec(self).expect("dates and finite numbers are JSON"),
        }
    }

    pub(super) fn parse(payload: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(payload).map_err(|error| error.to_string())
    }
}

impl Intake {
    /// Daily values become aggregates of local days, settled as they come. The same value again changes nothing.
    pub(super) fn take_external(&mut self, taking: &mut Taking<'_>, external: &External) -> Result<(), StoreError> {
        let Some(quantity) = self.shared.catalogue.find(&external.quantity) else {
            let detail = format!("{:?} is not in config/catalogues/quantities.toml", external.quantity);
            self.reject(taking, None, Refusal::new(RejectReason::UnknownQuantity, detail));
            return Ok(());
        };
        let days = self.shared.windows.lengths().iter().position(|length| *length == WindowLength::LocalDay);
        let Some(day) = days else {
            let detail = "daily values need the window P1D in [windows] lengths";
            self.reject(taking, None, Refusal::new(RejectReason::LimitReached, detail));
            return Ok(());
        };
        let place = self.external_datastream(taking, quantity);
        for (date, value) in &external.days {
            let noon = date.at(12, 0, 0, 0).to_zoned(self.shared.windows.zone().clone());
            let Ok(noon) = noon else { continue };
            let at = Timestamp::from_millis(noon.timestamp().as_millisecond());
            self.take_day(place, WindowIndex(day as u8), at, *value, taking.frame.received_at)?;
        }
        self.mark_touched(place);
        Ok(())
    }

    fn external_datastream(&mut self, taking: &Taking<'_>, quantity: QuantityIndex) -> usize {
        match self.nodes[taking.place].datastream(quantity, 0) {
            Some(place) => place,
            None => self.add_datastream(&taking.frame.node, quantity, 0, true, taking.frame.received_at),
        }
    }

    fn take_day(
        &mut self,
        place: usize,
        window: WindowIndex,
        at: Timestamp,
        value: f64,
        received_at: Timestamp,
    ) -> Result<(), StoreError> {
        let entry = self.hot[place].entry.clone();
        let span = self.shared.windows.around(window, at);
        let values = Values { mean: Some(value), valid: true, ..Values::default() };
        if self.put(&entry, window, span, values)? {
            let mut live = entry.live();
            live.reaches(span.from);
            live.received_at = Some(received_at);
        }
        Ok(())
    }
}
