//! Where settled values go beside the gateway's own store, and how that is going.

use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;

use super::census::State;
use super::text::Lang;
use super::time::{Local, When};
use super::view::{PageError, Tab, View, Visitor, show};
use super::{Pages, format};
use crate::telemetry::sinks::Phase;

/// A sink, ready to be shown.
pub(super) struct Shown {
    pub(super) name: &'static str,
    pub(super) url: String,
    pub(super) state: State,
    pub(super) phase: &'static str,
    pub(super) why: Option<String>,
    pub(super) retry: Option<When>,
    pub(super) cursor: String,
    pub(super) newest: String,
    pub(super) behind: String,
    pub(super) last_success: Option<When>,
    pub(super) last_error: Option<(String, When)>,
    pub(super) warning: Option<String>,
    pub(super) rows: String,
    pub(super) bytes: String,
    pub(super) failed: String,
    pub(super) quarantined: u64,
    pub(super) quarantined_text: String,
}

/// The sink as it is now; none when none is configured.
pub(super) fn shown(pages: &Pages, local: &Local) -> Option<Shown> {
    let t = local.lang;
    let state = pages.gateway.sink.as_ref()?.borrow().clone();
    let (mark, phase, why, until) = match &state.phase {
        Phase::Starting => (State::Silent, t.phase_starting(), None, None),
        Phase::Idle => (State::Good, t.phase_idle(), None, None),
        Phase::Sending => (State::Good, t.phase_sending(), None, None),
        Phase::Waiting { until } => (State::Attention, t.phase_waiting(), None, Some(*until)),
        Phase::Misconfigured { why, until } => {
            (State::Barred, t.phase_misconfigured(), Some(why.clone()), Some(*until))
        }
    };
    Some(Shown {
        name: state.name,
        state: mark,
        phase,
        why,
        retry: until.map(|at| local.when(at)),
        cursor: format::count(state.cursor, t),
        newest: format::count(state.newest, t),
        behind: format::count(state.behind(), t),
        last_success: state.last_success_at.map(|at| local.when(at)),
        last_error: state.last_error.as_ref().map(|trouble| (trouble.message.clone(), local.when(trouble.at))),
        warning: state.warning.clone(),
        rows: format::count(state.rows_sent, t),
        bytes: format::bytes(state.bytes_sent, t),
        failed: format::count(state.requests_failed, t),
        quarantined: state.quarantined,
        quarantined_text: format::count(state.quarantined, t),
        url: state.url,
    })
}

#[derive(Template)]
#[template(path = "sinks.html")]
struct SinksPage {
    t: Lang,
    v: View,
    sink: Option<Shown>,
}

/// `GET /sinks`.
pub(super) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, render).await
}

fn render(pages: &Pages, visitor: &Visitor) -> Result<String, PageError> {
    let t = visitor.lang;
    let local = pages.local(visitor);
    let v = View::new(pages, visitor, &local, Tab::Sinks, t.sinks());
    Ok(SinksPage { v, sink: shown(pages, &local), t }.render()?)
}
