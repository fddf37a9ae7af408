//! The sink against real stores, and against servers that misbehave.

mod faults;
mod influxd;
mod source;
mod store;
mod victoria;
