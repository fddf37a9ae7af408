//! Delivery: notices go out to people and other systems by e-mail, by webhook (an SMS gateway, a chat) and by MQTT.
//!
//! A notice is on disk in the transaction of what it tells of, and is sent at least once: what was not settled when the gateway
//! stopped is sent again, and each way carries the notice's number so that whoever gets it twice can tell. The [`Outbox`] is the
//! record of what was told to whom, by pseudonym: an address is looked up when a notice is sent, and kept nowhere else.

pub mod courier;
pub mod heartbeat;
mod mqtt;
mod outbox;
mod smtp;
mod webhook;

pub(crate) use outbox::put;
pub use outbox::{Counts, Outbox, Sent};

use crate::reading::Timestamp;

/// By which way a notice goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// By SMTP.
    Email,
    /// By an HTTP request.
    Webhook,
    /// To the external broker.
    Mqtt,
}

impl Way {
    /// All of them.
    pub const ALL: [Way; 3] = [Self::Email, Self::Webhook, Self::Mqtt];

    /// Its name in files and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Mqtt => "mqtt",
        }
    }

    /// The way of that name.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.code() == code)
    }
}

/// Something that is to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The alert that it is about; none for a test.
    pub alert: Option<u64>,
    /// To whom, by pseudonym (`person/…`); none for other systems.
    pub person: Option<Box<str>>,
    /// By which way.
    pub way: Way,
    /// Which webhook; empty for the other ways.
    pub target: Box<str>,
    /// In a line.
    pub subject: String,
    /// In full.
    pub text: String,
    /// For programs.
    pub body: serde_json::Value,
}

/// Where a person is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Their name.
    pub name: String,
    /// E-mail.
    pub email: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
}

/// Why a notice was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Trouble {
    /// In a line; without addresses and secrets.
    pub message: String,
    /// Whether trying again would change nothing.
    pub lasting: bool,
}

impl Trouble {
    /// It may go away.
    pub fn passing(message: impl ToString) -> Self {
        Self { message: message.to_string(), lasting: false }
    }

    /// Trying again would change nothing.
    pub fn lasting(message: impl ToString) -> Self {
        Self { message: message.to_string(), lasting: true }
    }
}

/// What an error came of: "Connection refused", or a certificate that nobody vouches for.
fn innermost(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).last().map(ToString::to_string).unwrap_or_default()
}

/// How notices are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until the first retry; doubles after each,
    pub delay_min_ms: i64,
    /// up to this.
    pub delay_max_ms: i64,
    /// After this long it is given up.
    pub most_ms: i64,
    /// Notices that wait at most; beyond it the oldest is given up.
    pub waiting_max: usize,
}

impl Patience {
    /// When a notice is tried again that was made `at` and has failed `tries` times by `now`; none when it is given up. `random`
    /// takes up to half of the delay away, so that not all come back at once.
    pub fn next(&self, at: Timestamp, tries: u32, now: Timestamp, random: u32) -> Option<Timestamp> {
        let doubled = self.delay_min_ms.saturating_mul(1i64.checked_shl(tries.saturating_sub(1)).unwrap_or(i64::MAX));
        let delay = doubled.clamp(self.delay_min_ms, self.delay_max_ms.max(self.delay_min_ms));
        let spread = delay / 2 * i64::from(random >> 16) / i64::from(u16::MAX);
        let next = now.plus_millis(delay - spread);
        (next.millis_since(at) <= self.most_ms).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest_and_end() {
        let patience = Patience { delay_min_ms: 10, delay_max_ms: 60, most_ms: 1_000, waiting_max: 9 };
        let at = Timestamp::from_millis(0);
        let delay = |tries, random| patience.next(at, tries, at, random).map(|next| next.millis());
        let delays: Vec<_> = (1..6).map(|tries| delay(tries, 0)).collect();
        assert_eq!(delays, [Some(10), Some(20), Some(40), Some(60), Some(60)]);
        assert_eq!(delay(u32::MAX, 0), Some(60));
        assert_eq!(delay(4, u32::MAX), Some(30));
        assert_eq!(patience.next(at, 4, Timestamp::from_millis(950), 0), None);
    }
}
