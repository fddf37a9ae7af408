//! Looks at what came, every few seconds, and lets rules, roster and equipment follow.
//!
//! A look is followed by a pause of twenty times its length, and of `every_s` where it left nothing over: under a flood alerts come later,
//! and rules do not take what readings need. Whatever was not done when the gateway stopped is found undone by the next look.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::ToSpan;
use tokio::sync::watch;

use crate::alerts::AlertsError;
use crate::alerts::life::Alert;
use crate::alerts::watch::{Surroundings, Watcher, kind_of};
use crate::audit::Cause;
use crate::catalogue::alerts::Consequence;
use crate::operations::asset::{AssetId, Tree};
use crate::operations::book::{BookError, New, Shelf};
use crate::operations::event;
use crate::operations::step::{Deed, Evidence, Hand, Severity, Step, Uid};
use crate::service::Gateway;
use crate::store::StoreError;

/// A pause is so many times as long as the look before it.
const PAUSES: u32 = 20;
/// And not longer than this.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Why a look came to nothing.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    Alerts(#[from] AlertsError),
    #[error(transparent)]
    Book(#[from] BookError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs until `stop` holds true.
pub(super) async fn follow(app: Arc<Gateway>, stop: watch::Receiver<bool>) {
    let every = Duration::from_secs(u64::from(app.config.alerts.every_s));
    let mut watcher = Watcher::default();
    let mut pause = every.min(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = super::until(stop.clone()) => return,
            () = tokio::time::sleep(pause) => {}
        }
        let (looked, began) = (app.clone(), Instant::now());
        let mut own = std::mem::take(&mut watcher);
        let look = tokio::task::spawn_blocking(move || {
            let done = look(&looked, &mut own);
            (own, done)
        });
        match look.await {
            Ok((own, done)) => {
                watcher = own;
                if let Err(error) = done {
                    tracing::error!(%error, "alerts could not be looked for; they are again");
                }
            }
            Err(error) => tracing::error!(%error, "looking for alerts failed"),
        }
        let rest = (began.elapsed() * PAUSES).min(PAUSE_MAX);
        pause = if app.alerts.behind() > 0 { rest } else { every.max(rest) };
    }
}

fn look(app: &Gateway, watcher: &mut Watcher) -> Result<(), LookError> {
    let now = app.clock.now();
    if app.clock.is_suspect(now) {
        return Ok(());
    }
    let (board, shelf) = (app.alerts.board(), app.book.shelf()?);
    let connected: HashMap<_, _> = app.connections.list().into_iter().map(|one| (one.node, one.since)).collect();
    let look = watcher.look(&Surroundings {
        reader: &app.reader,
        board: &board,
        shelf: &shelf,
        day: app.book.day(),
        connected: &connected,
        broker: app.broker.as_ref().map(|broker| broker.view().connected_since.is_some()),
        started_at: app.started_at,
        now,
        at_most: Duration::from_millis(u64::from(app.config.alerts.look_ms)),
        deaf: app.journal.status().paused.is_some(),
    })?;
    let settled = app.alerts.settle(look)?;
    if settled.raised > 0 {
        tracing::info!(raised = settled.raised, "alerts were raised");
    }
    if settled.refused > 0 {
        tracing::warn!(refused = settled.refused, "alerts find no room: [alerts] open_max is reached");
    }
    let board = app.alerts.board();
    for alert in board.open().filter(|alert| !alert.facts.followed) {
        follow_one(app, &shelf, alert)?;
    }
    app.alerts.escalate(|alert| kind_of(&shelf, &alert.subject).map(Into::into))?;
    Ok(())
}

/// Does what follows by an alert's rule, once: the step's name is the alert's, so that one that was done before a crash is found done.
fn follow_one(app: &Gateway, shelf: &Shelf, alert: &Alert) -> Result<(), LookError> {
    let Some((then, rule)) = app.alerts.rule(alert).and_then(|rule| Some((rule.then.clone()?, rule))) else {
        return Ok(());
    };
    let Some(asset) = alert.subject.of("asset").and_then(|id| AssetId::new(id).ok()) else { return Ok(()) };
    let Some(held) = shelf.get(&asset) else { return Ok(()) };
    let catalogue = &app.config.catalogue;
    let (what, asset, deed) = match then {
        Consequence::Inspection { of_type, days } => {
            let unit = shelf.unit_of(&asset, catalogue).map_or(asset.clone(), |unit| unit.id.clone());
            let has_type = catalogue.sheet(&held.asset.kind).is_some_and(|sheet| sheet.of_type(&of_type).is_some());
            let called =
                shelf.get(&unit).is_some_and(|unit| unit.dossier.calls.values().any(|call| *call.of_type == *of_type));
            if called || !has_type {
                return Ok(app.alerts.followed(alert.id, "inspection", unit.as_str(), None)?);
            }
            let due = app.book.today().saturating_add(i64::from(days).days());
            ("inspection", unit, Deed::Called { of_type: (*of_type).into(), due, reason: reason(alert, &rule.name.el) })
        }
        Consequence::Defect { severity, text } => {
            let severity = Severity::named(&severity).unwrap_or(Severity::Important);
            ("defect", asset, Deed::Found { severity, text: text.el, rating: None })
        }
    };
    let uid = Uid::new(&format!("alert-{:06}", alert.id)).expect("letters, a hyphen and digits are allowed");
    let step = Step { uid: uid.clone(), at: alert.raised_at, by: Hand::gateway(), deed, evidence: Evidence::default() };
    let reason = format!("alert/{}", alert.id);
    match app.book.take(Cause::gateway("gateway", &reason), &[New::of(asset.clone(), step)]) {
        Ok(_) => Ok(app.alerts.followed(alert.id, what, asset.as_str(), Some(uid.as_str()))?),
        // Dismantled meanwhile, or another step stands against it: that is said, and not tried for ever.
        Err(BookError::Refused { refusal, .. }) => {
            tracing::warn!(alert = alert.id, %asset, %refusal, "what follows by the alert's rule could not be done");
            Ok(app.alerts.followed(alert.id, what, asset.as_str(), None)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Why an inspection is called for, as pages tell it in the reader's language where it was a reading.
fn reason(alert: &Alert, name: &str) -> String {
    let facts = &alert.facts;
    match (&facts.quantity, facts.value, &facts.node, facts.at) {
        (Some(quantity), Some(value), Some(node), Some(at)) => event::reason(quantity, value, node, at),
        _ => name.to_owned(),
    }
}
