//! What could not be used: the list, one with its bytes, and playing it again after a mend.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State as Shared};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::nodes::Pager;
use super::text::Lang;
use super::time::{Local, When};
use super::view::{PageError, Tab, View, Visitor, show, with};
use super::{Pages, format};
use crate::reading::{NodeId, RejectReason};
use crate::service::rejections::{NotPlayed, play_again};
use crate::store::model::{Page, Rejection};
use crate::telemetry::frame::{Frame, FrameKind};

/// Rows of a page.
const ROWS: usize = 50;
/// Bytes of a frame that are shown.
const BYTES_SHOWN: usize = 512;
const BYTES_A_LINE: usize = 16;

/// Which rejections.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    node: String,
    page: Option<usize>,
}

#[derive(Template)]
#[template(path = "rejections.html")]
struct List {
    t: Lang,
    v: View,
    total: String,
    none: bool,
    node: Option<String>,
    reasons: Vec<(&'static str, String)>,
    rows: Vec<Row>,
    pager: Pager,
}

/// A rejection in a list.
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) node: String,
    pub(super) reason: &'static str,
    pub(super) detail: String,
    pub(super) received: When,
    pub(super) replayed: Option<When>,
}

/// A rejection in a list.
pub(super) fn row(rejection: &Rejection, local: &Local) -> Row {
    Row {
        id: rejection.id,
        node: rejection.node.to_string(),
        reason: local.lang.reason(rejection.reason).0,
        detail: rejection.detail.clone(),
        received: local.when(rejection.received_at),
        replayed: rejection.replayed_at.map(|at| local.when(at)),
    }
}

/// `GET /rejections`.
pub(super) async fn list(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        render_list(pages, visitor, &which)
    })
    .await
}

fn render_list(pages: &Pages, visitor: &Visitor, which: &Which) -> Result<String, PageError> {
    let t = visitor.lang;
    let local = pages.local(visitor);
    let node = match which.node.as_str() {
        "" => None,
        name => Some(NodeId::new(name).map_err(|_| PageError::BadRequest)?),
    };
    let at = which.page.unwrap_or(1).clamp(1, 100_000);
    let page = Page { skip: (at - 1) * ROWS, top: ROWS + 1 };
    let mut found = pages.gateway.reader.rejections(node.as_ref(), page)?;
    let more = found.len() > ROWS;
    found.truncate(ROWS);
    let ledger = &pages.gateway.ledger;
    let counts = node.as_ref().map_or_else(|| ledger.all(), |node| ledger.node(node).unwrap_or_default());
    let both: Vec<u64> = counts.rejected.iter().zip(&counts.frames_rejected).map(|(a, b)| a + b).collect();
    let mut reasons: Vec<_> = RejectReason::ALL.into_iter().zip(both.iter().copied()).filter(|(_, n)| *n > 0).collect();
    reasons.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let link = |page: usize| with("/rejections", &visitor.query, &[("page", &page.to_string())]);
    let page = List {
        v: View::new(pages, visitor, &local, Tab::Rejections, t.rejections()),
        total: t.rejections_counted(both.iter().sum()),
        none: found.is_empty() && at == 1,
        node: node.map(|node| node.to_string()),
        reasons: reasons.into_iter().map(|(reason, n)| (t.reason(reason).0, format::count(n, t))).collect(),
        pager: Pager {
            previous: (at > 1).then(|| link(at - 1)),
            next: more.then(|| link(at + 1)),
            text: if found.is_empty() {
                String::new()
            } else {
                format!("{}–{}", (at - 1) * ROWS + 1, (at - 1) * ROWS + found.len())
            },
        },
        rows: found.iter().map(|rejection| row(rejection, &local)).collect(),
        t,
    };
    Ok(page.render()?)
}

/// What became of an order to play again, told once after it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    done: String,
}

