//! Observations of one datastream as bytes: columns, each in the form that suits it.
//!
//! ```text
//! format     u8      = 1
//! n          varint  observations, sorted by (measured_at, ordinal)
//! unit       varint  greatest common divisor of the times' differences, in milliseconds
//! decimals   u8      0 to 6: values are integers · 10^-decimals; 255: values are raw floats
//! ordinals   u8      0: consecutive from the first; 1: a column
//! marks      u8      0: all zero; 1: a column of n bytes
//! first      varint (zigzag)  measured_at of the first
//! ordinal    varint  ordinal of the first
//! times      column  n−1 differences in units
//! values     column  n
//! ordinals   column  n−1 zigzag differences, where told
//! marks      n bytes, where told
//! ```
//! A column is varints below [`PCO_MIN`] numbers, where pco's own headers would weigh more than they save, and a
//! length and pco's bytes from there on. Raw floats are 8 bytes each.

use pco::ChunkConfig;

use crate::reading::{Marks, Observation, Timestamp};

const FORMAT: u8 = 1;
const RAW_FLOATS: u8 = 255;
const DECIMALS_MAX: u8 = 6;
const PCO_MIN: usize = 48;
const PCO_LEVEL: usize = 6;
/// Most observations in one blob; a blob that says more is damaged.
const COUNT_MAX: usize = 1 << 20;

/// The blob is not what [`encode`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a block of observations is damaged")]
pub(super) struct Damaged;

/// The bytes of `observations`, which are sorted by time, then ordinal, and not empty.
pub(super) fn encode(observations: &[Observation]) -> Vec<u8> {
    let first = observations.first().expect("a block holds at least one observation");
    let n = observations.len();
    let steps: Vec<u64> = observations
        .windows(2)
        .map(|pair| pair[1].measured_at.millis().wrapping_sub(pair[0].measured_at.millis()) as u64)
        .collect();
    let unit = steps.iter().copied().fold(0, gcd).max(1);
    let ordinal_steps: Vec<i64> =
        observations.windows(2).map(|pair| i64::from(pair[1].ordinal) - i64::from(pair[0].ordinal)).collect();
    let consecutive = ordinal_steps.iter().all(|step| *step == 1);
    let marked = observations.iter().any(|o| o.marks.0 != 0);
    let values: Vec<f64> = observations.iter().map(|o| o.value).collect();
    let decimals = decimals_of(&values);

    let mut out = Vec::with_capacity(16 + n * 3);
    out.push(FORMAT);
    varint(&mut out, n as u64);
    varint(&mut out, unit);
    out.extend_from_slice(&[decimals.unwrap_or(RAW_FLOATS), u8::from(!consecutive), u8::from(marked)]);
    varint(&mut out, zigzag(first.measured_at.millis()));
    varint(&mut out, u64::from(first.ordinal));
    column(&mut out, &steps.iter().map(|step| step / unit).collect::<Vec<_>>());
    match decimals {
        Some(decimals) => integers(&mut out, &values, decimals),
        None => values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes())),
    }
    if !consecutive {
        column(&mut out, &ordinal_steps.iter().map(|step| zigzag(*step)).collect::<Vec<_>>());
    }
    if marked {
        out.extend(observations.iter().map(|o| o.marks.0));
    }
    out
}

