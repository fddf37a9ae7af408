//! What the demonstration says on the terminal: few words, aligned; a line that redraws itself where that is possible.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::PoisonError;

/// The terminal, or whatever standard output is.
pub(super) struct Screen {
    terminal: bool,
    /// Whether the last line is one to be drawn over.
    drawn: Mutex<bool>,
}

impl Screen {
    /// Standard output.
    pub(super) fn new() -> Self {
        Self { terminal: std::io::stdout().is_terminal(), drawn: Mutex::new(false) }
    }

    /// Whether lines can be drawn over.
    pub(super) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Says something that stays.
    pub(super) fn say(&self, text: &str) {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let clear = if std::mem::take(&mut *drawn) { "\r\x1b[2K" } else { "" };
        // A closed standard output is no reason to stop the nodes.
        let _ = writeln!(std::io::stdout(), "{clear}{text}");
    }

    /// Says how things stand; drawn over by what is said next, where that is possible.
    pub(super) fn draw(&self, text: &str) {
        if !self.terminal {
            self.say(text);
            return;
        }
        *self.drawn.lock().unwrap_or_else(PoisonError::into_inner) = true;
        let mut out = std::io::stdout();
        let _ = write!(out, "\r\x1b[2K{text}");
        let _ = out.flush();
    }
}

/// A number with its thousands apart: `312,004`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let table = [(0, "0"), (999, "999"), (1_000, "1,000"), (312_004, "312,004"), (1_234_567, "1,234,567")];
        for (number, expected) in table {
            assert_eq!(grouped(number), expected);
        }
    }
}
