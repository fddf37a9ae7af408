//! Bounds that are reached: the journal at its cap pauses, says so wherever one looks, and goes on by itself; peers that
//! are slow, silent or many cost no more than their bound.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tests::disk::Disk;
use tests::raw::{Raw, connect, publish};
use tests::senml::{Entry, to_json};
use tests::{Gateway, Node, http, now_ms, wait_until};

const SECRET: &str = "a secret of its own";

fn reading(unix_ms: i64, value: f64) -> Vec<u8> {
    to_json("", &[Entry { name: "temperature", unit: None, value, unix_ms }])
}

fn ready(gateway: &Gateway) -> (u16, String) {
    let answer = gateway.get("/readyz");
    (answer.status, answer.text())
}

#[test]
fn a_journal_at_its_cap_pauses_says_so_and_goes_on_by_itself() {
    let mut gateway = Gateway::prepare(&[
        ("limits.packet_bytes_max", "\"16KiB\""),
        ("limits.journal_segment_bytes", "\"64KiB\""),
        ("limits.journal_bytes_max", "\"1MiB\""),
        ("limits.checkpoint_s", "1"),
    ]);
    // The store's disk is full, the journal's is not: nothing can be stored, so no segment can go.
    let disk = Disk::under(&gateway.data(), 64 << 20);
    std::fs::create_dir(gateway.folder().join("journal")).expect("the folder is ours");
    std::os::unix::fs::symlink(gateway.folder().join("journal"), gateway.data().join("journal")).expect("a link");
    gateway.restart();
    let node = Node::new_v5(&gateway, "patient");
    let start = now_ms() - 3_600_000;
    node.publish(reading(start, 1.0));
    node.wait_acknowledged();
    gateway.settled();
    // Enrolled while there is room.
    drop(Raw::node(&gateway.mqtt(), "impatient", SECRET));
    disk.fill();

    let mut sent = 1;
    let told = wait_until("the pause", || {
        disk.fill();
        if node.acknowledged() + 100 > sent {
            (0..100).for_each(|n| node.publish(reading(start + (sent + n) as i64 * 10, 2.0)));
            sent += 100;
        }
        Some(ready(&gateway)).filter(|(status, _)| *status == 503)
    });
    assert!(told.1.contains("the journal is at its bound") && told.1.contains("journal_bytes_max"), "{}", told.1);
    assert!(gateway.log().contains("the journal is full: nothing is acknowledged"), "the log says so");
    for (language, words) in [("en", "The journal is at its bound"), ("el", "Το ημερολόγιο έφτασε στο όριό του")]
    {
        let page = http::ask(&gateway.http().get(), "GET", "/", &[("Accept-Language", language)], &[]).expect("a page");
        assert!(page.text().contains(words), "the page in {language} says so");
    }
    assert!(gateway.get("/metrics").text().contains("city_gateway_journal_paused 1"));
    // Not a message more is acknowledged, whoever asks and however long.
    (0..50).for_each(|n| node.publish(reading(start + (sent + n) as i64 * 10, 2.0)));
    sent += 50;
    let acknowledged = node.acknowledged();
    let mut other = Raw::node(&gateway.mqtt(), "impatient", SECRET);
    other.send(&publish("city/impatient/readings", 1, &reading(start, 3.0)));
    assert!(other.packet_within(Duration::from_secs(3)).is_err(), "nothing is acknowledged while it is paused");
    assert_eq!(node.acknowledged(), acknowledged);
    assert!(acknowledged < sent, "something waits");

    disk.empty();
    wait_until("the gateway to go on", || Some(ready(&gateway)).filter(|(status, _)| *status == 200));
    node.wait_acknowledged();
    other.expect_puback(1);
    let ledger = gateway.settled();
    assert_eq!(ledger.all.stored, sent + 1, "{:?}", ledger.all);
    assert!(gateway.log().contains("the journal has room again"));
}

