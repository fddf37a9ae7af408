//! The rows.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use protocols::native::{Batch, Clock, Decimal, Frame, Reading};
use tests::broker::Mosquitto;
use tests::gateway::repository;

use super::Row;
use super::client::{Client, Counter, fill, packet, prepare, send};
use super::house::Gateway;

fn now_s() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn now_ms() -> i64 {
    (now_s() * 1_000.0) as i64
}

/// A message of three values.
fn three_values(node: usize, n: usize) -> Vec<u8> {
    three_values_at(node, n, now_s() - 7_200.0 + n as f64 / 100.0)
}

fn three_values_at(node: usize, n: usize, t: f64) -> Vec<u8> {
    let v = 10.0 + ((n * 7 + node) % 300) as f64 / 10.0;
    let (pm10, temperature) = (v / 2.0, v / 3.0);
    format!(
        r#"[{{"n":"pm10","u":"ug/m3","v":{v:.1},"t":{t:.2}}},{{"n":"pm25","u":"ug/m3","v":{pm10:.1},"t":{t:.2}}},{{"n":"temperature","u":"Cel","v":{temperature:.1},"t":{t:.2}}}]"#
    )
    .into_bytes()
}

struct Flood {
    /// Messages a second, until each was taken up.
    rate: f64,
    cpu_s: f64,
    resident_mb: f64,
}

/// Sends messages as fast as they are acknowledged; the time ends when all are taken up, the work when all is stored.
fn flood(messages: usize, payload: impl Fn(usize, usize) -> Vec<u8> + Sync) -> Result<Flood> {
    flood_into(Gateway::start()?, messages, payload)
}

fn flood_into(
    mut gateway: Gateway,
    messages: usize,
    payload: impl Fn(usize, usize) -> Vec<u8> + Sync,
) -> Result<Flood> {
    let prepared = prepare(messages, &payload);
    let (cpu_s, began) = (gateway.cpu_s()?, Instant::now());
    send(gateway.mqtt, &prepared)?;
    gateway.wait_taken_up()?;
    let rate = messages as f64 / began.elapsed().as_secs_f64();
    gateway.wait_settled()?;
    let done = Flood { rate, cpu_s: gateway.cpu_s()? - cpu_s, resident_mb: gateway.resident_mb()? };
    gateway.stop()?;
    Ok(done)
}

/// Messages of three values each.
pub(super) fn senml() -> Result<Vec<Row>> {
    let messages = 400_000;
    let done = flood(messages, three_values)?;
    let cpu = done.cpu_s / (messages as f64 / 1e6);
    Ok(vec![Row {
        work: "SenML JSON, 3 values a message",
        figure: format!("{cpu:.2} CPU s/M messages"),
        reach: Some(("≤ 4", cpu <= 4.0)),
        beside: format!("{:.0} messages a second, {:.0} MB", done.rate, done.resident_mb),
    }])
}

/// Batches of eight readings.
pub(super) fn native() -> Result<Vec<Row>> {
    let batches = 400_000;
    let base_ms = now_ms() - 7_200_000;
    let done = flood(batches, move |node, n| {
        let mut batch = Batch::new(1 + node as u64, 1, n as u32 * 8, Clock::Unix { base_ms: base_ms + n as i64 * 80 });
        for k in 0..8 {
            let value = Decimal::new(1_000 + ((n * 8 + k) * 7 % 900) as i64, -2).expect("in range");
            batch.push(Reading { quantity: 2, channel: 0, offset_ms: k as i32 * 10, value }).expect("room");
        }
        Frame::Batch(batch).to_bytes().expect("encodes").to_vec()
    })?;
    let cpu = done.cpu_s / (batches as f64 * 8.0 / 1e6);
    Ok(vec![Row {
        work: "native batches of 8 readings",
        figure: format!("{cpu:.2} CPU s/M readings"),
        reach: Some(("≤ 1", cpu <= 1.0)),
        beside: format!("{:.0} readings a second", done.rate * 8.0),
    }])
}

