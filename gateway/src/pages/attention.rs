//! What needs a person, on top of every page: said in their language, with what to do.

use super::census::State;
use super::format;
use super::text::Lang;
use crate::service::Gateway;
use crate::telemetry::journal::PauseReason;
use crate::telemetry::sinks::Phase;

/// A line of the attention strip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) state: State,
    pub(super) text: String,
}

/// Whether the gateway takes what nodes send.
pub(super) fn takes_readings(gateway: &Gateway) -> bool {
    let journal = gateway.journal.status();
    journal.paused.is_none() && !journal.failed
}

/// What needs attention now, the worst first.
pub(super) fn notices(gateway: &Gateway, lang: Lang) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut push = |state, text: String| notices.push(Notice { state, text });
    let journal = gateway.journal.status();
    if journal.failed {
        push(State::Barred, lang.n_disk_failed().into());
    }
    match journal.paused {
        Some(PauseReason::Cap) => push(State::Barred, lang.n_cap().into()),
        Some(PauseReason::DiskFull) => push(State::Barred, lang.n_disk_full().into()),
        None => {}
    }
    if gateway.clock.is_suspect(gateway.clock.now()) {
        push(State::Attention, lang.n_clock().into());
    }
    if let Some(sink) = &gateway.sink {
        let state = sink.borrow();
        if let Phase::Misconfigured { .. } | Phase::Waiting { .. } = state.phase {
            let behind = format::count(state.behind(), lang);
            push(State::Attention, format!("{} {behind}.", lang.n_sink()));
        }
    }
    let now = gateway.clock.now();
    if [&gateway.http_tls, &gateway.mqtt_tls].into_iter().flatten().any(|served| !served.warnings(now).is_empty()) {
        push(State::Attention, lang.n_cert_own().into());
    }
    let ending = gateway.keys.ending();
    if !ending.is_empty() {
        push(State::Attention, format!("{} {}.", lang.n_cert_nodes(), format::count(ending.len() as u64, lang)));
    }
    notices
}
