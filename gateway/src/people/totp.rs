//! One-time codes by the clock: RFC 6238 with HMAC-SHA-1, 30 seconds and six digits, as authenticator programs take them.

use ring::hmac;

/// Seconds of a step.
const STEP_S: i64 = 30;
/// Steps before and after now that are taken too: clocks differ.
const STEPS_AROUND: i64 = 1;
/// Bytes of a shared secret: as many as SHA-1 gives.
pub(super) const SECRET_BYTES: usize = 20;

/// The six digits of a step.
fn code(secret: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0xf);
    let mut four = [0; 4];
    four.copy_from_slice(&tag[offset..offset + 4]);
    (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000
}

/// The step that the digits are of, when it is near `now_s` (seconds since 1970) and after `last`, the one used last.
pub(super) fn step_of(secret: &[u8], digits: &str, now_s: i64, last: i64) -> Option<i64> {
    let digits: String = digits.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let given: u32 = digits.parse().ok()?;
    let now = now_s.div_euclid(STEP_S);
    (now - STEPS_AROUND..=now + STEPS_AROUND).find(|step| *step > last && code(secret, *step) == given)
}

/// The address that authenticator programs read, as a QR code or a link.
pub(super) fn uri(secret: &[u8], issuer: &str, login: &str) -> String {
    let encode = |text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    format!("otpauth://totp/{}:{}?secret={}&issuer={}", encode(issuer), encode(login), base32(secret), encode(issuer))
}

/// RFC 4648 without padding.
pub(super) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for five in bytes.chunks(5) {
        let bits = five.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte)) << (8 * (5 - five.len()));
        let digits = (five.len() * 8).div_ceil(5);
        text.extend((0..digits).map(|i| char::from(ALPHABET[(bits >> (35 - 5 * i) & 31) as usize])));
    }
    text
}

#[cfg(test)]
pub(super) fn code_now(secret: &[u8], now_s: i64) -> String {
    format!("{:06}", code(secret, now_s.div_euclid(STEP_S)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, of its eight digits the last six.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (time, digits) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_now(secret, time), digits);
            assert_eq!(step_of(secret, digits, time, 0), Some(time / 30));
        }
    }

    #[test]
    fn a_code_counts_once_and_near_its_time() {
        let secret = b"12345678901234567890";
        let step = 59 / 30;
        assert_eq!(step_of(secret, "287 082", 59 + 30, 0), Some(step), "a step late, and written in two groups");
        assert_eq!(step_of(secret, "287082", 59 + 60, 0), None, "two steps late");
        assert_eq!(step_of(secret, "287082", 59, step), None, "used");
        for wrong in ["", "28708", "2870822", "28708a", "２８７０８２"] {
            assert_eq!(step_of(secret, wrong, 59, 0), None, "{wrong}");
        }
    }

    /// RFC 4648, section 10.
    #[test]
    fn a_secret_is_written_in_base32() {
        for (bytes, text) in
            [("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }
}
