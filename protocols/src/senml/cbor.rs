//! SenML in CBOR, `application/senml+cbor`: an array of maps with numbers for labels; labels as texts are taken, too.
//!
//! Arrays, maps and strings may be of indefinite length. Numbers may be integers, floats of any size, and decimal
//! fractions (tag 4), which are rounded once. What nests deeper than [`DEPTH_MAX`] is malformed.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt::Write;

use minicbor::data::{Tag, Type};
use minicbor::{Decoder, Encoder, decode};

use super::label::Label;
use super::record::{PackBuilder, Parsed, Scalar};
use super::{Pack, Record, SenmlError, Value};

/// How deep a value that is to be ignored may nest.
pub const DEPTH_MAX: u8 = 16;

/// Decimal fractions: 10 to the first, times the second.
const DECIMAL_FRACTION: u64 = 4;

/// Reads a pack.
///
/// # Errors
/// [`SenmlError`] when the payload is none; a record that cannot be used is told by [`Pack::resolve`].
pub fn parse(payload: &[u8]) -> Result<Pack<'_>, SenmlError> {
    let mut decoder = Decoder::new(payload);
    let mut pack = PackBuilder::new();
    let mut items = Items::new(decoder.array()?, 1);
    while items.another(&mut decoder)? {
        if pack.has_room() {
            record(&mut decoder, pack.next())?;
        } else {
            // Whether the rest is well formed does not matter: there are too many.
            pack.overflow();
            return pack.finish();
        }
    }
    if decoder.position() != payload.len() {
        return Err(SenmlError::Malformed);
    }
    pack.finish()
}

impl From<decode::Error> for SenmlError {
    fn from(_: decode::Error) -> Self {
        SenmlError::Malformed
    }
}

/// Counts the items of an array or map, of definite or indefinite length.
struct Items {
    left: Option<u64>,
}

impl Items {
    /// For a length as the decoder tells it; a map has two items for each of it.
    fn new(length: Option<u64>, per_entry: u64) -> Self {
        Self { left: length.map(|length| length.saturating_mul(per_entry)) }
    }

    /// Whether another item follows; the end of an indefinite one is taken.
    fn another(&mut self, decoder: &mut Decoder<'_>) -> Result<bool, SenmlError> {
        match &mut self.left {
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
            None if decoder.datatype()? == Type::Break => {
                decoder.set_position(decoder.position() + 1);
                Ok(false)
            }
            None => Ok(true),
        }
    }
}

fn record<'a>(decoder: &mut Decoder<'a>, parsed: &mut Parsed<'a>) -> Result<(), SenmlError> {
    if !matches!(decoder.datatype()?, Type::Map | Type::MapIndef) {
        *parsed = Parsed::not_a_record();
        return skip(decoder, DEPTH_MAX);
    }
    let mut fields = Items::new(decoder.map()?, 1);
    while fields.another(decoder)? {
        match label(decoder)? {
            Label::Ignored => skip(decoder, DEPTH_MAX)?,
            label => parsed.set(label, scalar(decoder)?),
        }
    }
    Ok(())
}

fn label(decoder: &mut Decoder<'_>) -> Result<Label, SenmlError> {
    match scalar(decoder)? {
        Scalar::Text(text) => Ok(Label::of_text(&text)),
        Scalar::Number(number) if whole(number).is_some() => Ok(Label::of_number(number as i64)),
        _ => Ok(Label::Ignored),
    }
}

/// The next value, whatever it is.
fn scalar<'a>(decoder: &mut Decoder<'a>) -> Result<Scalar<'a>, SenmlError> {
    Ok(match decoder.datatype()? {
        Type::Bool => Scalar::Boolean(decoder.bool()?),
        Type::F16 => Scalar::Number(f64::from(decoder.f16()?)),
        Type::F32 => Scalar::Number(f64::from(decoder.f32()?)),
        Type::F64 => Scalar::Number(decoder.f64()?),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => {
            Scalar::Number(i128::from(decoder.int()?) as f64)
        }
        Type::String => Scalar::Text(Cow::Borrowed(decoder.str()?)),
        Type::StringIndef => {
            let pieces: Result<String, _> = decoder.str_iter()?.collect();
            Scalar::Text(Cow::Owned(pieces?))
        }
        Type::Bytes => Scalar::Data(Cow::Borrowed(decoder.bytes()?)),
        Type::BytesIndef => {
            let pieces: Result<Vec<&[u8]>, _> = decoder.bytes_iter()?.collect();
            Scalar::Data(Cow::Owned(pieces?.concat()))
        }
        Type::Tag => {
            let start = decoder.position();
            match decimal_fraction(decoder) {
                Ok(number) => Scalar::Number(number),
                Err(_) => {
                    decoder.set_position(start);
                    skip(decoder, DEPTH_MAX)?;
                    Scalar::Other
                }
            }
        }
        _ => {
            skip(decoder, DEPTH_MAX)?;
            Scalar::Other
        }
    })
}

