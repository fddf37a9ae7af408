//! [`Alerts`]: what was raised and what was done about it, in `records.db`.
//!
//! A change, its steps, its entries of the audit log and the notices that go out for it are one transaction, on disk when a call
//! returns. What is open is held in memory too. All calls block.

mod acts;
pub(super) mod maintenance;
mod on_call;
mod rows;
mod rules;
mod settle;
pub(super) mod shift;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::tz::TimeZone;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::Subject;
use super::life::{Alert, Refusal, State, Step};
use super::roster::Turn;
use super::rules::Rules;
use crate::catalogue::Catalogue;
use crate::catalogue::alerts::{AlertRule, Severity};
use crate::clock::Clock;
use crate::reading::Timestamp;
use crate::secret::locked;
use crate::store::{StoreError, records};
use maintenance::Maintenance;

pub use acts::NOTE_MAX;
pub use settle::{Finding, Look, Settled};

/// By which ways it is told how alerts stand.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    /// Whether each change is published to the external broker.
    pub broker: bool,
    /// Webhooks that get each change.
    pub every: Vec<Box<str>>,
    /// How others reach the pages.
    pub url: Option<String>,
}

/// What alerts are held to.
#[derive(Debug, Clone)]
pub struct AlertsConfig {
    /// Open alerts at most; what is beyond is counted, and said.
    pub open_max: usize,
    /// Until the next one on call is told.
    pub escalate_ms: i64,
    /// What is raised again so soon after it was over is the same alert.
    pub reopen_ms: i64,
    /// By which ways it is told how alerts stand.
    pub ways: Ways,
}

/// All alerts.
pub struct Alerts {
    catalogue: Arc<Catalogue>,
    zone: TimeZone,
    clock: Arc<Clock>,
    config: AlertsConfig,
    // Taken before `board` where both are: what memory holds follows the order of commits.
    file: Mutex<Connection>,
    board: RwLock<Arc<Board>>,
    refused: AtomicU64,
    rested: AtomicU64,
    behind: AtomicU64,
}

/// What is open, and by what it is judged, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Board {
    open: HashMap<Arc<str>, HashMap<Subject, Arc<Alert>>>,
    rules: Arc<Rules>,
    maintenance: Arc<[Maintenance]>,
    turns: Arc<[(u64, Turn)]>,
}

impl Board {
    /// The rules.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// Maintenance that is planned or goes on.
    pub fn maintenance(&self) -> &[Maintenance] {
        &self.maintenance
    }

    /// The roster, by number.
    pub fn turns(&self) -> &[(u64, Turn)] {
        &self.turns
    }

    /// The open alert of a rule about something.
    pub fn find(&self, rule: &str, subject: &Subject) -> Option<&Arc<Alert>> {
        self.open.get(rule)?.get(subject)
    }

    /// Whether anything is open about it.
    pub fn is_about(&self, subject: &Subject) -> bool {
        self.open.values().any(|of_rule| of_rule.contains_key(subject))
    }

    /// Open alerts of a rule.
    pub fn of_rule(&self, rule: &str) -> impl Iterator<Item = &Arc<Alert>> {
        self.open.get(rule).into_iter().flat_map(HashMap::values)
    }

    /// Open alerts, in no order.
    pub fn open(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.open.values().flat_map(HashMap::values)
    }

    /// Open alerts as people read them: not answered first, the worst first, the newest first.
    pub fn listed(&self) -> Vec<Arc<Alert>> {
        let mut all: Vec<_> = self.open().cloned().collect();
        let order = |alert: &Arc<Alert>| {
            (alert.state != State::Raised, std::cmp::Reverse((alert.severity, alert.raised_at, alert.id)))
        };
        all.sort_by_key(order);
        all
    }

    fn put(&mut self, alert: Alert) {
        let of_rule = self.open.entry(alert.rule.clone()).or_default();
        if alert.is_open() {
            of_rule.insert(alert.subject.clone(), Arc::new(alert));
        } else {
            of_rule.remove(&alert.subject);
        }
    }
}

/// Which alerts are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Alerts before this number: the next page.
    pub before: Option<u64>,
    /// Of that rule; empty: of all.
    pub rule: String,
    /// About that.
    pub subject: Option<Subject>,
    /// Of at least this severity.
    pub severity: Option<Severity>,
    /// Only those that are over.
    pub over: bool,
}