/// The same messages through the gateway, and through Mosquitto to a subscriber that only counts.
pub(super) fn broker() -> Result<Vec<Row>> {
    let messages = 200_000;
    let ours = flood(messages, three_values)?;
    let mosquitto = Mosquitto::start("");
    let port = mosquitto.address().get().rsplit(':').next().and_then(|port| port.parse().ok()).context("a port")?;
    let prepared = prepare(messages, &three_values);
    let mut counter = Counter::subscribe(port)?;
    let began = Instant::now();
    let counting = std::thread::spawn(move || counter.count(messages));
    send(port, &prepared)?;
    counting.join().expect("a counter's thread")?;
    let theirs = messages as f64 / began.elapsed().as_secs_f64();
    let times = ours.rate / theirs;
    Ok(vec![Row {
        work: "sustained, against Mosquitto and a bare subscriber",
        figure: format!("{times:.1} times"),
        reach: Some(("≥ 3 times", times >= 3.0)),
        beside: format!("{:.0} and {theirs:.0} messages a second", ours.rate),
    }])
}

/// PUBACK latency at 2,000 messages a second. Messages leave when they are due, whatever waits; each counts from when it left.
pub(super) fn latency() -> Result<Vec<Row>> {
    let mut gateway = Gateway::start()?;
    let mut client = Client::connect(gateway.mqtt, "latency")?;
    let (gap, count) = (Duration::from_micros(500), 130_000);
    let mut stream = client.stream().try_clone()?;
    let began = Instant::now();
    let left: Arc<Vec<AtomicU64>> = Arc::new((0..count).map(|_| AtomicU64::new(0)).collect());
    let sent = left.clone();
    // Answers come in the order of the messages: the n-th is the n-th's.
    let reading = std::thread::spawn(move || -> Result<Vec<Duration>> {
        let (mut took, mut bytes) = (Vec::with_capacity(count), vec![0; 4 * 1_024]);
        let mut held = 0;
        while took.len() < count {
            held += stream.read(&mut bytes[held..])?;
            let now = began.elapsed();
            for _ in 0..held / 4 {
                took.push(now.saturating_sub(Duration::from_nanos(sent[took.len()].load(Ordering::Acquire))));
            }
            bytes.copy_within(held / 4 * 4..held, 0);
            held %= 4;
        }
        Ok(took)
    });
    for n in 0..count {
        let due = began + gap * n as u32;
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(wait);
        }
        let text = format!(r#"[{{"n":"temperature","v":20.5,"t":{:.3}}}]"#, now_s());
        left[n].store(began.elapsed().as_nanos() as u64, Ordering::Release);
        client.publish(&packet("latency", text.as_bytes()))?;
    }
    let mut took = reading.join().expect("a reader's thread")?;
    took.sort();
    let (commits, commit_p99) = gateway.commits()?;
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    let at = |permille: usize| ms(took[(count - 1) * permille / 1_000]);
    let allowed = 3.0 * ms(commit_p99) + 1.0;
    gateway.stop()?;
    Ok(vec![Row {
        work: "PUBACK p99 at 2,000 messages a second",
        figure: format!("{:.2} ms", at(990)),
        reach: Some(("≤ 3 × p99 of commits + 1 ms", at(990) <= allowed)),
        beside: format!(
            "allowed {allowed:.2}; p50 {:.2}, p90 {:.2}, p99.9 {:.2} ms; {commits} commits, their p99 {:.2} ms",
            at(500),
            at(900),
            at(999),
            ms(commit_p99)
        ),
    }])
}

/// Connects as `name` and has one message acknowledged.
fn publish_once(gateway: &Gateway, name: &str, payload: &[u8]) -> Result<()> {
    let mut client = Client::connect(gateway.mqtt, name)?;
    client.publish(&packet(name, payload))?;
    client.wait_acks(1)
}

/// Nodes and channels of a city of 100,000 datastreams.
const NODES: usize = 2_500;
const CHANNELS: usize = 40;

