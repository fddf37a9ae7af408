//! Work in the street, also without a connection (`docs/field.md`): a day's work to take along, and what was done sent when
//! there is a connection again. What is sent twice counts once; each form is taken or refused by itself, with the reason.

pub(in crate::pages) mod shell;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Pages;
use super::super::form::act;
use super::super::text::Lang;
use super::super::view::PageError;
use super::{Sight, hand, needs, row};
use crate::catalogue::Text;
use crate::catalogue::inspections::Interval;
use crate::operations::asset::{Asset, AssetId, Tree};
use crate::operations::book::{BookError, Held, New, Taken};
use crate::operations::duty::{self, Day, Duty};
use crate::operations::inspection::{self, Submission};
use crate::operations::schedule::Standing;
use crate::operations::step::{Deed, Evidence, LockoutCause, REINSPECTION, Step, Uid};
use crate::people::Permission;
use crate::people::Person;
use crate::reading::Timestamp;
use crate::service::access::Caller;

/// Forms that are sent at once.
const FORMS_MAX: usize = 200;
/// An inspection that comes back within so many days is a round: what has no finding may be signed as in order at once.
const ROUND_DAYS_MAX: u16 = 7;
/// Bytes of a step that is sent by itself.
const STEP_BYTES_MAX: usize = 32 * 1024;
/// Units that are taken along.
const UNITS_MAX: usize = 2_000;

/// What was done in the street.
#[derive(Debug, Deserialize)]
#[serde(tag = "form", rename_all = "snake_case")]
enum Done {
    /// An inspection.
    Inspection(Submission),
    /// A step by itself: a defect, a lock-out ordered or made, work that was done.
    Step(Single),
}

/// A step by itself.
#[derive(Debug, Deserialize)]
struct Single {
    uid: Uid,
    by: Box<str>,
    asset: AssetId,
    at: i64,
    deed: Deed,
    #[serde(default)]
    files: Vec<Box<str>>,
    #[serde(default)]
    text: String,
}

/// Forms as they are sent; each is read by itself, so that one that cannot be does not hold up the others.
#[derive(Debug, Deserialize)]
pub(in crate::pages) struct Sent {
    forms: Vec<Value>,
}

/// Why a form is not taken: a word for programs, and one for people.
struct Refused {
    code: &'static str,
    text: String,
}

/// `GET /field/day`: what is to be done, to be taken along.
pub(in crate::pages) async fn day(Shared(pages): Shared<Arc<Pages>>, Extension(caller): Extension<Caller>) -> Response {
    answered(move || {
        let Some(person) = caller.person() else { return Ok((StatusCode::FORBIDDEN, Value::Null)) };
        let sight = Sight::of(&pages, Some(person))?;
        let book = &pages.gateway.book;
        let day = book.day();
        let catalogue = day.catalogue;
        let units = sight.all().filter(|held| sight.shelf().is_unit(&held.asset, catalogue));
        let units = units.filter(|held| held.dossier.case.dismantled_at.is_none());
        let units: Vec<Value> = units.take(UNITS_MAX).map(|top| unit(&sight, top, day, person)).collect();
        let sites = catalogue.sites.iter().filter(|site| person.is_of(Some(&*site.code))).map(|site| {
            json!({ "code": *site.code, "name": text(&site.name), "lat": site.position.lat, "lon": site.position.lon })
        });
        let day = json!({
            "person": person.id.subject(),
            "name": person.shown(),
            "inspects": person.may(Permission::Inspect),
            "repairs": person.may(Permission::Repair),
            "at": pages.gateway.clock.now().millis(),
            "today": book.today().to_string(),
            "sites": sites.collect::<Vec<_>>(),
            "units": units,
            "document_bytes_max": crate::operations::book::DOCUMENT_BYTES_MAX,
        });
        Ok((StatusCode::OK, day))
    })
    .await
}

