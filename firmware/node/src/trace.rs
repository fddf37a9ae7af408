//! What happened lately, as numbers: a ring of 32 events instead of formatted text, which would cost flash and time.
//!
//! The second serial port writes each event as a line of hexadecimal, `t MILLIS EVENT ARGUMENT`; the bench and the console
//! give the numbers back their names.

use heapless::Deque;

/// Events that are kept until they are written out.
pub const EVENTS_MAX: usize = 32;

macro_rules! events {
    ($($number:literal $name:ident $text:literal)*) => {
        /// What happened. Numbers are never used again.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Event {
            $(#[doc = $text] $name = $number,)*
        }

        impl Event {
            /// The event with that number, and what it says.
            pub fn describe(number: u8) -> Option<&'static str> {
                match number {
                    $($number => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

events! {
    1 Started "started; reset cause"
    2 Boot "boot number"
    3 Unprovisioned "no identity: waiting for the console"
    4 NewIncarnation "new incarnation"
    5 MemoryFailed "memory did not answer"
    6 Sensor "sensor found; source"
    7 SensorFailed "sensor does not answer; source"
    8 SensorStuck "sensor told the same value too often; source"
    9 OutOfRange "value out of the sensor's range; quantity"
    10 LinkUp "network is up"
    11 LinkDown "network is down"
    12 Connecting "connecting; attempt"
    13 Connected "session is new"
    14 Resumed "session resumed"
    15 Lost "connection lost; reason"
    16 Sent "batch sent; readings"
    17 Acknowledged "batch acknowledged; readings"
    18 Refused "batch refused by the gateway; readings"
    19 TimeSet "clock set; seconds since 1970"
    20 Command "command; number of the action"
    21 Replied "reply sent; command"
    22 Fault "fault of the run before; kind"
    23 WatchdogLate "a task made no progress; bits of those that did"
    24 Dropped "reading dropped; in all"
    25 EventsLost "trace events lost; how many"
    26 Provisioned "provisioned"
}

/// An event with its time and argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Milliseconds since the start.
    pub at_ms: u32,
    /// What happened.
    pub event: u8,
    /// What it says beside.
    pub argument: u32,
}

/// The ring.
pub struct Trace {
    entries: Deque<Entry, EVENTS_MAX>,
    lost: u32,
}

impl Trace {
    /// An empty one.
    pub const fn new() -> Self {
        Self { entries: Deque::new(), lost: 0 }
    }

    /// Notes an event; when the ring is full the oldest goes, counted.
    pub fn note(&mut self, now_ms: u64, event: Event, argument: u32) {
        if self.entries.is_full() {
            self.entries.pop_front();
            self.lost = self.lost.saturating_add(1);
        }
        self.entries.push_back(Entry { at_ms: now_ms as u32, event: event as u8, argument }).ok();
    }

    /// Takes the oldest event.
    pub fn take(&mut self) -> Option<Entry> {
        if self.lost > 0 {
            let lost = core::mem::take(&mut self.lost);
            let at_ms = self.entries.front().map_or(0, |entry| entry.at_ms);
            return Some(Entry { at_ms, event: Event::EventsLost as u8, argument: lost });
        }
        self.entries.pop_front()
    }
}

impl Default for Trace {
    fn default() -> Self {
        Self::new()
    }
}

impl Entry {
    /// The line that goes to the trace port: `t 0000abcd 0e 00000001\n`.
    pub fn line(&self) -> [u8; 23] {
        let mut line = *b"t ........ .. ........\n";
        hex(&mut line[2..10], self.at_ms);
        hex(&mut line[11..13], u32::from(self.event));
        hex(&mut line[14..22], self.argument);
        line
    }

    /// The entry of a trace line.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.trim_end().split(' ');
        let mut number = |digits: usize| {
            let word = words.next()?;
            (word.len() == digits).then(|| u32::from_str_radix(word, 16).ok()).flatten()
        };
        let _ = line.strip_prefix("t ")?;
        number(0);
        Some(Self { at_ms: number(8)?, event: number(2)? as u8, argument: number(8)? })
    }
}

fn hex(place: &mut [u8], value: u32) {
    let digits = place.len();
    for (k, digit) in place.iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(value >> (4 * (digits - 1 - k)) & 0xf) as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back_as_its_entry() {
        let entry = Entry { at_ms: 0x0001_2345, event: Event::Resumed as u8, argument: 0xdead_beef };
        assert_eq!(&entry.line(), b"t 00012345 0e deadbeef\n");
        assert_eq!(Entry::parse("t 00012345 0e deadbeef\r\n"), Some(entry));
        for line in ["", "t", "t 0001 0e deadbeef", "x 00012345 0e deadbeef", "t 00012345 0e"] {
            assert_eq!(Entry::parse(line), None, "{line}");
        }
    }

    #[test]
    fn a_full_ring_loses_the_oldest_and_says_how_many() {
        let mut trace = Trace::new();
        for k in 0..EVENTS_MAX as u32 + 3 {
            trace.note(u64::from(k), Event::Sent, k);
        }
        assert_eq!(trace.take(), Some(Entry { at_ms: 3, event: Event::EventsLost as u8, argument: 3 }));
        assert_eq!(trace.take().map(|entry| entry.argument), Some(3));
        assert_eq!(std::iter::from_fn(|| trace.take()).count(), EVENTS_MAX - 1);
    }
}