/// Adds the observations in `blob` to `out`, in their order.
///
/// # Errors
/// [`Damaged`], with `out` as it was.
pub(super) fn decode(blob: &[u8], out: &mut Vec<Observation>) -> Result<(), Damaged> {
    let mut rest = blob;
    let [format] = take(&mut rest)?;
    let n = usize::try_from(read_varint(&mut rest)?).map_err(|_| Damaged)?;
    if format != FORMAT || n == 0 || n > COUNT_MAX {
        return Err(Damaged);
    }
    let unit = read_varint(&mut rest)?;
    let [decimals, ordinals_told, marks_told] = take(&mut rest)?;
    let mut measured_at = unzigzag(read_varint(&mut rest)?);
    let mut ordinal = i64::try_from(read_varint(&mut rest)?).map_err(|_| Damaged)?;
    let steps = read_column(&mut rest, n - 1)?;
    let values = match decimals {
        RAW_FLOATS => read_floats(&mut rest, n)?,
        0..=DECIMALS_MAX => read_integers(&mut rest, n, decimals)?,
        _ => return Err(Damaged),
    };
    let ordinal_steps = if ordinals_told == 0 { Vec::new() } else { read_column(&mut rest, n - 1)? };
    let marks = if marks_told == 0 { &[][..] } else { split(&mut rest, n)? };

    out.reserve(n);
    let before = out.len();
    for i in 0..n {
        if i > 0 {
            measured_at = measured_at.wrapping_add(steps[i - 1].wrapping_mul(unit) as i64);
            ordinal = ordinal.wrapping_add(ordinal_steps.get(i - 1).map_or(1, |step| unzigzag(*step)));
        }
        let Ok(ordinal) = u32::try_from(ordinal) else {
            out.truncate(before);
            return Err(Damaged);
        };
        out.push(Observation {
            measured_at: Timestamp::from_millis(measured_at),
            value: values[i],
            ordinal,
            marks: Marks(marks.get(i).copied().unwrap_or(0)),
        });
    }
    Ok(())
}

/// The fewest decimals, up to [`DECIMALS_MAX`], at which every value is an integer and comes back to the bit.
fn decimals_of(values: &[f64]) -> Option<u8> {
    let mut decimals = 0;
    for value in values {
        while !is_decimal(*value, decimals) {
            decimals += 1;
            if decimals > DECIMALS_MAX {
                return None;
            }
        }
    }
    // More decimals may not suit an earlier value: check all again at the number found.
    values.iter().all(|value| is_decimal(*value, decimals)).then_some(decimals)
}

fn is_decimal(value: f64, decimals: u8) -> bool {
    let power = power_of_ten(decimals);
    let scaled = (value * power).round();
    scaled.abs() < 9_007_199_254_740_992.0 && (scaled as i64 as f64 / power).to_bits() == value.to_bits()
}

fn power_of_ten(decimals: u8) -> f64 {
    [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6][usize::from(decimals)]
}

fn integers(out: &mut Vec<u8>, values: &[f64], decimals: u8) {
    let power = power_of_ten(decimals);
    let scaled: Vec<i64> = values.iter().map(|value| (value * power).round() as i64).collect();
    if scaled.len() < PCO_MIN {
        let mut before = 0;
        for value in scaled {
            varint(out, zigzag(value - before));
            before = value;
        }
    } else {
        pco_column(out, &scaled);
    }
}

fn read_integers(rest: &mut &[u8], n: usize, decimals: u8) -> Result<Vec<f64>, Damaged> {
    let power = power_of_ten(decimals);
    if n < PCO_MIN {
        let mut value = 0i64;
        return (0..n)
            .map(|_| {
                value = value.wrapping_add(unzigzag(read_varint(rest)?));
                Ok(value as f64 / power)
            })
            .collect();
    }
    Ok(read_pco::<i64>(rest, n)?.into_iter().map(|value| value as f64 / power).collect())
}

fn read_floats(rest: &mut &[u8], n: usize) -> Result<Vec<f64>, Damaged> {
    (0..n).map(|_| Ok(f64::from_le_bytes(take(rest)?))).collect()
}

fn column(out: &mut Vec<u8>, numbers: &[u64]) {
    if numbers.len() < PCO_MIN {
        numbers.iter().for_each(|number| varint(out, *number));
    } else {
        pco_column(out, numbers);
    }
}

fn read_column(rest: &mut &[u8], n: usize) -> Result<Vec<u64>, Damaged> {
    if n < PCO_MIN { (0..n).map(|_| read_varint(rest)).collect() } else { read_pco(rest, n) }
}

