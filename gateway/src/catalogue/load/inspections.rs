//! `inspections/*.toml` and `certificates.toml`: what is named is there, limits can hold, intervals are ones that a plan knows.

use std::path::Path as File;
use std::sync::Arc;

use toml::Spanned;

use super::super::inspections::{CertificateType, InspectionType, Interval, Item, Named, Sheet, Uses};
use super::super::severity::{LEVELS, Scheme};
use super::super::{Catalogue, Quantity, Rule, shape};
use super::{At, Entries, Seen};
use crate::config::document::{self, Key};
use crate::config::problem::{Problem, did_you_mean};

mod events;

/// Reads a sheet into the catalogue, and says every problem of it.
pub(super) fn add_sheet(catalogue: &mut Catalogue, file: &File, text: &str) -> Vec<Problem> {
    let (shape, report) = document::read::<shape::Sheet>(file, text);
    let mut entries = Entries { report };
    let sheet = entries.sheet(&shape, catalogue);
    catalogue.inspections.push(sheet);
    entries.report.into_problems()
}

/// Reads the types of certificates into the catalogue, and says every problem of them. The sheets come before.
pub(super) fn add_certificates(catalogue: &mut Catalogue, file: &File, text: &str) -> Vec<Problem> {
    let (shape, report) = document::read::<shape::Certificates>(file, text);
    let mut entries = Entries { report };
    let kinds: Vec<Arc<str>> = catalogue.inspections.iter().flat_map(|sheet| sheet_codes(&sheet.kinds)).collect();
    catalogue.certificates = entries.certificates(&shape, &kinds);
    entries.report.into_problems()
}

impl Entries {
    fn sheet(&mut self, shape: &shape::Sheet, catalogue: &Catalogue) -> Sheet {
        let before = &catalogue.inspections;
        let version = self.top_text("version", &shape.version);
        let kinds = self.named("kind", &shape.kind);
        let uses = self.named("use", &shape.used_as);
        if kinds.is_empty() {
            self.report.add_missing("kind", None, "kinds of equipment");
        }
        for (i, entry) in shape.kind.iter().enumerate() {
            let Some(kind) = entry.get_ref().code.get().filter(|kind| before.iter().any(|sheet| sheet.has_kind(kind)))
            else {
                continue;
            };
            let found = format!("{kind}, which another sheet is about");
            self.report.add(format!("kind[{i}].code"), Some(entry.span()), found, "each kind in one sheet");
        }
        let types = self.types(shape, &sheet_codes(&uses), catalogue);
        let items = self.items(shape, &sheet_codes(&kinds), &types);
        let events = self.events(shape, &types, catalogue);
        Sheet { version, severity: self.scheme(&shape.severity, &catalogue.schemes), kinds, uses, types, items, events }
    }

    fn scheme(&mut self, key: &Key<String>, known: &[Scheme]) -> Arc<str> {
        let code = key.get().map_or(LEVELS, String::as_str);
        if !known.iter().any(|scheme| *scheme.code == *code) {
            let codes = || known.iter().map(|scheme| &*scheme.code);
            let expected = format!("of severity.toml: {}", codes().collect::<Vec<_>>().join(", "));
            let problem = self.report.add("severity", key.span(), format!("unknown {code}"), expected);
            problem.hint = did_you_mean(code, codes());
        }
        code.into()
    }

    fn named(&mut self, name: &str, entries: &[Spanned<shape::Named>]) -> Vec<Named> {
        let mut seen = Seen::default();
        let entries = entries.iter().enumerate();
        entries
            .map(|(i, entry)| {
                let at = At { path: format!("{name}[{i}]"), span: entry.span() };
                let shape = entry.get_ref();
                Named { code: self.code(&at, &shape.code, &mut seen), name: self.names(&at, &shape.name) }
            })
            .collect()
    }

