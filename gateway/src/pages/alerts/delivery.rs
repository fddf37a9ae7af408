//! By which ways notices go out, how that goes, and a test of each.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::super::Pages;
use super::super::form::{Answer, act, answer};
use super::super::text::Lang;
use super::super::view::{PageError, View, Visitor, show};
use super::one::{Told, told};
use super::{Shown, Tabs, answers, view};
use crate::audit::{Category, Event};
use crate::config::WebhookPreset;
use crate::delivery::{Notice, Way};
use crate::service::access::Caller;

/// Notices that are shown.
const ROWS: usize = 50;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Typed {
    way: String,
    target: String,
}

/// A way that is set up.
struct Line {
    way: &'static str,
    target: String,
    name: String,
    says: String,
    /// Why a test would reach nobody.
    wrong: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "delivery.html")]
struct DeliveryPage {
    t: Lang,
    v: View,
    tabs: Tabs,
    answer: String,
    wrong: Option<&'static str>,
    ways: Vec<Line>,
    told: Vec<Told>,
    may: bool,
    heartbeat: Option<(&'static str, &'static str)>,
    counts: Vec<(String, u64, u64)>,
}

/// `GET /alerts/delivery`.
pub(in crate::pages) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, |pages, visitor| render(pages, visitor, None)).await
}

fn render(pages: &Pages, visitor: &Visitor, wrong: Option<&'static str>) -> Result<String, PageError> {
    let shown = Shown::new(pages, visitor)?;
    let (t, gateway) = (shown.t, &pages.gateway);
    let delivery = &gateway.config.delivery;
    let me = visitor.caller.as_ref().and_then(Caller::person).and_then(|person| person.identity.clone());
    let (email, phone) = (me.as_ref().and_then(|me| me.email.clone()), me.as_ref().and_then(|me| me.phone.clone()));
    let mut ways = Vec::new();
    if let Some(smtp) = &delivery.smtp {
        let says = format!("{}:{}, {} {}", smtp.host, smtp.port, t.sent_from(), smtp.from);
        let wrong = email.is_none().then(|| t.you_have_no_email());
        ways.push(Line { way: "email", target: String::new(), name: t.way(Way::Email).to_owned(), says, wrong });
    }
    for hook in &delivery.webhooks {
        let says = match (hook.preset, hook.every) {
            (WebhookPreset::Sms, _) => t.webhook_sms(),
            (WebhookPreset::Json, true) => t.webhook_every(),
            (WebhookPreset::Json, false) => t.webhook_json(),
        };
        let wrong = (hook.preset == WebhookPreset::Sms && phone.is_none()).then(|| t.you_have_no_phone());
        let name = format!("{} {}", t.way(Way::Webhook), hook.name);
        ways.push(Line { way: "webhook", target: hook.name.to_string(), name, says: says.to_owned(), wrong });
    }
    if let Some((topic, broker)) = delivery.topic.as_ref().zip(gateway.config.broker.as_ref()) {
        let says = format!("{}:{} · {topic}", broker.host, broker.port);
        ways.push(Line { way: "mqtt", target: String::new(), name: t.way(Way::Mqtt).to_owned(), says, wrong: None });
    }
    let counts = gateway.outbox.counts()?;
    let page = DeliveryPage {
        tabs: Tabs::new(pages, visitor, "/alerts/delivery"),
        answer: t.delivery_counted(ways.len(), counts.waiting, gateway.outbox.failed_today()?),
        wrong,
        ways,
        told: gateway.outbox.list(ROWS)?.iter().map(|sent| told(&shown, sent)).collect(),
        may: answers(visitor),
        heartbeat: gateway
            .pulse
            .as_ref()
            .map(|pulse| if pulse.is_weak() { ("barred", t.heart_weak()) } else { ("good", t.heart_good()) }),
        counts: counts.settled.iter().map(|(way, sent, failed)| (t.way(*way).to_owned(), *sent, *failed)).collect(),
        v: view(&shown, visitor, t.delivery(), "/alerts/delivery"),
        t,
    };
    Ok(page.render()?)
}

/// `POST /alerts/delivery/test`: a notice to whoever asks, or to the system behind the way.
pub(in crate::pages) async fn test(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let (gateway, t) = (&pages.gateway, visitor.lang);
        let (Some(way), Some(person)) = (Way::named(&typed.way), caller.person()) else { return Err(PageError::BadRequest) };
        let hook = gateway.config.delivery.webhooks.iter().find(|hook| *hook.name == *typed.target);
        let known = match way {
            Way::Email => gateway.config.delivery.smtp.is_some(),
            Way::Mqtt => gateway.config.delivery.topic.is_some(),
            Way::Webhook => hook.is_some(),
        };
        if !known {
            let html = render(pages, visitor, Some(t.way_unknown()))?;
            return Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html));
        }
        let to_person = way == Way::Email || hook.is_some_and(|hook| !hook.every);
        let municipality = &gateway.config.municipality.name;
        let notice = Notice {
            alert: None,
            person: to_person.then(|| person.id.subject().into()),
            way,
            target: if way == Way::Webhook { typed.target.as_str().into() } else { "".into() },
            subject: format!("Δοκιμή ειδοποίησης – {municipality}"),
            text: format!(
                "Αυτό είναι μόνο δοκιμή: οι ειδοποιήσεις φτάνουν εδώ.\nThis is a test only: notices of alerts arrive here.\n\n{municipality}\n"
            ),
            body: json!({ "test": true, "municipality": municipality }),
        };
        let id = gateway.outbox.add(&notice)?;
        let noted = act(&caller, "", |cause| {
            let after = json!({ "way": way.code(), "target": typed.target, "notice": id });
            gateway.people.note(cause, Event::done(Category::Alerts, "test delivery", "delivery").with(None, Some(after)))
        });
        noted?;
        Ok(Answer::To("/alerts/delivery".to_owned()))
    })
    .await
}
