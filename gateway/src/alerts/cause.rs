//! What several findings have in common: a zone that failed, a street without power, a broker away is one alert.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Subject;

/// Nodes of the city from which on a half of them being silent has one cause.
const CITY_MIN: usize = 10;
/// The same of a community, and of a site (a street).
const ZONE_MIN: usize = 5;
const SITE_MIN: usize = 3;
/// Members that an alert names; it counts all.
pub const MEMBERS_NAMED: usize = 50;

/// A node that is asked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub node: Arc<str>,
    /// Where it stands.
    pub site: Option<Arc<str>>,
    /// Its community.
    pub zone: Option<Arc<str>>,
    /// Whether it comes by the external broker.
    pub by_broker: bool,
    /// Whether it is silent.
    pub silent: bool,
}

/// What is silent, and what it is one of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What the alert is about.
    pub subject: Subject,
    /// Its community, where it has one.
    pub zone: Option<Arc<str>>,
    /// The nodes.
    pub nodes: Vec<Arc<str>>,
}

/// The causes of silence: each silent node is in one of them. What is in `open` stays together until all of its nodes are back, so that
/// a failed zone that comes back node by node is not told as many times.
///
/// Nodes of a broker that is away are the broker's, which has an alert of its own: `broker_away` leaves them out.
pub fn causes(asked: &[Asked], open: &BTreeSet<Subject>, broker_away: bool) -> Vec<Cause> {
    let asked: Vec<&Asked> = asked.iter().filter(|one| !(broker_away && one.by_broker)).collect();
    let silent = asked.iter().filter(|one| one.silent).count();
    let holds = |subject: &Subject, all: usize, silent: usize, least: usize| {
        silent > 0 && (open.contains(subject) || (all >= least && silent * 2 >= all && silent * 2 >= least))
    };
    let mut causes: BTreeMap<Subject, Cause> = BTreeMap::new();
    let city = holds(&Subject::city(), asked.len(), silent, CITY_MIN);
    let (zones, sites) = (counted(&asked, |one| one.zone.as_ref()), counted(&asked, |one| one.site.as_ref()));
    for one in asked.iter().filter(|one| one.silent) {
        let of = |code: &Option<Arc<str>>, subject: fn(&str) -> Subject, counts: &Counts, least: usize| {
            let subject = subject(code.as_ref()?);
            let (all, silent) = counts.get(code.as_ref()?)?;
            holds(&subject, *all, *silent, least).then_some(subject)
        };
        let subject = if city {
            Subject::city()
        } else {
            of(&one.zone, Subject::zone, &zones, ZONE_MIN)
                .or_else(|| of(&one.site, Subject::site, &sites, SITE_MIN))
                .unwrap_or_else(|| Subject::node(&one.node))
        };
        let zone = if city { None } else { one.zone.clone() };
        let cause = causes.entry(subject.clone()).or_insert_with(|| Cause { subject, zone, nodes: Vec::new() });
        cause.nodes.push(one.node.clone());
    }
    causes.into_values().collect()
}

/// Of each code: how many, and how many are silent.
type Counts = BTreeMap<Arc<str>, (usize, usize)>;

fn counted(asked: &[&Asked], code: impl Fn(&Asked) -> Option<&Arc<str>>) -> Counts {
    let mut counts = Counts::new();
    for one in asked {
        if let Some(code) = code(one) {
            let count = counts.entry(code.clone()).or_default();
            count.0 += 1;
            count.1 += usize::from(one.silent);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(n: usize, silent: usize, zone: &str, site: &str) -> Vec<Asked> {
        let node = |i: usize| Asked {
            node: format!("{}-{site}-{i}", zone.to_lowercase()).into(),
            site: Some(site.into()),
            zone: Some(zone.into()),
            by_broker: false,
            silent: i < silent,
        };
        (0..n).map(node).collect()
    }

    fn told(asked: &[Asked], open: &[Subject]) -> Vec<(String, usize)> {
        let causes = causes(asked, &open.iter().cloned().collect(), false);
        causes.iter().map(|cause| (cause.subject.to_string(), cause.nodes.len())).collect()
    }

    #[test]
    fn many_have_one_cause_and_few_their_own() {
        let mut city = nodes(40, 2, "DKA", "a");
        city.extend(nodes(40, 0, "DKB", "b"));
        assert_eq!(told(&city, &[]), [("node/dka-a-0".to_owned(), 1), ("node/dka-a-1".to_owned(), 1)]);

        let mut zone = nodes(6, 3, "DKA", "a");
        zone.extend(nodes(40, 0, "DKB", "b"));
        assert_eq!(told(&zone, &[]), [("zone/DKA".to_owned(), 3)]);

        let mut street = nodes(4, 4, "DKA", "egnatia");
        street.extend(nodes(40, 1, "DKA", "a"));
        assert_eq!(told(&street, &[]), [("node/dka-a-0".to_owned(), 1), ("site/egnatia".to_owned(), 4)]);

        let mut all = nodes(10_000, 10_000, "DKA", "a");
        all.extend(nodes(5, 0, "DKB", "b"));
        assert_eq!(told(&all, &[]), [("city".to_owned(), 10_000)], "one alert, whatever the number");
        assert_eq!(told(&nodes(4, 2, "DKA", "a"), &[]).len(), 1, "two of four of a street");
        assert_eq!(told(&nodes(2, 2, "DKA", "a"), &[]).len(), 2, "two nodes are two nodes");
    }

    #[test]
    fn what_was_told_together_comes_back_together() {
        let mut zone = nodes(10, 1, "DKA", "a");
        zone.extend(nodes(90, 0, "DKB", "b"));
        assert_eq!(told(&zone, &[Subject::zone("DKA")]), [("zone/DKA".to_owned(), 1)], "the last is still away");
        assert_eq!(told(&nodes(10, 0, "DKA", "a"), &[Subject::zone("DKA")]), []);
    }

    #[test]
    fn nodes_of_a_broker_that_is_away_are_the_brokers() {
        let mut asked = nodes(10, 9, "DKA", "a");
        asked.iter_mut().take(8).for_each(|one| one.by_broker = true);
        let found = causes(&asked, &BTreeSet::new(), true);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].nodes.len(), 1, "the one that comes by itself");
    }
}