    fn types(&mut self, shape: &shape::Sheet, uses: &[Arc<str>], catalogue: &Catalogue) -> Vec<InspectionType> {
        let mut seen = Seen::default();
        let all: Vec<Arc<str>> = shape
            .of_type
            .iter()
            .flat_map(|entry| entry.get_ref().code.get())
            .map(|code| Arc::from(code.as_str()))
            .collect();
        let entries = shape.of_type.iter().enumerate();
        entries
            .map(|(i, entry)| {
                let at = At { path: format!("type[{i}]"), span: entry.span() };
                let shape = entry.get_ref();
                InspectionType {
                    code: self.code(&at, &shape.code, &mut seen),
                    name: self.names(&at, &shape.name),
                    uses: self.known_or_none(&at, "uses", &shape.uses, uses),
                    interval: self.interval(&at, shape),
                    after: self.uses(&at, &shape.after, catalogue),
                    before_days: self.days(&at, "before_days", &shape.before_days, 0),
                    after_days: self.days(&at, "after_days", &shape.after_days, 0),
                    independent: shape.independent.get().copied().unwrap_or(false),
                    covers: self.known_or_none(&at, "covers", &shape.covers, &all),
                    source: self.text(&at, "source", &shape.source),
                }
            })
            .collect()
    }

    /// So many uses, by a quantity that is counted.
    fn uses(&mut self, at: &At, key: &Key<shape::Uses>, catalogue: &Catalogue) -> Option<Uses> {
        let shape = key.get()?;
        let at = &At { path: at.key("after"), span: key.span().unwrap_or_default() };
        let quantity = self.text(at, "quantity", &shape.quantity);
        let counts = |quantity: &Quantity| matches!(quantity.rule, Rule::Counter { .. } | Rule::Increment);
        let known =
            || catalogue.quantities().iter().filter(|quantity| counts(quantity)).map(|quantity| &*quantity.code);
        if !quantity.is_empty() && !known().any(|code| code == quantity) {
            let expected = format!("one that is counted: {}", known().collect::<Vec<_>>().join(", "));
            let problem = self.report.add(at.key("quantity"), shape.quantity.span(), quantity.clone(), expected);
            problem.hint = did_you_mean(&quantity, known());
        }
        self.value(at, "count", &shape.count, "how many uses");
        let count = self.whole(&at.key("count"), &shape.count, 1, 1_000_000_000).unwrap_or(1);
        Some(Uses { quantity: quantity.into(), count: count.into() })
    }

    fn interval(&mut self, at: &At, shape: &shape::InspectionType) -> Interval {
        let rule = self.value(at, "rule", &shape.rule, "once, days, months, months_anchored, per_month or yearly");
        let mut every = |max: u32| {
            if shape.every.get().is_none() {
                self.report.add_missing(at.key("every"), Some(at.span.clone()), "how many");
            }
            self.whole(&at.key("every"), &shape.every, 1, max).unwrap_or(1)
        };
        match rule {
            Some(shape::IntervalRule::Days) => Interval::Days(every(3_660) as u16),
            Some(shape::IntervalRule::Months) => Interval::Months(every(120) as u16),
            Some(shape::IntervalRule::MonthsAnchored) => Interval::MonthsAnchored(every(120) as u16),
            Some(shape::IntervalRule::PerMonth) => Interval::PerMonth(every(28) as u8),
            Some(shape::IntervalRule::Yearly) => self.yearly(at, &shape.on),
            Some(shape::IntervalRule::Once) | None => Interval::Once,
        }
    }

    /// A day of each year, `05-15`.
    fn yearly(&mut self, at: &At, key: &Key<String>) -> Interval {
        let expected = "a day of the year as month and day, like \"05-15\"";
        let Some(text) = self.value(at, "on", key, expected) else { return Interval::Once };
        // A leap year has every day that there is.
        let day = format!("2028-{text}").parse::<jiff::civil::Date>();
        match day.ok().filter(|_| text.len() == 5) {
            Some(day) => Interval::Yearly { month: day.month(), day: day.day() },
            None => {
                self.report.add(at.key("on"), key.span(), format!("{text:?}"), expected);
                Interval::Once
            }
        }
    }

