use super::*;
use crate::catalogue::inspections::Interval;
use crate::operations::step::{Evidence, Hand, LockoutCause};

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

/// November, as far as `last`.
fn november(last: &str) -> Month {
    let at = |day: Date| {
        let zoned = day.to_zoned(jiff::tz::TimeZone::UTC).expect("a time");
        Timestamp::from_millis(zoned.timestamp().as_millisecond())
    };
    let (first, last) = (day("2026-11-01"), day(last));
    Month { first, last, from: at(first), until: at(last.tomorrow().expect("a day")) }
}

fn told(rule: Interval, after_days: u16, last: Option<&str>, made: &[&str], until: &str) -> (u32, u32, u32, u32) {
    let plan = Plan { rule, from: day("2026-01-01"), before_days: 0, after_days };
    let last = last.map(|made| Last { made: day(made), due: None });
    let made: Vec<Date> = made.iter().map(|made| day(made)).collect();
    let Kept { due, made, late, missed } = kept(&plan, last, &made, &november(until));
    (due, made, late, missed)
}

#[test]
fn each_plan_is_held_against_what_was_made() {
    let (daily, yearly, weekly) = (Interval::Days(1), Interval::Months(12), Interval::Days(7));
    let each: Vec<String> = (1..=30).map(|n| format!("2026-11-{n:02}")).collect();
    let each: Vec<&str> = each.iter().map(String::as_str).collect();
    let cases = [
        // Every day, and every day but the second to the fourth.
        (daily, 0, Some("2026-10-31"), &each[..], "2026-11-30", (30, 30, 0, 0)),
        (daily, 0, Some("2026-10-31"), &[&each[..1], &each[4..]].concat()[..], "2026-11-30", (30, 27, 0, 3)),
        // None at all, and none for long before: what was missed then was missed then.
        (daily, 0, Some("2026-10-31"), &[], "2026-11-30", (30, 0, 0, 29)),
        (daily, 0, Some("2026-03-01"), &[], "2026-11-10", (10, 0, 0, 9)),
        (daily, 0, None, &each[..2], "2026-11-02", (2, 2, 0, 0)),
        // Twice on one day is made twice, and due once.
        (daily, 0, Some("2026-10-31"), &["2026-11-01", "2026-11-01"], "2026-11-01", (1, 2, 0, 0)),
        // A week late is late; a week in which none was made is missed.
        (weekly, 2, Some("2026-10-27"), &["2026-11-08", "2026-11-15"], "2026-11-16", (2, 2, 1, 0)),
        (weekly, 0, Some("2026-10-27"), &["2026-11-12"], "2026-11-18", (2, 1, 1, 1)),
        // Overdue since before the month is due in it.
        (yearly, 30, Some("2025-09-15"), &["2026-11-20"], "2026-11-30", (1, 1, 1, 0)),
        (yearly, 30, Some("2025-09-15"), &[], "2026-11-30", (1, 0, 0, 1)),
        (yearly, 30, Some("2025-11-10"), &[], "2026-11-30", (1, 0, 0, 0)),
        // Not due, and made: a yearly one long before its day.
        (yearly, 0, Some("2026-06-01"), &["2026-11-05"], "2026-11-30", (0, 1, 0, 0)),
        (Interval::PerMonth(2), 0, Some("2026-10-20"), &["2026-11-14", "2026-11-30"], "2026-11-30", (1, 2, 0, 0)),
        (Interval::Once, 0, Some("2026-10-20"), &[], "2026-11-30", (0, 0, 0, 0)),
    ];
    for (rule, after, last, made, until, expected) in cases {
        assert_eq!(told(rule, after, last, made, until), expected, "{rule:?} after {last:?}: {made:?} until {until}");
    }
}

#[test]
fn a_plan_that_began_long_ago_stands_where_it_would_stand() {
    for rule in [
        Interval::Days(1),
        Interval::Days(7),
        Interval::Days(90),
        Interval::PerMonth(2),
        Interval::Yearly { month: 11, day: 15 },
    ] {
        for last in ["2015-03-01", "2021-03-01", "2026-03-02"] {
            let plan = Plan { rule, from: day("2015-01-01"), before_days: 0, after_days: 0 };
            let mut step_by_step = day(last);
            loop {
                let made = |made| Some(Last { made, due: None });
                let due = plan.due(made(step_by_step)).expect("a day");
                if plan.due(made(due)).is_some_and(|next| next > day("2026-11-01")) {
                    break;
                }
                step_by_step = due;
            }
            let before = |made| Some(Last { made, due: None });
            let month = november("2026-11-30");
            let (long_ago, nearby) =
                (kept(&plan, before(day(last)), &[], &month), kept(&plan, before(step_by_step), &[], &month));
            assert_eq!(long_ago, nearby, "{rule:?} since {last}");
        }
    }
}

