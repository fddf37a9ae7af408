//! [`Book`]: the conservation oracle. Producers write down what they send before they send it, and what was acknowledged is
//! owed from then on; at the end the gateway's store is compared with it, observation by observation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::gateway::Gateway;
use crate::sensorthings::Key;

const HOUR_MS: i64 = 3_600_000;

/// What names a series: node and quantity, channel 0.
type Series = (String, String);

#[derive(Debug, Clone, Copy)]
struct Sent {
    value: f64,
    owed: bool,
}

/// What was sent and what is owed. Cheap to clone: all clones are one book.
#[derive(Debug, Clone, Default)]
pub struct Book(Arc<Mutex<BTreeMap<Series, BTreeMap<i64, Sent>>>>);

/// What a comparison found; a difference would have failed it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Readings that were acknowledged, and are there.
    pub owed: u64,
    /// Readings that were sent and never acknowledged, and are there all the same, as they may be.
    pub unacknowledged: u64,
    /// Windows of an hour whose count was compared.
    pub hours: u64,
}

impl Tally {
    /// Observations stored.
    pub fn stored(&self) -> u64 {
        self.owed + self.unacknowledged
    }
}

impl Book {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<Series, BTreeMap<i64, Sent>>> {
        self.0.lock().expect("nobody panics while holding it")
    }

    /// Writes down a reading that is about to be sent for the first time.
    ///
    /// # Panics
    /// When it is not unique: the producer is wrong.
    pub fn sends(&self, node: &str, quantity: &str, unix_ms: i64, value: f64) {
        let mut entries = self.entries();
        let series = entries.entry((node.to_owned(), quantity.to_owned())).or_default();
        let before = series.insert(unix_ms, Sent { value, owed: false });
        assert!(before.is_none(), "{node} {quantity} {unix_ms} was drawn twice");
    }

    /// The reading was acknowledged.
    pub fn owes(&self, node: &str, quantity: &str, unix_ms: i64) {
        let mut entries = self.entries();
        let sent = entries.get_mut(&(node.to_owned(), quantity.to_owned())).and_then(|series| series.get_mut(&unix_ms));
        sent.expect("it was sent before it was acknowledged").owed = true;
    }

    /// Everything that this node sent was acknowledged.
    pub fn owes_all_of(&self, node: &str) {
        let mut entries = self.entries();
        for (_, series) in entries.iter_mut().filter(|((name, _), _)| name == node) {
            series.values_mut().for_each(|sent| sent.owed = true);
        }
    }

    /// How many readings this node sent.
    pub fn sent_by(&self, node: &str) -> u64 {
        let entries = self.entries();
        entries.iter().filter(|((name, _), _)| name == node).map(|(_, series)| series.len() as u64).sum()
    }

    /// Holds the gateway to it: what is owed is stored once with its value to the bit, what is stored was sent, and the
    /// settled windows of an hour count the observations that are in them.
    ///
    /// # Panics
    /// With the first difference of each series that has one.
    pub fn compare(&self, gateway: &Gateway) -> Tally {
        let entries = self.entries();
        let datastreams = gateway.datastreams();
        let (mut tally, mut wrong) = (Tally::default(), Vec::new());
        let known: BTreeSet<Series> = entries.keys().cloned().collect();
        for key in datastreams.keys().filter(|key| !known.contains(&(key.node.clone(), key.quantity.clone()))) {
            wrong.push(format!("{key:?} was invented"));
        }
        for ((node, quantity), sent) in &*entries {
            let key = |window| Key { node: node.clone(), quantity: quantity.clone(), channel: 0, window };
            let owed = sent.values().filter(|sent| sent.owed).count();
            let Some(id) = datastreams.get(&key(None)) else {
                if owed > 0 {
                    wrong.push(format!("{node} {quantity}: all of {owed} acknowledged readings are lost"));
                }
                continue;
            };
            let mut stored = BTreeMap::new();
            for one in gateway.observations(*id) {
                if stored.insert(one.at_ms(), one.number()).is_some() {
                    wrong.push(format!("{node} {quantity}: {} is stored twice", one.time));
                }
            }
            let lost: Vec<i64> =
                sent.iter().filter(|(at, sent)| sent.owed && !stored.contains_key(*at)).map(|(at, _)| *at).collect();
            if let (Some(first), Some(last)) = (lost.first(), lost.last()) {
                wrong.push(format!(
                    "{node} {quantity}: {} of {owed} acknowledged readings are lost, between {first} and {last}",
                    lost.len()
                ));
            }
            for (at, value) in &stored {
                match sent.get(at) {
                    Some(sent) if sent.value.to_bits() != value.to_bits() => {
                        wrong.push(format!("{node} {quantity} {at}: {} was sent and {value} is stored", sent.value));
                        break;
                    }
                    Some(Sent { owed: true, .. }) => tally.owed += 1,
                    Some(_) => tally.unacknowledged += 1,
                    None => {
                        wrong.push(format!("{node} {quantity} {at}: {value} was never sent"));
                        break;
                    }
                }
            }
            let hours = datastreams.get(&key(Some("PT1H".into()))).map_or(Vec::new(), |id| gateway.observations(*id));
            for hour in hours.iter().filter(|hour| hour.parameters["status"] == "settled") {
                let from = hour.at_ms();
                let (counted, there) = (&hour.parameters["count"], stored.range(from..from + HOUR_MS).count());
                if *counted != there {
                    wrong.push(format!(
                        "{node} {quantity}: the hour {} counts {counted}, stored are {there}",
                        hour.time
                    ));
                }
                tally.hours += 1;
            }
        }
        assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
        tally
    }
}
