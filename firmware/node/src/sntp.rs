//! SNTP (RFC 4330) as a client: a question of 48 bytes, and what its answer says.

/// Bytes of question and answer.
pub const PACKET_BYTES: usize = 48;
/// The port it is asked on.
pub const PORT: u16 = 123;

/// 1900 to 1970.
const EPOCH_S: u64 = 2_208_988_800;
const VERSION_4_CLIENT: u8 = 0x23;
const MODE_SERVER: u8 = 4;

/// The question; `nonce` comes back in its answer.
pub fn question(nonce: u64) -> [u8; PACKET_BYTES] {
    let mut packet = [0; PACKET_BYTES];
    packet[0] = VERSION_4_CLIENT;
    packet[40..].copy_from_slice(&nonce.to_be_bytes());
    packet
}

/// Milliseconds since 1970 that an answer to the question with `nonce` tells; none when it is not one, or its server does not
/// know the time.
pub fn answer(packet: &[u8], nonce: u64) -> Option<i64> {
    let packet: &[u8; PACKET_BYTES] = packet.first_chunk()?;
    let unsynchronised = packet[0] >> 6 == 3;
    let stratum = packet[1];
    if packet[0] & 7 != MODE_SERVER || unsynchronised || stratum == 0 || stratum > 15 {
        return None;
    }
    if packet[24..32] != nonce.to_be_bytes() {
        return None;
    }
    let seconds = u64::from(u32::from_be_bytes([packet[40], packet[41], packet[42], packet[43]]));
    let fraction = u64::from(u32::from_be_bytes([packet[44], packet[45], packet[46], packet[47]]));
    // The era that began in 1900 ends in 2036; a small number is one of the next.
    let seconds = if seconds & 0x8000_0000 == 0 { seconds + (1 << 32) } else { seconds };
    Some(((seconds.checked_sub(EPOCH_S)?) * 1_000 + ((fraction * 1_000) >> 32)) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(first: u8, stratum: u8, nonce: u64, seconds: u32, fraction: u32) -> [u8; PACKET_BYTES] {
        let mut packet = [0; PACKET_BYTES];
        packet[0] = first;
        packet[1] = stratum;
        packet[24..32].copy_from_slice(&nonce.to_be_bytes());
        packet[40..44].copy_from_slice(&seconds.to_be_bytes());
        packet[44..48].copy_from_slice(&fraction.to_be_bytes());
        packet
    }

    #[test]
    fn an_answer_tells_the_time_in_both_eras() {
        let noon = 1_795_348_800 + EPOCH_S as i64;
        assert_eq!(answer(&packet(0x24, 2, 7, noon as u32, 1 << 31), 7), Some(1_795_348_800_500));
        let in_2040 = 2_209_000_000u64 + EPOCH_S - (1 << 32);
        assert_eq!(answer(&packet(0x24, 2, 7, in_2040 as u32, 0), 7), Some(2_209_000_000_000));
    }

    #[test]
    fn what_is_no_good_answer_is_not_believed() {
        let seconds = (1_795_348_800 + EPOCH_S as i64) as u32;
        for (bad, why) in [
            (packet(0x23, 2, 7, seconds, 0), "a question"),
            (packet(0xe4, 2, 7, seconds, 0), "not synchronised"),
            (packet(0x24, 0, 7, seconds, 0), "kiss of death"),
            (packet(0x24, 16, 7, seconds, 0), "no stratum"),
            (packet(0x24, 2, 8, seconds, 0), "another's answer"),
        ] {
            assert_eq!(answer(&bad, 7), None, "{why}");
        }
        assert_eq!(answer(&packet(0x24, 2, 7, seconds, 0)[..47], 7), None);
        assert_eq!(question(0x0102_0304_0506_0708)[40..], [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
