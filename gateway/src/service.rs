//! What other systems read: standard interfaces over the store.

pub mod sensorthings;
