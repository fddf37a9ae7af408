//! Started, stopped, misconfigured, asked from the command line: what an operator meets.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tests::gateway::{Gateway, binary};
use tests::node::Protocol;
use tests::raw::{Raw, connect};
use tests::senml::{Entry, to_json};
use tests::{Node, http, now_ms, wait_until};

fn reading(at_ms: i64, value: f64) -> Vec<u8> {
    to_json("", &[Entry { name: "temperature", unit: None, value, unix_ms: at_ms }])
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn every_problem_of_a_configuration_is_told_at_once_and_nothing_starts() {
    let gateway = Gateway::prepare(&[]);
    let text = "data_dir = \"data\"\ntime_zone = \"Europe/Atlantis\"\n\n[listen]\nmqtt = \"localhost:1883\"\nhttps = 1\n\n\
                [windows]\nlengths = [\"PT7M\"]\nsettle_s = -1\n\n[retention]\nobservations_days = 100\naggregates_days = 5\n";
    std::fs::write(gateway.config(), text).expect("the folder is ours");
    for command in ["check --config FILE", "run --config FILE"] {
        let (code, out, err) = told(&gateway.command(command));
        assert_eq!(code, Some(2), "{command}: {out}{err}");
        let all = format!("{out}{err}");
        for (line, what) in [
            (2, "time_zone"),
            (5, "listen.mqtt"),
            (6, "https"),
            (9, "windows.lengths"),
            (10, "settle_s"),
            (14, "retention.aggregates_days"),
        ] {
            let place = format!("gateway.toml:{line}");
            let found = all.lines().any(|told| told.contains(&place) && told.contains(what));
            assert!(found, "{command}: line {line} and {what} are not told in:\n{all}");
        }
    }
    assert!(!gateway.data().exists(), "nothing was made");
}

#[test]
fn arguments_that_cannot_be_used_exit_with_2_and_a_sound_configuration_with_0() {
    let gateway = Gateway::prepare(&[]);
    for line in
        ["", "dance", "run", "run --config", "check --config FILE --loudly", "node --config FILE add Upper_Case"]
    {
        assert_eq!(gateway.command(line).status.code(), Some(2), "{line:?}");
    }
    let (code, out, err) = told(&gateway.command("check --config FILE"));
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("is sound"), "{out}");
    assert_eq!(gateway.command("check --config /nowhere/gateway.toml").status.code(), Some(2));
}

#[test]
fn a_second_gateway_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let gateway = Gateway::start(&[]);
    let node = Node::new(&gateway, "first");
    let (code, out, err) = told(&gateway.command("run --config FILE"));
    assert_eq!(code, Some(1), "{out}{err}");
    let last = err.lines().last().unwrap_or_default();
    assert!(last.contains("another") && last.contains("data"), "it does not say why: {err}");
    node.publish(reading(now_ms(), 20.0));
    node.wait_acknowledged();
    assert_eq!(gateway.settled().all.stored, 1);
    assert_eq!(node.connections(), 1);
}

