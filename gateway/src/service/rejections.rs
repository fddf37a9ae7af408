//! What could not be used: listed, looked at with its bytes, played again after a mend.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Gateway;
use crate::reading::{NodeId, Timestamp};
use crate::store::model::{Page, Rejection};
use crate::telemetry::frame::{Frame, FrameKind};
use crate::telemetry::journal::Receipts;
use crate::telemetry::pipeline::replay_frame;

const TOP_DEFAULT: usize = 100;
const TOP_MAX: usize = 1_000;

/// Which rejections.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    node: Option<NodeId>,
    #[serde(default)]
    skip: usize,
    top: Option<usize>,
}

/// `GET /api/rejections?node=&skip=&top=`: newest first.
pub(super) async fn list(State(gateway): State<Arc<Gateway>>, Query(which): Query<Which>) -> Response {
    let page = Page { skip: which.skip, top: which.top.unwrap_or(TOP_DEFAULT).min(TOP_MAX) };
    let demonstration = gateway.config.demonstration;
    let read = move || gateway.reader.rejections(which.node.as_ref(), page);
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(found)) => {
            let mut answer = json!({ "rejections": found.iter().map(describe).collect::<Vec<_>>() });
            if demonstration {
                answer["demonstration"] = super::DEMONSTRATION.into();
            }
            Json(answer).into_response()
        }
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

/// `GET /api/rejections/{id}`: with the bytes that were rejected, in hexadecimal, and as text where they are text.
pub(super) async fn one(State(gateway): State<Arc<Gateway>>, Path(id): Path<u64>) -> Response {
    match tokio::task::spawn_blocking(move || gateway.reader.rejection(id)).await {
        Ok(Ok(Some((rejection, frame)))) => {
            let mut shown = describe(&rejection);
            if let Ok(frame) = Frame::decode(&frame) {
                let hex: String = frame.payload.iter().map(|byte| format!("{byte:02x}")).collect();
                shown["payload_hex"] = hex.into();
                shown["payload_text"] = std::str::from_utf8(&frame.payload).ok().into();
                if let FrameKind::Refused { topic, .. } = &frame.kind {
                    shown["topic"] = topic.as_str().into();
                }
            }
            Json(shown).into_response()
        }
        Ok(Ok(None)) => not_found(id),
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

/// `POST /api/rejections/{id}/replay`: taken up once more, by what the catalogue and the registry say now. Answered when
/// the order is on disk.
pub(super) async fn replay(State(gateway): State<Arc<Gateway>>, Path(id): Path<u64>) -> Response {
    match play_again(&gateway, id).await {
        Ok(()) => (StatusCode::ACCEPTED, Json(json!({ "replaying": id }))).into_response(),
        Err(NotPlayed::Unknown) => not_found(id),
        Err(NotPlayed::Before(at)) => {
            let message = format!("rejection {id} was played again at {at}; what became of it is in the list");
            (StatusCode::CONFLICT, Json(json!({ "error": message }))).into_response()
        }
        Err(NotPlayed::Failed(error)) => failed(&error),
    }
}

/// Why a rejection was not played again.
#[derive(Debug)]
pub(crate) enum NotPlayed {
    /// There is none with that number.
    Unknown,
    /// It was played again then.
    Before(Timestamp),
    /// Store or journal could not be used.
    Failed(String),
}

/// Orders that the rejection be taken up once more; the order is on disk when this returns.
pub(crate) async fn play_again(gateway: &Gateway, id: u64) -> Result<(), NotPlayed> {
    let reader = gateway.reader.clone();
    let found = tokio::task::spawn_blocking(move || reader.rejection(id)).await;
    let found = found.map_err(|error| NotPlayed::Failed(error.to_string()))?;
    let found = found.map_err(|error| NotPlayed::Failed(error.to_string()))?;
    let (rejection, frame) = found.ok_or(NotPlayed::Unknown)?;
    if let Some(at) = rejection.replayed_at {
        return Err(NotPlayed::Before(at));
    }
    let order = replay_frame(&rejection, &frame, gateway.clock.now());
    let receipts = Arc::new(Receipts::default());
    let appended = gateway.journal.appender().append(order.encode(), receipts.clone()).await;
    appended.map_err(|error| NotPlayed::Failed(error.to_string()))?;
    receipts.more_than(0).await;
    Ok(())
}

fn describe(rejection: &Rejection) -> Value {
    json!({
        "id": rejection.id,
        "node": rejection.node,
        "reason": rejection.reason.code(),
        "detail": rejection.detail,
        "reading": rejection.reading,
        "position": rejection.position,
        "received_at": rejection.received_at.to_string(),
        "replayed_at": rejection.replayed_at.map(|at| at.to_string()),
    })
}

fn not_found(id: u64) -> Response {
    let message = format!("there is no rejection {id}; it may be past [retention] rejections_days");
    (StatusCode::NOT_FOUND, Json(json!({ "error": message }))).into_response()
}

fn failed(error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "rejections could not be read or played again");
    (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": "the store could not be read" }))).into_response()
}