fn forty_channels(unix_s: f64) -> Vec<u8> {
    let records: Vec<String> =
        (0..CHANNELS).map(|c| format!(r#"{{"n":"temperature.{c}","v":20.{c},"t":{unix_s:.1}}}"#)).collect();
    format!("[{}]", records.join(",")).into_bytes()
}

/// Resident memory idle, and with many datastreams.
pub(super) fn memory() -> Result<Vec<Row>> {
    let mut gateway = Gateway::start()?;
    let idle = gateway.resident_mb()?;
    (0..NODES).try_for_each(|node| publish_once(&gateway, &format!("node-{node}"), &forty_channels(now_s())))?;
    gateway.wait_taken_up()?;
    let each = (gateway.resident_mb()? - idle) * 1_024.0 / (NODES * CHANNELS) as f64;
    gateway.stop()?;
    Ok(vec![
        Row {
            work: "resident memory, idle",
            figure: format!("{idle:.1} MB"),
            reach: Some(("≤ 40 MB", idle <= 40.0)),
            beside: String::new(),
        },
        Row {
            work: "resident memory beyond, a datastream",
            figure: format!("{each:.2} kB"),
            reach: Some(("≤ 2 kB", each <= 2.0)),
            beside: format!("{} datastreams", NODES * CHANNELS),
        },
    ])
}

/// Bytes written for 10,000 datastreams at 1,000 readings a second: 1,000 nodes of 10 each, a message each in ten seconds.
pub(super) fn bytes() -> Result<Vec<Row>> {
    let (nodes, seconds) = (1_000, 190);
    let mut gateway = Gateway::start()?;
    let mut clients =
        (0..nodes).map(|node| Client::connect(gateway.mqtt, &format!("node-{node}"))).collect::<Result<Vec<_>>>()?;
    let before = gateway.written()?;
    let began = Instant::now();
    let messages = nodes * seconds / 10;
    for n in 0..messages {
        let due = began + Duration::from_millis(10) * n as u32;
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(wait);
        }
        let (t, v) = (now_s(), (n * 7 % 300) as f64 / 10.0);
        let records: Vec<String> =
            (0..10).map(|c| format!(r#"{{"n":"temperature.{c}","v":{:.1},"t":{t:.1}}}"#, v + f64::from(c))).collect();
        let client = &mut clients[n % nodes];
        client.publish(&packet(&format!("node-{}", n % nodes), format!("[{}]", records.join(",")).as_bytes()))?;
        client.wait_acks(1)?;
    }
    gateway.wait_taken_up()?;
    let after = gateway.written()?;
    let each = |bytes: u64| bytes as f64 / (messages * 10) as f64;
    let (on_disk, given) = (each(after.0 - before.0), each(after.1 - before.1));
    let (commits, _) = gateway.commits()?;
    gateway.stop()?;
    Ok(vec![Row {
        work: "bytes written, 10,000 datastreams, 1,000 readings/s",
        figure: format!("{on_disk:.0} a reading"),
        reach: Some(("≤ 200", on_disk <= 200.0)),
        beside: format!("{given:.0} given to write calls; {commits} commits in {seconds} s"),
    }])
}

/// How fast a restart takes up what no checkpoint holds.
pub(super) fn replay() -> Result<Vec<Row>> {
    let mut gateway = Gateway::start_with("checkpoint_s = 3600\ncheckpoint_readings = 100000000\n")?;
    let messages = 1_000_000;
    let base_ms = now_ms() - 7_200_000;
    fill(gateway.mqtt, messages, &|node, n| {
        let mut batch = Batch::new(1 + node as u64, 1, n as u32, Clock::Unix { base_ms: base_ms + n as i64 * 20 });
        let value = Decimal::new(1_000 + (n * 7 % 900) as i64, -2).expect("in range");
        batch.push(Reading { quantity: 2, channel: 0, offset_ms: 0, value }).expect("room");
        Frame::Batch(batch).to_bytes().expect("encodes").to_vec()
    })?;
    gateway.kill()?;
    let began = Instant::now();
    gateway.restart()?;
    gateway.wait_taken_up()?;
    let seconds = began.elapsed().as_secs_f64();
    gateway.stop()?;
    let rate = messages as f64 / seconds;
    Ok(vec![Row {
        work: "restart with 1 million unprocessed frames",
        figure: format!("{rate:.0} readings/s"),
        reach: Some(("≥ 300,000", rate >= 300_000.0)),
        beside: format!("{seconds:.1} s"),
    }])
}

/// The Sensor.Community week: one file, everything in it, after it has settled.
pub(super) fn week() -> Result<Vec<Row>> {
    let bytes = std::fs::read(repository("gateway/data/sensor-community-aberdeen-2019-05-06-week.csv.gz"))?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text)?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().context("a header")?.split(',').collect();
    let place = |name: &str| header.iter().position(|field| *field == name).context("a column");
    let (time, sensor) = (place("timestamp")?, place("sensor_id")?);
    let columns = [
        ("P1", "pm10", "ug/m3"),
        ("P2", "pm25", "ug/m3"),
        ("temperature", "temperature", "Cel"),
        ("humidity", "humidity", "%"),
        ("pressure", "pressure", "Pa"),
    ];
    let mut nodes = std::collections::BTreeMap::<String, Vec<String>>::new();
    let (mut values, mut last) = (0, 0);
    let mut rows = Vec::new();
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let at = format!("{}Z", fields[time]).parse::<jiff::Timestamp>()?.as_millisecond();
        last = last.max(at);
        for (column, quantity, unit) in columns {
            if let Ok(value) = fields[place(column)?].parse::<f64>() {
                values += 1;
                rows.push((fields[sensor].to_owned(), quantity, unit, at, value));
            }
        }
    }
    // By whole days, so that its last day has ended everywhere.
    let shift = (now_ms() / 86_400_000 - 2 - last / 86_400_000) * 86_400_000;
    for (sensor, quantity, unit, at, value) in rows {
        let at = at + shift;
        let record = format!(r#"{{"n":"{quantity}","u":"{unit}","v":{value},"t":{}.{:03}}}"#, at / 1_000, at % 1_000);
        nodes.entry(format!("sc-{sensor}")).or_default().push(record);
    }
    // What is to be weighed are the observations: windows of a day alone, rejections and all else as ever.
    let mut gateway = Gateway::start_with("[windows]\nlengths = [\"P1D\"]\n")?;
    for (name, records) in &nodes {
        let mut client = Client::connect(gateway.mqtt, name)?;
        for chunk in records.chunks(200) {
            client.publish(&packet(name, format!("[{}]", chunk.join(",")).as_bytes()))?;
            client.wait_acks(1)?;
        }
    }
    gateway.wait_settled()?;
    gateway.stop()?;
    let bytes = gateway.store_bytes()?;
    if let Some(keep) = std::env::var_os("BENCH_KEEP") {
        gateway.keep_store(std::path::Path::new(&keep))?;
    }
    let each = bytes as f64 / f64::from(values);
    Ok(vec![Row {
        work: "the Sensor.Community week on disk, whole file",
        figure: format!("{each:.2} bytes/value"),
        reach: Some(("≤ 2.5", each <= 2.5)),
        beside: format!(
            "{values} values and their days, {:.1} MB; windows of 15 minutes and hours come on top",
            bytes as f64 / 1e6
        ),
    }])
}

/// Processor time at 2,000 messages a second in all, from few nodes and from many.
pub(super) fn nodes() -> Result<Vec<Row>> {
    tests::crowd::make_room();
    let cpu_of = |nodes: usize| -> Result<f64> {
        let mut gateway = Gateway::start()?;
        let mut clients = (0..nodes)
            .map(|node| Client::connect(gateway.mqtt, &format!("node-{node}")))
            .collect::<Result<Vec<_>>>()?;
        let mut waits = vec![false; nodes];
        // Once around, so that each is known before the time begins.
        let round = nodes.max(2_000);
        let messages = round + 40_000;
        let (mut cpu_s, mut began) = (0.0, Instant::now());
        for n in 0..messages {
            if n == round {
                gateway.wait_settled()?;
                (cpu_s, began) = (gateway.cpu_s()?, Instant::now());
            }
            let due = began + Duration::from_micros(500) * n.saturating_sub(round) as u32;
            if let Some(wait) = due.checked_duration_since(Instant::now()) {
                std::thread::sleep(wait);
            }
            let node = n % nodes;
            if std::mem::replace(&mut waits[node], true) {
                clients[node].wait_acks(1)?;
            }
            clients[node].publish(&packet(&format!("node-{node}"), &three_values_at(node, n, now_s())))?;
        }
        gateway.wait_taken_up()?;
        let used = gateway.cpu_s()? - cpu_s;
        gateway.stop()?;
        Ok(used)
    };
    let (few, many) = (cpu_of(100)?, cpu_of(10_000)?);
    let times = many / few;
    Ok(vec![Row {
        work: "nodes 100 → 10,000 at 2,000 messages a second",
        figure: format!("{times:.2} times the CPU"),
        reach: Some(("≤ 1.5", times <= 1.5)),
        beside: format!("{few:.2} and {many:.2} CPU s for 40,000 messages"),
    }])
}

/// A week of backlog from 100,000 datastreams, four readings a day each, as after a week without the gateway.
pub(super) fn backlog() -> Result<Vec<Row>> {
    let mut gateway = Gateway::start()?;
    let (steps, base_s) = (28, now_s() - 7.0 * 86_400.0);
    let before = gateway.written()?;
    let began = Instant::now();
    for node in 0..NODES {
        let name = format!("node-{node}");
        let mut client = Client::connect(gateway.mqtt, &name)?;
        for step in 0..steps {
            client.buffer(&packet(&name, &forty_channels(base_s + f64::from(step) * 21_600.0)));
        }
        client.flush()?;
        client.wait_acks(steps as usize)?;
    }
    gateway.wait_settled()?;
    let seconds = began.elapsed().as_secs_f64();
    let (most_mb, after) = (gateway.resident_most_mb()?, gateway.written()?);
    let readings = (NODES * CHANNELS) as f64 * f64::from(steps);
    gateway.stop()?;
    Ok(vec![Row {
        work: "100,000 datastreams, a week of backlog",
        figure: format!("{most_mb:.0} MB at most"),
        reach: None,
        beside: format!(
            "{readings:.0} readings in {seconds:.0} s, {:.0} bytes written a reading, {:.0} MB on disk",
            (after.0 - before.0) as f64 / readings,
            gateway.store_bytes()? as f64 / 1e6
        ),
    }])
}

/// Batches of eight readings with a thousand rules of alerts and with none, in turn.
pub(super) fn alerts() -> Result<Vec<Row>> {
    const RULES: usize = 1_000;
    let batches = 2_000_000;
    let base_ms = now_ms() - 3_600_000;
    let payload = move |node: usize, n: usize| {
        let mut batch = Batch::new(1 + node as u64, 1, n as u32 * 8, Clock::Unix { base_ms: base_ms + n as i64 * 5 });
        for k in 0..8 {
            let value = Decimal::new(1_000 + ((n * 8 + k) * 7 % 900) as i64, -2).expect("in range");
            // Eight datastreams of each node.
            let (quantity, channel) = ([2, 3, 14, 15][k % 4], (k / 4) as u8);
            batch.push(Reading { quantity, channel, offset_ms: k as i32 / 4, value }).expect("room");
        }
        Frame::Batch(batch).to_bytes().expect("encodes").to_vec()
    };
    // The least of four each: the same flood takes up to a third more where the machine is busy.
    let mut cpu_s = [f64::INFINITY; 2];
    for _ in 0..4 {
        for (rules, least) in [0, RULES].into_iter().zip(&mut cpu_s) {
            *least = least.min(flood_into(Gateway::start_with_rules(rules)?, batches, payload)?.cpu_s);
        }
    }
    let times = cpu_s[1] / cpu_s[0];
    let each = cpu_s.map(|least| least / (batches * 8) as f64 * 1e6);
    Ok(vec![Row {
        work: "native batches of 8, with 1,000 rules of alerts",
        figure: format!("{times:.2} times the CPU"),
        reach: Some(("≤ 1.1 times", times <= 1.1)),
        beside: format!("{:.2} and {:.2} CPU s/M readings", each[0], each[1]),
    }])
}