#[test]
fn sigterm_stops_within_ten_seconds_with_everything_stored() {
    let mut gateway = Gateway::start(&[("limits.checkpoint_s", "3600")]);
    let node = Node::new(&gateway, "leaves");
    let base = now_ms() - 600_000;
    for index in 0..500 {
        node.publish(reading(base + index * 1_000, index as f64 / 10.0));
    }
    node.wait_acknowledged();
    // A client that keeps its connection and asks nothing must not hold the end up.
    let idle = std::net::TcpStream::connect(gateway.http().get()).expect("it listens");
    let (status, took) = gateway.terminate();
    drop(idle);
    assert_eq!(status.code(), Some(0), "{}", gateway.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(!gateway.data().join("ports.json").exists(), "nobody listens there any more");
    gateway.restart();
    // Everything was in the store: nothing waits in the journal.
    let log = gateway.log();
    let stored = log.lines().rfind(|line| line.contains("the journal is open")).expect("a line");
    assert!(stored.contains("stored=500"), "{stored}");
    assert_eq!(gateway.settled().all.stored, 500);
    assert_eq!(gateway.observations(gateway.datastream("leaves", "temperature", None)).len(), 500);
}

#[test]
fn the_first_page_is_there_within_two_seconds() {
    let mut gateway = Gateway::prepare(&[]);
    let started = Instant::now();
    gateway.restart();
    let page = gateway.get("/");
    let took = started.elapsed();
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<html"), "{}", page.text());
    assert!(took < Duration::from_secs(2), "{took:?}");
    for path in ["/healthz", "/readyz", "/metrics", "/api/ledger", "/v1.1", "/api/openapi.json"] {
        assert_eq!(gateway.get(path).status, 200, "{path}");
    }
    assert!(gateway.get("/metrics").text().contains("city_gateway_"));
    assert_eq!(gateway.get("/v1.1/Things(1)").status, 404);
    assert_eq!(gateway.get("/v1.1/Things?$filter=nonsense%20eq").status, 400);
}

#[test]
fn the_journal_is_verified_beside_a_running_gateway_and_damage_is_told() {
    let mut gateway = Gateway::start(&[("limits.checkpoint_s", "3600")]);
    let node = Node::new(&gateway, "journal");
    let base = now_ms() - 600_000;
    for index in 0..200 {
        node.publish(reading(base + index * 1_000, 20.0));
    }
    node.wait_acknowledged();
    let (code, out, err) = told(&gateway.command("journal verify --config FILE"));
    assert_eq!(code, Some(0), "{out}{err}");
    gateway.kill();
    let folder = gateway.data().join("journal");
    let mut segments: Vec<_> =
        std::fs::read_dir(&folder).expect("the journal").map(|e| e.expect("an entry").path()).collect();
    segments.retain(|path| std::fs::metadata(path).is_ok_and(|m| m.len() > 100_000));
    segments.sort();
    let path = segments.first().expect("a segment");
    let mut bytes = std::fs::read(path).expect("a segment");
    // In the midst of the first records.
    for byte in &mut bytes[5_000..5_010] {
        *byte ^= 0x55;
    }
    std::fs::write(path, bytes).expect("the folder is ours");
    let (code, out, err) = told(&gateway.command("journal verify --config FILE"));
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(err.contains("damage"), "{out}{err}");
    // What is sound is kept: all but the damaged record or two.
    gateway.restart();
    let stored = gateway.settled().all.stored;
    assert!((190..200).contains(&stored), "{stored}");
}

#[test]
fn in_claim_mode_only_added_nodes_come_in_and_a_revoked_one_is_sent_away() {
    let gateway = Gateway::start(&[("enrolment.mode", "\"claim\"")]);
    let mut stranger = Raw::open(&gateway.mqtt());
    stranger.send(&connect("lamp-1", "whatever"));
    assert_eq!(stranger.packet().expect("a CONNACK")[3], 5, "not authorised");
    stranger.expect_closed();

    let (code, out, err) = told(&gateway.command("node --config FILE add lamp-1 --site toumba --type air-sds011"));
    assert_eq!(code, Some(0), "{out}{err}");
    let secret =
        out.split_whitespace().filter(|word| word.len() >= 16).max_by_key(|word| word.len()).expect("a secret");
    let secret = secret.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    let wrong = Node::with(gateway.mqtt(), "lamp-1", Protocol::V4, "not the secret");
    wait_until("the wrong secret to be refused", || wrong.last_error());
    assert_eq!(wrong.connections(), 0);
    drop(wrong);
    let node = Node::with(gateway.mqtt(), "lamp-1", Protocol::V5, secret);
    node.wait_connected();
    node.publish(reading(now_ms(), 20.0));
    node.wait_acknowledged();
    assert_eq!(gateway.settled().all.stored, 1);

    let (code, list, err) = told(&gateway.command("node --config FILE list"));
    assert!(code == Some(0) && list.contains("lamp-1"), "{list}{err}");
    let (code, shown, err) = told(&gateway.command("node --config FILE show lamp-1"));
    assert!(code == Some(0) && shown.contains("toumba"), "{shown}{err}");
    for text in [&list, &shown, &gateway.log()] {
        assert!(!text.contains(secret), "the secret is shown once alone");
    }
    assert_eq!(gateway.command("node --config FILE show nobody").status.code(), Some(1));

    let (code, out, err) = told(&gateway.command("node --config FILE revoke lamp-1"));
    assert_eq!(code, Some(0), "{out}{err}");
    wait_until("the revoked node to be sent away", || node.last_error());
    wait_until("it to be refused", || (!node.is_connected()).then_some(()));
    assert_eq!(node.connections(), 1, "it did not come in again");
    assert_eq!(gateway.all("Things?$filter=name eq 'lamp-1'").len(), 1, "what it measured stays");
}

#[test]
fn a_store_of_a_newer_format_is_refused_and_left_untouched() {
    for name in ["telemetry.db", "records.db"] {
        let mut gateway = Gateway::start(&[]);
        let (status, _) = gateway.terminate();
        assert!(status.success());
        let path = gateway.data().join(name);
        let before = raise_format(&path);
        let (code, out, err) = told(&gateway.command("run --config FILE"));
        assert_eq!(code, Some(1), "{out}{err}");
        assert!(err.contains(name) && err.contains("newer"), "{err}");
        assert_eq!(std::fs::read(&path).expect("the store"), before, "{name} was touched");
    }
}

/// Gives the store a format that no program knows, as a newer program would; gives the file's bytes then.
fn raise_format(path: &std::path::Path) -> Vec<u8> {
    let script = "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\ndb.execute('PRAGMA user_version = 9999')\n\
                  db.execute('PRAGMA wal_checkpoint(TRUNCATE)')\ndb.close()\n";
    let done = Command::new("python3").args(["-c", script]).arg(path).status().expect("python3 is there");
    assert!(done.success());
    std::fs::read(path).expect("the store")
}

#[test]
fn without_configuration_for_it_http_stays_on_this_machine() {
    let gateway = Gateway::prepare(&[("listen.http", "\"0.0.0.0:0\"")]);
    let output = Command::new(binary()).args(["run", "--config"]).arg(gateway.config()).stdin(Stdio::null()).output();
    let (code, _, err) = told(&output.expect("the binary starts"));
    assert!(code == Some(2) && err.contains("http_beyond_loopback"), "{code:?} {err}");
    let open = Gateway::start(&[("access.read", "\"token\"")]);
    assert_eq!(open.get("/api/ledger").status, 401, "nobody is answered who does not say who they are");
    let made = String::from_utf8(open.command("token add portal --config FILE").stdout).expect("text");
    let bearer = made.lines().find_map(|line| line.split_once("Authorization: ")).expect("a token").1;
    let asked =
        |path| http::ask(&open.http().get(), "GET", path, &[("Authorization", bearer)], &[]).expect("an answer");
    assert_eq!(asked("/api/ledger").status, 200, "a token reads");
    let foreign =
        http::ask(&open.http().get(), "POST", "/api/rejections/1/replay", &[("Origin", "http://evil.example")], &[]);
    assert_eq!(foreign.expect("an answer").status, 403, "a page elsewhere changes nothing");
}
