//! `/api/ledger` read and held to its promise: every frame and every reading is accounted for, at every moment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::gateway::Address;
use crate::http;

/// What became of frames and readings, of one node or of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Frames that came.
    pub frames_received: u64,
    /// Frames that could be read.
    pub frames_decoded: u64,
    /// Frames that could not, by reason.
    pub frames_rejected: BTreeMap<String, u64>,
    /// Frames that wait.
    pub frames_pending: u64,
    /// Readings found in frames.
    pub decoded: u64,
    /// Readings stored.
    pub stored: u64,
    /// Readings that were known.
    pub duplicate: u64,
    /// Readings stored in place of others.
    pub corrected: u64,
    /// Readings that could not be used, by reason.
    pub rejected: BTreeMap<String, u64>,
}

/// The ledger.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// All nodes together.
    pub all: Account,
    /// Frames that wait, and windows that are due.
    pub pending: u64,
    /// Node by node.
    pub nodes: BTreeMap<String, Account>,
}

impl Account {
    fn read(json: &Value) -> Self {
        let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("a number is missing in {json}"));
        let reasons = |value: &Value| {
            let object = value.as_object().unwrap_or_else(|| panic!("reasons are missing in {json}"));
            object.iter().map(|(reason, count)| (reason.clone(), number(count))).collect()
        };
        let (frames, readings) = (&json["frames"], &json["readings"]);
        Self {
            frames_received: number(&frames["received"]),
            frames_decoded: number(&frames["decoded"]),
            frames_rejected: reasons(&frames["rejected"]),
            frames_pending: number(&frames["pending"]),
            decoded: number(&readings["decoded"]),
            stored: number(&readings["stored"]),
            duplicate: number(&readings["duplicate"]),
            corrected: number(&readings["corrected"]),
            rejected: reasons(&readings["rejected"]),
        }
    }

    /// Why it does not add up, if it does not.
    fn imbalance(&self) -> Option<String> {
        let frames = self.frames_decoded + self.frames_rejected.values().sum::<u64>() + self.frames_pending;
        let readings = self.stored + self.duplicate + self.corrected + self.rejected.values().sum::<u64>();
        if frames != self.frames_received {
            return Some(format!("{} frames received, {frames} accounted for", self.frames_received));
        }
        (readings != self.decoded).then(|| format!("{} readings decoded, {readings} accounted for", self.decoded))
    }

    /// How many frames and readings were rejected for `reason`.
    pub fn rejected_for(&self, reason: &str) -> u64 {
        let of = |reasons: &BTreeMap<String, u64>| reasons.get(reason).copied().unwrap_or(0);
        of(&self.frames_rejected) + of(&self.rejected)
    }
}

impl Ledger {
    /// Reads `/api/ledger`.
    ///
    /// # Panics
    /// When something promised is missing.
    pub fn read(json: &Value) -> Self {
        let nodes = json["nodes"].as_object().expect("nodes");
        Self {
            all: Account::read(&json["all"]),
            pending: json["all"]["pending"].as_u64().expect("pending"),
            nodes: nodes.iter().map(|(name, account)| (name.clone(), Account::read(account))).collect(),
        }
    }

    /// One node's account; empty when nothing came from it.
    pub fn node(&self, name: &str) -> Account {
        self.nodes.get(name).cloned().unwrap_or_default()
    }

    /// Why it does not balance, if it does not: in all, for each node, and their sum.
    pub fn imbalance(&self) -> Option<String> {
        if let Some(why) = self.all.imbalance() {
            return Some(format!("in all: {why}"));
        }
        for (name, account) in &self.nodes {
            if let Some(why) = account.imbalance() {
                return Some(format!("{name}: {why}"));
            }
        }
        let sum = |of: fn(&Account) -> u64| self.nodes.values().map(of).sum::<u64>();
        let same = [
            ("frames decoded", sum(|a| a.frames_decoded), self.all.frames_decoded),
            ("decoded", sum(|a| a.decoded), self.all.decoded),
            ("stored", sum(|a| a.stored), self.all.stored),
            ("duplicate", sum(|a| a.duplicate), self.all.duplicate),
            ("corrected", sum(|a| a.corrected), self.all.corrected),
            ("rejected", sum(|a| a.rejected.values().sum()), self.all.rejected.values().sum()),
        ];
        let differs = same.iter().find(|(_, nodes, all)| nodes != all);
        differs.map(|(what, nodes, all)| format!("{what}: the nodes' sum is {nodes}, in all it says {all}"))
    }

    /// Fails the test when it does not balance.
    ///
    /// # Panics
    /// Then.
    pub fn assert_balances(&self) {
        if let Some(why) = self.imbalance() {
            panic!("the ledger does not balance: {why}\n{self:#?}");
        }
    }
}

/// Looks at the ledger all the time, restarts of the gateway included, beside a test.
#[derive(Debug)]
pub struct LedgerWatch {
    stop: Arc<AtomicBool>,
    looks: Arc<AtomicU64>,
    thread: Option<JoinHandle<Result<(), String>>>,
}

impl LedgerWatch {
    /// Starts to look at the gateway at `http`. `acknowledged` says how many messages were acknowledged so far: the
    /// ledger has received at least as many.
    pub fn start(http: Address, acknowledged: impl Fn() -> u64 + Send + 'static) -> Self {
        let (stop, looks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, looked) = (stop.clone(), looks.clone());
        let thread = std::thread::spawn(move || {
            let mut received = 0;
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(50));
                let acknowledged = acknowledged();
                // It may be dead just now.
                let Ok(answer) = http::get(&http.get(), "/api/ledger") else { continue };
                let ledger = Ledger::read(&answer.json());
                let now = ledger.all.frames_received;
                if let Some(why) = ledger.imbalance() {
                    return Err(why);
                }
                if now < acknowledged {
                    return Err(format!("{acknowledged} messages were acknowledged and only {now} received"));
                }
                if now < received {
                    return Err(format!("{received} frames were received, and later only {now}"));
                }
                received = now;
                looked.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
        Self { stop, looks, thread: Some(thread) }
    }

    /// Stops looking; gives how often it looked.
    ///
    /// # Panics
    /// When the ledger did not balance once.
    pub fn finish(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().expect("it is stopped once").join().expect("the ledger could be read");
        if let Err(why) = ended {
            panic!("the ledger did not balance: {why}");
        }
        self.looks.load(Ordering::Relaxed)
    }
}

impl Drop for LedgerWatch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(stored: u64) -> Value {
        let account = |pending: u64| {
            serde_json::json!({
                "frames": {"received": 3 + pending, "decoded": 2, "rejected": {"malformed": 1}, "pending": pending},
                "readings": {"decoded": 5, "stored": stored, "duplicate": 1, "corrected": 0, "rejected": {"too_old": 1}},
            })
        };
        let mut all = account(2);
        all["pending"] = 4.into();
        serde_json::json!({"all": all, "nodes": {"n": account(0)}})
    }

    #[test]
    fn an_imbalance_is_told() {
        assert_eq!(Ledger::read(&ledger(3)).imbalance(), None);
        assert!(Ledger::read(&ledger(2)).imbalance().is_some_and(|why| why.contains("5 readings decoded, 4")));
        let mut more = ledger(3);
        more["nodes"]["m"] = more["nodes"]["n"].clone();
        assert!(Ledger::read(&more).imbalance().is_some_and(|why| why.contains("the nodes' sum")));
    }
}
