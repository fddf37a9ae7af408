//! What needs a person, on top of every page: said in their language, with what to do.

use std::sync::Arc;

use super::census::State;
use super::equipment::Sight;
use super::text::Lang;
use super::view::Visitor;
use super::{Pages, format};
use crate::alerts::life::{self, Alert};
use crate::catalogue::alerts::Severity;
use crate::operations::case::Status;
use crate::service::Gateway;
use crate::telemetry::journal::PauseReason;
use crate::telemetry::sinks::Phase;

/// A line of the attention strip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) state: State,
    pub(super) text: String,
    /// Where more is told.
    pub(super) href: Option<String>,
}

/// Assets that a line names; the page of equipment names all.
const NAMED: usize = 3;

/// What needs attention now, the worst first: equipment that must not be used and is not barred yet, then the gateway itself.
pub(super) fn notices(pages: &Pages, visitor: &Visitor, reads: bool, equips: bool) -> Vec<Notice> {
    let mut notices = if equips { ordered(pages, visitor).into_iter().collect() } else { Vec::new() };
    if reads {
        notices.extend(alarms(pages, visitor));
        notices.extend(of_gateway(&pages.gateway, visitor.lang));
    }
    notices
}

fn ordered(pages: &Pages, visitor: &Visitor) -> Option<Notice> {
    let sight =
        Sight::new(pages, visitor).inspect_err(|error| tracing::error!(%error, "equipment could not be read")).ok()?;
    let english = visitor.lang == Lang::En;
    let mut ordered = sight.all().filter(|held| held.dossier.case.status() == Status::Ordered).peekable();
    ordered.peek()?;
    let all: Vec<&str> = ordered.map(|held| held.asset.name(english)).collect();
    let mut named = all.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if all.len() > NAMED {
        named = format!("{named}, {} {}", all.len() - NAMED, visitor.lang.and_so_many_more());
    }
    let text = format!("{} {named}.", visitor.lang.n_ordered());
    Some(Notice { state: State::Barred, text, href: Some("/equipment#ordered".to_owned()) })
}

/// Alarms that nobody has answered.
fn alarms(pages: &Pages, visitor: &Visitor) -> Option<Notice> {
    let (board, t) = (pages.gateway.alerts.board(), visitor.lang);
    let raised = |alert: &Arc<Alert>| alert.severity == Severity::Alarm && alert.state == life::State::Raised;
    let alarms: Vec<_> = board.listed().into_iter().filter(raised).collect();
    let (text, href) = match alarms.as_slice() {
        [] => return None,
        [one] => {
            let name = board.rules().find(&one.rule).map_or(&*one.rule, |listed| t.pick(&listed.rule.name));
            (format!("{} {name}.", t.n_alarm()), format!("/alerts/{}", one.id))
        }
        many => (format!("{} {}.", many.len(), t.n_alarms()), "/alerts".to_owned()),
    };
    Some(Notice { state: State::Barred, text, href: Some(href) })
}

/// Whether the gateway takes what nodes send.
pub(super) fn takes_readings(gateway: &Gateway) -> bool {
    let journal = gateway.journal.status();
    journal.paused.is_none() && !journal.failed
}

fn of_gateway(gateway: &Gateway, lang: Lang) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut push = |state, text: String| notices.push(Notice { state, text, href: None });
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
