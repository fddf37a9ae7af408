//! Base64 as SenML's `vd` has it in JSON: the alphabet for URLs, without padding (RFC 4648, section 5).

use alloc::string::String;
use alloc::vec::Vec;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The text of those bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().enumerate().fold(0u32, |group, (k, byte)| group | u32::from(*byte) << (16 - 8 * k));
        for k in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(group >> (18 - 6 * k) & 63) as usize]));
        }
    }
    text
}

/// The bytes of that text; padding is tolerated. `None` when it is not base64url, or its last bits are not 0.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.chunks(4) {
        let mut group = 0u32;
        for (k, character) in chunk.iter().enumerate() {
            let bits = match character {
                b'A'..=b'Z' => character - b'A',
                b'a'..=b'z' => character - b'a' + 26,
                b'0'..=b'9' => character - b'0' + 52,
                b'-' => 62,
                b'_' => 63,
                _ => return None,
            };
            group |= u32::from(bits) << (18 - 6 * k);
        }
        let whole = chunk.len() * 6 / 8;
        let [_, decoded @ ..] = group.to_be_bytes();
        let (kept, rest) = decoded.split_at(whole);
        if whole == 0 || rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(kept);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_rfc_4648() {
        let table = ["", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"];
        for (length, text) in table.into_iter().enumerate() {
            assert_eq!(encode(&b"foobar"[..length]), text);
            assert_eq!(decode(text).as_deref(), Some(&b"foobar"[..length]));
        }
        assert_eq!(encode(&[0xfb, 0xff]), "-_8");
        for bad in ["Z", "Zm9vY", "Zh", "Zm9+", "Zm/v", "Z=g", "ά"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
        assert_eq!(decode("Zg==").as_deref(), Some(&b"f"[..]));
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }
}
