//! MQTT's bytes where they are many: where a packet ends, PUBLISH in, PUBACK out. Pure.
//!
//! `mqtt-protocol-core` reads and writes all other packets. Its connection state is not used: it copies each PUBLISH
//! twice and answers in vectors of events, 390 to 620 ns for a PUBLISH and its PUBACK against 120 to 200 here, the
//! journal's record included (`cost_of_a_publish_without_a_socket`, two shared cores, November 2026). On sockets, four
//! connections with 100 in flight, all of it takes 375 ns, clients included.
//!
//! ```text
//! packet    type and flags u8, remaining length 1 to 4 bytes of 7 bits, lowest first; then the body
//! PUBLISH   0011 DUP QoS QoS RETAIN | topic length u16, topic | packet id u16 if QoS > 0 | MQTT 5: properties | payload
//! PUBACK    0100 0000 | packet id u16 | MQTT 5: reason u8 if it is not 0
//! ```

use super::Protocol;

/// A packet in the bytes received.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framed<'a> {
    /// Its end is not there yet.
    Partial,
    /// A whole packet.
    Whole(Packet<'a>),
    /// It is larger than allowed; its body has come in part at most.
    TooLarge {
        /// Type and flags.
        first: u8,
        /// Bytes before the body.
        header: usize,
        /// Bytes in all.
        length: usize,
    },
}

/// A whole packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    /// Type and flags.
    pub(super) first: u8,
    /// What follows the header.
    pub(super) body: &'a [u8],
    /// Bytes in all, header included.
    pub(super) length: usize,
}

/// What a peer did that ends its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("malformed packet")]
    Malformed,
    #[error("protocol error")]
    Protocol,
    #[error("topic name invalid")]
    TopicName,
    #[error("more messages in flight than agreed")]
    ReceiveMaximum,
    #[error("topic alias without agreement")]
    TopicAlias,
    #[error("packet too large")]
    TooLarge,
    #[error("QoS 2")]
    Qos,
}

/// The first packet in `input`.
pub(super) fn frame(input: &[u8], bytes_max: usize) -> Result<Framed<'_>, Fault> {
    let Some(&first) = input.first() else { return Ok(Framed::Partial) };
    let mut remaining = 0;
    for i in 0..4 {
        let Some(&byte) = input.get(1 + i) else { return Ok(Framed::Partial) };
        remaining |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            let header = 2 + i;
            let length = header + remaining;
            return Ok(if length > bytes_max {
                Framed::TooLarge { first, header, length }
            } else {
                match input.get(header..length) {
                    Some(body) => Framed::Whole(Packet { first, body, length }),
                    None => Framed::Partial,
                }
            });
        }
    }
    Err(Fault::Malformed)
}

/// A PUBLISH, in place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Publish<'a> {
    pub(super) topic: &'a str,
    /// 0 at QoS 0.
    pub(super) packet_id: u16,
    pub(super) at_least_once: bool,
    pub(super) duplicate: bool,
    pub(super) retain: bool,
    pub(super) payload: &'a [u8],
}

/// Whether the packet is a PUBLISH.
pub(super) const fn is_publish(first: u8) -> bool {
    first >> 4 == 3
}

/// Reads a PUBLISH. QoS 2 and topic aliases, which are not offered, are faults.
pub(super) fn publish(first: u8, body: &[u8], protocol: Protocol) -> Result<Publish<'_>, Fault> {
    let duplicate = first & 8 != 0;
    let at_least_once = match first >> 1 & 3 {
        0 if duplicate => return Err(Fault::Malformed),
        0 => false,
        1 => true,
        2 => return Err(Fault::Qos),
        _ => return Err(Fault::Malformed),
    };
    let (topic, mut rest) = text(body)?;
    let mut packet_id = 0;
    if at_least_once {
        let (id, after) = rest.split_first_chunk().ok_or(Fault::Malformed)?;
        (packet_id, rest) = (u16::from_be_bytes(*id), after);
        if packet_id == 0 {
            return Err(Fault::Malformed);
        }
    }
    if protocol == Protocol::V5 {
        let (properties, after) = properties(rest)?;
        check_publish_properties(properties)?;
        rest = after;
    }
    // With an empty topic MQTT 5 means an alias, and none was agreed on.
    if topic.is_empty() || topic.bytes().any(|byte| matches!(byte, b'+' | b'#' | 0)) {
        return Err(Fault::TopicName);
    }
    Ok(Publish { topic, packet_id, at_least_once, duplicate, retain: first & 1 != 0, payload: rest })
}

/// A PUBACK that came: its packet identifier. The reason changes nothing here: the command has arrived.
pub(super) fn puback(body: &[u8], protocol: Protocol) -> Result<u16, Fault> {
    match (body, protocol) {
        ([a, b], _) | ([a, b, _, ..], Protocol::V5) => Ok(u16::from_be_bytes([*a, *b])),
        _ => Err(Fault::Malformed),
    }
}

/// Writes a PUBACK. MQTT 3.1.1 has no reasons.
pub(super) fn put_puback(out: &mut Vec<u8>, packet_id: u16, reason: u8, protocol: Protocol) {
    let [a, b] = packet_id.to_be_bytes();
    if reason == 0 || protocol == Protocol::V311 {
        out.extend_from_slice(&[0x40, 2, a, b]);
    } else {
        out.extend_from_slice(&[0x40, 3, a, b, reason]);
    }
}

