//! City Gateway: from a sensor in the street to numbers a city can answer for.
//!
//! The wings, one for each of its users, and who may know whom, are drawn in ARCHITECTURE.md.

pub mod aggregate;
pub mod alerts;
pub mod app;
pub mod audit;
pub mod backup;
pub mod catalogue;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod demo;
#[cfg(any(test, fuzzing))]
pub mod hostile;
pub mod import;
mod jpeg;
pub mod keys;
pub mod operations;
pub mod pages;
pub mod pdf;
pub mod people;
pub mod quality;
pub mod reading;
pub mod registry;
pub mod sbom;
pub mod secret;
pub mod service;
pub mod store;
pub mod telemetry;
