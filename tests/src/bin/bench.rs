//! What a reading costs: prints a table of CPU seconds, rates and latencies of the real program on this machine.
//!
//! `tests/bench [NAME…]`. Figures of one run are to be compared with each other: machines are shared and noisy. Nothing here is
//! asserted. Load: `CONNECTIONS` clients with `IN_FLIGHT` QoS 1 messages each, over loopback, all stages on, every PUBACK after
//! its `fdatasync`.

use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use protocols::native::{Batch, Clock, Decimal, Frame, Reading};

const CONNECTIONS: usize = 4;
const IN_FLIGHT: usize = 100;
/// Ticks of `/proc/PID/stat` a second, as Linux has them on every architecture that we run on.
const TICKS: f64 = 100.0;

fn main() -> Result<()> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    let benches: [(&str, fn() -> Result<()>); 5] =
        [("senml", senml), ("native", native), ("latency", latency), ("memory", memory), ("replay", replay)];
    if let Some(unknown) = names.iter().find(|name| benches.iter().all(|(known, _)| known != name)) {
        let known: Vec<_> = benches.iter().map(|(name, _)| *name).collect();
        bail!("no bench {unknown:?}; there are {}", known.join(", "));
    }
    println!("{:<44} {:>12} {:>12} {:>12}", "work", "a second", "CPU s/M", "MB resident");
    for (name, bench) in benches {
        if wanted(name) {
            bench().with_context(|| format!("bench {name}"))?;
        }
    }
    Ok(())
}

