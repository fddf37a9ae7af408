//! Certificates: the authority, what is shown to browsers and nodes, and what nodes were given.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Path, Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::Pages;
use super::census::State;
use super::form::act;
use super::nodes::Pager;
use super::text::Lang;
use super::time::{Local, When};
use super::view::{PageError, Tab, View, Visitor, show, with};
use crate::config::Certificates;
use crate::keys::{Certificate, Issued, KeysError, LIFE_DAYS, RENEW_DAYS, Served, days_left};
use crate::reading::{NodeId, Timestamp};
use crate::service::access::Caller;

/// Rows of a page.
const ROWS: usize = 50;

/// Which page, and what is told on it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    page: Option<usize>,
    done: String,
    node: String,
}

#[derive(Template)]
#[template(path = "certificates.html")]
struct CertificatesPage {
    t: Lang,
    v: View,
    answer: String,
    renew: Option<String>,
    mode: &'static str,
    told: Option<(bool, &'static str)>,
    issued: Option<Given>,
    authority: Option<(String, When)>,
    http: Option<Shown>,
    mqtt: Option<Shown>,
    node: String,
    life_days: u32,
    rows: Vec<Row>,
    pager: Pager,
}

/// A certificate that a listener shows.
struct Shown {
    fingerprint: String,
    until: When,
    state: Judged,
}

/// A state with its word.
struct Judged {
    state: State,
    word: String,
}

/// A node's certificate in the list.
struct Row {
    node: String,
    fingerprint: String,
    short: String,
    issued: When,
    until: When,
    state: Judged,
    may_be_revoked: bool,
}

/// A certificate and its key, shown once.
struct Given {
    node: String,
    certificate: String,
    key: String,
    certificate_href: String,
    key_href: String,
}

/// `GET /certificates`.
pub(super) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        let t = visitor.lang;
        let told = match which.done.as_str() {
            "revoked" => Some((true, t.cert_revoke_done())),
            "none" => Some((false, t.cert_none_such())),
            _ => None,
        };
        render(pages, visitor, &which, told, None)
    })
    .await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    which: &Which,
    told: Option<(bool, &'static str)>,
    issued: Option<&Issued>,
) -> Result<String, PageError> {
    let (t, local, gateway) = (visitor.lang, pages.local(visitor), &pages.gateway);
    let all = gateway.keys.list(None).map_err(failed)?;
    let now = local.now;
    let holding: HashSet<&NodeId> = all.iter().filter(|one| one.holds(now)).map(|one| &one.node).collect();
    let at = which.page.unwrap_or(1).clamp(1, 100_000);
    let link = |page: usize| with("/certificates", "", &[("page", &page.to_string())]);
    let mut newest = HashSet::new();
    let rows: Vec<Row> = all.iter().map(|one| row(one, newest.insert(&one.node), &local)).collect();
    let rows_in_all = rows.len();
    // Looked at now: the strip and readiness follow within the minute.
    let (certified, ending) = (holding.len(), crate::keys::ending(&all, now).len());
    let authority = gateway.keys.authority().map_err(failed)?;
    let page = CertificatesPage {
        v: View::new(pages, visitor, &local, Tab::Nodes, t.certificates()),
        answer: if certified == 0 { t.certificates_none().to_owned() } else { t.nodes_certified(certified) },
        renew: (ending > 0).then(|| t.nodes_to_renew(ending)),
        mode: match (gateway.mqtt_tls.is_some(), gateway.config.certificates) {
            (false, _) => t.certificates_no_tls(),
            (true, Certificates::Optional) => t.certificates_optional(),
            (true, Certificates::Required) => t.certificates_required(),
        },
        told,
        issued: issued.map(given),
        authority: authority.map(|one| (one.fingerprint().to_string(), local.when(one.valid_until()))),
        http: gateway.http_tls.as_deref().map(|served| shown(served, &local)),
        mqtt: gateway.mqtt_tls.as_deref().map(|served| shown(served, &local)),
        node: which.node.clone(),
        life_days: LIFE_DAYS,
        rows: rows.into_iter().skip((at - 1) * ROWS).take(ROWS).collect(),
        pager: Pager {
            previous: (at > 1).then(|| link(at - 1)),
            next: (rows_in_all > at * ROWS).then(|| link(at + 1)),
            text: format!("{at} / {}", rows_in_all.div_ceil(ROWS).max(1)),
        },
        t,
    };
    Ok(page.render()?)
}

fn failed(error: KeysError) -> PageError {
    tracing::error!(%error, "the certificates could not be looked at");
    PageError::Failed
}

fn judged(until: Timestamp, local: &Local) -> Judged {
    match days_left(until, local.now) {
        ..0 => Judged { state: State::Barred, word: local.lang.cert_expired().to_owned() },
        left if left < RENEW_DAYS => Judged { state: State::Attention, word: local.lang.days_more(left) },
        left => Judged { state: State::Good, word: local.lang.days_more(left) },
    }
}

