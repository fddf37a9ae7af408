//! What of a certificate is read here: how long it holds. All else of it is rustls' and webpki's.

use crate::reading::Timestamp;

// SEQUENCE { SEQUENCE { [0] version, INTEGER serial, SEQUENCE algorithm, issuer, SEQUENCE { notBefore, notAfter }, …
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// From when until when a certificate in DER form holds.
pub(super) fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest, VERSION)?.1;
    }
    for _ in ["serial", "algorithm", "issuer"] {
        rest = element(rest, *rest.first()?)?.1;
    }
    let (validity, _) = element(rest, SEQUENCE)?;
    let (from, rest) = time(validity)?;
    Some((from, time(rest)?.0))
}

/// The content of the element at the beginning, and what follows it.
fn element(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = input.split_first_chunk()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// `YYMMDDHHMMSSZ` of 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn time(input: &[u8]) -> Option<(Timestamp, &[u8])> {
    let tag = *input.first()?;
    let (content, rest) = element(input, tag)?;
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, text) = match tag {
        UTC_TIME => {
            let (year, text) = text.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, text)
        }
        GENERALIZED_TIME => {
            let (year, text) = text.split_at_checked(4)?;
            (year.parse().ok()?, text)
        }
        _ => return None,
    };
    let pair = |at: usize| text.get(at..at + 2)?.parse::<i8>().ok();
    let civil = jiff::civil::DateTime::new(year, pair(0)?, pair(2)?, pair(4)?, pair(6)?, pair(8)?, 0).ok()?;
    let at = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
    Some((Timestamp::from_millis(at.as_millisecond()), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_a_certificate_holds_is_read_back() {
        let key = rcgen::KeyPair::generate().expect("a key");
        // Before 2050 and after: the two ways to write a time.
        for (year, expected) in [(2031, "2031-02-03T00:00:00Z"), (2051, "2051-02-03T00:00:00Z")] {
            let mut params = rcgen::CertificateParams::new(vec!["gateway.example.gr".to_owned()]).expect("a name");
            params.not_after = rcgen::date_time_ymd(year, 2, 3);
            let certificate = params.self_signed(&key).expect("a certificate");
            let (from, until) = validity(certificate.der()).expect("its validity");
            let expected: jiff::Timestamp = expected.parse().expect("a time");
            assert_eq!(until.millis(), expected.as_millisecond());
            assert!(from < until);
            // Cut anywhere it is read to no harm.
            for cut in 0..certificate.der().len() {
                let _ = validity(&certificate.der()[..cut]);
            }
        }
        assert_eq!(validity(b""), None);
        assert_eq!(validity(&[0x30, 0x83, 0xff, 0xff, 0xff]), None);
    }
}