    fn items(&mut self, shape: &shape::Sheet, kinds: &[Arc<str>], types: &[InspectionType]) -> Vec<Item> {
        let types: Vec<Arc<str>> = types.iter().map(|of_type| of_type.code.clone()).collect();
        let mut seen = Seen::default();
        let entries = shape.item.iter().enumerate();
        entries
            .map(|(i, entry)| {
                let at = At { path: format!("item[{i}]"), span: entry.span() };
                let shape = entry.get_ref();
                let (min, max) = (shape.min.get().copied(), shape.max.get().copied());
                let unit = shape.unit.get().cloned();
                if unit.is_none() && (min.is_some() || max.is_some()) {
                    self.report.add_missing(at.key("unit"), Some(at.span.clone()), "the unit of its limits");
                }
                if let (Some(min), Some(max)) = (min, max)
                    && min > max
                {
                    self.report.add(at.key("max"), shape.max.span(), max.to_string(), format!("{min} or more"));
                }
                if (min.is_some() || max.is_some()) && shape.source.get().is_none() {
                    self.report.add_missing(at.key("source"), Some(at.span.clone()), "where its limits come from");
                }
                Item {
                    code: self.code(&at, &shape.code, &mut seen),
                    name: self.names(&at, &shape.name),
                    kinds: self.known(&at, "kinds", &shape.kinds, kinds),
                    types: self.known(&at, "types", &shape.types, &types),
                    unit,
                    min,
                    max,
                    with_node: shape.with_node.get().copied().unwrap_or(false),
                    source: shape.source.get().cloned().unwrap_or_default(),
                }
            })
            .collect()
    }

    fn certificates(&mut self, shape: &shape::Certificates, kinds: &[Arc<str>]) -> Vec<CertificateType> {
        let mut seen = Seen::default();
        let entries = shape.certificate.iter().enumerate();
        entries
            .map(|(i, entry)| {
                let at = At { path: format!("certificate[{i}]"), span: entry.span() };
                let shape = entry.get_ref();
                let months = self.value(&at, "months", &shape.months, "how many months one usually holds");
                let months = months.and_then(|_| self.whole(&at.key("months"), &shape.months, 1, 240)).unwrap_or(1);
                let mut of_step = Seen::default();
                let steps = shape.steps.iter().enumerate().map(|(n, step)| {
                    let at = At { path: at.key(&format!("steps[{n}]")), span: step.span() };
                    let step = step.get_ref();
                    (self.code(&at, &step.code, &mut of_step), self.names(&at, &step.name))
                });
                let steps: Vec<_> = steps.collect();
                if steps.is_empty() {
                    self.report.add_missing(at.key("steps"), Some(at.span.clone()), "one step or more");
                }
                CertificateType {
                    code: self.code(&at, &shape.code, &mut seen),
                    name: self.names(&at, &shape.name),
                    kinds: self.known(&at, "kinds", &shape.kinds, kinds),
                    uses: codes(&shape.uses),
                    months: months as u16,
                    lead_days: self.days(&at, "lead_days", &shape.lead_days, 0),
                    locks_out: shape.locks_out.get().copied().unwrap_or(false),
                    steps,
                    source: self.text(&at, "source", &shape.source),
                }
            })
            .collect()
    }

    /// Codes, each of them known; there may be none.
    fn known_or_none(&mut self, at: &At, name: &str, key: &Key<Vec<String>>, known: &[Arc<str>]) -> Vec<Arc<str>> {
        if codes(key).is_empty() { Vec::new() } else { self.known(at, name, key, known) }
    }

    /// Codes that have to be there, each of them known.
    fn known(&mut self, at: &At, name: &str, key: &Key<Vec<String>>, known: &[Arc<str>]) -> Vec<Arc<str>> {
        let codes = codes(key);
        if codes.is_empty() {
            self.report.add_missing(at.key(name), Some(at.span.clone()), "one or more");
        }
        for code in codes.iter().filter(|code| !known.contains(code)) {
            let expected = format!("of {}", known.join(", "));
            let problem = self.report.add(at.key(name), key.span(), format!("unknown {code}"), expected);
            problem.hint = did_you_mean(code, known.iter().map(|code| &**code));
        }
        codes
    }

