//! Alerts: the city tells someone, and someone answers.
//!
//! Rules are data ([`crate::catalogue::alerts`]). What a rule makes of a time series ([`evaluate`]), of silence ([`silence`]), of what is
//! due ([`due`]), what several findings have in common ([`cause`]), what may follow what ([`life`]) and who is on call ([`roster`])
//! are pure. [`Alerts`] keeps what was raised and every step of it in `records.db`, each with its entry of the audit log and the
//! notices that go out, in one transaction. Who looks at the store, and when, is the app.

pub mod cause;
pub mod due;
pub mod evaluate;
pub mod life;
mod log;
pub mod message;
pub mod roster;
pub mod rules;
pub mod silence;
mod subject;
pub mod trial;
pub mod watch;

pub use log::maintenance::Maintenance;
pub use log::shift::{ShiftKind, ShiftNote};
pub use log::{Alerts, AlertsConfig, AlertsError, Board, Finding, Listing, Look, NOTE_MAX, Settled, Ways};
pub use subject::Subject;
