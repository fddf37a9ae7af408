//! Which nodes there are, what they are called, where they stand and how they prove who they are.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalogue::{Position, Text};
use crate::reading::{DatastreamKey, NodeId, Timestamp};

/// The registry as it stood at one moment; the pure stages are given this.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Rises with every change.
    pub revision: u64,
    /// Every node, revoked ones included.
    pub nodes: HashMap<NodeId, Arc<Node>>,
    /// Calibrations by datastream, by `from`.
    pub calibrations: HashMap<DatastreamKey, Arc<[Calibration]>>,
}

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name.
    pub id: NodeId,
    /// Its number, given when it was enrolled and never used again; SensorThings' `@iot.id` of its Thing.
    pub number: u32,
    /// Its type's code in the catalogue.
    pub node_type: Option<Arc<str>>,
    /// What people call it.
    pub name: Option<Text>,
    /// The hardware's serial number.
    pub serial: Option<String>,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// Whether it may no longer come in.
    pub revoked: bool,
    /// Where it stood from when, by `from`.
    pub placements: Vec<Placement>,
}

impl Node {
    /// Where it stood at that moment.
    pub fn placement(&self, at: Timestamp) -> Option<&Placement> {
        self.placements.iter().rev().find(|placement| placement.from <= at)
    }
}

/// Where a node stands from a moment on. The first placement of a node holds from the beginning of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// From when.
    pub from: Timestamp,
    /// The site's code in the catalogue.
    pub site: Option<Arc<str>>,
    /// The zone's code: the site's unless told otherwise.
    pub zone: Option<Arc<str>>,
    /// Its own position, or the site's.
    pub position: Option<Position>,
}

/// `value = raw · gain + offset` for what was measured within `[from, until)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// First `measured_at` it holds for.
    pub from: Timestamp,
    /// First `measured_at` it no longer holds for.
    pub until: Option<Timestamp>,
    /// Factor.
    pub gain: f64,
    /// Added after the factor, in the quantity's unit.
    pub offset: f64,
    /// The instrument was being calibrated, or is known to be wrong: observations get flag 4.
    pub unsound: bool,
    /// Why, by whom.
    pub note: String,
}
