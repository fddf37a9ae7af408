//! Passwords: which are too weak, and what a guess costs.
//!
//! Argon2id with 19 MiB and two passes (OWASP Password Storage Cheat Sheet, 2025). No rules of composition and no
//! change by the calendar, as NIST SP 800-63B (section 3.1.1.2) asks: length, and not what is tried first.

use std::sync::Arc;

use super::PeopleError;
use super::error::Weakness;
use crate::secret::{self, Cost, Gate};

/// Fewest characters.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Most bytes.
pub const PASSWORD_BYTES_MAX: usize = 256;
const COST: Cost = Cost { memory_kib: 19 * 1_024, passes: 2 };
/// Different characters that a password has at least.
const DIFFERENT_MIN: usize = 5;
/// What is tried first, by itself or with digits and marks around it.
const COMMON: [&str; 20] = [
    "password",
    "passw0rd",
    "administrator",
    "admin",
    "qwertyuiop",
    "letmein",
    "welcome",
    "iloveyou",
    "changeme",
    "thessaloniki",
    "θεσσαλονικη",
    "κωδικος",
    "κωδικοσ",
    "dimos",
    "δημος",
    "city-gateway",
    "citygateway",
    "gateway",
    "municipality",
    "sunshine",
];
/// Rows of the keyboard and other rows that fingers follow.
const ROWS: [&str; 6] = [
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "αβγδεζηθικλμνξοπρστυφχψω",
    ";ςερτυθιοπασδφγηξκλζχψωβνμ",
    "qazwsxedcrfvtgbyhnujmikolp",
];

/// Hashes and checks passwords, as many at a time as there are processors: each takes 19 MiB.
pub(super) struct Passwords {
    processors: Gate,
    /// What an unknown person's password is held against, so that the answer takes as long.
    nobody: Arc<str>,
}

impl Passwords {
    pub(super) fn new() -> Result<Self, PeopleError> {
        let nobody = secret::hash(&secret::random::<16>()?, COST)?;
        Ok(Self { processors: Gate::new(std::thread::available_parallelism().map_or(1, usize::from)), nobody })
    }

    pub(super) fn hash(&self, password: &str) -> Result<Arc<str>, PeopleError> {
        let _permit = self.processors.enter();
        Ok(secret::hash(password.as_bytes(), COST)?)
    }

    /// Takes as long whether there is a password or not.
    pub(super) fn verify(&self, password: &str, phc: Option<&str>) -> bool {
        if password.len() > PASSWORD_BYTES_MAX {
            return false;
        }
        let _permit = self.processors.enter();
        let right = secret::verify(password.as_bytes(), phc.unwrap_or(&self.nobody));
        right && phc.is_some()
    }
}

/// Whether a password is good enough for someone of that login and name.
pub(super) fn check(password: &str, login: &str, name: &str) -> Result<(), Weakness> {
    let chars: Vec<char> = password.to_lowercase().chars().map(without_accent).collect();
    if chars.len() < PASSWORD_CHARS_MIN {
        return Err(Weakness::Short);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Weakness::Long);
    }
    let mut different = chars.clone();
    different.sort_unstable();
    different.dedup();
    if different.len() < DIFFERENT_MIN || follows_a_row(&chars) {
        return Err(Weakness::Plain);
    }
    let core: String = chars.iter().copied().skip_while(|c| !c.is_alphabetic()).collect();
    let core = core.trim_end_matches(|c: char| !c.is_alphabetic());
    let plain = |text: &str| text.to_lowercase().chars().map(without_accent).collect::<String>();
    let own =
        [plain(login)].into_iter().chain(name.split_whitespace().map(plain)).filter(|own| own.chars().count() > 2);
    if core.is_empty() || COMMON.contains(&core) || own.into_iter().any(|own| core == own) {
        return Err(Weakness::Common);
    }
    Ok(())
}

/// Whether more than half of it are neighbours in a row, one after the other.
fn follows_a_row(chars: &[char]) -> bool {
    let neighbours = |pair: &&[char]| {
        ROWS.iter().any(|row| {
            let row: Vec<char> = row.chars().collect();
            row.windows(2)
                .any(|two| (two[0] == pair[0] && two[1] == pair[1]) || (two[1] == pair[0] && two[0] == pair[1]))
        })
    };
    chars.windows(2).filter(neighbours).count() * 10 > chars.len() * 7
}

fn without_accent(c: char) -> char {
    match c {
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' | 'ϊ' | 'ΐ' => 'ι',
        'ό' => 'ο',
        'ύ' | 'ϋ' | 'ΰ' => 'υ',
        'ώ' => 'ω',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_first_is_refused() {
        for (password, weakness) in [
            ("short", Weakness::Short),
            ("aaaaaaaaaaaaaaaa", Weakness::Plain),
            ("abababababab", Weakness::Plain),
            ("123456789012", Weakness::Plain),
            ("qwertyuiop123", Weakness::Plain),
            ("Thessaloniki2026!", Weakness::Common),
            ("Θεσσαλονίκη2026", Weakness::Common),
            ("2026Password2026", Weakness::Common),
            ("papadopoulou99!", Weakness::Common),
            ("2026-11-23 05:30", Weakness::Common),
        ] {
            assert_eq!(check(password, "e.papadopoulou", "Ελένη Papadopoulou"), Err(weakness), "{password}");
        }
        assert_eq!(check(&"é".repeat(200), "a", "b"), Err(Weakness::Long));
        for good in ["correct horse battery", "λευκός πύργος στη βροχή", "xK9!vLq2#mZp"] {
            assert_eq!(check(good, "eleni", "Ελένη"), Ok(()), "{good}");
        }
    }

    #[test]
    fn a_password_is_verified_and_nobody_has_none() {
        let passwords = Passwords::new().expect("random bits");
        let phc = passwords.hash("correct horse battery").expect("hashed");
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(passwords.verify("correct horse battery", Some(&phc)));
        assert!(!passwords.verify("correct horse batterz", Some(&phc)));
        assert!(!passwords.verify("correct horse battery", None));
    }
}
