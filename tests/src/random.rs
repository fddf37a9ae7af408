//! A small generator of random numbers, from a seed that a failing test prints (splitmix64).

/// The generator.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl From<u64> for Random {
    fn from(seed: u64) -> Self {
        Self(seed)
    }
}

impl Random {
    /// From `CITY_TEST_SEED`, or else from `default`; prints it, so that a failure can be run again.
    ///
    /// # Panics
    /// When `CITY_TEST_SEED` holds no number.
    pub fn seeded(default: u64) -> Self {
        let seed =
            std::env::var("CITY_TEST_SEED").map_or(default, |seed| seed.parse().expect("CITY_TEST_SEED is a number"));
        eprintln!("seed {seed} (set CITY_TEST_SEED to run with another)");
        Self(seed)
    }

    /// The seed of this test: `CITY_TEST_SEED`, or else `default`; printed.
    ///
    /// # Panics
    /// When `CITY_TEST_SEED` holds no number.
    pub fn seed(default: u64) -> u64 {
        Self::seeded(default).0
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next_u64() % bound.max(1) as u64) as usize
    }

    /// Puts `items` into an order of its own.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
