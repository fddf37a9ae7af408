//! Who the node is and where it reports: given once over the console, kept in memory.

use core::fmt;

use heapless::String;
use serde::{Deserialize, Serialize};

/// Longest name and longest secret, in bytes.
pub const TEXT_BYTES_MAX: usize = 64;

/// How the node reaches its gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// MQTT over the network.
    Mqtt,
    /// Framed on a serial line.
    Serial,
}

/// An IPv4 address and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The address.
    pub address: [u8; 4],
    /// The port.
    pub port: u16,
}

impl Endpoint {
    /// The endpoint in `10.0.2.2:1883`; MQTT's port when there is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, port) = match text.split_once(':') {
            Some((address, port)) => (address, port.parse().ok().filter(|port| *port != 0)?),
            None => (text, 1883),
        };
        let mut parts = address.split('.');
        let mut part = || parts.next()?.parse::<u8>().ok();
        let address = [part()?, part()?, part()?, part()?];
        parts.next().is_none().then_some(Self { address, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.address;
        write!(f, "{a}.{b}.{c}.{d}:{}", self.port)
    }
}

/// Who the node is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its name: the place where it is.
    pub node: String<TEXT_BYTES_MAX>,
    /// What proves it to the gateway.
    pub secret: String<TEXT_BYTES_MAX>,
    /// Where the gateway is.
    pub gateway: Endpoint,
    /// Where the time is told by SNTP, if not by the gateway.
    pub time_server: Option<Endpoint>,
    /// How it is reached.
    pub link: Link,
    /// Random, made when this was saved.
    pub incarnation: u64,
}

impl Identity {
    /// Whether `name` may name a node: 1 to 64 of `a-z 0-9 - _ .`.
    pub fn is_name(name: &str) -> bool {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
        !name.is_empty() && name.len() <= TEXT_BYTES_MAX && name.bytes().all(allowed)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        let of = |address, port| Some(Endpoint { address, port });
        let table = [
            ("10.0.2.2:1883", of([10, 0, 2, 2], 1883)),
            ("192.168.1.20", of([192, 168, 1, 20], 1883)),
            ("10.0.2.2:0", None),
            ("10.0.2:1883", None),
            ("10.0.2.2.1", None),
            ("10.0.2.256", None),
            ("gateway", None),
            ("10.0.2.2:70000", None),
        ];
        for (text, expected) in table {
            assert_eq!(Endpoint::parse(text), expected, "{text}");
        }
        let longest = Endpoint { address: [255; 4], port: 65_535 };
        assert_eq!(Endpoint::parse(&std::format!("{longest}")), Some(longest));
    }

    #[test]
    fn the_longest_identity_fits_its_cell() {
        let text = String::try_from("x".repeat(TEXT_BYTES_MAX).as_str()).expect("fits");
        let endpoint = Endpoint { address: [255; 4], port: 65_535 };
        let identity = Identity {
            node: text.clone(),
            secret: text,
            gateway: endpoint,
            time_server: Some(endpoint),
            link: Link::Serial,
            incarnation: u64::MAX,
        };
        let mut bytes = [0; crate::cell::SLOT_BYTES_MAX - 11];
        assert!(postcard::to_slice(&identity, &mut bytes).is_ok());
    }
}