    fn days(&mut self, at: &At, name: &str, key: &Key<u64>, default: u16) -> u16 {
        self.whole(&at.key(name), key, 0, 1_000).map_or(default, |days| days as u16)
    }

    fn top_text(&mut self, name: &str, key: &Key<String>) -> String {
        let text = key.get().cloned().unwrap_or_default();
        if text.trim().is_empty() {
            self.report.add_missing(name, key.span(), "a text");
        }
        text
    }
}

fn sheet_codes(named: &[Named]) -> Vec<Arc<str>> {
    named.iter().map(|named| named.code.clone()).collect()
}

fn codes(key: &Key<Vec<String>>) -> Vec<Arc<str>> {
    key.get().into_iter().flatten().map(|code| Arc::from(code.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::inspections::{Happening, Within};
    use super::*;
    use crate::catalogue::load;

    #[test]
    fn ours_are_sound_and_say_what_the_standards_ask() {
        let catalogue = load::embedded();
        let sheet = |kind: &str| {
            let mut sheets = catalogue.inspections.iter();
            sheets.find(|sheet| sheet.has_kind(kind)).unwrap_or_else(|| panic!("{kind}"))
        };
        let swing = sheet("swing");
        let codes = |of_type: &str, has_node| -> Vec<String> {
            swing.items_of("swing", of_type, has_node).map(|item| item.code.to_string()).collect()
        };
        assert_eq!(codes("routine_visual", false), ["chain", "seat", "surface_below"]);
        assert_eq!(codes("routine_visual", true).last().map(String::as_str), Some("sensor_box"));
        assert!(codes("annual_main", false).contains(&"entrapment".to_owned()));
        // EN 1176-7's four, the post-installation and the annual main by somebody independent.
        let types: Vec<_> = swing.types.iter().map(|t| (&*t.code, t.interval, t.independent)).collect();
        assert_eq!(
            types,
            [
                ("post_installation", Interval::Once, true),
                ("routine_visual", Interval::Days(1), false),
                ("operational", Interval::Months(3), false),
                ("annual_main", Interval::Months(12), true),
            ]
        );
        let public: Vec<_> = sheet("lift").types_for(Some("public")).map(|t| t.interval).collect();
        assert_eq!(public, [Interval::PerMonth(2)]);
        let annual: Vec<&str> =
            swing.of_type("annual_main").expect("a type").covers.iter().map(|code| &**code).collect();
        assert_eq!(annual, ["routine_visual", "operational"]);
        let mark = catalogue.certificates.iter().find(|c| &*c.code == "suitability_mark").expect("the mark");
        assert_eq!((mark.months, mark.lead_days, mark.locks_out, mark.steps.len()), (12, 240, true, 4));
    }

    #[test]
    fn what_cannot_hold_is_told_with_its_place() {
        let text = r#"
version = "1"
[[kind]]
code = "swing2"
name = { el = "α", en = "a" }
[[type]]
code = "daily"
name = { el = "α", en = "a" }
rule = "days"
source = "house rule"
[[item]]
code = "x"
name = { el = "α", en = "a" }
kinds = ["swing3"]
types = ["dayly"]
min = 3
max = 2
"#;
        let problems = add_sheet(&mut load::embedded(), File::new("inspections/x.toml"), text);
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let parts = [
            "type[0].every",
            "item[0].kinds: unknown swing3",
            "did you mean `daily`",
            "item[0].unit",
            "item[0].max: 2",
            "item[0].source",
        ];
        for part in parts {
            assert!(shown.iter().any(|problem| problem.contains(part)), "{part}\n{shown:#?}");
        }
        let twice = add_sheet(
            &mut load::embedded(),
            File::new("x.toml"),
            "version = \"1\"\n[[kind]]\ncode = \"swing\"\nname = { el = \"α\", en = \"a\" }\n",
        );
        assert!(twice[0].to_string().contains("which another sheet is about"), "{twice:?}");
        let none = add_certificates(
            &mut load::embedded(),
            File::new("c.toml"),
            "[[certificate]]\ncode = \"x\"\nkinds = [\"moon\"]\n",
        );
        let shown: Vec<String> = none.iter().map(ToString::to_string).collect();
        for part in ["unknown moon", "certificate[0].steps", "certificate[0].months", "certificate[0].name"] {
            assert!(shown.iter().any(|problem| problem.contains(part)), "{part}\n{shown:#?}");
        }
    }

    #[test]
    fn every_way_to_be_due_can_be_written_down() {
        let sheet = |types: &str| {
            let head = "version = \"1\"\n[[kind]]\ncode = \"boat\"\nname = { el = \"α\", en = \"a\" }\n";
            let mut catalogue = load::embedded();
            let problems = add_sheet(&mut catalogue, File::new("inspections/boats.toml"), &format!("{head}{types}"));
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            (catalogue.inspections.pop().expect("the sheet"), problems)
        };
        let of_type = |rule: &str| {
            format!("[[type]]\ncode = \"x\"\nname = {{ el = \"α\", en = \"a\" }}\nsource = \"house rule\"\n{rule}\n")
        };
        for (rule, interval) in [
            ("rule = \"once\"", Interval::Once),
            ("rule = \"days\"\nevery = 7", Interval::Days(7)),
            ("rule = \"months\"\nevery = 3", Interval::Months(3)),
            ("rule = \"months_anchored\"\nevery = 24", Interval::MonthsAnchored(24)),
            ("rule = \"per_month\"\nevery = 2", Interval::PerMonth(2)),
            ("rule = \"yearly\"\non = \"05-15\"", Interval::Yearly { month: 5, day: 15 }),
            ("rule = \"yearly\"\non = \"02-29\"", Interval::Yearly { month: 2, day: 29 }),
        ] {
            let (sheet, problems) = sheet(&of_type(rule));
            assert_eq!((sheet.types[0].interval, problems), (interval, vec![]), "{rule}");
        }
        for (rule, told) in [
            ("rule = \"yearly\"", "type[0].on"),
            ("rule = \"yearly\"\non = \"15-05\"", "type[0].on"),
            ("rule = \"yearly\"\non = \"5-15\"", "type[0].on"),
            ("rule = \"days\"\nevery = 7\nafter = { quantity = \"temperature\", count = 5 }", "type[0].after.quantity"),
            ("rule = \"days\"\nevery = 7\nafter = { quantity = \"uses\" }", "type[0].after.count"),
        ] {
            let (_, problems) = sheet(&of_type(rule));
            assert!(problems.iter().any(|problem| problem.contains(told)), "{rule}\n{problems:#?}");
        }
        let event = |event: &str| -> (Sheet, Vec<String>) {
            let source = "source = \"house rule\"";
            sheet(&format!("{}[[event]]\n{source}\n{event}\n", of_type("rule = \"days\"\nevery = 7")))
        };
        let blow = "on = \"reading\"\nquantity = \"impact\"\nabove = 30";
        for (written, is) in [
            ("on = \"repair\"".to_owned(), Happening::Repair),
            (
                format!("{blow}\ncalls = \"x\""),
                Happening::Reading { quantity: "impact".into(), above: 30.0, within: Within::Equipment },
            ),
        ] {
            let (sheet, problems) = event(&written);
            assert_eq!((&sheet.events[0].on, problems), (&is, vec![]), "{written}");
        }
        for (written, told) in [
            ("on = \"repair\"\ncalls = \"x\"".to_owned(), "event[0].calls"),
            (blow.to_owned(), "event[0].calls"),
            (format!("{blow}\ncalls = \"y\""), "event[0].calls: unknown y"),
            ("on = \"reading\"\nquantity = \"uses\"\nabove = 3\ncalls = \"x\"".to_owned(), "event[0].quantity"),
            ("on = \"reading\"\nquantity = \"impact\"\ncalls = \"x\"".to_owned(), "event[0].above"),
        ] {
            let (_, problems) = event(&written);
            assert!(problems.iter().any(|problem| problem.contains(told)), "{written}\n{problems:#?}");
        }
    }
}
