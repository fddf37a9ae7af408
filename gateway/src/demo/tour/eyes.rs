//! What the gateway says of itself, asked over HTTP as any other program would.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::sync::watch;

use crate::demo::supervisor::Addresses;
use crate::pages::tour::Sum;
use crate::reading::{NodeId, Timestamp};

const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// Looks at the gateway.
pub(super) struct Eyes {
    gateway: watch::Receiver<Option<Addresses>>,
    client: reqwest::Client,
}

/// What the ledger says of some nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub decoded: u64,
    pub stored: u64,
    pub duplicate: u64,
    /// Frames of all nodes that were not taken up yet.
    pub pending: u64,
}

impl Eyes {
    pub(super) fn new(gateway: watch::Receiver<Option<Addresses>>) -> anyhow::Result<Self> {
        Ok(Self { gateway, client: reqwest::Client::builder().no_proxy().timeout(ANSWER_WITHIN).build()? })
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<String> {
        let at = self.gateway.borrow().context("the gateway is away")?;
        let answer = self.client.get(format!("http://{}{path}", at.http)).query(query).send().await?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(answer.text().await?)
    }

    async fn json(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.get(path, query).await?)?)
    }

    /// The ledger's counts of those nodes together.
    pub(super) async fn counted<'a>(&self, nodes: impl Iterator<Item = &'a NodeId>) -> anyhow::Result<Counted> {
        let ledger = self.json("/api/ledger", &[]).await?;
        let mut counted = Counted { pending: number(&ledger["all"]["frames"]["pending"]), ..Counted::default() };
        for node in nodes {
            let readings = &ledger["nodes"][node.as_str()]["readings"];
            counted.decoded += number(&readings["decoded"]);
            counted.stored += number(&readings["stored"]);
            counted.duplicate += number(&readings["duplicate"]);
        }
        Ok(counted)
    }

    /// Numbers of open alerts of a blow on that piece of equipment, the newest first, as their page lists them.
    pub(super) async fn alerts(&self, about: &str) -> anyhow::Result<Vec<u64>> {
        let page = self.get("/alerts", &[("lang", "en")]).await?;
        let open = page.split("id=\"over\"").next().unwrap_or_default();
        let rows = open.split("href=\"/alerts/").skip(1);
        let of_it = rows.filter(|row| {
            let row = row.split("</li>").next().unwrap_or_default();
            row.contains(about) && row.contains("impact")
        });
        Ok(of_it.filter_map(|row| row.split('"').next()?.parse().ok()).collect())
    }

    /// Whether a page has those words.
    pub(super) async fn says(&self, path: &str, words: &str) -> anyhow::Result<bool> {
        Ok(self.get(path, &[]).await?.contains(words))
    }

    /// By how many changes the store behind the sink is behind.
    pub(super) async fn behind(&self) -> anyhow::Result<u64> {
        let metrics = self.get("/metrics", &[]).await?;
        let value = metrics.lines().find_map(|line| line.strip_prefix("city_gateway_sink_behind "));
        Ok(value.and_then(|value| value.trim().parse::<f64>().ok()).unwrap_or_default() as u64)
    }

    /// The gateway's own number of a series, as its pages' addresses have it.
    pub(super) async fn series(&self, node: &str, quantity: &str) -> anyhow::Result<Option<u64>> {
        // A datastream's id is eight times its number, and the windows' follow it.
        Ok(self.datastream(node, quantity, None).await?.map(|id| id / 8))
    }

    async fn datastream(&self, node: &str, quantity: &str, window: Option<&str>) -> anyhow::Result<Option<u64>> {
        let filter = format!("Thing/name eq '{node}' and ObservedProperty/name eq '{quantity}'");
        let found = self.json("/v1.1/Datastreams", &[("$filter", &filter)]).await?;
        let wanted = |stream: &&Value| stream["properties"]["aggregate"]["window"].as_str() == window;
        let list = found["value"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(list.iter().find(wanted).and_then(|stream| stream["@iot.id"].as_u64()))
    }

    /// The settled hours of a series within a span, by their beginning.
    pub(super) async fn hours(
        &self,
        node: &str,
        quantity: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> anyhow::Result<Vec<(Timestamp, Sum)>> {
        let Some(id) = self.datastream(node, quantity, Some("PT1H")).await? else { return Ok(Vec::new()) };
        let filter = format!("phenomenonTime ge {from} and phenomenonTime le {until}");
        let path = format!("/v1.1/Datastreams({id})/Observations");
        let found = self.json(&path, &[("$filter", &filter), ("$orderby", "phenomenonTime asc")]).await?;
        let list = found["value"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(list.iter().filter_map(hour).collect())
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn hour(observation: &Value) -> Option<(Timestamp, Sum)> {
    let parameters = &observation["parameters"];
    if parameters["status"].as_str() != Some("settled") {
        return None;
    }
    let (from, _) = observation["phenomenonTime"].as_str()?.split_once('/')?;
    let from = Timestamp::from_millis(from.parse::<jiff::Timestamp>().ok()?.as_millisecond());
    let sum = Sum {
        mean: observation["result"].as_f64()?,
        capture: parameters["capture"].as_f64().unwrap_or_default(),
        revision: number(&parameters["revision"]),
    };
    Some((from, sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_settled_hour_counts() {
        let text = r#"{"phenomenonTime":"2026-11-22T06:00:00.000Z/2026-11-22T07:00:00.000Z","result":61.5,
            "parameters":{"status":"settled","capture":0.1,"revision":1}}"#;
        let mut observation: Value = serde_json::from_str(text).expect("JSON");
        let expected = Sum { mean: 61.5, capture: 0.1, revision: 1 };
        assert_eq!(hour(&observation), Some((Timestamp::from_millis(1_795_327_200_000), expected)));
        observation["parameters"]["status"] = "provisional".into();
        assert_eq!(hour(&observation), None);
    }
}
