//! CONNECT and what answers it: who a client says it is, what it wants, and how it is let in or refused. Pure.

use mqtt_protocol_core::mqtt::packet::{
    AssignedClientIdentifier, MaximumPacketSize, MaximumQos, Properties, Property, Qos, ReceiveMaximum,
    SharedSubscriptionAvailable, SubscriptionIdentifierAvailable, TopicAliasMaximum, WildcardSubscriptionAvailable,
    v3_1_1, v5_0,
};
use mqtt_protocol_core::mqtt::result_code::{ConnectReasonCode, ConnectReturnCode, MqttError};

use super::wire::{self, Packet};
use super::{Limits, Protocol, Refusal};
use crate::reading::NodeId;
use crate::telemetry::ingest::Denied;

/// A client that has introduced itself.
#[derive(Debug)]
pub(super) struct Hello {
    pub(super) protocol: Protocol,
    pub(super) node: NodeId,
    pub(super) secret: Option<Vec<u8>>,
    /// An empty client identifier, for which the gateway gives one.
    pub(super) without_client_id: bool,
    /// Clean session, or clean start.
    pub(super) clean: bool,
    /// Seconds the session is kept after the connection; at MQTT 3.1.1 without clean session for ever.
    pub(super) expiry_s: u32,
    pub(super) keep_alive_s: u16,
    /// The client's own receive maximum and maximum packet size.
    pub(super) receive_maximum: u16,
    pub(super) packet_bytes_max: u32,
    pub(super) will: Option<Will>,
}

/// What is published when the connection ends without a good-bye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Will {
    pub(super) topic: Box<str>,
    pub(super) payload: Box<[u8]>,
    pub(super) at_least_once: bool,
    pub(super) retain: bool,
}

/// A CONNECT that is refused, and the version in which to say so, if that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) refusal: Refusal,
    pub(super) protocol: Option<Protocol>,
}

const CONNECT: u8 = 0x10;
// Connect flags.
const PASSWORD: u8 = 0x40;
const USER_NAME: u8 = 0x80;
const WILL: u8 = 0x04;
const WILL_FIELDS: u8 = 0x38;

impl Hello {
    /// Reads a CONNECT.
    pub(super) fn read(packet: Packet<'_>) -> Result<Hello, Refused> {
        let malformed = Refused { refusal: Refusal::Malformed, protocol: None };
        let unsupported = |protocol| Refused { refusal: Refusal::UnsupportedVersion, protocol: Some(protocol) };
        if packet.first != CONNECT {
            return Err(malformed);
        }
        let body = packet.body;
        let (name, rest) = wire::text(body).map_err(|_| malformed)?;
        match (name, rest.first()) {
            ("MQTT", Some(4)) => Self::read_v311(body),
            ("MQTT", Some(5)) => Self::read_v5(body),
            ("MQTT", Some(6..)) => Err(unsupported(Protocol::V5)),
            ("MQTT" | "MQIsdp", Some(_)) => Err(unsupported(Protocol::V311)),
            _ => Err(malformed),
        }
    }

    fn read_v311(body: &[u8]) -> Result<Hello, Refused> {
        let refused = |refusal| Refused { refusal, protocol: Some(Protocol::V311) };
        check_flags(body).map_err(refused)?;
        let (connect, length) = v3_1_1::Connect::parse(body).map_err(|error| refused(reason(error)))?;
        if length != body.len() {
            return Err(refused(Refusal::Malformed));
        }
        let will = will(connect.will_topic(), connect.will_payload(), connect.will_qos(), connect.will_retain());
        Ok(Hello {
            protocol: Protocol::V311,
            node: node(connect.user_name(), connect.client_id()).map_err(refused)?,
            secret: connect.password().map(<[u8]>::to_vec),
            without_client_id: connect.client_id().is_empty(),
            clean: connect.clean_session(),
            expiry_s: if connect.clean_session() { 0 } else { u32::MAX },
            keep_alive_s: connect.keep_alive(),
            receive_maximum: u16::MAX,
            packet_bytes_max: u32::MAX,
            will: will.map_err(refused)?,
        })
    }

