//! A client on a bare socket: MQTT 3.1.1 packets written by hand, or no MQTT at all. For what no library would send.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::gateway::Address;

/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A bare connection.
#[derive(Debug)]
pub struct Raw(TcpStream);

impl Raw {
    /// Connects, and says nothing.
    ///
    /// # Panics
    /// When nobody listens.
    pub fn open(address: &Address) -> Self {
        let stream = TcpStream::connect(address.get()).expect("somebody listens");
        stream.set_nodelay(true).expect("a TCP socket");
        stream.set_read_timeout(Some(TIMEOUT)).expect("a time-out that is not 0");
        Self(stream)
    }

    /// Connects and introduces itself; the gateway lets it in.
    ///
    /// # Panics
    /// When it does not.
    pub fn node(address: &Address, name: &str, secret: &str) -> Self {
        let mut raw = Self::open(address);
        raw.send(&connect(name, secret));
        assert_eq!(raw.packet().expect("a CONNACK"), [0x20, 2, 0, 0], "{name} is let in");
        raw
    }

    /// Whether it is let in by that secret.
    ///
    /// # Panics
    /// When the gateway answers nothing.
    pub fn knocks(address: &Address, name: &str, secret: &str) -> bool {
        let mut raw = Self::open(address);
        raw.send(&connect(name, secret));
        raw.packet().expect("a CONNACK") == [0x20, 2, 0, 0]
    }

    /// Sends bytes; an error only shows that the other side has closed.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    /// The next packet that comes.
    ///
    /// # Errors
    /// When none comes, or the other side closes.
    pub fn packet(&mut self) -> io::Result<Vec<u8>> {
        let mut packet = vec![0; 2];
        self.0.read_exact(&mut packet)?;
        let mut rest = vec![0; usize::from(packet[1])];
        self.0.read_exact(&mut rest)?;
        packet.extend_from_slice(&rest);
        Ok(packet)
    }

    /// The next packet, if it comes so soon.
    ///
    /// # Errors
    /// When none comes, or the other side closes.
    ///
    /// # Panics
    /// When the time is 0.
    pub fn packet_within(&mut self, patience: Duration) -> io::Result<Vec<u8>> {
        self.0.set_read_timeout(Some(patience)).expect("a time-out that is not 0");
        let packet = self.packet();
        self.0.set_read_timeout(Some(TIMEOUT)).expect("a time-out that is not 0");
        packet
    }

    /// The next byte that comes.
    ///
    /// # Panics
    /// When none does.
    pub fn first_byte(&mut self) -> u8 {
        let mut byte = [0];
        self.0.read_exact(&mut byte).expect("a byte");
        byte[0]
    }

    /// Passes over so many bytes after the first of a packet, however it says its length.
    ///
    /// # Panics
    /// When they do not come.
    pub fn skip(&mut self, mut count: usize) {
        // The length's own bytes: the last has no high bit.
        while self.first_byte() & 0x80 != 0 {}
        let mut bytes = vec![0; 4_096];
        while count > 0 {
            let now = count.min(bytes.len());
            self.0.read_exact(&mut bytes[..now]).expect("bytes");
            count -= now;
        }
    }

    /// Waits for the PUBACK of that packet.
    ///
    /// # Panics
    /// When something else comes, or nothing.
    pub fn expect_puback(&mut self, packet_id: u16) {
        let [high, low] = packet_id.to_be_bytes();
        assert_eq!(self.packet().expect("a PUBACK"), [0x40, 2, high, low]);
    }

    /// Waits until the other side closes.
    ///
    /// # Panics
    /// When it does not.
    pub fn expect_closed(&mut self) {
        let mut rest = Vec::new();
        let mut bytes = [0; 1024];
        loop {
            match self.0.read(&mut bytes) {
                Ok(0) => return,
                Ok(n) => rest.extend_from_slice(&bytes[..n]),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return,
                Err(error) => panic!("the gateway did not close: {error}; it said {rest:02x?}"),
            }
        }
    }
}

/// CONNECT with a user name and a password, clean session.
pub fn connect(name: &str, secret: &str) -> Vec<u8> {
    let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 4, 0xc2, 0, 60];
    for text in [name, name, secret] {
        put_text(&mut body, text);
    }
    packet(0x10, &body)
}

/// PUBLISH with QoS 1.
pub fn publish(topic: &str, packet_id: u16, payload: &[u8]) -> Vec<u8> {
    publish_with(0x32, topic, packet_id, payload)
}

/// PUBLISH with a first byte of one's own: 0x33 retained, 0x3a sent again.
pub fn publish_with(first: u8, topic: &str, packet_id: u16, payload: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    put_text(&mut body, topic);
    body.extend_from_slice(&packet_id.to_be_bytes());
    body.extend_from_slice(payload);
    packet(first, &body)
}

fn put_text(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(&u16::try_from(text.len()).expect("a short text").to_be_bytes());
    body.extend_from_slice(text.as_bytes());
}

/// A packet: type and flags, length, body.
pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut length = body.len();
    loop {
        let digit = (length % 128) as u8;
        length /= 128;
        packet.push(if length > 0 { digit | 0x80 } else { digit });
        if length == 0 {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}