#[test]
fn a_journal_that_fills_faster_than_checkpoints_come_brings_them_forward() {
    let gateway = Gateway::start(&[
        ("limits.packet_bytes_max", "\"16KiB\""),
        ("limits.journal_segment_bytes", "\"64KiB\""),
        ("limits.journal_bytes_max", "\"1MiB\""),
        ("limits.checkpoint_s", "3600"),
        ("limits.checkpoint_readings", "100000000"),
        ("windows.settle_s", "86400"),
    ]);
    let node = Node::new_v5(&gateway, "busy");
    let start = now_ms() - 3_600_000;
    // Some four times what the journal holds.
    (0..40_000).for_each(|n| node.publish(reading(start + n * 10, 2.0)));
    node.wait_acknowledged();
    let ledger = gateway.settled();
    assert_eq!(ledger.all.stored, 40_000, "{:?}", ledger.all);
}

#[test]
fn windows_beyond_their_bound_are_computed_while_a_backlog_comes_in() {
    let gateway = Gateway::start(&[("limits.windows_waiting_max", "1000"), ("windows.quiet_s", "3600")]);
    let node = Node::new_v5(&gateway, "backlog");
    let hour_ms = 3_600_000;
    let first = (now_ms() / hour_ms - 1_502) * hour_ms;
    // A window of fifteen minutes and one of an hour each, and the days: three times the bound. None has been quiet.
    (0..1_500).for_each(|hour| node.publish(reading(first + hour * hour_ms, 2.0)));
    node.wait_acknowledged();
    wait_until("the backlog to be taken up", || (gateway.ledger().all.stored == 1_500).then_some(()));
    let oldest = || gateway.observations(gateway.datastream("backlog", "temperature", Some("PT1H")));
    let numbers =
        |one: &tests::sensorthings::Observation| (one.parameters["status"] == "settled").then(|| one.number());
    let settled: Vec<f64> = oldest().iter().filter_map(numbers).collect();
    assert!(settled.len() > 500, "the oldest have numbers before they were quiet: {}", settled.len());
    assert!(settled.iter().all(|mean| *mean == 2.0), "{settled:?}");
}

/// Megabytes that the gateway holds in memory.
fn resident_mb(gateway: &Gateway) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("Linux says so");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).expect("a number") / 1_024.0
}

/// Publishes a reading, and says how long its PUBACK took.
fn round_trip(node: &Node, n: i64) -> Duration {
    let began = Instant::now();
    node.publish(reading(now_ms() - 3_600_000 + n * 10, 1.0));
    node.wait_acknowledged();
    began.elapsed()
}

#[test]
fn connections_that_say_little_or_never_read_are_closed_and_disturb_nobody() {
    tests::crowd::make_room();
    let gateway = Gateway::start(&[]);
    let honest = Node::new(&gateway, "honest");
    round_trip(&honest, 0);
    let before = resident_mb(&gateway);
    // Slow: a byte of CONNECT now and then. Silent: not one. Deaf: publishes and reads no answer.
    let hello = connect("slow", SECRET);
    let mut slow: Vec<TcpStream> =
        (0..300).map(|_| TcpStream::connect(gateway.mqtt().get()).expect("somebody listens")).collect();
    let silent: Vec<TcpStream> =
        (0..300).map(|_| TcpStream::connect(gateway.mqtt().get()).expect("somebody listens")).collect();
    let mut web: Vec<TcpStream> =
        (0..300).map(|_| TcpStream::connect(gateway.http().get()).expect("somebody listens")).collect();
    let mut deaf = TcpStream::connect(gateway.mqtt().get()).expect("somebody listens");
    deaf.write_all(&connect("deaf", SECRET)).expect("written");
    deaf.set_write_timeout(Some(Duration::from_secs(1))).expect("a time-out");
    let piece: Vec<u8> = (0..200).flat_map(|_| [0xc0, 0]).collect();
    let deaf = std::thread::spawn(move || {
        // PINGREQ without end: each is answered, until the answers have no more room.
        let mut written = 0usize;
        while written < 512 << 20 {
            match deaf.write(&piece) {
                Ok(count) => written += count,
                Err(_) => break,
            }
        }
        (deaf, written)
    });
    let mut at = 0;
    let closed = |stream: &mut TcpStream| {
        let _ = stream.set_nonblocking(true);
        let gone = stream.read(&mut [0; 16]).is_ok() || stream.write(&[0]).is_err();
        let _ = stream.set_nonblocking(false);
        gone
    };
    wait_until("the slow and the silent to be closed", || {
        if at < hello.len() {
            slow.iter_mut().for_each(|stream| drop(stream.write(&hello[at..=at])));
            web.iter_mut().for_each(|stream| drop(stream.write(b"G")));
            at += 1;
        }
        assert!(round_trip(&honest, at as i64 + 1) < Duration::from_secs(5), "an honest node is served meanwhile");
        std::thread::sleep(Duration::from_millis(400));
        let all = slow.iter_mut().all(closed);
        all.then_some(())
    });
    drop(silent);
    assert_eq!(gateway.get("/healthz").status, 200);
    let (deaf, written) = deaf.join().expect("it only writes");
    assert!(written < 512 << 20, "a peer that reads nothing was answered without end");
    drop(deaf);
    let grown = resident_mb(&gateway) - before;
    eprintln!("900 connections and a deaf one: {grown:.1} MB more; it wrote {written} bytes");
    assert!(grown < 64.0, "{grown} MB more");
}