/// Why alerts were not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum AlertsError {
    /// There is no such alert, turn or maintenance.
    #[error("there is no such thing")]
    Unknown,
    /// A step may not follow.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A bound is reached.
    #[error("there are as many as there may be")]
    TooMany,
    /// It ends before it begins, or lasts too long.
    #[error("the span ends before it begins, or is longer than a year")]
    Span,
    /// The records.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for AlertsError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Alerts {
    /// Opens the records in `folder`, the data folder, creating them when there are none.
    ///
    /// # Errors
    /// The file cannot be read, or a newer program wrote it.
    pub fn open(
        folder: &Path,
        catalogue: Arc<Catalogue>,
        zone: TimeZone,
        config: AlertsConfig,
        clock: Arc<Clock>,
    ) -> Result<Arc<Self>, AlertsError> {
        let connection = records::open(&folder.join(records::FILE)).map_err(StoreError::Open)?;
        let mut board = Board::default();
        rows::open(&connection)?.into_iter().for_each(|alert| board.put(alert));
        board.rules = Arc::new(Rules::new(&catalogue, &rules::written(&connection)?));
        board.maintenance = maintenance::all(&connection)?.into();
        board.turns = on_call::all(&connection)?.into();
        for (code, why) in board.rules.unsound() {
            tracing::warn!(rule = %code, why, "a rule that was written on the page rests: the catalogue no longer allows it");
        }
        let (file, board) = (Mutex::new(connection), RwLock::new(Arc::new(board)));
        let (refused, rested, behind) = Default::default();
        Ok(Arc::new(Self { catalogue, zone, clock, config, file, board, refused, rested, behind }))
    }

    /// What is open now, and by what it is judged.
    pub fn board(&self) -> Arc<Board> {
        self.board.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What alerts are held to.
    pub fn config(&self) -> &AlertsConfig {
        &self.config
    }

    /// Alerts that found no room under `[alerts] open_max`, since the start.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How often something was found that maintenance rests, since the start.
    pub fn rested(&self) -> u64 {
        self.rested.load(Ordering::Relaxed)
    }

    /// Datastreams that the last look had no time for.
    pub fn behind(&self) -> u64 {
        self.behind.load(Ordering::Relaxed)
    }

    /// An alert.
    ///
    /// # Errors
    /// [`AlertsError::Unknown`], or the records cannot be read.
    pub fn alert(&self, id: u64) -> Result<Alert, AlertsError> {
        rows::one(&locked(&self.file), id)?.ok_or(AlertsError::Unknown)
    }

    /// What was done about an alert, in its order.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn steps(&self, id: u64) -> Result<Vec<Step>, AlertsError> {
        Ok(rows::steps(&locked(&self.file), id)?)
    }

    /// What was done about any alert in a span, the newest first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn steps_between(
        &self,
        from: Timestamp,
        until: Timestamp,
        top: usize,
    ) -> Result<Vec<(u64, Step)>, AlertsError> {
        Ok(rows::steps_between(&locked(&self.file), from, until, top)?)
    }

    /// Alerts, the newest first, `top` at most.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn list(&self, listing: &Listing, top: usize) -> Result<Vec<Alert>, AlertsError> {
        Ok(rows::list(&locked(&self.file), listing, top)?)
    }

    /// Forgets alerts that were over before then, with their steps, and notes of shifts before it; says how many alerts.
    ///
    /// # Errors
    /// The records cannot be written.
    pub fn forget(&self, before: Timestamp) -> Result<usize, AlertsError> {
        self.change(|file, _, _| {
            let gone = "SELECT id FROM alert WHERE cleared_at < ?1";
            file.execute(&format!("DELETE FROM alert_step WHERE alert IN ({gone})"), [before.millis()])?;
            file.execute("DELETE FROM shift_note WHERE at < ?1", [before.millis()])?;
            Ok(file.execute("DELETE FROM alert WHERE cleared_at < ?1", [before.millis()])?)
        })
    }

    /// One change: on disk, with its entries in the audit log, and in memory, when this returns.
    fn change<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &mut Board, Timestamp) -> Result<T, AlertsError>,
    ) -> Result<T, AlertsError> {
        let mut file = locked(&self.file);
        let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut board = Board::clone(&self.board());
        let out = work(&transaction, &mut board, self.clock.now())?;
        transaction.commit()?;
        *self.board.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(board);
        Ok(out)
    }

    /// The rule of an alert, resting or not; none when it is gone.
    pub fn rule(&self, alert: &Alert) -> Option<Arc<AlertRule>> {
        self.board().rules.find(&alert.rule).map(|listed| listed.rule.clone())
    }
}

#[cfg(test)]
mod tests;