fn unit(sight: &Sight, top: &Held, day: Day<'_>, person: &Person) -> Value {
    let catalogue = day.catalogue;
    let Some(sheet) = catalogue.sheet(&top.asset.kind) else { return Value::Null };
    let parts = sight.shelf().unit(&top.asset.id, catalogue);
    let employer = person.identity.as_ref().and_then(|identity| identity.employer.as_deref()).unwrap_or("");
    let independent =
        parts.iter().all(|held| duty::independence(&hand(person), employer, &held.asset, &held.dossier).is_ok());
    let types = sheet.types_for(top.asset.used_as.as_deref());
    let types = types.map(|of_type| {
        let may = !of_type.independent || independent;
        let round = matches!(of_type.interval, Interval::Days(days) if days <= ROUND_DAYS_MAX);
        json!({
            "code": *of_type.code, "name": text(&of_type.name), "independent": of_type.independent, "may": may,
            "round": round,
        })
    });
    let mut duties = Vec::new();
    for held in &parts {
        let of_it = day.duties(sight.shelf(), held);
        duties.extend(of_it.into_iter().map(|duty| (duty.due, due(&held.asset, &duty, day))));
    }
    duties.sort_by_key(|(due, _)| *due);
    let assets = parts.iter().map(|held| {
        let asset = &held.asset;
        let items = duty::items(sheet, asset, REINSPECTION).into_iter().map(|item| {
            let types: Vec<&str> = item.types.iter().map(|code| &**code).collect();
            json!({
                "code": *item.code, "name": text(&item.name), "types": types,
                "unit": item.unit, "min": item.min, "max": item.max,
            })
        });
        let defects = held.dossier.case.open_defects().into_iter().map(|(uid, defect)| {
            json!({ "uid": uid, "severity": defect.severity, "text": defect.text, "found_at": defect.found_at.millis() })
        });
        let orders = held.dossier.case.open_orders().map(|(uid, order)| {
            json!({ "uid": uid, "text": order.text, "due": order.due, "defects": order.defects, "assignee": order.assignee })
        });
        let kind = sheet.kinds.iter().find(|kind| *kind.code == *asset.kind);
        json!({
            "id": asset.id,
            "name": { "el": asset.name(false), "en": asset.name(true) },
            "kind": { "code": asset.kind, "name": kind.map(|kind| text(&kind.name)) },
            "status": held.dossier.case.status(),
            "items": items.collect::<Vec<_>>(),
            "defects": defects.collect::<Vec<_>>(),
            "orders": orders.collect::<Vec<_>>(),
        })
    });
    let scheme = catalogue.scheme(&top.asset.kind).filter(|scheme| !scheme.scales.is_empty()).map(|scheme| {
        let scales = scheme.scales.iter().map(
            |scale| json!({ "name": text(&scale.name), "marks": scale.marks.iter().map(text).collect::<Vec<_>>() }),
        );
        json!({
            "code": *scheme.code, "scales": scales.collect::<Vec<_>>(),
            "important_from": scheme.important_from, "urgent_from": scheme.urgent_from,
        })
    });
    let site = sight.shelf().site_of(&top.asset.id);
    let position = top.asset.position.or_else(|| Some(catalogue.site(site?)?.position));
    json!({
        "id": top.asset.id,
        "site": site,
        "position": position,
        "version": sheet.version,
        "scheme": scheme,
        "types": types.collect::<Vec<_>>(),
        "duties": duties.into_iter().map(|(_, duty)| duty).collect::<Vec<_>>(),
        "assets": assets.collect::<Vec<_>>(),
    })
}

/// What is due, of the unit or of a part.
fn due(asset: &Asset, duty: &Duty, day: Day<'_>) -> Value {
    let (standing, days) = match duty.standing {
        Standing::Later => ("later", None),
        Standing::Open => ("open", None),
        Standing::Due => ("due", None),
        Standing::Overdue { days } => ("overdue", Some(days)),
    };
    json!({
        "asset": asset.id, "of_type": duty.of_type, "name": text(&duty.name), "due": duty.due.to_string(), "standing": standing,
        "days": days, "reason": duty.call.as_ref().map(|(_, reason)| json!({
            "el": row::reason(reason, day, Lang::El), "en": row::reason(reason, day, Lang::En),
        })),
    })
}

fn text(text: &Text) -> Value {
    json!({ "el": text.el, "en": text.en })
}

/// `POST /field/forms`: what was done; each form is answered by itself, in its place.
pub(in crate::pages) async fn forms(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    sent: Result<Json<Sent>, JsonRejection>,
) -> Response {
    answered(move || {
        let Ok(Json(Sent { forms })) = sent else { return Ok((StatusCode::BAD_REQUEST, refusal("unreadable", ""))) };
        if forms.len() > FORMS_MAX {
            return Ok((StatusCode::PAYLOAD_TOO_LARGE, refusal("too_many", "")));
        }
        let Some(person) = caller.person() else { return Ok((StatusCode::FORBIDDEN, refusal("nobody", ""))) };
        let mut results = Vec::new();
        for form in forms {
            let uid = form["uid"].as_str().unwrap_or_default().to_owned();
            results.push(match take(&pages, &caller, person, form) {
                Ok(taken) => {
                    let before = taken.iter().all(|taken| *taken == Taken::Before);
                    json!({ "uid": uid, "state": if before { "before" } else { "taken" } })
                }
                Err(Refused { code, text }) => {
                    json!({ "uid": uid, "state": "refused", "reason": code, "detail": text })
                }
            });
        }
        Ok((StatusCode::OK, json!({ "results": results })))
    })
    .await
}

