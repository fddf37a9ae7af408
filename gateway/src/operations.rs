//! Equipment and what is done about it: what stands where, who looked at it, what was wrong, whether it is closed.
//!
//! The rules are pure and handed the time: [`case`] holds one asset's defects, lock-out and work orders and says which
//! [`step`] may come next; [`schedule`] says when an inspection is due; [`certificate`] how a certificate stands. A step
//! that was taken is never changed: what was wrong is superseded by another step.
//!
//! The rule that all of it serves: **no sequence of steps leaves equipment open that has an urgent defect**.

pub mod accident;
pub mod asset;
pub mod book;
pub mod case;
pub mod certificate;
pub mod dossier;
pub mod duty;
pub mod event;
pub mod inspection;
pub mod month;
mod photo;
pub mod rating;
pub mod schedule;
pub mod step;
pub mod usage;
