//! How long to wait before the next attempt: twice as long each time, up to half a minute, and never the same for two
//! nodes, so that a district's nodes do not come back at one instant.

/// The first wait.
pub const FIRST_MS: u32 = 500;
/// The longest.
pub const LONGEST_MS: u32 = 30_000;

/// Counts the attempts since it last went well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// Attempts since it last went well.
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// It went well, or the network has just come back.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }

    /// The wait before the next attempt: between a half and the whole of the step, as `chance` says.
    pub fn next_ms(&mut self, chance: u32) -> u32 {
        let step = FIRST_MS.saturating_mul(1 << self.attempts.min(10)).min(LONGEST_MS);
        self.attempts = self.attempts.saturating_add(1);
        step / 2 + chance % (step / 2 + 1)
    }
}

/// Chance enough for jitter and, seeded well, for an incarnation: xorshift64*.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// From a seed, which the board gathers.
    pub const fn new(seed: u64) -> Self {
        Self(if seed == 0 { 0x9e37_79b9_7f4a_7c15 } else { seed })
    }

    /// 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew() {
        let mut backoff = Backoff::default();
        let most: Vec<u32> = (0..9).map(|_| backoff.next_ms(0) * 2).collect();
        assert_eq!(most, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        backoff.reset();
        let mut chance = Chance::new(7);
        for step in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
            let wait = backoff.next_ms(chance.draw() as u32);
            assert!((step / 2..=step).contains(&wait), "{wait} of {step}");
        }
    }

    #[test]
    fn two_seeds_give_two_sequences() {
        let (mut one, mut two) = (Chance::new(1), Chance::new(2));
        assert!((0..100).all(|_| one.draw() != two.draw()));
    }
}
