//! SenML as a node of another maker would write it, by RFC 8428 and by nothing of the gateway's own.

/// A record of one number.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Name, after the base name.
    pub name: &'a str,
    /// Unit, if it is told.
    pub unit: Option<&'a str>,
    /// Value.
    pub value: f64,
    /// When it was measured, in milliseconds since 1970.
    pub unix_ms: i64,
}

/// A pack in JSON (clause 5); numbers are told so that they come back to the bit.
pub fn to_json(base_name: &str, entries: &[Entry<'_>]) -> Vec<u8> {
    let record = |(place, entry): (usize, &Entry<'_>)| {
        let base = if place == 0 && !base_name.is_empty() { format!("\"bn\":{base_name:?},") } else { String::new() };
        let unit = entry.unit.map_or_else(String::new, |unit| format!("\"u\":{unit:?},"));
        let (seconds, millis) = (entry.unix_ms.div_euclid(1_000), entry.unix_ms.rem_euclid(1_000));
        format!("{{{base}\"n\":{:?},{unit}\"v\":{},\"t\":{seconds}.{millis:03}}}", entry.name, entry.value)
    };
    let records: Vec<String> = entries.iter().enumerate().map(record).collect();
    format!("[{}]", records.join(",")).into_bytes()
}

/// A pack in CBOR (clause 6): labels are small integers, numbers doubles; at most 23 records.
///
/// # Panics
/// When there are more records, or a text has more than 255 bytes.
pub fn to_cbor(base_name: &str, entries: &[Entry<'_>]) -> Vec<u8> {
    let mut out = vec![0x80 | u8::try_from(entries.len()).ok().filter(|n| *n < 24).expect("few records")];
    let text = |out: &mut Vec<u8>, text: &str| {
        out.extend_from_slice(&[0x78, u8::try_from(text.len()).expect("a short text")]);
        out.extend_from_slice(text.as_bytes());
    };
    let number = |out: &mut Vec<u8>, number: f64| {
        out.push(0xfb);
        out.extend_from_slice(&number.to_be_bytes());
    };
    for (place, entry) in entries.iter().enumerate() {
        let with_base = place == 0 && !base_name.is_empty();
        out.push(0xa3 + u8::from(with_base) + u8::from(entry.unit.is_some()));
        if with_base {
            out.push(0x21); // −2, the base name
            text(&mut out, base_name);
        }
        out.push(0x00);
        text(&mut out, entry.name);
        if let Some(unit) = entry.unit {
            out.push(0x01);
            text(&mut out, unit);
        }
        out.push(0x02);
        number(&mut out, entry.value);
        out.push(0x06);
        number(&mut out, entry.unix_ms as f64 / 1_000.0);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_is_written_as_the_rfc_has_it() {
        let entry = Entry { name: "humidity", unit: Some("%"), value: 0.1, unix_ms: 1_558_000_000_250 };
        let json = String::from_utf8(to_json("n1:", &[entry])).expect("text");
        assert_eq!(json, r#"[{"bn":"n1:","n":"humidity","u":"%","v":0.1,"t":1558000000.250}]"#);
        let cbor = to_cbor("", &[Entry { name: "x", unit: None, value: 2.0, unix_ms: 0 }]);
        assert_eq!(cbor[..5], [0x81, 0xa3, 0x00, 0x78, 0x01]);
        assert_eq!(cbor.len(), 5 + 1 + 2 * 10);
    }
}