/// A decimal fraction of integers that fit in 64 bits; anything else is an error, the position then being anywhere.
fn decimal_fraction(decoder: &mut Decoder<'_>) -> Result<f64, SenmlError> {
    if decoder.tag()? != Tag::new(DECIMAL_FRACTION) {
        return Err(SenmlError::Malformed);
    }
    let mut items = Items::new(decoder.array()?, 1);
    let mut parts = [0i64; 2];
    for part in &mut parts {
        if !items.another(decoder)? {
            return Err(SenmlError::Malformed);
        }
        *part = decoder.i64()?;
    }
    if items.another(decoder)? {
        return Err(SenmlError::Malformed);
    }
    let [exponent, mantissa] = parts;
    // Beyond these every number of 64 bits is 0 or infinite. Going by the text rounds once, however many digits.
    let mut text = heapless::String::<32>::new();
    write!(text, "{mantissa}e{}", exponent.clamp(-400, 400)).map_err(|_| SenmlError::Malformed)?;
    text.parse().map_err(|_| SenmlError::Malformed)
}

/// Passes over a value that nests at most `depth` deep.
fn skip(decoder: &mut Decoder<'_>, depth: u8) -> Result<(), SenmlError> {
    let deeper = depth.checked_sub(1).ok_or(SenmlError::Malformed);
    let mut items = match decoder.datatype()? {
        Type::Array | Type::ArrayIndef => Items::new(decoder.array()?, 1),
        Type::Map | Type::MapIndef => {
            let length = decoder.map()?;
            let mut entries = Items::new(length, 1);
            while entries.another(decoder)? {
                skip(decoder, deeper?)?;
                skip(decoder, deeper?)?;
            }
            return Ok(());
        }
        Type::Tag => {
            decoder.tag()?;
            return skip(decoder, deeper?);
        }
        Type::Break | Type::Unknown(_) => return Err(SenmlError::Malformed),
        _ => return Ok(decoder.skip()?),
    };
    while items.another(decoder)? {
        skip(decoder, deeper?)?;
    }
    Ok(())
}

/// The whole number that `number` is, if it is one that an `f64` tells exactly.
pub(super) fn whole(number: f64) -> Option<i64> {
    let whole = crate::round_half_away(number)?;
    // Not for −0, which is no integer.
    (whole as f64 == number && (whole != 0 || number.is_sign_positive())).then_some(whole)
}

/// Writes a pack; every number as short as it can be told exactly.
pub fn encode(records: &[Record<'_>]) -> Vec<u8> {
    let mut sink = Sink(Vec::new());
    write_pack(&mut Encoder::new(&mut sink), records).expect("a vector takes all bytes");
    sink.0
}

struct Sink(Vec<u8>);

impl minicbor::encode::Write for Sink {
    type Error = Infallible;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

type Out<'a> = Encoder<&'a mut Sink>;
type Written = Result<(), minicbor::encode::Error<Infallible>>;

fn write_pack(out: &mut Out<'_>, records: &[Record<'_>]) -> Written {
    out.array(records.len() as u64)?;
    for record in records {
        let fields = Fields::of(record);
        out.map(fields.count())?;
        for (label, text) in fields.texts {
            if let Some(text) = text {
                out.i64(label.spelled().1)?.str(text)?;
            }
        }
        for (label, number) in fields.numbers {
            if let Some(number) = number {
                out.i64(label.spelled().1)?;
                write_number(out, number)?;
            }
        }
        match &record.value {
            Some(Value::Number(number)) => {
                out.i64(Label::Value.spelled().1)?;
                write_number(out, *number)?;
            }
            Some(Value::Text(text)) => out.i64(Label::StringValue.spelled().1)?.str(text)?.ok()?,
            Some(Value::Boolean(boolean)) => out.i64(Label::BooleanValue.spelled().1)?.bool(*boolean)?.ok()?,
            Some(Value::Data(data)) => out.i64(Label::DataValue.spelled().1)?.bytes(data)?.ok()?,
            None => {}
        }
    }
    Ok(())
}

/// A record's fields but for its value, by type.
struct Fields<'a> {
    texts: [(Label, Option<&'a str>); 4],
    numbers: [(Label, Option<f64>); 7],
    has_value: bool,
}

impl<'a> Fields<'a> {
    fn of(record: &'a Record<'_>) -> Self {
        Self {
            texts: [
                (Label::BaseName, record.base_name.as_deref()),
                (Label::BaseUnit, record.base_unit.as_deref()),
                (Label::Name, record.name.as_deref()),
                (Label::Unit, record.unit.as_deref()),
            ],
            numbers: [
                (Label::BaseVersion, record.base_version.map(f64::from)),
                (Label::BaseTime, record.base_time),
                (Label::BaseValue, record.base_value),
                (Label::BaseSum, record.base_sum),
                (Label::Sum, record.sum),
                (Label::Time, record.time),
                (Label::UpdateTime, record.update_time),
            ],
            has_value: record.value.is_some(),
        }
    }

    fn count(&self) -> u64 {
        let texts = self.texts.iter().filter(|(_, text)| text.is_some()).count();
        let numbers = self.numbers.iter().filter(|(_, number)| number.is_some()).count();
        (texts + numbers) as u64 + u64::from(self.has_value)
    }
}

fn write_number(out: &mut Out<'_>, number: f64) -> Written {
    let short = number as f32;
    match whole(number) {
        Some(whole) => out.i64(whole)?.ok(),
        None if f64::from(short).to_bits() == number.to_bits() => out.f32(short)?.ok(),
        None => out.f64(number)?.ok(),
    }
}