/// Messages of three values each.
fn senml() -> Result<()> {
    let messages = 400_000;
    let payload = |node: usize, n: usize| {
        let t = now_s() - 7_200.0 + n as f64 / 100.0;
        let v = 10.0 + ((n * 7 + node) % 300) as f64 / 10.0;
        format!(r#"[{{"n":"pm10","u":"ug/m3","v":{v:.1},"t":{t:.2}}},{{"n":"pm25","u":"ug/m3","v":{:.1},"t":{t:.2}}},{{"n":"temperature","u":"Cel","v":{:.1},"t":{t:.2}}}]"#, v / 2.0, v / 3.0).into_bytes()
    };
    let run = flood(messages, payload)?;
    line("SenML JSON, 3 values a message: messages", run.rate, run.cpu_s / (messages as f64 / 1e6), run.resident_mb);
    Ok(())
}

/// Batches of eight readings.
fn native() -> Result<()> {
    let batches = 400_000;
    let base_ms = (now_s() * 1_000.0) as i64 - 7_200_000;
    let payload = move |node: usize, n: usize| {
        let mut batch = Batch::new(1 + node as u64, 1, n as u32 * 8, Clock::Unix { base_ms: base_ms + n as i64 * 80 });
        for k in 0..8 {
            let value = Decimal::new(1_000 + ((n * 8 + k) * 7 % 900) as i64, -2).expect("in range");
            batch.push(Reading { quantity: 2, channel: 0, offset_ms: k as i32 * 10, value }).expect("room");
        }
        Frame::Batch(batch).to_bytes().expect("encodes").to_vec()
    };
    let run = flood(batches, payload)?;
    let readings = batches as f64 * 8.0;
    line("native batches of 8: readings", run.rate * 8.0, run.cpu_s / (readings / 1e6), run.resident_mb);
    Ok(())
}

/// PUBACK latency at 2,000 messages a second.
fn latency() -> Result<()> {
    let mut gateway = Gateway::start()?;
    let mut client = Client::connect(gateway.mqtt, "latency")?;
    let (gap, count) = (Duration::from_micros(500), 20_000);
    let mut took = Vec::with_capacity(count);
    let began = Instant::now();
    for n in 0..count {
        let due = began + gap * n as u32;
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(wait);
        }
        let sent = Instant::now();
        let text = format!(r#"[{{"n":"temperature","v":20.5,"t":{:.3}}}]"#, now_s());
        client.publish(&packet("latency", text.as_bytes()))?;
        client.wait_acks(1)?;
        took.push(sent.elapsed());
    }
    took.sort();
    let at = |percent: usize| took[(count - 1) * percent / 100].as_secs_f64() * 1_000.0;
    println!(
        "{:<44} p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms",
        "PUBACK at 2,000 messages a second",
        at(50),
        at(90),
        at(99)
    );
    gateway.stop()
}

/// Resident memory idle, and with many datastreams.
fn memory() -> Result<()> {
    let mut gateway = Gateway::start()?;
    let idle = gateway.resident_mb()?;
    let nodes = 2_500;
    let mut client_of = |node: usize| -> Result<()> {
        let name = format!("node-{node}");
        let mut client = Client::connect(gateway.mqtt, &name)?;
        let records: Vec<String> =
            (0..40).map(|c| format!(r#"{{"n":"temperature.{c}","v":20.{c},"t":{:.1}}}"#, now_s())).collect();
        client.publish(&packet(&name, format!("[{}]", records.join(",")).as_bytes()))?;
        client.wait_acks(1)
    };
    (0..nodes).try_for_each(&mut client_of)?;
    gateway.wait_taken_up()?;
    let busy = gateway.resident_mb()?;
    println!(
        "{:<44} {idle:.1} MB; {:.2} kB a datastream beyond ({} datastreams)",
        "resident memory idle",
        (busy - idle) * 1_024.0 / (nodes * 40) as f64,
        nodes * 40
    );
    gateway.stop()
}

/// How fast a restart takes up what no checkpoint holds.
fn replay() -> Result<()> {
    let mut gateway = Gateway::start_with("checkpoint_s = 3600\ncheckpoint_readings = 100000000\n")?;
    let messages = 1_000_000;
    let base_ms = (now_s() * 1_000.0) as i64 - 7_200_000;
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
    let s = began.elapsed().as_secs_f64();
    println!(
        "{:<44} {:>12.0} readings a second ({messages} frames in {s:.1} s)",
        "restart with unprocessed frames",
        messages as f64 / s
    );
    gateway.stop()
}

fn line(what: &str, rate: f64, cpu: f64, resident: f64) {
    println!("{what:<44} {rate:>12.0} {cpu:>12.2} {resident:>12.1}");
}

struct Run {
    rate: f64,
    cpu_s: f64,
    resident_mb: f64,
}

/// Sends messages as fast as they are acknowledged, and waits until all are stored.
fn flood(messages: usize, payload: impl Fn(usize, usize) -> Vec<u8> + Sync) -> Result<Run> {
    let mut gateway = Gateway::start()?;
    let cpu = gateway.cpu_s()?;
    let began = Instant::now();
    fill(gateway.mqtt, messages, &payload)?;
    let elapsed = began.elapsed().as_secs_f64();
    gateway.wait_taken_up()?;
    let run =
        Run { rate: messages as f64 / elapsed, cpu_s: gateway.cpu_s()? - cpu, resident_mb: gateway.resident_mb()? };
    gateway.stop()?;
    Ok(run)
}

fn fill(mqtt: u16, messages: usize, payload: &(impl Fn(usize, usize) -> Vec<u8> + Sync)) -> Result<()> {
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|node| {
                scope.spawn(move || -> Result<()> {
                    let name = format!("bench-{node}");
                    // Made beforehand: what the client costs must not slow the gateway down.
                    let packets: Vec<Vec<u8>> =
                        (0..messages / CONNECTIONS).map(|n| packet(&name, &payload(node, n))).collect();
                    let mut client = Client::connect(mqtt, &name)?;
                    let mut in_flight = 0;
                    for chunk in packets.chunks(IN_FLIGHT / 4) {
                        for packet in chunk {
                            client.buffer(packet);
                        }
                        client.flush()?;
                        in_flight += chunk.len();
                        if in_flight >= IN_FLIGHT {
                            client.wait_acks(chunk.len())?;
                            in_flight -= chunk.len();
                        }
                    }
                    client.wait_acks(in_flight)
                })
            })
            .collect();
        clients.into_iter().try_for_each(|client| client.join().expect("a client's thread"))
    })
}

/// A PUBLISH with QoS 1; its packet id is filled in when it is sent.
fn packet(node: &str, payload: &[u8]) -> Vec<u8> {
    let topic = format!("city/{node}/readings");
    let mut packet = vec![0x32];
    let mut length = 2 + topic.len() + 2 + payload.len();
    while length >= 0x80 {
        packet.push(length as u8 | 0x80);
        length >>= 7;
    }
    packet.push(length as u8);
    packet.extend_from_slice(&(topic.len() as u16).to_be_bytes());
    packet.extend_from_slice(topic.as_bytes());
    packet.extend_from_slice(&[0, 0]);
    packet.extend_from_slice(payload);
    packet
}

/// An MQTT 3.1.1 client that does no more than publish and count acknowledgements.
struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    out: Vec<u8>,
    packet_id: u16,
    topic_bytes: usize,
}

