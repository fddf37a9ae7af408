//! SenML in JSON, `application/senml+json`: an array of objects.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::label::Label;
use super::record::{PackBuilder, Parsed, Scalar};
use super::{Pack, Record, SenmlError, Value, base64url};

/// Reads a pack.
///
/// # Errors
/// [`SenmlError`] when the payload is none; a record that cannot be used is told by [`Pack::resolve`].
pub fn parse(payload: &[u8]) -> Result<Pack<'_>, SenmlError> {
    // Checked as UTF-8 once, in one go: faster than field by field.
    let text = core::str::from_utf8(payload).map_err(|_| SenmlError::Malformed)?;
    let Array(pack) = serde_json::from_str(text).map_err(|_| SenmlError::Malformed)?;
    pack.finish()
}

/// Writes a pack.
///
/// # Errors
/// [`NotFinite`] when a number is infinite or none: JSON has no word for it.
pub fn encode(records: &[Record<'_>]) -> Result<String, NotFinite> {
    let numbers = |record: &Record<'_>| {
        let value = if let Some(Value::Number(number)) = record.value { Some(number) } else { None };
        let Record { base_time, base_value, base_sum, sum, time, update_time, .. } = *record;
        [base_time, base_value, base_sum, value, sum, time, update_time]
    };
    if records.iter().flat_map(numbers).flatten().any(|number| !number.is_finite()) {
        return Err(NotFinite);
    }
    serde_json::to_string(&WrittenPack(records)).map_err(|_| NotFinite)
}

/// A number that JSON cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotFinite;

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON has no infinite numbers, and none that are not a number")
    }
}

impl core::error::Error for NotFinite {}

/// The pack's array.
struct Array<'a>(PackBuilder<'a>);

impl<'de> Deserialize<'de> for Array<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ArrayVisitor;

        impl<'de> Visitor<'de> for ArrayVisitor {
            type Value = Array<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of records")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
                let mut pack = PackBuilder::new();
                while pack.has_room() {
                    if array.next_element_seed(NextRecord(&mut pack))?.is_none() {
                        return Ok(Array(pack));
                    }
                }
                while array.next_element::<IgnoredAny>()?.is_some() {
                    pack.overflow();
                }
                Ok(Array(pack))
            }
        }

        deserializer.deserialize_seq(ArrayVisitor)
    }
}

/// Reads a record into its place in the pack: records are large, and moving them would take a sixth of the time.
struct NextRecord<'p, 'de>(&'p mut PackBuilder<'de>);

impl<'de> DeserializeSeed<'de> for NextRecord<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(RecordVisitor(self.0.next()))
    }
}

struct RecordVisitor<'p, 'de>(&'p mut Parsed<'de>);

impl RecordVisitor<'_, '_> {
    fn not_a_record<E>(self) -> Result<(), E> {
        *self.0 = Parsed::not_a_record();
        Ok(())
    }
}

impl<'de> Visitor<'de> for RecordVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(Key(label)) = fields.next_key()? {
            if label == Label::Ignored {
                fields.next_value::<IgnoredAny>()?;
            } else {
                self.0.set(label, fields.next_value()?);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        self.not_a_record()
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.not_a_record()
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.not_a_record()
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.not_a_record()
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.not_a_record()
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.not_a_record()
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.not_a_record()
    }
}

/// A field's name.
struct Key(Label);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a label")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Label::of_text(text)))
            }
        }

        deserializer.deserialize_identifier(KeyVisitor)
    }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;

        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(number as f64))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(number as f64))
            }

            fn visit_bool<E>(self, boolean: bool) -> Result<Self::Value, E> {
                Ok(Scalar::Boolean(boolean))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(text.into())))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Scalar::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
                while array.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
        }

        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// Records as they are written.
struct WrittenPack<'a>(&'a [Record<'a>]);

impl Serialize for WrittenPack<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Written))
    }
}

struct Written<'a>(&'a Record<'a>);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = self.0;
        let mut fields = serializer.serialize_map(None)?;
        put(&mut fields, Label::BaseName, record.base_name.as_deref())?;
        put(&mut fields, Label::BaseTime, record.base_time.map(Number))?;
        put(&mut fields, Label::BaseUnit, record.base_unit.as_deref())?;
        put(&mut fields, Label::BaseValue, record.base_value.map(Number))?;
        put(&mut fields, Label::BaseSum, record.base_sum.map(Number))?;
        put(&mut fields, Label::BaseVersion, record.base_version)?;
        put(&mut fields, Label::Name, record.name.as_deref())?;
        put(&mut fields, Label::Unit, record.unit.as_deref())?;
        match &record.value {
            Some(Value::Number(number)) => put(&mut fields, Label::Value, Some(Number(*number)))?,
            Some(Value::Text(text)) => put(&mut fields, Label::StringValue, Some(text))?,
            Some(Value::Boolean(boolean)) => put(&mut fields, Label::BooleanValue, Some(boolean))?,
            Some(Value::Data(data)) => put(&mut fields, Label::DataValue, Some(base64url::encode(data)))?,
            None => {}
        }
        put(&mut fields, Label::Sum, record.sum.map(Number))?;
        put(&mut fields, Label::Time, record.time.map(Number))?;
        put(&mut fields, Label::UpdateTime, record.update_time.map(Number))?;
        fields.end()
    }
}

fn put<M: SerializeMap, T: Serialize>(fields: &mut M, label: Label, value: Option<T>) -> Result<(), M::Error> {
    match value {
        Some(value) => fields.serialize_entry(label.spelled().0, &value),
        None => Ok(()),
    }
}

/// Whole numbers are written without a point: 5, not 5.0.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match super::cbor::whole(self.0) {
            Some(whole) => serializer.serialize_i64(whole),
            None => serializer.serialize_f64(self.0),
        }
    }
}
