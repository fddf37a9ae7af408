//! Numbers as sensors tell them: so many steps of a power of ten.

use serde::{Deserialize, Serialize};

/// `mantissa × 10^exponent`, exactly.
///
/// The mantissa is within ±(2^53 − 1) and the exponent within ±9, so that [`to_f64`](Self::to_f64) is one
/// correctly rounded operation: 23.45 here is the same `f64` as `23.45` in any text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(i64, i8)", into = "(i64, i8)")]
pub struct Decimal {
    mantissa: i64,
    exponent: i8,
}

/// A mantissa or an exponent beyond what a [`Decimal`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecimalOutOfRange;

/// Powers of ten that an `f64` holds exactly.
const POWERS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

impl Decimal {
    /// Largest mantissa; its negative is the smallest.
    pub const MANTISSA_MAX: i64 = (1 << 53) - 1;
    /// Largest exponent; its negative is the smallest.
    pub const EXPONENT_MAX: i8 = 9;
    /// Nothing.
    pub const ZERO: Decimal = Decimal { mantissa: 0, exponent: 0 };
    /// One.
    pub const ONE: Decimal = Decimal { mantissa: 1, exponent: 0 };

    /// `mantissa × 10^exponent`; `None` when either is out of range.
    pub const fn new(mantissa: i64, exponent: i8) -> Option<Self> {
        if mantissa.unsigned_abs() > Self::MANTISSA_MAX as u64 || exponent.unsigned_abs() > Self::EXPONENT_MAX as u8 {
            return None;
        }
        Some(Self { mantissa, exponent })
    }

    /// The decimal with that many digits after the point which is nearest to `value`, halves away from zero; `None` when
    /// it is not finite or out of range.
    pub fn nearest(value: f64, digits: u8) -> Option<Self> {
        let scaled = value * POWERS.get(usize::from(digits))?;
        let mantissa = crate::round_half_away(scaled)?;
        Self::new(mantissa, -i8::try_from(digits).ok()?)
    }

    /// How many steps.
    pub const fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// Which power of ten a step is.
    pub const fn exponent(self) -> i8 {
        self.exponent
    }

    /// The nearest `f64`.
    pub fn to_f64(self) -> f64 {
        // Mantissa and power are both exact, thus the one operation between them rounds once, and correctly.
        let mantissa = self.mantissa as f64;
        let power = POWERS.get(usize::from(self.exponent.unsigned_abs())).copied().unwrap_or(1.0);
        if self.exponent < 0 { mantissa / power } else { mantissa * power }
    }
}

impl TryFrom<(i64, i8)> for Decimal {
    type Error = DecimalOutOfRange;

    fn try_from((mantissa, exponent): (i64, i8)) -> Result<Self, Self::Error> {
        Self::new(mantissa, exponent).ok_or(DecimalOutOfRange)
    }
}

impl From<Decimal> for (i64, i8) {
    fn from(decimal: Decimal) -> Self {
        (decimal.mantissa, decimal.exponent)
    }
}

impl core::fmt::Display for DecimalOutOfRange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a decimal's mantissa is within ±(2^53 - 1) and its exponent within ±9")
    }
}

impl core::error::Error for DecimalOutOfRange {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::format;

    proptest! {
        #[test]
        fn to_f64_is_what_the_text_parses_to(
            mantissa in -Decimal::MANTISSA_MAX..=Decimal::MANTISSA_MAX,
            exponent in -9i8..=9,
        ) {
            let text: f64 = format!("{mantissa}e{exponent}").parse().expect("a number");
            prop_assert_eq!(Decimal::new(mantissa, exponent).map(Decimal::to_f64), Some(text));
        }

        #[test]
        fn nearest_finds_a_decimal_again(mantissa in -1_000_000_000i64..1_000_000_000, digits in 0u8..=9) {
            let decimal = Decimal::new(mantissa, -(digits as i8)).expect("in range");
            prop_assert_eq!(Decimal::nearest(decimal.to_f64(), digits), Some(decimal));
        }
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        assert!(Decimal::new(Decimal::MANTISSA_MAX, 9).is_some());
        assert!(Decimal::new(-Decimal::MANTISSA_MAX, -9).is_some());
        for (mantissa, exponent) in [(Decimal::MANTISSA_MAX + 1, 0), (i64::MIN, 0), (1, 10), (1, -10), (1, i8::MIN)] {
            assert_eq!(Decimal::new(mantissa, exponent), None);
        }
        for value in [f64::NAN, f64::INFINITY, 1e300, 9.1e15] {
            assert_eq!(Decimal::nearest(value, 0), None);
        }
        assert_eq!(Decimal::nearest(1.0, 10), None);
        assert_eq!(Decimal::nearest(-0.125, 2), Decimal::new(-13, -2));
    }
}
