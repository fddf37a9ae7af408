//! A node's right to come in: taken, given back, held by another secret.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State as Shared};
use axum::http::HeaderMap;
use axum::response::Response;

use super::new::secret_page;
use crate::pages::Pages;
use crate::pages::form::{Answer, Why, act, answer};
use crate::pages::view::{PageError, Visitor};
use crate::reading::NodeId;
use crate::registry::RegistryError;
use crate::service::access::Caller;

/// `POST /nodes/{id}/revoke`: it is disconnected at once.
pub(in crate::pages) async fn revoke(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<String>,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, _| {
        let Form(why) = why.map_err(|_| PageError::BadRequest)?;
        let id = NodeId::new(&id).map_err(|_| PageError::NotFound)?;
        if why.reason.trim().is_empty() {
            return Ok(to(&id, "reason"));
        }
        let gateway = &pages.gateway;
        known(act(&caller, &why.reason, |cause| gateway.registry.revoke(cause, &id)))?;
        gateway.connections.kick(&id);
        Ok(to(&id, "revoked"))
    })
    .await
}

/// `POST /nodes/{id}/unrevoke`.
pub(in crate::pages) async fn unrevoke(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<String>,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, _| {
        let Form(why) = why.map_err(|_| PageError::BadRequest)?;
        let id = NodeId::new(&id).map_err(|_| PageError::NotFound)?;
        known(act(&caller, &why.reason, |cause| pages.gateway.registry.unrevoke(cause, &id)))?;
        Ok(to(&id, "unrevoked"))
    })
    .await
}

/// `POST /nodes/{id}/secret`: the answer holds the new one, once; with the old one it comes in no more.
pub(in crate::pages) async fn rotate(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(why) = why.map_err(|_| PageError::BadRequest)?;
        let id = NodeId::new(&id).map_err(|_| PageError::NotFound)?;
        if why.reason.trim().is_empty() {
            return Ok(to(&id, "reason"));
        }
        let gateway = &pages.gateway;
        let secret = known(act(&caller, &why.reason, |cause| gateway.registry.rotate_secret(cause, &id)))?;
        gateway.connections.kick(&id);
        secret_page(pages, visitor, &headers, &id, secret.reveal())
    })
    .await
}

fn known<T>(done: Result<T, RegistryError>) -> Result<T, PageError> {
    done.map_err(|error| match error {
        RegistryError::UnknownNode(_) => PageError::NotFound,
        RegistryError::Store(error) => error.into(),
        error => {
            tracing::error!(%error, "a node could not be changed");
            PageError::Failed
        }
    })
}

fn to(id: &NodeId, done: &str) -> Answer {
    Answer::To(format!("/nodes/{id}?done={done}"))
}