/// A text with its length before it, and what follows.
pub(super) fn text(input: &[u8]) -> Result<(&str, &[u8]), Fault> {
    let (bytes, rest) = binary(input)?;
    Ok((std::str::from_utf8(bytes).map_err(|_| Fault::Malformed)?, rest))
}

/// Bytes with their length before them, and what follows.
pub(super) fn binary(input: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let (length, rest) = input.split_first_chunk().ok_or(Fault::Malformed)?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(Fault::Malformed)
}

/// What follows the properties; of properties cut short, nothing.
pub(super) fn after_properties(input: &[u8]) -> &[u8] {
    properties(input).map_or(&[], |(_, rest)| rest)
}

fn properties(input: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    match input.split_first() {
        Some((&length, rest)) if length < 0x80 => rest.split_at_checked(usize::from(length)).ok_or(Fault::Malformed),
        Some(_) => {
            let mut length = 0;
            for i in 0..4 {
                let &byte = input.get(i).ok_or(Fault::Malformed)?;
                length |= usize::from(byte & 0x7f) << (7 * i);
                if byte & 0x80 == 0 {
                    return input[i + 1..].split_at_checked(length).ok_or(Fault::Malformed);
                }
            }
            Err(Fault::Malformed)
        }
        None => Err(Fault::Malformed),
    }
}

/// Walks the properties of a PUBLISH; their content is of no use here.
fn check_publish_properties(mut rest: &[u8]) -> Result<(), Fault> {
    let skip = |rest: &'_ [u8], count: usize| rest.get(count..).map(<[u8]>::len).ok_or(Fault::Malformed);
    while let Some((&id, value)) = rest.split_first() {
        let left = match id {
            0x01 => skip(value, 1)?,                      // payload format
            0x02 => skip(value, 4)?,                      // message expiry
            0x23 => return Err(Fault::TopicAlias),        // topic alias
            0x03 | 0x08 | 0x09 => binary(value)?.1.len(), // content type, response topic, correlation
            0x26 => binary(binary(value)?.1)?.1.len(),    // user property: name, value
            0x0b => return Err(Fault::Protocol),          // subscription identifier: a server's alone
            _ => return Err(Fault::Malformed),
        };
        rest = &rest[rest.len() - left..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_found_when_its_last_byte_is_there() {
        let mut bytes = vec![0x30, 0x80, 0x01];
        bytes.extend([7; 128]);
        for cut in 0..bytes.len() {
            assert_eq!(frame(&bytes[..cut], 1000), Ok(Framed::Partial), "{cut}");
        }
        let whole = Framed::Whole(Packet { first: 0x30, body: &bytes[3..], length: 131 });
        assert_eq!(frame(&bytes, 131), Ok(whole));
        assert_eq!(frame(&bytes[..3], 130), Ok(Framed::TooLarge { first: 0x30, header: 3, length: 131 }));
        assert_eq!(frame(&[0x30, 0xff, 0xff, 0xff, 0xff], 1000), Err(Fault::Malformed));
    }

    #[test]
    fn a_publish_is_read_in_place() {
        let body = b"\x00\x03a/b\x01\x02\x00xyz";
        let expected = Publish {
            topic: "a/b",
            packet_id: 0x0102,
            at_least_once: true,
            duplicate: true,
            retain: true,
            payload: b"xyz",
        };
        assert_eq!(publish(0x3b, body, Protocol::V5), Ok(expected));
        assert_eq!(publish(0x32, body, Protocol::V311).map(|p| p.payload), Ok(&b"\x00xyz"[..]));
        assert_eq!(publish(0x30, body, Protocol::V311).map(|p| p.packet_id), Ok(0));
    }

    #[test]
    fn what_is_no_publish_is_a_fault_that_says_why() {
        for (first, body, expected) in [
            (0x34, &b"\x00\x01a\x00\x01\x00"[..], Fault::Qos),
            (0x36, b"\x00\x01a\x00\x01\x00", Fault::Malformed),
            (0x38, b"\x00\x01a\x00", Fault::Malformed),
            (0x32, b"\x00\x01a\x00\x00\x00", Fault::Malformed),
            (0x30, b"\x00\x05a\x00", Fault::Malformed),
            (0x30, b"\x00\x01\xff\x00", Fault::Malformed),
            (0x30, b"\x00\x00\x00", Fault::TopicName),
            (0x30, b"\x00\x01#\x00", Fault::TopicName),
            (0x30, b"\x00\x01a", Fault::Malformed),
            (0x30, b"\x00\x01a\x03\x23\x00\x01", Fault::TopicAlias),
            (0x30, b"\x00\x00\x03\x23\x00\x01", Fault::TopicAlias),
            (0x30, b"\x00\x01a\x02\x0b\x01", Fault::Protocol),
            (0x30, b"\x00\x01a\x01\x7f", Fault::Malformed),
            (0x30, b"\x00\x01a\x02\x02\x00", Fault::Malformed),
        ] {
            assert_eq!(publish(first, body, Protocol::V5), Err(expected), "{first:x} {body:?}");
        }
    }

    #[test]
    fn properties_of_a_publish_are_skipped() {
        let body = b"\x00\x01a\x16\x01\x01\x02\x00\x00\x00\x09\x26\x00\x01k\x00\x02vv\x08\x00\x01r\x03\x00\x00yes";
        assert_eq!(publish(0x30, body, Protocol::V5).map(|p| p.payload), Ok(&b"yes"[..]));
    }
}
