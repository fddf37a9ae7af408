//! SenML in CBOR: an array of maps, of definite or indefinite length, with labels as numbers or as texts.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use minicbor::Decoder;
use minicbor::data::{Tag, Type};
use minicbor::decode::Error;

use super::{Field, Flaw, Label, PackError, RECORDS_MAX, Record};

/// Tag 4 of RFC 8949: [exponent, mantissa] of ten.
const DECIMAL_FRACTION: u64 = 4;

/// The records of a pack in CBOR.
pub(super) fn records(payload: &[u8]) -> Result<Vec<Record<'_>>, PackError> {
    let mut decoder = Decoder::new(payload);
    let result = pack(&mut decoder);
    let offset = decoder.position();
    match result {
        Ok(Some(records)) if offset == payload.len() => Ok(records),
        Ok(Some(_)) | Err(_) => Err(PackError::Cbor { offset }),
        Ok(None) => Err(PackError::TooManyRecords),
    }
}

fn pack<'b>(decoder: &mut Decoder<'b>) -> Result<Option<Vec<Record<'b>>>, Error> {
    let length = decoder.array()?;
    let mut records = Vec::new();
    while !ends(decoder, length, records.len() as u64)? {
        if records.len() == RECORDS_MAX {
            return Ok(None);
        }
        records.push(record(decoder)?);
    }
    Ok(Some(records))
}

/// Whether a collection of that length, of which so many items are read, is at its end; steps over the break.
fn ends(decoder: &mut Decoder<'_>, length: Option<u64>, read: u64) -> Result<bool, Error> {
    match length {
        Some(length) => Ok(read == length),
        None if decoder.datatype()? == Type::Break => decoder.skip().map(|()| true),
        None => Ok(false),
    }
}

fn record<'b>(decoder: &mut Decoder<'b>) -> Result<Record<'b>, Error> {
    let length = decoder.map()?;
    let mut record = Record::default();
    let mut read = 0;
    while !ends(decoder, length, read)? {
        read += 1;
        let (label, must_understand) = label(decoder)?;
        match label {
            Some(label) => {
                let field = field(decoder)?;
                record.set(label, field);
            }
            None => {
                if must_understand {
                    record.flawed(Flaw::MustUnderstand);
                }
                decoder.skip()?;
            }
        }
    }
    Ok(record)
}

/// The label, and whether an unknown one must be understood: a text that ends in `_`.
fn label(decoder: &mut Decoder<'_>) -> Result<(Option<Label>, bool), Error> {
    if is_text(decoder.datatype()?) {
        let text = text(decoder)?;
        return Ok((Label::of_text(&text), text.ends_with('_')));
    }
    Ok((Label::of_number(decoder.i64()?), false))
}

fn field<'b>(decoder: &mut Decoder<'b>) -> Result<Field<'b>, Error> {
    Ok(match decoder.datatype()? {
        Type::Bool => Field::Boolean(decoder.bool()?),
        kind if is_text(kind) => Field::Text(text(decoder)?),
        Type::Bytes | Type::BytesIndef => {
            decoder.skip()?;
            Field::Data
        }
        kind if is_number(kind) => Field::Number(number(decoder)?),
        Type::Tag => tagged(decoder)?,
        _ => {
            decoder.skip()?;
            Field::Other
        }
    })
}

fn tagged<'b>(decoder: &mut Decoder<'b>) -> Result<Field<'b>, Error> {
    if decoder.tag()? != Tag::new(DECIMAL_FRACTION) {
        decoder.skip()?;
        return Ok(Field::Other);
    }
    if decoder.datatype()? != Type::Array || decoder.array()? != Some(2) {
        return Err(Error::message("a decimal fraction is an array of two"));
    }
    let (exponent, mantissa) = (decoder.i64()?, decoder.i64()?);
    // Written and read back as text: the nearest float, however the two are split.
    let value = alloc::format!("{mantissa}e{exponent}").parse();
    Ok(value.map_or(Field::Other, Field::Number))
}

fn is_text(kind: Type) -> bool {
    matches!(kind, Type::String | Type::StringIndef)
}

fn is_number(kind: Type) -> bool {
    use Type::{F16, F32, F64, I8, I16, I32, I64, Int, U8, U16, U32, U64};
    matches!(kind, U8 | U16 | U32 | U64 | I8 | I16 | I32 | I64 | Int | F16 | F32 | F64)
}

fn number(decoder: &mut Decoder<'_>) -> Result<f64, Error> {
    match decoder.datatype()? {
        Type::F16 => decoder.f16().map(f64::from),
        // The shortest decimal of a single float is what was meant: 23.4, not 23.399999618530273.
        Type::F32 => decoder.f32().map(|value| alloc::format!("{value}").parse().unwrap_or(f64::from(value))),
        Type::F64 => decoder.f64(),
        _ => decoder.int().map(|int| i128::from(int) as f64),
    }
}

fn text<'b>(decoder: &mut Decoder<'b>) -> Result<Cow<'b, str>, Error> {
    if decoder.datatype()? == Type::String {
        return decoder.str().map(Cow::Borrowed);
    }
    let mut text = String::new();
    for part in decoder.str_iter()? {
        text.push_str(part?);
    }
    Ok(Cow::Owned(text))
}