impl Client {
    fn connect(port: u16, name: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        let mut connect = vec![0x10, (12 + name.len()) as u8, 0, 4];
        connect.extend_from_slice(b"MQTT\x04\x02\x00\x00");
        connect.extend_from_slice(&(name.len() as u16).to_be_bytes());
        connect.extend_from_slice(name.as_bytes());
        stream.write_all(&connect)?;
        let mut connack = [0; 4];
        stream.read_exact(&mut connack)?;
        if connack[3] != 0 {
            bail!("the gateway refused {name}: {}", connack[3]);
        }
        let reader = BufReader::new(stream.try_clone()?);
        Ok(Self { stream, reader, out: Vec::new(), packet_id: 0, topic_bytes: "city//readings".len() + name.len() })
    }

    fn buffer(&mut self, packet: &[u8]) {
        self.packet_id = self.packet_id.checked_add(1).unwrap_or(1);
        let start = self.out.len();
        self.out.extend_from_slice(packet);
        let header = packet.iter().skip(1).position(|byte| byte & 0x80 == 0).expect("a length") + 2;
        let place = start + header + 2 + self.topic_bytes;
        self.out[place..place + 2].copy_from_slice(&self.packet_id.to_be_bytes());
    }

    fn flush(&mut self) -> Result<()> {
        self.stream.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    fn publish(&mut self, packet: &[u8]) -> Result<()> {
        self.buffer(packet);
        self.flush()
    }

    fn wait_acks(&mut self, count: usize) -> Result<()> {
        let mut acks = vec![0; count * 4];
        self.reader.read_exact(&mut acks)?;
        if acks.chunks(4).any(|ack| ack[0] != 0x40) {
            bail!("an answer that is no PUBACK");
        }
        Ok(())
    }
}

/// The program, on a folder of its own.
struct Gateway {
    child: Child,
    folder: tempfile::TempDir,
    mqtt: u16,
    http: u16,
}

impl Gateway {
    fn start() -> Result<Self> {
        Self::start_with("")
    }

    fn start_with(limits: &str) -> Result<Self> {
        let folder = tempfile::tempdir_in(std::env::var_os("BENCH_DIR").unwrap_or_else(|| ".".into()))?;
        let mut config =
            String::from("data_dir = \"data\"\n[listen]\nmqtt = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n");
        write!(config, "[enrolment]\nmode = \"open\"\n[access]\nread = \"anyone\"\n[limits]\n{limits}")?;
        std::fs::write(folder.path().join("gateway.toml"), config)?;
        let child = spawn(folder.path())?;
        let mut gateway = Self { child, folder, mqtt: 0, http: 0 };
        gateway.wait_open()?;
        Ok(gateway)
    }

    fn wait_open(&mut self) -> Result<()> {
        let ports = self.folder.path().join("data/ports.json");
        for _ in 0..600 {
            if let Ok(text) = std::fs::read_to_string(&ports) {
                let value: serde_json::Value = serde_json::from_str(&text)?;
                let port = |name: &str| value[name].as_str()?.rsplit(':').next()?.parse().ok();
                self.mqtt = port("mqtt").context("no mqtt port")?;
                self.http = port("http").context("no http port")?;
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the gateway ended: {status}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("the gateway did not open")
    }

    fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        std::fs::remove_file(self.folder.path().join("data/ports.json"))?;
        Ok(())
    }

    fn restart(&mut self) -> Result<()> {
        self.child = spawn(self.folder.path())?;
        self.wait_open()
    }

    fn stop(&mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits until every frame that is on disk is taken up.
    fn wait_taken_up(&self) -> Result<()> {
        loop {
            let mut stream = TcpStream::connect(("127.0.0.1", self.http))?;
            write!(stream, "GET /api/ledger HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            let body = answer.split("\r\n\r\n").nth(1).context("an answer")?;
            let ledger: serde_json::Value = serde_json::from_str(body).context("the ledger")?;
            if ledger["all"]["frames"]["pending"] == 0 {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// User and system time of the process.
    fn cpu_s(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / TICKS)
    }

    fn resident_mb(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("VmRSS")?;
        Ok(line.split_whitespace().nth(1).context("a number")?.parse::<f64>()? / 1_024.0)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path) -> Result<Child> {
    let program = std::env::var_os("CITY_GATEWAY_BIN").map_or_else(beside, PathBuf::from);
    Command::new(&program)
        .args(["run", "--config"])
        .arg(folder.join("gateway.toml"))
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{}: build it with cargo build --release -p city-gateway", program.display()))
}

fn beside() -> PathBuf {
    std::env::current_exe().map_or_else(|_| "city-gateway".into(), |own| own.with_file_name("city-gateway"))
}

fn now_s() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
