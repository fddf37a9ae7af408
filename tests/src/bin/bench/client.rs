//! MQTT 3.1.1 clients that do no more than publish, count acknowledgements, or count messages: what the clients cost must not
//! slow down what is measured.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{CONNECTIONS, IN_FLIGHT};

/// Publishes `messages` of `payload(connection, n)`, as fast as they are acknowledged.
pub(crate) fn fill(mqtt: u16, messages: usize, payload: &(impl Fn(usize, usize) -> Vec<u8> + Sync)) -> Result<()> {
    let clients = prepare(messages, payload);
    send(mqtt, &clients)
}

/// Every packet of every connection, made beforehand.
pub(crate) fn prepare(messages: usize, payload: &(impl Fn(usize, usize) -> Vec<u8> + Sync)) -> Vec<Vec<Vec<u8>>> {
    let packets = |node: usize| (0..messages / CONNECTIONS).map(|n| packet(&name(node), &payload(node, n))).collect();
    (0..CONNECTIONS).map(packets).collect()
}

fn name(node: usize) -> String {
    format!("bench-{node}")
}

/// Sends what was prepared, each connection in a thread of its own.
pub(crate) fn send(mqtt: u16, prepared: &[Vec<Vec<u8>>]) -> Result<()> {
    std::thread::scope(|scope| {
        let clients: Vec<_> = prepared
            .iter()
            .enumerate()
            .map(|(node, packets)| {
                scope.spawn(move || -> Result<()> {
                    let mut client = Client::connect(mqtt, &name(node))?;
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
pub(crate) fn packet(node: &str, payload: &[u8]) -> Vec<u8> {
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

/// A client that publishes.
pub(crate) struct Client {
    reader: BufReader<TcpStream>,
    out: Vec<u8>,
    packet_id: u16,
    topic_bytes: usize,
}

impl Client {
    pub(crate) fn connect(port: u16, name: &str) -> Result<Self> {
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
        Ok(Self {
            reader: BufReader::with_capacity(1_024, stream),
            out: Vec::new(),
            packet_id: 0,
            topic_bytes: "city//readings".len() + name.len(),
        })
    }

    pub(crate) fn buffer(&mut self, packet: &[u8]) {
        self.packet_id = self.packet_id.checked_add(1).unwrap_or(1);
        let start = self.out.len();
        self.out.extend_from_slice(packet);
        let header = packet.iter().skip(1).position(|byte| byte & 0x80 == 0).expect("a length") + 2;
        let place = start + header + 2 + self.topic_bytes;
        self.out[place..place + 2].copy_from_slice(&self.packet_id.to_be_bytes());
    }

    /// Its socket: one, since there may be many clients.
    pub(crate) fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        self.stream().write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    pub(crate) fn publish(&mut self, packet: &[u8]) -> Result<()> {
        self.buffer(packet);
        self.flush()
    }

    pub(crate) fn wait_acks(&mut self, count: usize) -> Result<()> {
        let mut acks = vec![0; count * 4];
        self.reader.read_exact(&mut acks)?;
        if acks.chunks(4).any(|ack| ack[0] != 0x40) {
            bail!("an answer that is no PUBACK");
        }
        Ok(())
    }
}

/// A subscriber that counts and acknowledges, and does nothing else.
pub(crate) struct Counter {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Counter {
    /// Subscribed to everything, with QoS 1.
    pub(crate) fn subscribe(port: u16) -> Result<Self> {
        let mut client = Client::connect(port, "counter")?;
        client.stream().write_all(&[0x82, 6, 0, 1, 0, 1, b'#', 1])?;
        let mut suback = [0; 5];
        client.reader.read_exact(&mut suback)?;
        if suback != [0x90, 3, 0, 1, 1] {
            bail!("the broker does not let it subscribe: {suback:02x?}");
        }
        client.stream().set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self { stream: client.stream().try_clone()?, buffer: Vec::with_capacity(1 << 20) })
    }

    /// Counts until there were so many.
    pub(crate) fn count(&mut self, messages: usize) -> Result<()> {
        let (mut counted, mut acks, mut more) = (0, Vec::new(), vec![0; 256 * 1024]);
        while counted < messages {
            let read = self.stream.read(&mut more)?;
            if read == 0 {
                bail!("the broker closed after {counted} messages");
            }
            self.buffer.extend_from_slice(&more[..read]);
            let mut at = 0;
            acks.clear();
            while let Some((length, id)) = next_publish(&self.buffer[at..]) {
                at += length;
                counted += 1;
                acks.extend_from_slice(&[0x40, 2, id[0], id[1]]);
            }
            self.buffer.drain(..at);
            self.stream.write_all(&acks)?;
        }
        Ok(())
    }
}

/// The first PUBLISH with QoS 1: its length, and its packet id.
fn next_publish(bytes: &[u8]) -> Option<(usize, [u8; 2])> {
    let (mut remaining, mut header) = (0, 1);
    loop {
        let byte = *bytes.get(header)?;
        remaining |= usize::from(byte & 0x7f) << (7 * (header - 1));
        header += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let body = bytes.get(header..header + remaining)?;
    let topic = usize::from(u16::from_be_bytes([body[0], body[1]]));
    Some((header + remaining, [body[2 + topic], body[3 + topic]]))
}
