//! unitOfMeasurement: names and symbols for the catalogue's UCUM codes, which stand for themselves where none is listed.

use super::value::Value;

/// Code, name, symbol.
const KNOWN: &[(&str, &str, &str)] = &[
    ("ug/m3", "microgram per cubic metre", "µg/m³"),
    ("mg/m3", "milligram per cubic metre", "mg/m³"),
    ("dB", "decibel", "dB"),
    ("Cel", "degree Celsius", "°C"),
    ("%", "percent", "%"),
    ("hPa", "hectopascal", "hPa"),
    ("bar", "bar", "bar"),
    ("m/s", "metre per second", "m/s"),
    ("m/s2", "metre per second squared", "m/s²"),
    ("km/h", "kilometre per hour", "km/h"),
    ("deg", "degree of arc", "°"),
    ("mm", "millimetre", "mm"),
    ("m", "metre", "m"),
    ("m3/h", "cubic metre per hour", "m³/h"),
    ("[pH]", "pH", "pH"),
    ("{NTU}", "nephelometric turbidity unit", "NTU"),
    ("mg/L", "milligram per litre", "mg/L"),
    ("W", "watt", "W"),
    ("kW.h", "kilowatt hour", "kWh"),
    ("{count}", "count", "1"),
    ("[g]", "standard acceleration of free fall", "g"),
    ("V", "volt", "V"),
    ("dB[mW]", "decibel-milliwatt", "dBm"),
    ("s", "second", "s"),
    ("1", "one", "1"),
];

/// `{name, symbol, definition}`: the definition is OGC's URI of the UCUM code.
pub(super) fn unit(code: &str) -> Value {
    let (name, symbol) =
        KNOWN.iter().find(|(known, ..)| *known == code).map_or((code, code), |(_, name, symbol)| (*name, *symbol));
    let mut definition = String::from("http://www.opengis.net/def/uom/UCUM/");
    for byte in code.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => definition.push(char::from(byte)),
            _ => definition.push_str(&format!("%{byte:02X}")),
        }
    }
    Value::object([("name", name.into()), ("symbol", symbol.into()), ("definition", definition.into())])
}