#[test]
fn no_plan_goes_on_for_ever() {
    for rule in
        [Interval::Days(0), Interval::Days(1), Interval::Months(0), Interval::PerMonth(0), Interval::PerMonth(255)]
    {
        for from in [Date::MIN, day("1990-01-01"), Date::MAX] {
            let plan = Plan { rule, from, before_days: u16::MAX, after_days: u16::MAX };
            let _ = kept(&plan, None, &[day("2026-11-02"), day("2026-11-02")], &november("2026-11-30"));
        }
    }
}

fn hour(n: i64) -> Timestamp {
    november("2026-11-30").from.plus_millis(n * 3_600_000)
}

fn uid(name: &str) -> Uid {
    Uid::new(&format!("{name:-<8}")).expect("a name")
}

/// Steps that are done and arrive at hours of November; earlier ones before it.
fn month_of(steps: &[(i64, &str, Deed)]) -> Numbers {
    let (mut asset, month) = (OfAsset::default(), november("2026-11-30"));
    for (at, name, deed) in steps {
        assert!(OfAsset::KINDS.contains(&deed.code()), "{}", deed.code());
        let step = Step {
            uid: uid(name),
            at: hour(*at),
            by: Hand::gateway(),
            deed: deed.clone(),
            evidence: Evidence::default(),
        };
        asset.take(&step, hour(*at), &month);
    }
    asset.end(&month)
}

fn found(severity: Severity) -> Deed {
    Deed::Found { severity, text: "worn".into(), rating: None }
}

#[test]
fn lock_outs_count_as_long_as_they_lie_in_the_month() {
    let bar = || Deed::Barred;
    let free = || Deed::Released { inspection: None };
    // From before the month, barred in it, released in it.
    let told = month_of(&[(-10, "urgent", found(Severity::Urgent)), (4, "bar", bar()), (20, "free", free())]).lockouts;
    let h = 3_600_000;
    let expected =
        Lockouts { in_force: 1, ordered: 0, ended: 1, ms: 20 * h, waited_ms: 4 * h, waited_longest_ms: 4 * h };
    assert_eq!(told, expected);
    // Over before the month began.
    let told = month_of(&[(-10, "urgent", found(Severity::Urgent)), (-5, "free", free())]).lockouts;
    assert_eq!(told, Lockouts::default());
    // Twice in the month; a second cause makes no second lock-out; the last one goes on, and nobody barred it.
    let ordered = Deed::LockoutOrdered { cause: LockoutCause::Decision("storm".into()) };
    let told = month_of(&[
        (0, "storm", ordered),
        (1, "urgent", found(Severity::Urgent)),
        (2, "bar", bar()),
        (10, "free", free()),
        (700, "chain", found(Severity::Important)),
        (710, "worse", Deed::Reclassified { defect: uid("chain"), severity: Severity::Urgent, reason: "w".into() }),
    ]);
    let (lockouts, defects) = (told.lockouts, told.defects);
    assert_eq!((lockouts.in_force, lockouts.ordered, lockouts.ended), (2, 2, 1));
    assert_eq!((lockouts.ms, lockouts.waited_ms, lockouts.waited_longest_ms), (20 * h, 12 * h, 10 * h));
    assert_eq!((defects[1].found, defects[1].open, defects[2].open), (1, 0, 2), "it is open as what it is now");
}

#[test]
fn defects_work_and_accidents_count_when_they_came_on_record() {
    let repaired =
        |name: &str| Deed::Closed { defect: uid(name), closing: Closing::Repaired { inspection: uid("look") } };
    let mistaken = Deed::Closed { defect: uid("c"), closing: Closing::Mistaken };
    let done = |cents| Deed::WorkDone { order: uid("order"), parts: String::new(), cost_cents: Some(cents) };
    let order = Deed::WorkOrdered { defects: vec![], text: String::new(), due: None, assignee: String::new() };
    let numbers = month_of(&[
        (-9, "a", found(Severity::Important)),
        (-8, "gone", done(9_999)),
        (1, "b", found(Severity::Important)),
        (2, "c", found(Severity::Recommended)),
        (3, "close-a", repaired("a")),
        (4, "close-c", mistaken),
        (5, "order", order),
        (6, "done", done(4_850)),
        (7, "hurt", Deed::Accident { text: "fell".into() }),
    ]);
    assert_eq!(numbers.defects[1], Defects { found: 1, closed: 1, open: 1 });
    assert_eq!(numbers.defects[0], Defects { found: 1, closed: 0, open: 1 }, "a second person has not agreed");
    assert_eq!((numbers.work_ordered, numbers.work_done, numbers.cost_cents, numbers.accidents), (1, 1, 4_850, 1));
    let mut twice = numbers.clone();
    twice += &numbers;
    assert_eq!((twice.defects[1].open, twice.cost_cents, twice.accidents), (2, 9_700, 2));
    let gone = month_of(&[(1, "a", found(Severity::Urgent)), (3, "gone", Deed::Dismantled { reason: "old".into() })]);
    assert_eq!((gone.defects[2].open, gone.lockouts.ended), (0, 1));
}