    fn read_v5(body: &[u8]) -> Result<Hello, Refused> {
        let refused = |refusal| Refused { refusal, protocol: Some(Protocol::V5) };
        let flags = check_flags(body).map_err(refused)?;
        // MQTT 5 allows a password without a user name, which the library refuses; the password is the last field.
        let mut without_password = body.to_vec();
        without_password[FLAGS_AT] &= !PASSWORD;
        let (connect, length) = v5_0::Connect::parse(&without_password).map_err(|error| refused(reason(error)))?;
        let mut rest = &body[length..];
        let mut secret = None;
        if flags & PASSWORD != 0 {
            let (password, after) = wire::binary(rest).map_err(|_| refused(Refusal::Malformed))?;
            (secret, rest) = (Some(password.to_vec()), after);
        }
        if !rest.is_empty() {
            return Err(refused(Refusal::Malformed));
        }
        let (mut expiry_s, mut receive_maximum, mut packet_bytes_max) = (0, u16::MAX, u32::MAX);
        for property in &connect.props {
            match property {
                Property::SessionExpiryInterval(value) => expiry_s = value.val(),
                Property::ReceiveMaximum(value) => receive_maximum = value.val(),
                Property::MaximumPacketSize(value) => packet_bytes_max = value.val(),
                Property::AuthenticationMethod(_) => return Err(refused(Refusal::AuthenticationMethod)),
                _ => {}
            }
        }
        let will = will(connect.will_topic(), connect.will_payload(), connect.will_qos(), connect.will_retain());
        Ok(Hello {
            protocol: Protocol::V5,
            node: node(connect.user_name(), connect.client_id()).map_err(refused)?,
            secret,
            without_client_id: connect.client_id().is_empty(),
            clean: connect.clean_start(),
            expiry_s,
            keep_alive_s: connect.keep_alive(),
            receive_maximum: receive_maximum.max(1),
            packet_bytes_max,
            will: will.map_err(refused)?,
        })
    }

    /// The CONNACK that lets the client in.
    pub(super) fn connack(&self, session_present: bool, limits: &Limits) -> Vec<u8> {
        match self.protocol {
            Protocol::V311 => v3_1_1::Connack::builder()
                .session_present(session_present)
                .return_code(ConnectReturnCode::Accepted)
                .build()
                .expect("both fields are set")
                .to_continuous_buffer(),
            Protocol::V5 => v5_0::Connack::builder()
                .session_present(session_present)
                .reason_code(ConnectReasonCode::Success)
                .props(self.capabilities(limits))
                .build()
                .expect("each property stands once")
                .to_continuous_buffer(),
        }
    }

    fn capabilities(&self, limits: &Limits) -> Properties {
        const FIT: &str = "the value is one that the property takes";
        let mut properties = vec![
            Property::ReceiveMaximum(ReceiveMaximum::new(limits.receive_maximum.max(1)).expect(FIT)),
            Property::MaximumQos(MaximumQos::new(1).expect(FIT)),
            Property::MaximumPacketSize(MaximumPacketSize::new(limits.packet_bytes_max.max(1)).expect(FIT)),
            Property::TopicAliasMaximum(TopicAliasMaximum::new(0).expect(FIT)),
            Property::WildcardSubscriptionAvailable(WildcardSubscriptionAvailable::new(0).expect(FIT)),
            Property::SubscriptionIdentifierAvailable(SubscriptionIdentifierAvailable::new(0).expect(FIT)),
            Property::SharedSubscriptionAvailable(SharedSubscriptionAvailable::new(0).expect(FIT)),
        ];
        if self.without_client_id {
            let given = AssignedClientIdentifier::new(self.node.as_str()).expect(FIT);
            properties.push(Property::AssignedClientIdentifier(given));
        }
        properties
    }
}

