//! How numbers, units, ages and sizes are written: a decimal comma and a thin minus in Greek, units as people write them.

use super::text::Lang;

/// A value with that many decimals.
pub(super) fn number(value: f64, decimals: usize, lang: Lang) -> String {
    let text = format!("{value:.decimals$}");
    // What rounds to nothing has no sign.
    let unsigned = text.trim_start_matches('-');
    let text = if unsigned.bytes().all(|b| b == b'0' || b == b'.') { unsigned } else { &text };
    let text = text.replace('-', "\u{2212}");
    match lang {
        Lang::El => text.replace('.', ","),
        Lang::En => text,
    }
}

/// A count, its thousands set apart.
pub(super) fn count(n: u64, lang: Lang) -> String {
    let digits = n.to_string();
    let mark = match lang {
        Lang::El => '.',
        Lang::En => ',',
    };
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(mark);
        }
        out.push(digit);
    }
    out
}

/// A share as a percentage without decimals; what is not all is never shown as 100.
pub(super) fn percent(share: f64, lang: Lang) -> String {
    let rounded = (share * 100.0).round();
    let shown = if share < 1.0 { rounded.min(99.0) } else { rounded };
    match lang {
        Lang::El => format!("{shown:.0}\u{a0}%"),
        Lang::En => format!("{shown:.0}%"),
    }
}

/// A number of bytes.
pub(super) fn bytes(n: u64, lang: Lang) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (n as f64, 0);
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    let decimals = if unit > 0 && value < 9.95 { 1 } else { 0 };
    format!("{}\u{a0}{}", number(value, decimals, lang), UNITS[unit])
}

/// How long ago, or how far ahead.
pub(super) fn age(ms: i64, lang: Lang) -> String {
    if ms < -1_000 {
        let length = duration(-ms, lang);
        return match lang {
            Lang::El => format!("σε {length}"),
            Lang::En => format!("in {length}"),
        };
    }
    if ms < 2_000 {
        return lang.just_now().to_owned();
    }
    let length = duration(ms, lang);
    match lang {
        Lang::El => format!("πριν {length}"),
        Lang::En => format!("{length} ago"),
    }
}

/// A length of time in its largest whole unit.
pub(super) fn duration(ms: i64, lang: Lang) -> String {
    let seconds = ms / 1_000;
    let (n, one, many) = match (lang, seconds) {
        (Lang::El, ..60) => (seconds, "δευτ.", "δευτ."),
        (Lang::En, ..60) => (seconds, "s", "s"),
        (Lang::El, ..3_600) => (seconds / 60, "λεπτό", "λεπτά"),
        (Lang::En, ..3_600) => (seconds / 60, "min", "min"),
        (Lang::El, ..172_800) => (seconds / 3_600, "ώρα", "ώρες"),
        (Lang::En, ..172_800) => (seconds / 3_600, "hour", "hours"),
        (Lang::El, _) => (seconds / 86_400, "ημέρα", "ημέρες"),
        (Lang::En, _) => (seconds / 86_400, "day", "days"),
    };
    format!("{n} {}", if n == 1 { one } else { many })
}

/// A UCUM unit as people write it.
pub(super) fn unit(ucum: &str) -> String {
    match ucum {
        "Cel" => "°C".into(),
        "ug/m3" => "µg/m³".into(),
        "mg/m3" => "mg/m³".into(),
        "m3/h" => "m³/h".into(),
        "m/s2" => "m/s²".into(),
        "deg" => "°".into(),
        "kW.h" => "kWh".into(),
        "dB[mW]" => "dBm".into(),
        "[pH]" => "pH".into(),
        "1" | "{count}" => String::new(),
        other => other.trim_matches(['[', ']', '{', '}']).to_owned(),
    }
}

/// A text as searches compare it: small, without accents, Greek letters that look like Latin ones as those.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_lowercase).filter_map(folded).collect()
}

const fn folded(c: char) -> Option<char> {
    Some(match c {
        'ά' | 'α' => 'a',
        'β' => 'b',
        'έ' | 'ε' => 'e',
        'ζ' => 'z',
        'ή' | 'η' => 'h',
        'ί' | 'ϊ' | 'ΐ' | 'ι' => 'i',
        'κ' => 'k',
        'μ' | 'µ' => 'm',
        'ν' => 'n',
        'ό' | 'ο' => 'o',
        'ρ' => 'p',
        'τ' => 't',
        'ύ' | 'ϋ' | 'ΰ' | 'υ' => 'y',
        'χ' => 'x',
        'ώ' => 'ω',
        'ς' => 'σ',
        '\u{301}' => return None,
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_a_decimal_comma_and_a_thin_minus_in_greek() {
        assert_eq!(number(-3.456, 2, Lang::El), "\u{2212}3,46");
        assert_eq!(number(-3.456, 2, Lang::En), "\u{2212}3.46");
        assert_eq!(number(-0.001, 1, Lang::El), "0,0");
        assert_eq!(number(21.0, 0, Lang::El), "21");
    }

    #[test]
    fn thousands_are_set_apart() {
        for (n, greek) in [(0, "0"), (999, "999"), (1_000, "1.000"), (12_345_678, "12.345.678")] {
            assert_eq!(count(n, Lang::El), greek);
        }
        assert_eq!(count(10_000, Lang::En), "10,000");
    }

    #[test]
    fn a_share_short_of_all_is_not_shown_as_all() {
        assert_eq!(percent(0.999, Lang::En), "99%");
        assert_eq!(percent(1.0, Lang::En), "100%");
        assert_eq!(percent(0.754, Lang::El), "75\u{a0}%");
    }

    #[test]
    fn ages_are_told_in_their_largest_unit() {
        let table = [
            (500, "μόλις τώρα"),
            (12_000, "πριν 12 δευτ."),
            (60_000, "πριν 1 λεπτό"),
            (3_599_000, "πριν 59 λεπτά"),
            (3_600_000, "πριν 1 ώρα"),
            (172_800_000, "πριν 2 ημέρες"),
            (-90_000, "σε 1 λεπτό"),
        ];
        for (ms, told) in table {
            assert_eq!(age(ms, Lang::El), told);
        }
        assert_eq!(age(7_200_000, Lang::En), "2 hours ago");
    }

    #[test]
    fn sizes_keep_two_digits() {
        assert_eq!(bytes(999, Lang::En), "999\u{a0}B");
        assert_eq!(bytes(1_234_567, Lang::El), "1,2\u{a0}MB");
        assert_eq!(bytes(20_000_000_000, Lang::El), "20\u{a0}GB");
    }

    #[test]
    fn units_are_written_as_people_write_them() {
        for (ucum, written) in [("Cel", "°C"), ("ug/m3", "µg/m³"), ("dB[mW]", "dBm"), ("{NTU}", "NTU"), ("[g]", "g")]
        {
            assert_eq!(unit(ucum), written);
        }
    }

    #[test]
    fn greek_and_latin_lookalikes_match() {
        assert_eq!(fold("ΚΗΡ-1234"), fold("KHP-1234"));
        assert_eq!(fold("Τούμπα"), fold("ΤΟΥΜΠΑ"));
        assert_ne!(fold("Τούμπα"), fold("toumba"));
    }
}