#[derive(Template)]
#[template(path = "rejection.html")]
struct OnePage {
    t: Lang,
    v: View,
    row: Row,
    remedy: &'static str,
    whose: String,
    position: String,
    topic: Option<String>,
    text: Option<String>,
    hex: Vec<(String, String, String)>,
    cut: Option<String>,
    told: Option<&'static str>,
}

/// `GET /rejections/{id}`.
pub(super) async fn one(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
    told: Result<Query<Told>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let told = told.map(|Query(told)| told.done).unwrap_or_default();
    show(pages, visitor, move |pages, visitor| {
        let id = id.parse().map_err(|_| PageError::NotFound)?;
        render_one(pages, visitor, id, &told)
    })
    .await
}

fn render_one(pages: &Pages, visitor: &Visitor, id: u64, told: &str) -> Result<String, PageError> {
    let t = visitor.lang;
    let local = pages.local(visitor);
    let (rejection, frame) = pages.gateway.reader.rejection(id)?.ok_or(PageError::NotFound)?;
    let frame = Frame::decode(&frame).ok();
    let payload = frame.as_ref().map_or(&[][..], |frame| &frame.payload);
    let shown = &payload[..payload.len().min(BYTES_SHOWN)];
    let text = std::str::from_utf8(payload).ok().filter(|text| !text.chars().any(|c| c.is_control() && c != '\n'));
    let page = OnePage {
        v: View::new(pages, visitor, &local, Tab::Rejections, format!("{} {id}", t.rejection())),
        row: row(&rejection, &local),
        remedy: t.reason(rejection.reason).1,
        whose: rejection
            .reading
            .map_or_else(|| t.whole_frame().to_owned(), |n| format!("{} {}", t.reading_no(), n + 1)),
        position: format::count(rejection.position, t),
        topic: frame.as_ref().and_then(|frame| match &frame.kind {
            FrameKind::Refused { topic, .. } => Some(topic.clone()),
            _ => None,
        }),
        text: text.filter(|text| !text.is_empty()).map(|text| text.chars().take(2_000).collect()),
        hex: shown.chunks(BYTES_A_LINE).enumerate().map(|(n, line)| hex_line(n * BYTES_A_LINE, line)).collect(),
        cut: (shown.len() < payload.len())
            .then(|| format!("{} {} {} {}", t.cut(), shown.len(), t.of(), format::bytes(payload.len() as u64, t))),
        told: match told {
            "yes" => Some(t.replay_done()),
            "before" => Some(t.replay_before()),
            _ => None,
        },
        t,
    };
    Ok(page.render()?)
}

/// Offset, bytes and what of them is ASCII.
fn hex_line(offset: usize, bytes: &[u8]) -> (String, String, String) {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let ascii = bytes.iter().map(|b| if b.is_ascii_graphic() || *b == b' ' { char::from(*b) } else { '·' }).collect();
    (format!("{offset:04x}"), hex.join(" "), ascii)
}

/// `POST /rejections/{id}/replay`: the door has seen that the form is one of our own pages.
pub(super) async fn replay(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<u64>() else {
        return show(pages, visitor, |_, _| Err(PageError::NotFound)).await;
    };
    match play_again(&pages.gateway, id).await {
        Ok(()) => Redirect::to(&format!("/rejections/{id}?done=yes")).into_response(),
        Err(NotPlayed::Before(_)) => Redirect::to(&format!("/rejections/{id}?done=before")).into_response(),
        Err(NotPlayed::Unknown) => show(pages, visitor, |_, _| Err(PageError::NotFound)).await,
        Err(NotPlayed::Failed(error)) => {
            tracing::error!(%error, id, "a rejection could not be played again");
            show(pages, visitor, |_, _| Err(PageError::Failed)).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_with_what_of_them_is_text() {
        let (offset, hex, ascii) = hex_line(16, b"\x01[{\"\xce");
        assert_eq!((offset.as_str(), hex.as_str(), ascii.as_str()), ("0010", "01 5b 7b 22 ce", "·[{\"·"));
    }
}