fn take(pages: &Pages, caller: &Caller, person: &Person, form: Value) -> Result<Vec<Taken>, Refused> {
    let refused = |code, text: String| Refused { code, text };
    if form["form"] == "step" && form.to_string().len() > STEP_BYTES_MAX {
        return Err(refused("too_long", String::new()));
    }
    let form: Done = serde_json::from_value(form).map_err(|error| refused("unreadable", error.to_string()))?;
    let (book, catalogue) = (&pages.gateway.book, &pages.gateway.config.catalogue);
    let shelf = book.shelf().map_err(told)?;
    let (asset, permission) = match &form {
        Done::Inspection(form) => (&form.asset, Permission::Inspect),
        Done::Step(step) => (&step.asset, needs(&step.deed)),
    };
    if !person.is_of(shelf.site_of(asset)) {
        return Err(refused("no_asset", asset.to_string()));
    }
    if !person.may(permission) {
        return Err(refused("forbidden", permission.code().to_owned()));
    }
    let (hand, now) = (hand(person), pages.gateway.clock.now());
    let steps = match form {
        Done::Inspection(form) => {
            let employer = person.identity.as_ref().and_then(|identity| identity.employer.as_deref()).unwrap_or("");
            inspection::steps(&form, &shelf, catalogue, (&hand, employer), now)
                .map_err(|invalid| refused(invalid.code(), invalid.to_string()))?
        }
        Done::Step(Single { uid, by, asset, at, deed, files, text }) => {
            if *by != *hand.0 {
                return Err(refused("another_hand", by.into()));
            }
            if !inspection::is_sound(at, at, now) {
                return Err(refused("times", String::new()));
            }
            if matches!(&deed, Deed::Found { rating: Some(rating), .. } if !rating.is_sound()) {
                return Err(refused("rating", String::new()));
            }
            // An inspection has answers; it is sent as one. Of a defect and of a lapse the lock-out follows by itself.
            let by_hand = match &deed {
                Deed::Inspected { .. } => false,
                Deed::LockoutOrdered { cause } => matches!(cause, LockoutCause::Decision(_)),
                _ => true,
            };
            if !by_hand {
                return Err(refused("unreadable", String::new()));
            }
            let step = Step { uid, at: Timestamp::from_millis(at), by: hand, deed, evidence: Evidence { files, text } };
            vec![New::of(asset, step)]
        }
    };
    act(caller, "", |cause| book.take(cause, &steps)).map_err(told)
}

fn told(error: BookError) -> Refused {
    let text = error.to_string();
    let code = match error {
        BookError::NoAsset(_) => "no_asset",
        BookError::NoDocument(_) => "no_document",
        BookError::Document => "document",
        BookError::Refused { refusal, .. } => refusal.code(),
        error => {
            tracing::error!(%error, "a form could not be taken");
            return Refused { code: "failed", text: String::new() };
        }
    };
    Refused { code, text }
}

fn refusal(code: &str, detail: &str) -> Value {
    json!({ "error": code, "detail": detail })
}

/// `POST /field/documents`: a photograph's bytes; the answer is its sum, by which forms name it.
pub(in crate::pages) async fn document(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    bytes: Result<Bytes, BytesRejection>,
) -> Response {
    answered(move || {
        let Ok(bytes) = bytes else { return Ok((StatusCode::PAYLOAD_TOO_LARGE, refusal("document", ""))) };
        match act(&caller, "", |cause| pages.gateway.book.keep(cause, "", &bytes)) {
            Ok(document) => Ok((StatusCode::OK, json!({ "sha256": document.sha256, "bytes": document.bytes }))),
            Err(error @ BookError::Document) => {
                Ok((StatusCode::UNSUPPORTED_MEDIA_TYPE, refusal("document", &error.to_string())))
            }
            Err(error) => Err(error.into()),
        }
    })
    .await
}

/// `GET /documents/{sha256}`: a photograph or document on record.
pub(in crate::pages) async fn show(
    Shared(pages): Shared<Arc<Pages>>,
    axum::extract::Path(sha256): axum::extract::Path<String>,
) -> Response {
    let found = tokio::task::spawn_blocking(move || pages.gateway.book.document(&sha256)).await;
    match found {
        Ok(Ok((document, bytes))) => {
            let headers = [
                (header::CONTENT_TYPE, document.media.name()),
                (header::CONTENT_DISPOSITION, "inline"),
                (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
                (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
            ];
            (headers, bytes).into_response()
        }
        Ok(Err(BookError::NoDocument(_))) => StatusCode::NOT_FOUND.into_response(),
        Ok(Err(error)) => {
            tracing::error!(%error, "a document could not be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Answers with JSON, made on a blocking thread.
async fn answered(make: impl FnOnce() -> Result<(StatusCode, Value), PageError> + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(make).await {
        Ok(Ok((status, value))) => (status, HeaderMap::new(), Json(value)).into_response(),
        Ok(Err(error)) => {
            tracing::error!(%error, "a field answer could not be made");
            (StatusCode::INTERNAL_SERVER_ERROR, Json(refusal("failed", ""))).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
