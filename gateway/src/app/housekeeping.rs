//! What is done by the clock, every ten minutes: what its time is over for goes (sessions, links, names, old entries of the
//! audit log), and the audit log's head goes out when it is time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;

use super::{events, usage};
use crate::audit::beacon::{self, Way};
use crate::audit::{self, Head};
use crate::reading::Timestamp;
use crate::service::Gateway;
use crate::telemetry::pipeline::Event as Happened;

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(600);
/// How long somebody may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);
const DAY_MS: i64 = 86_400_000;

/// Runs until `stop` holds true.
pub(super) async fn follow(app: Arc<Gateway>, stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = super::until(stop.clone()) => return,
            _ = tick.tick() => {}
        }
        retire(&app).await;
        look_after_equipment(&app).await;
        for way in [Way::File, Way::Url] {
            tell(&app, way).await;
        }
    }
}

/// What is older than `[retention] audit_days` goes. A clock that is not to be believed takes nothing away.
async fn retire(app: &Arc<Gateway>) {
    let now = app.clock.now();
    if app.clock.is_suspect(now) {
        return;
    }
    let limit = Timestamp::from_millis(now.millis() - i64::from(app.config.retention.audit_days) * DAY_MS);
    let (people, accounts_days) = (app.people.clone(), app.config.retention.accounts_days);
    let work = move || {
        people.retire(accounts_days)?;
        let trimmed = people.keep_log(|file| audit::trim(file, now, limit))?;
        people.note_retention(now)?;
        Ok::<_, crate::people::PeopleError>(trimmed)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(0)) => {}
        Ok(Ok(entries)) => {
            tracing::info!(entries, "old entries of the audit log are gone, as [retention] audit_days says")
        }
        Ok(Err(error)) => tracing::error!(%error, "what its time is over for could not be taken away"),
        Err(error) => tracing::error!(%error, "taking away what its time is over for failed"),
    }
}

/// What a certificate's lapse locks out is ordered to be; how far from their sites inspections were made, and documents that
/// nothing names, go when their time is over, and each time that is told in the audit log. A clock that is not to be believed
/// does none of it.
async fn look_after_equipment(app: &Arc<Gateway>) {
    let now = app.clock.now();
    if app.clock.is_suspect(now) {
        return;
    }
    let app = app.clone();
    let work = move || {
        let book = &app.book;
        match book.lapse() {
            Ok(0) => {}
            Ok(ordered) => tracing::warn!(ordered, "equipment is to be locked out: its certificate has lapsed"),
            Err(error) => tracing::error!(%error, "equipment could not be held to its certificates"),
        }
        match usage::call(&app) {
            Ok(0) => {}
            Ok(called) => tracing::info!(called, "equipment was used often enough to be inspected"),
            Err(error) => tracing::error!(%error, "uses of equipment could not be counted"),
        }
        match events::call(&app) {
            Ok(0) => {}
            Ok(called) => tracing::info!(called, "something happened to equipment that is to be inspected for it"),
            Err(error) => tracing::error!(%error, "what happened to equipment could not be looked for"),
        }
        let limit = now.plus_millis(-i64::from(app.config.retention.documents_days) * DAY_MS);
        match book.forget_documents(limit) {
            Ok(0) => {}
            Ok(documents) => {
                tracing::info!(documents, "documents that nothing names are gone, as [retention] documents_days says")
            }
            Err(error) => tracing::error!(%error, "documents that nothing names could not be taken away"),
        }
        let before = now.plus_millis(-i64::from(app.config.retention.alerts_days) * DAY_MS);
        if let Err(error) = app.outbox.forget(before) {
            tracing::error!(%error, "notices that were settled long ago could not be taken away");
        }
        match app.alerts.forget(before) {
            Ok(0) => {}
            Ok(alerts) => tracing::info!(alerts, "alerts that are over are gone, as [retention] alerts_days says"),
            Err(error) => tracing::error!(%error, "alerts that are over could not be taken away"),
        }
        let before = now.plus_millis(-i64::from(app.config.retention.distances_days) * DAY_MS);
        let forgotten = match book.forget_distances(before) {
            Ok(0) => return,
            Ok(forgotten) => forgotten,
            Err(error) => {
                return tracing::error!(%error, "how far from their sites inspections were made could not be forgotten");
            }
        };
        let after = json!({ "distances": forgotten, "distances_before": before.to_string() });
        let event = audit::Event::done(audit::Category::Data, "retention", "equipment").with(None, Some(after));
        if let Err(error) = app.people.note(audit::Cause::gateway("gateway", "[retention] distances_days"), event) {
            tracing::error!(%error, "what was removed could not be written into the audit log");
        }
    };
    if let Err(error) = tokio::task::spawn_blocking(work).await {
        tracing::error!(%error, "looking after equipment failed");
    }
}

