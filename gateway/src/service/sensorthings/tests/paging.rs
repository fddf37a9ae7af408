//! Pages: following the links gives every entity once, in order.

use super::fake::{DAY, Fake, Given};
use super::{Client, Settings, limits};

#[test]
fn pages_have_the_size_asked_for_or_allowed() {
    let client = Client::of(Fake::city(), Settings { limits: limits(), ..Settings::default() });
    assert_eq!(client.pages("/Things").1, [3, 3]);
    assert_eq!(client.pages("/Things?$top=4").1, [4, 2]);
    assert_eq!(client.pages("/Things?$top=6").1, [6]);
    assert_eq!(client.pages("/Things?$top=0").1, [0]);
    assert_eq!(client.pages("/Things?$skip=5").1, [1]);
    assert_eq!(client.pages("/Things?$skip=50").1, [0]);
    assert_eq!(client.pages("/Datastreams?$top=5000").1, [7, 7, 7, 4]);
    assert_eq!(client.pages("/Datastreams(24)/Observations?$top=100").1, [7, 3]);
}

#[test]
fn each_comes_once_and_in_order() {
    let client = Client::new();
    let whole = |url: &str| client.pages(&format!("{url}$top=10000")).0;
    for base in [
        "/Datastreams(8)/Observations?",
        "/Datastreams(24)/Observations?",
        "/Datastreams(9)/Observations?",
        "/Datastreams(40)/Observations?$orderby=phenomenonTime desc&",
        "/Datastreams(8)/Observations?$orderby=phenomenonTime desc&",
        "/Datastreams(8)/Observations?$filter=result mod 3 eq 0&",
        "/Datastreams(8)/Observations?$orderby=result mod 7 desc,id&",
        "/Observations?",
        "/Observations?$orderby=id desc&",
        "/Observations?$orderby=id&$filter=result lt 30&",
        "/Datastreams(24)/Observations?$orderby=id desc&",
        "/Observations?$orderby=phenomenonTime&",
        "/Observations?$orderby=phenomenonTime desc,id desc&",
        "/Observations?$filter=Datastream/Thing/id le 2 and result lt 30 or resultQuality eq 3&",
        "/HistoricalLocations?$orderby=time&",
        "/Things(2)/Datastreams?$orderby=name&",
        "/Datastreams?$expand=Thing,Observations($top=1;$skip=1;$filter=result gt 0)&",
    ] {
        let all = whole(base);
        assert!(all.len() > 2, "{base}");
        let mut once = all.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), all.len(), "{base}");
        for top in [1, 2, 7, 64] {
            if all.len() / top < 400 {
                assert_eq!(client.pages(&format!("{base}$top={top}")).0, all, "{base} by {top}");
            }
        }
        let mut sorted = all.clone();
        sorted.sort_unstable();
        if base.contains("$orderby=id desc") {
            sorted.reverse();
        }
        assert!(!base.contains("$orderby=id") || sorted == all, "{base}");
        let count = client.json(&format!("{base}$count=true&$top=1"));
        assert_eq!(count["@iot.count"], all.len(), "{base}");
    }
}

#[test]
fn many_observations_of_one_moment_are_not_lost_between_reads() {
    // More than two reads of the store hold, all at one time, then some more.
    let values = (0..10_000).map(|i| (DAY + if i < 9_000 { 0 } else { i64::from(i) }, f64::from(i)));
    let given = Given { id: 1, node: "air-1", quantity: "pm25", channel: 0, values: values.collect(), external: false };
    let client = Client::of(Fake::of(vec![given]), Settings::default());
    for order in ["asc", "desc"] {
        let url =
            format!("/Datastreams(8)/Observations?$orderby=phenomenonTime {order}&$filter=result ge 0&$top=10000");
        let (ids, _) = client.pages(&url);
        let mut once = ids.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!((ids.len(), once.len()), (10_000, 10_000), "{order}");
    }
}
#[test]
fn the_newest_of_many_datastreams_cost_a_few_reads() {
    let stream = |i: u32| Given {
        id: i + 1,
        node: "air-1",
        quantity: "pm25",
        channel: (i % 200) as u8,
        values: vec![(DAY, 1.0), (DAY + i64::from(i) * 1_000, 2.0)],
        external: false,
    };
    // The bound on what is looked at stands for the reads: 400 of them, for 8,000 Datastreams.
    let client =
        Client::of(Fake::of((0..2_000).map(stream).collect()), Settings { limits: limits(), ..Settings::default() });
    let raw = "properties/aggregate eq null";
    let newest =
        client.each("/Observations?$orderby=phenomenonTime desc&$top=3&$expand=Datastream", "/Datastream/@iot.id");
    assert_eq!(newest, [2_000 * 8, 1_999 * 8, 1_998 * 8]);
    let (status, body) = client.get(&format!("/Observations?$filter=Datastream/{raw}&$top=3"));
    assert_eq!((status, body.contains("narrow")), (400, true), "8,000 conditions are more than 400: {body}");
}