#[test]
fn a_million_topics_and_a_storm_of_subscriptions_are_bounded() {
    let gateway = Gateway::start(&[("limits.rejections_max", "1000"), ("limits.checkpoint_s", "2")]);
    let honest = Node::new(&gateway, "honest");
    round_trip(&honest, 0);
    let mut storm = Raw::node(&gateway.mqtt(), "storm", SECRET);
    // 64 KiB of filters at once, over and over; then one after another.
    let filters: Vec<u8> = (0..4_000u32).flat_map(|n| filter(&format!("city/{n}/x"))).collect();
    for id in 1..=50u16 {
        storm.send(&subscribe(id, &filters));
        assert_eq!(storm.first_byte(), 0x90, "a SUBACK");
        // The packet's id, and a code for each.
        storm.skip(2 + 4_000);
    }
    for id in 1..=2_000u16 {
        storm.send(&subscribe(id, &filter("city/storm/commands")));
        assert_eq!(storm.packet().expect("a SUBACK"), [0x90, 3, (id >> 8) as u8, id as u8, 1]);
    }
    assert!(round_trip(&honest, 1) < Duration::from_secs(5), "an honest node is served meanwhile");

    let before = resident_mb(&gateway);
    let (topics, per_piece) = (1_000_000u32, 1_000);
    let mut many = Raw::node(&gateway.mqtt(), "many", SECRET);
    for first in (0..topics).step_by(per_piece) {
        // QoS 0: as fast as it is taken.
        let piece: Vec<u8> =
            (first..first + per_piece as u32).flat_map(|n| publish_at_most_once(&format!("city/many/{n}"))).collect();
        many.send(&piece);
        if first % 100_000 == 0 {
            assert!(round_trip(&honest, i64::from(first) / 1_000 + 2) < Duration::from_secs(10), "{first}");
        }
    }
    let ledger = tests::wait_longer("all of them to be counted", Duration::from_secs(180), || {
        Some(gateway.ledger()).filter(|ledger| ledger.node("many").rejected_for("wrong_topic") == u64::from(topics))
    });
    assert_eq!(ledger.node("honest").stored, honest.acknowledged());
    let grown = resident_mb(&gateway) - before;
    eprintln!("a million topics: {grown:.1} MB more");
    assert!(grown < 96.0, "{grown} MB more");
    let kept = wait_until("the rejections to be within their bound", || {
        let listed = gateway.get("/api/rejections?top=1000&skip=1000").json();
        listed["rejections"].as_array().filter(|rest| rest.is_empty()).map(|_| true)
    });
    assert!(kept);
}

fn filter(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u16).to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(1);
    bytes
}

fn subscribe(packet_id: u16, filters: &[u8]) -> Vec<u8> {
    let mut body = packet_id.to_be_bytes().to_vec();
    body.extend_from_slice(filters);
    tests::raw::packet(0x82, &body)
}

fn publish_at_most_once(topic: &str) -> Vec<u8> {
    let mut body = (topic.len() as u16).to_be_bytes().to_vec();
    body.extend_from_slice(topic.as_bytes());
    body.push(b'x');
    tests::raw::packet(0x30, &body)
}
