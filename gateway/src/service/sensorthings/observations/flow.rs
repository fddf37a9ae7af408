//! Observations of many parts as one flow: one part after the other, or all of them merged in the order of time.
//!
//! A merge opens a part only when its turn can have come, so that the newest of 100,000 Datastreams cost a few reads.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use super::Part;
use crate::reading::Timestamp;
use crate::service::sensorthings::entity::Measured;
use crate::service::sensorthings::error::ApiError;
use crate::service::sensorthings::view::View;
use crate::store::model::{Order, Page};

/// Most observations read at once.
const READ_MAX: usize = 4096;

/// Gives observations one by one.
pub(super) enum Flow {
    /// Part after part.
    Sequence { parts: VecDeque<Part>, order: Order, cursor: Option<Cursor>, hint: usize, skip: usize },
    /// By time over all parts.
    Merge { parts: Vec<Part>, order: Order, heads: BinaryHeap<Reverse<Head>>, open: HashMap<usize, (Cursor, Measured)> },
}

/// When a part's next observation comes, at the earliest: (time, opened, which part); time is negated when descending.
type Head = (i64, bool, usize);

impl Flow {
    /// One part after the other; `hint` says how many will be taken.
    pub(super) fn sequence(parts: Vec<Part>, order: Order, hint: usize) -> Self {
        Self::Sequence { parts: parts.into(), order, cursor: None, hint, skip: 0 }
    }

    /// All parts by time.
    pub(super) fn merge(view: &View<'_>, parts: Vec<Part>, order: Order) -> Self {
        let heads = parts.iter().enumerate().map(|(at, part)| Reverse((view.bound(part, order), false, at))).collect();
        Self::Merge { parts, order, heads, open: HashMap::new() }
    }

    /// Leaves out so many of the next part.
    pub(super) fn skip(&mut self, count: usize) {
        if let Self::Sequence { skip, .. } = self {
            *skip = count;
        }
    }

    /// The next one.
    pub(super) fn next(&mut self, view: &View<'_>) -> Result<Option<Measured>, ApiError> {
        match self {
            Self::Sequence { parts, order, cursor, hint, skip } => loop {
                if let Some(open) = cursor {
                    if let Some(measured) = open.next(view)? {
                        return Ok(Some(measured));
                    }
                    *cursor = None;
                }
                let Some(part) = parts.pop_front() else { return Ok(None) };
                *cursor = Some(Cursor::new(part, *order, *hint, std::mem::take(skip)));
            },
            Self::Merge { parts, order, heads, open } => loop {
                let Some(Reverse((_, opened, at))) = heads.pop() else { return Ok(None) };
                let (mut cursor, measured) = match open.remove(&at) {
                    Some((cursor, measured)) if opened => (cursor, Some(measured)),
                    _ => (Cursor::new(parts[at], *order, 16, 0), None),
                };
                if let Some(next) = cursor.next(view)? {
                    heads.push(Reverse((key(next.starts_at(), *order), true, at)));
                    open.insert(at, (cursor, next));
                }
                if measured.is_some() {
                    return Ok(measured);
                }
            },
        }
    }
}

/// Time as merges sort it.
pub(super) fn key(at: Timestamp, order: Order) -> i64 {
    match order {
        Order::Ascending => at.millis(),
        Order::Descending => at.millis().saturating_neg(),
    }
}

/// Reads one part in growing pages. Each begins where the one before ended, so that no page costs more for coming late.
pub(super) struct Cursor {
    part: Part,
    order: Order,
    buffer: VecDeque<Measured>,
    skip: usize,
    size: usize,
    finished: bool,
}

impl Cursor {
    fn new(part: Part, order: Order, hint: usize, skip: usize) -> Self {
        Self { part, order, buffer: VecDeque::new(), skip, size: hint.clamp(1, READ_MAX), finished: false }
    }

    fn next(&mut self, view: &View<'_>) -> Result<Option<Measured>, ApiError> {
        if self.buffer.is_empty() && !self.finished {
            self.read(view)?;
        }
        Ok(self.buffer.pop_front())
    }

    fn read(&mut self, view: &View<'_>) -> Result<(), ApiError> {
        let read = view.fetch(&self.part, self.order, Page { skip: self.skip, top: self.size })?;
        self.finished = read.len() < self.size;
        if let Some(last) = read.last().map(Measured::starts_at) {
            let same = read.iter().rev().take_while(|measured| measured.starts_at() == last).count();
            let span = &mut self.part.span;
            let next = match self.order {
                Order::Ascending => (last, span.until),
                Order::Descending => (span.from, last.plus_millis(1)),
            };
            // A whole page of one time: go on behind it.
            let stayed = (span.from, span.until) == next;
            (span.from, span.until) = next;
            self.skip = if stayed { self.skip + same } else { same };
        }
        self.buffer = read.into();
        self.size = (self.size * 4).min(READ_MAX);
        Ok(())
    }
}