impl Refused {
    /// The CONNACK that says so. None where the peer did not show that it speaks MQTT, or where there is no word for it.
    pub(super) fn connack(self) -> Option<Vec<u8>> {
        match self.protocol? {
            Protocol::V311 => {
                let code = match self.refusal {
                    Refusal::UnsupportedVersion => ConnectReturnCode::UnacceptableProtocolVersion,
                    Refusal::InvalidNode => ConnectReturnCode::IdentifierRejected,
                    Refusal::WrongSecret => ConnectReturnCode::BadUserNameOrPassword,
                    Refusal::UnknownNode | Refusal::Revoked | Refusal::WrongCertificate => {
                        ConnectReturnCode::NotAuthorized
                    }
                    Refusal::LimitReached | Refusal::ConnectionsFull | Refusal::Unavailable => {
                        ConnectReturnCode::ServerUnavailable
                    }
                    Refusal::Handshake
                    | Refusal::Malformed
                    | Refusal::ConnectTimeout
                    | Refusal::AuthenticationMethod
                    | Refusal::WillQos => return None,
                };
                let connack = v3_1_1::Connack::builder().session_present(false).return_code(code).build();
                Some(connack.expect("both fields are set").to_continuous_buffer())
            }
            Protocol::V5 => {
                let code = match self.refusal {
                    Refusal::UnsupportedVersion => ConnectReasonCode::UnsupportedProtocolVersion,
                    Refusal::InvalidNode => ConnectReasonCode::ClientIdentifierNotValid,
                    Refusal::WrongSecret => ConnectReasonCode::BadUserNameOrPassword,
                    Refusal::UnknownNode | Refusal::WrongCertificate => ConnectReasonCode::NotAuthorized,
                    Refusal::Revoked => ConnectReasonCode::Banned,
                    Refusal::LimitReached | Refusal::ConnectionsFull => ConnectReasonCode::QuotaExceeded,
                    Refusal::Unavailable => ConnectReasonCode::ServerUnavailable,
                    Refusal::AuthenticationMethod => ConnectReasonCode::BadAuthenticationMethod,
                    Refusal::WillQos => ConnectReasonCode::QosNotSupported,
                    Refusal::Malformed => ConnectReasonCode::MalformedPacket,
                    Refusal::Handshake | Refusal::ConnectTimeout => return None,
                };
                let connack = v5_0::Connack::builder().session_present(false).reason_code(code).build();
                Some(connack.expect("both fields are set").to_continuous_buffer())
            }
        }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::UnknownNode => Refusal::UnknownNode,
            Denied::WrongSecret => Refusal::WrongSecret,
            Denied::WrongCertificate => Refusal::WrongCertificate,
            Denied::Revoked => Refusal::Revoked,
            Denied::LimitReached => Refusal::LimitReached,
            Denied::Unavailable => Refusal::Unavailable,
        }
    }
}

/// Protocol name (6 bytes) and level stand before the flags.
const FLAGS_AT: usize = 7;

/// The library takes reserved and contradicting flags; they are malformed.
fn check_flags(body: &[u8]) -> Result<u8, Refusal> {
    let flags = *body.get(FLAGS_AT).ok_or(Refusal::Malformed)?;
    let will_qos = flags >> 3 & 3;
    if flags & 1 != 0 || will_qos == 3 || (flags & WILL == 0 && flags & WILL_FIELDS != 0) {
        return Err(Refusal::Malformed);
    }
    let v311 = body[FLAGS_AT - 1] == 4;
    if v311 && flags & PASSWORD != 0 && flags & USER_NAME == 0 {
        return Err(Refusal::Malformed);
    }
    Ok(flags)
}

/// The user name is the node's, else the client identifier.
fn node(user_name: Option<&str>, client_id: &str) -> Result<NodeId, Refusal> {
    NodeId::new(user_name.unwrap_or(client_id)).map_err(|_| Refusal::InvalidNode)
}

fn will(topic: Option<&str>, payload: Option<&[u8]>, qos: Qos, retain: bool) -> Result<Option<Will>, Refusal> {
    let Some(topic) = topic else { return Ok(None) };
    if topic.is_empty() || topic.contains(['+', '#', '\0']) {
        return Err(Refusal::Malformed);
    }
    let at_least_once = match qos {
        Qos::AtMostOnce => false,
        Qos::AtLeastOnce => true,
        Qos::ExactlyOnce => return Err(Refusal::WillQos),
    };
    Ok(Some(Will { topic: topic.into(), payload: payload.unwrap_or_default().into(), at_least_once, retain }))
}