/// What the pipeline removed goes into the audit log: each run of `[retention]`, and each time the disk's bound was reached.
/// Who knocked is forgotten with rejections of that age, and told in the same entry.
pub(super) fn record_removal(app: &Gateway, event: &Happened) {
    let (reason, after) = match event {
        Happened::Retained { observations_before, aggregates_before, rejections_before, removed } => {
            let knocks = app.registry.forget_knocks(*rejections_before);
            if let Err(error) = &knocks {
                tracing::error!(%error, "who knocked long ago could not be forgotten");
            }
            (
                "[retention]",
                json!({
                    "observations": removed.observations,
                    "observations_before": observations_before.to_string(),
                    "aggregates": removed.aggregates,
                    "aggregates_before": aggregates_before.to_string(),
                    "rejections": removed.rejections,
                    "rejections_before": rejections_before.to_string(),
                    "knocks": knocks.ok(),
                }),
            )
        }
        Happened::Shed { observations_before } => (
            "[limits] disk_bytes_max",
            json!({ "observations_before": observations_before.map(|at| at.to_string()), "bytes_of_rejections": "all" }),
        ),
        Happened::Reply { .. } => return,
    };
    let event = audit::Event::done(audit::Category::Data, "retention", "telemetry").with(None, Some(after));
    if let Err(error) = app.people.note(audit::Cause::gateway("gateway", reason), event) {
        tracing::error!(%error, "what was removed could not be written into the audit log");
    }
}

async fn tell(app: &Arc<Gateway>, way: Way) {
    let config = &app.config.audit;
    if (way == Way::File && config.head_file.is_none()) || (way == Way::Url && config.head_url.is_none()) {
        return;
    }
    let now = app.clock.now();
    let people = app.people.clone();
    let due = tokio::task::spawn_blocking(move || people.look(|file| beacon::due(file, way, now))).await;
    let head = match due {
        Ok(Ok(Some(head))) => head,
        Ok(Ok(None)) => return,
        Ok(Err(error)) => return tracing::error!(%error, "the audit log could not be read"),
        Err(error) => return tracing::error!(%error, "reading the audit log failed"),
    };
    let result = match way {
        Way::File => tell_file(app, now, head).await,
        Way::Url => tell_url(app, now, head).await,
    };
    match &result {
        Ok(()) => tracing::info!(way = way.code(), %head, "the audit log's head is told"),
        Err(error) => {
            tracing::warn!(way = way.code(), error, "the audit log's head could not be told; in an hour again")
        }
    }
    let people = app.people.clone();
    let kept = move || people.keep_log(|file| beacon::remember(file, way, now, head, result));
    match tokio::task::spawn_blocking(kept).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "the audit log could not be written"),
        Err(error) => tracing::error!(%error, "writing the audit log failed"),
    }
}

async fn tell_file(app: &Arc<Gateway>, now: Timestamp, head: Head) -> Result<(), String> {
    let Some(path) = app.config.audit.head_file.clone() else { return Ok(()) };
    let line = beacon::line(now, &app.config.municipality.name, head);
    // A network file system that is away may hold a thread for long: nobody waits for it.
    let written = tokio::task::spawn_blocking(move || beacon::tell_file(&path, &line));
    match tokio::time::timeout(ANSWER_MAX, written).await {
        Ok(Ok(done)) => done.map_err(|error| error.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the file system does not answer".to_owned()),
    }
}

async fn tell_url(app: &Arc<Gateway>, now: Timestamp, head: Head) -> Result<(), String> {
    let Some(url) = &app.config.audit.head_url else { return Ok(()) };
    let body = json!({
        "municipality": app.config.municipality.name,
        "at": now.to_string(),
        "head": head.to_string(),
    });
    let client = reqwest::Client::builder().timeout(ANSWER_MAX).build().map_err(|error| error.to_string())?;
    let sent = client.post(url).header("content-type", "application/json").body(body.to_string()).send().await;
    // The address may hold a secret of its own: it is not shown.
    let answer = sent.map_err(|error| error.without_url().to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("answered {}", answer.status())) }
}
