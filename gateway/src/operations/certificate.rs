//! How a certificate stands: in force, to be renewed, applied for, lapsed. Pure.
//!
//! A type of certificate has its own steps on the way to it (`config/catalogues/certificates.toml`): the mark of suitability
//! of a playground takes a body's report, an application with its protocol number, a committee and the Ministry's grant.
//! "Applied, pending" is a state of its own: nobody forgot, and it is not in force all the same.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::schedule::days_between;
use crate::catalogue::inspections::CertificateType;

/// The code of the step by which a certificate is applied for, in types that have one.
pub const APPLICATION: &str = "application";

/// A certificate that was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The first day it is in force.
    pub from: Date,
    /// The last day it is in force.
    pub until: Date,
}

/// How it stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In force, and there is time.
    InForce {
        /// Days that it is still in force after this one.
        days_left: u32,
    },
    /// In force, and its renewal should be under way and is not.
    ToRenew {
        /// Days that it is still in force after this one.
        days_left: u32,
    },
    /// In force, and another one is applied for.
    Renewing {
        /// Days that it is still in force after this one.
        days_left: u32,
    },
    /// Not in force; one is applied for.
    Pending {
        /// Days since the last one ended; none when there never was one.
        days: Option<u32>,
    },
    /// Not in force, and none is applied for.
    Lapsed {
        /// Days since the last one ended; none when there never was one.
        days: Option<u32>,
    },
}

impl Standing {
    /// Whether it is in force.
    pub const fn is_in_force(self) -> bool {
        matches!(self, Self::InForce { .. } | Self::ToRenew { .. } | Self::Renewing { .. })
    }
}

/// How certificates of one type stand for one asset on a day. `applied`: the day of an application that was neither granted
/// nor refused.
pub fn standing(of_type: &CertificateType, issued: &[Term], applied: Option<Date>, today: Date) -> Standing {
    // One may follow another without a gap; what is in force then lasts until the end of the last.
    let mut until = None;
    let mut terms_in_order: Vec<&Term> = issued.iter().filter(|term| term.from <= term.until).collect();
    terms_in_order.sort_by_key(|term| term.from);
    for term in &terms_in_order {
        let reached = until.unwrap_or(today);
        let joins = if until.is_none() { term.from <= today } else { term.from <= reached.saturating_add(1.day()) };
        if joins && term.until >= reached {
            until = Some(term.until);
        }
    }
    let Some(until) = until else {
        let ended = terms_in_order.iter().map(|term| term.until).filter(|until| *until < today).max();
        let days = ended.map(|ended| days_between(ended, today));
        return if applied.is_some() { Standing::Pending { days } } else { Standing::Lapsed { days } };
    };
    let days_left = days_between(today, until);
    match applied {
        Some(_) => Standing::Renewing { days_left },
        None if days_left <= u32::from(of_type.lead_days) => Standing::ToRenew { days_left },
        None => Standing::InForce { days_left },
    }
}

/// Whether its rule locks the equipment out today. Equipment that was taken over with a certificate lapsed already waits for a
/// named decision: `automatic_from` is the day that was decided, and without one nothing is locked out by itself.
pub fn locks_out(of_type: &CertificateType, standing: Standing, automatic_from: Option<Date>, today: Date) -> bool {
    of_type.locks_out && !standing.is_in_force() && automatic_from.is_some_and(|from| from <= today)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    fn term(from: &str, until: &str) -> Term {
        Term { from: day(from), until: day(until) }
    }

    fn of_mark() -> CertificateType {
        CertificateType {
            code: "suitability_mark".into(),
            name: crate::catalogue::Text::default(),
            kinds: Vec::new(),
            uses: Vec::new(),
            months: 12,
            lead_days: 240,
            locks_out: true,
            steps: Vec::new(),
            source: String::new(),
        }
    }

    #[test]
    fn a_certificate_holds_to_the_end_of_its_last_day() {
        let mark = [term("2026-01-01", "2026-12-31")];
        let on = |today: &str| standing(&of_mark(), &mark, None, day(today));
        assert_eq!(on("2025-12-31"), Standing::Lapsed { days: None }, "it has not begun");
        assert_eq!(on("2026-01-01"), Standing::InForce { days_left: 364 });
        assert_eq!(on("2026-05-04"), Standing::InForce { days_left: 241 });
        assert_eq!(on("2026-05-05"), Standing::ToRenew { days_left: 240 });
        assert_eq!(on("2026-12-31"), Standing::ToRenew { days_left: 0 });
        assert_eq!(on("2027-01-01"), Standing::Lapsed { days: Some(1) });
    }

    #[test]
    fn applied_for_is_neither_forgotten_nor_in_force() {
        let mark = [term("2026-01-01", "2026-12-31")];
        let applied = Some(day("2026-06-01"));
        assert_eq!(standing(&of_mark(), &mark, applied, day("2026-06-01")), Standing::Renewing { days_left: 213 });
        let after = standing(&of_mark(), &mark, applied, day("2027-01-31"));
        assert_eq!(after, Standing::Pending { days: Some(31) });
        assert!(!after.is_in_force());
        assert_eq!(standing(&of_mark(), &[], applied, day("2026-06-02")), Standing::Pending { days: None });
        assert_eq!(standing(&of_mark(), &[], None, day("2026-06-02")), Standing::Lapsed { days: None });
    }

    #[test]
    fn one_follows_another_and_a_gap_is_a_gap() {
        let joined = [term("2027-01-01", "2027-12-31"), term("2026-01-01", "2026-12-31")];
        assert_eq!(standing(&of_mark(), &joined, None, day("2026-12-01")), Standing::InForce { days_left: 395 });
        let apart = [term("2026-01-01", "2026-12-31"), term("2027-01-02", "2027-12-31")];
        assert_eq!(standing(&of_mark(), &apart, None, day("2026-12-31")), Standing::ToRenew { days_left: 0 });
        assert_eq!(standing(&of_mark(), &apart, None, day("2027-01-01")), Standing::Lapsed { days: Some(1) });
        assert!(standing(&of_mark(), &apart, None, day("2027-01-02")).is_in_force());
        // The longer of two at once counts; one that ends before it begins is none.
        let over =
            [term("2026-01-01", "2026-12-31"), term("2026-02-01", "2026-03-01"), term("2027-01-01", "2026-01-01")];
        assert_eq!(standing(&of_mark(), &over, None, day("2026-02-15")), Standing::InForce { days_left: 319 });
    }

    #[test]
    fn a_lapse_locks_out_from_the_day_that_was_decided() {
        let lapsed = Standing::Lapsed { days: Some(3) };
        let today = day("2026-06-10");
        assert!(locks_out(&of_mark(), lapsed, Some(today), today));
        assert!(
            locks_out(&of_mark(), Standing::Pending { days: Some(3) }, Some(today), today),
            "pending is not in force"
        );
        assert!(!locks_out(&of_mark(), lapsed, Some(day("2026-06-11")), today));
        assert!(!locks_out(&of_mark(), lapsed, None, today), "the decision is not made yet");
        assert!(!locks_out(&CertificateType { locks_out: false, ..of_mark() }, lapsed, Some(today), today));
        assert!(!locks_out(&of_mark(), Standing::ToRenew { days_left: 0 }, Some(today), today));
    }
}