fn reason(error: MqttError) -> Refusal {
    match error {
        MqttError::ClientIdentifierNotValid => Refusal::InvalidNode,
        MqttError::UnsupportedProtocolVersion => Refusal::UnsupportedVersion,
        _ => Refusal::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Result<Hello, Refused> {
        Hello::read(Packet { first: 0x10, body, length: body.len() + 2 })
    }

    #[test]
    fn a_connect_of_either_version_says_who_comes_and_how() {
        let hello = read(b"\x00\x04MQTT\x04\xe6\x00\x3c\x00\x00\x00\x0dcity/a/status\x00\x03off\x00\x01a\x00\x02pw");
        let hello = hello.expect("a good CONNECT");
        assert_eq!((hello.protocol, hello.node.as_str(), hello.clean), (Protocol::V311, "a", true));
        assert_eq!((hello.secret.as_deref(), hello.keep_alive_s, hello.expiry_s), (Some(&b"pw"[..]), 60, 0));
        let will =
            Will { topic: "city/a/status".into(), payload: (*b"off").into(), at_least_once: false, retain: true };
        assert_eq!(hello.will, Some(will));

        let properties = b"\x0b\x11\x00\x00\x0e\x10\x21\x00\x14\x22\x00\x05";
        let body = [b"\x00\x04MQTT\x05\x40\x00\x00", &properties[..], b"\x00\x02n1\x00\x02pw"].concat();
        let hello = read(&body).expect("a password without a user name");
        assert_eq!((hello.protocol, hello.node.as_str(), hello.clean), (Protocol::V5, "n1", false));
        assert_eq!((hello.secret.as_deref(), hello.expiry_s, hello.receive_maximum), (Some(&b"pw"[..]), 3600, 20));
    }

    #[test]
    fn a_connect_that_cannot_be_taken_is_refused_with_its_reason() {
        let (v311, v5) = (Some(Protocol::V311), Some(Protocol::V5));
        for (body, refusal, protocol) in [
            (&b"\x00\x04MQTT\x03\x02\x00\x00\x00\x01a"[..], Refusal::UnsupportedVersion, v311),
            (b"\x00\x06MQIsdp\x03\x02\x00\x00\x00\x01a", Refusal::UnsupportedVersion, v311),
            (b"\x00\x04MQTT\x06\x02\x00\x00\x00\x00\x01a", Refusal::UnsupportedVersion, v5),
            (b"\x00\x04MQTX\x04\x02\x00\x00\x00\x01a", Refusal::Malformed, None),
            (b"\x00\x04MQTT", Refusal::Malformed, None),
            (b"\x00\x04MQTT\x04\x03\x00\x00\x00\x01a", Refusal::Malformed, v311),
            (b"\x00\x04MQTT\x04\x22\x00\x00\x00\x01a", Refusal::Malformed, v311),
            (b"\x00\x04MQTT\x04\x42\x00\x00\x00\x01a\x00\x01p", Refusal::Malformed, v311),
            (b"\x00\x04MQTT\x04\x02\x00\x00\x00\x01A", Refusal::InvalidNode, v311),
            (b"\x00\x04MQTT\x04\x02\x00\x00\x00\x00", Refusal::InvalidNode, v311),
            (b"\x00\x04MQTT\x04\x02\x00\x00\x00\x01ax", Refusal::Malformed, v311),
            (b"\x00\x04MQTT\x05\x16\x00\x00\x00\x00\x01a\x00\x00\x01t\x00\x00", Refusal::WillQos, v5),
            (b"\x00\x04MQTT\x05\x02\x00\x00\x04\x15\x00\x01m\x00\x01a", Refusal::AuthenticationMethod, v5),
            (b"\x00\x04MQTT\x05\x42\x00\x00\x00\x00\x01a\x00\x09p", Refusal::Malformed, v5),
        ] {
            assert_eq!(read(body).err(), Some(Refused { refusal, protocol }), "{body:?}");
        }
    }

    #[test]
    fn every_refusal_can_be_said_or_has_no_word() {
        for refusal in Refusal::ALL {
            for protocol in [Protocol::V311, Protocol::V5] {
                if let Some(connack) = (Refused { refusal, protocol: Some(protocol) }).connack() {
                    assert_eq!(connack[0], 0x20);
                    assert_ne!(connack[3], 0, "{refusal:?}");
                }
            }
        }
    }
}