fn pco_column<T: pco::data_types::Number>(out: &mut Vec<u8>, numbers: &[T]) {
    let config = ChunkConfig::default().with_compression_level(PCO_LEVEL);
    let bytes = pco::standalone::simple_compress(numbers, &config).expect("the level is one that pco has");
    varint(out, bytes.len() as u64);
    out.extend_from_slice(&bytes);
}

fn read_pco<T: pco::data_types::Number>(rest: &mut &[u8], n: usize) -> Result<Vec<T>, Damaged> {
    let length = usize::try_from(read_varint(rest)?).map_err(|_| Damaged)?;
    let bytes = split(rest, length)?;
    let numbers = pco::standalone::simple_decompress::<T>(bytes).map_err(|_| Damaged)?;
    if numbers.len() == n { Ok(numbers) } else { Err(Damaged) }
}

fn gcd(a: u64, b: u64) -> u64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A signed number as an unsigned one with the small ones first.
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The number that [`zigzag`] was given.
pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// LEB128.
pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The number at the start of `rest`, which moves on.
pub(super) fn read_varint(rest: &mut &[u8]) -> Result<u64, Damaged> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let [byte] = take(rest)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Damaged)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Damaged> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(Damaged)?;
    *rest = tail;
    Ok(*head)
}

fn split<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Damaged> {
    let (head, tail) = rest.split_at_checked(length).ok_or(Damaged)?;
    *rest = tail;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn observation(at: i64, value: f64, ordinal: u32, marks: u8) -> Observation {
        Observation { measured_at: Timestamp::from_millis(at), value, ordinal, marks: Marks(marks) }
    }

    fn round_trip(mut observations: Vec<Observation>) {
        observations.sort_by_key(|o| (o.measured_at, o.ordinal));
        let mut back = Vec::new();
        decode(&encode(&observations), &mut back).expect("our own bytes");
        assert_eq!(back.len(), observations.len());
        for (a, b) in observations.iter().zip(&back) {
            assert_eq!(
                (a.measured_at, a.value.to_bits(), a.ordinal, a.marks),
                (b.measured_at, b.value.to_bits(), b.ordinal, b.marks)
            );
        }
    }

    proptest! {
        #[test]
        fn decimals_come_back_to_the_bit(
            rows in prop::collection::vec((0i64..10_000_000, -20_000i64..20_000, 0u32..5_000, 0u8..4), 1..300),
            decimals in 0u8..4,
        ) {
            round_trip(rows.iter().map(|(at, value, ordinal, marks)| {
                observation(*at, *value as f64 / power_of_ten(decimals), *ordinal, *marks)
            }).collect());
        }

        #[test]
        fn any_float_comes_back_to_the_bit(
            rows in prop::collection::vec((any::<i64>(), any::<f64>(), any::<u32>()), 1..120),
        ) {
            let rows = rows.into_iter().filter(|row| !row.1.is_nan()).map(|(at, value, ordinal)| observation(at, value, ordinal, 0));
            let rows: Vec<_> = rows.collect();
            if !rows.is_empty() {
                round_trip(rows);
            }
        }

        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes, &mut Vec::new());
        }
    }

    #[test]
    fn a_regular_series_of_576_costs_less_than_two_bytes_a_reading() {
        let rows: Vec<_> = (0..576)
            .map(|i: u32| {
                let wobble = f64::from((i * 7919) % 23) - 11.0;
                let value = ((15.0 + f64::from(i) / 40.0) * 10.0 + wobble).round() / 10.0;
                observation(1_557_100_800_000 + i64::from(i) * 150_000 + i64::from(i % 3) * 1_000, value, i, 0)
            })
            .collect();
        let bytes = encode(&rows).len();
        assert!(bytes < 576 * 2, "{bytes}");
    }
}