fn shown(served: &Served, local: &Local) -> Shown {
    let until = served.valid_until();
    Shown { fingerprint: served.fingerprint().to_string(), until: local.when(until), state: judged(until, local) }
}

fn row(one: &Certificate, newest: bool, local: &Local) -> Row {
    let t = local.lang;
    let state = match one.revoked_at {
        Some(at) => Judged { state: State::Barred, word: format!("{} {}", t.cert_revoked(), local.short(at)) },
        None if !newest && one.holds(local.now) => Judged {
            state: State::Good,
            word: format!("{} · {}", judged(one.valid_until, local).word, t.cert_replaced()),
        },
        None => judged(one.valid_until, local),
    };
    Row {
        node: one.node.to_string(),
        fingerprint: one.fingerprint.to_string(),
        short: one.fingerprint.short(),
        issued: local.when(one.issued_at),
        until: local.when(one.valid_until),
        state,
        may_be_revoked: one.holds(local.now),
    }
}

fn given(issued: &Issued) -> Given {
    let href = |text: &str| format!("data:application/x-pem-file,{}", utf8_percent_encode(text, NON_ALPHANUMERIC));
    Given {
        node: issued.certificate.node.to_string(),
        certificate_href: href(&issued.certificate_pem),
        key_href: href(&issued.key_pem),
        certificate: issued.certificate_pem.clone(),
        key: issued.key_pem.clone(),
    }
}

/// A certificate that is asked for.
#[derive(Deserialize)]
pub(super) struct Wanted {
    node: String,
    days: String,
    #[serde(default)]
    reason: String,
}

/// `POST /certificates`: the answer holds the key, once.
pub(super) async fn issue(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    wanted: Result<Form<Wanted>, FormRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Form(wanted) = wanted.map_err(|_| PageError::BadRequest)?;
        let t = visitor.lang;
        let which = Which { node: wanted.node.trim().to_owned(), ..Which::default() };
        let refused = |why| render(pages, visitor, &which, Some((false, why)), None);
        let Ok(node) = NodeId::new(&which.node) else { return refused(t.cert_no_node()) };
        let Ok(days) = wanted.days.trim().parse::<u32>() else { return refused(t.cert_days_wrong()) };
        let life = Duration::from_secs(u64::from(days) * 86_400);
        match act(&caller, &wanted.reason, |cause| pages.gateway.keys.issue(cause, &node, life)) {
            Ok(issued) => render(pages, visitor, &Which::default(), None, Some(&issued)),
            Err(KeysError::UnknownNode(_)) => refused(t.cert_no_node()),
            Err(KeysError::RevokedNode(_)) => refused(t.cert_node_revoked()),
            Err(KeysError::Full(..)) => refused(t.cert_too_many()),
            Err(KeysError::Life) => refused(t.cert_days_wrong()),
            Err(error) => Err(failed(error)),
        }
    })
    .await
}

/// A certificate that is to be revoked.
#[derive(Deserialize)]
pub(super) struct Unwanted {
    node: String,
    #[serde(default)]
    reason: String,
}

/// `POST /certificates/{fingerprint}/revoke`.
pub(super) async fn revoke(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(fingerprint): Path<String>,
    unwanted: Result<Form<Unwanted>, FormRejection>,
) -> Response {
    let node = unwanted.as_ref().ok().and_then(|Form(unwanted)| NodeId::new(&unwanted.node).ok());
    let (Ok(Form(unwanted)), Some(node)) = (unwanted, node) else {
        return show(pages, visitor, |_, _| Err(PageError::BadRequest)).await;
    };
    // A whole fingerprint: a part of one might be more than was looked at.
    if fingerprint.len() != 64 {
        return Redirect::to("/certificates?done=none").into_response();
    }
    let gateway = pages.gateway.clone();
    let revoked = tokio::task::spawn_blocking(move || {
        let revoked = act(&caller, &unwanted.reason, |cause| gateway.keys.revoke(cause, &node, &fingerprint))?;
        gateway.connections.kick_certified(|_, held| revoked.iter().all(|one| one.fingerprint != *held));
        Ok(())
    });
    match revoked.await.expect("no panic") {
        Ok(()) => Redirect::to("/certificates?done=revoked").into_response(),
        Err(KeysError::None(_)) => Redirect::to("/certificates?done=none").into_response(),
        Err(error) => show(pages, visitor, move |_, _| Err(failed(error))).await,
    }
}

/// `GET /certificates/ca.pem`: what nodes trust.
pub(super) async fn authority(Shared(pages): Shared<Arc<Pages>>) -> Response {
    let keys = pages.gateway.keys.clone();
    match tokio::task::spawn_blocking(move || keys.authority()).await.expect("no panic") {
        Ok(Some(authority)) => {
            let headers = [
                (header::CONTENT_TYPE, "application/x-pem-file"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"ca.pem\""),
            ];
            (headers, authority.pem().to_owned()).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            failed(error);
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
