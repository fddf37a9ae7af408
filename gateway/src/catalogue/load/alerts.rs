//! `alerts.toml`: what a rule names is there, what it is held against can be met and can be over, and each key is one that its kind
//! of rule has. Rules that are written on the page are read by the same code, as the text of such a file.

use std::path::Path as File;
use std::sync::Arc;

use super::super::alerts::{
    AlertRule, Condition, Consequence, Contact, Of, OneFor, RULES_MAX, Scope, Severity, Side, Test, Value,
};
use super::super::{Catalogue, shape};
use super::{At, Entries, Seen};
use crate::config::document::{self, Key};
use crate::config::problem::{Problem, did_you_mean};
use crate::store::model::WindowLength;

/// The rules that are part of the program.
pub(super) const OURS: &str = include_str!("../../../../config/catalogues/alerts.toml");

/// What `on` may be.
const CONDITIONS: [&str; 10] =
    ["above", "below", "rise", "fall", "drift", "impact", "silence", "broker", "overdue", "certificate"];
/// Milliseconds of a day.
const DAY_S: u32 = 86_400;

/// Reads the rules into the catalogue, and says every problem of them. Of ours, those rest whose quantity, kind or inspection the
/// municipality's own files lack.
pub(super) fn add(catalogue: &mut Catalogue, file: &File, text: &str) -> Vec<Problem> {
    let (rules, problems) = read(catalogue, file, text, text == OURS);
    catalogue.alerts = rules;
    problems
}

/// The rules of a text, and every problem of them.
pub(crate) fn read(catalogue: &Catalogue, file: &File, text: &str, ours: bool) -> (Vec<AlertRule>, Vec<Problem>) {
    let (shape, report) = document::read::<shape::Alerts>(file, text);
    let mut entries = Entries { report };
    if shape.rule.len() > RULES_MAX {
        entries.report.add("rule", None, format!("{} rules", shape.rule.len()), format!("{RULES_MAX} at most"));
        return (Vec::new(), entries.report.into_problems());
    }
    let mut seen = Seen::default();
    let asked = shape.rule.iter().enumerate().filter(|(_, entry)| !ours || is_known(catalogue, entry.get_ref()));
    let rules = asked.map(|(i, entry)| {
        let at = At { path: format!("rule[{i}]"), span: entry.span() };
        entries.alert_rule(&at, entry.get_ref(), catalogue, &mut seen)
    });
    let rules = rules.collect();
    (rules, entries.report.into_problems())
}

/// Whether all that a rule names is there.
fn is_known(catalogue: &Catalogue, shape: &shape::AlertRule) -> bool {
    let quantity = shape.quantity.get().is_none_or(|code| catalogue.find(code).is_some());
    let kinds = shape.kinds.get().is_none_or(|kinds| kinds.iter().all(|kind| catalogue.sheet(kind).is_some()));
    let calls = shape.calls.get().and_then(|calls| calls.inspection.get());
    quantity && kinds && calls.is_none_or(|code| has_inspection(catalogue, code))
}

fn has_inspection(catalogue: &Catalogue, code: &str) -> bool {
    catalogue.inspections.iter().any(|sheet| sheet.of_type(code).is_some())
}

impl Entries {
    fn alert_rule(
        &mut self,
        at: &At,
        shape: &shape::AlertRule,
        catalogue: &Catalogue,
        seen: &mut Seen<String>,
    ) -> AlertRule {
        let code = self.code(at, &shape.code, seen);
        let on = self.text(at, "on", &shape.on);
        let on = if self.is_one_of(at, "on", &shape.on, &on, &CONDITIONS) { on } else { Default::default() };
        self.only(at, shape, &on);
        let severity = self.one_of(at, "severity", &shape.severity, &Severity::ALL.map(Severity::code));
        let severity = severity.and_then(|code| Severity::named(&code)).unwrap_or(Severity::Warning);
        let node_types: Vec<&str> = catalogue.node_types.keys().map(|code| &**code).collect();
        let zones: Vec<&str> = catalogue.zones.iter().map(|zone| &*zone.code).collect();
        let kinds: Vec<&str> =
            catalogue.inspections.iter().flat_map(|sheet| &sheet.kinds).map(|kind| &*kind.code).collect();
        let scope = Scope {
            kinds: self.codes(at, "kinds", &shape.kinds, &kinds),
            node_types: self.codes(at, "node_types", &shape.node_types, &node_types),
            zones: self.codes(at, "zones", &shape.zones, &zones),
        };
        let one_for = match shape.one_for.get().map(String::as_str) {
            None | Some("equipment") => OneFor::Equipment,
            Some("community_day") => OneFor::CommunityDay,
            Some(other) => {
                self.is_one_of(at, "one_for", &shape.one_for, other, &["equipment", "community_day"]);
                OneFor::Equipment
            }
        };
        let contacts = shape.contacts.iter().enumerate().map(|(i, entry)| {
            let at = At { path: format!("{}.contacts[{i}]", at.path), span: entry.span() };
            let shape = entry.get_ref();
            Contact { name: self.names(&at, &shape.name), phone: self.phone(&at, &shape.phone) }
        });
        let contacts = contacts.collect();
        AlertRule {
            name: self.names(at, &shape.name),
            severity,
            on: self.condition(at, shape, &on, catalogue),
            scope,
            one_for,
            latched: shape.latched.get().copied().unwrap_or(false),
            then: self.consequence(at, shape, catalogue),
            instructions: self.texts(at, "instructions", &shape.instructions),
            contacts,
            source: self.text(at, "source", &shape.source),
            code,
        }
    }

    fn condition(&mut self, at: &At, shape: &shape::AlertRule, on: &str, catalogue: &Catalogue) -> Condition {
        let quantity = |entries: &mut Self| entries.watched(at, &shape.quantity, catalogue);
        match on {
            "above" | "below" => {
                let quantity = quantity(self);
                let side = if on == "above" { Side::Above } else { Side::Below };
                Condition::Level { quantity, of: self.of(at, shape), test: self.test(at, shape, side) }
            }
            "rise" | "fall" => {
                let quantity = quantity(self);
                let over_s = self.whole(&at.key("over_s"), &shape.over_s, 60, 7 * DAY_S);
                if shape.over_s.get().is_none() {
                    self.report.add_missing(
                        at.key("over_s"),
                        Some(at.span.clone()),
                        "seconds that the change is taken over",
                    );
                }
                let side = if on == "rise" { Side::Above } else { Side::Below };
                Condition::Rate { quantity, over_s: over_s.unwrap_or(3_600), test: self.test(at, shape, side) }
            }
            "drift" => {
                let quantity = quantity(self);
                let days = self.whole(&at.key("days"), &shape.days, 1, 366).unwrap_or(14);
                Condition::Drift { quantity, days, test: self.test(at, shape, Side::Above) }
            }
            "impact" => {
                let quantity = quantity(self);
                let days = self.whole(&at.key("days"), &shape.days, 1, 366).unwrap_or(14);
                let level = self.finite(at, "level", &shape.level, "the least that is told, in the quantity's unit");
                let always = shape.always.get().map_or(level, |_| self.finite(at, "always", &shape.always, "a number"));
                if always < level {
                    let expected = format!("{level} or more, as level says");
                    self.report.add(at.key("always"), shape.always.span(), always.to_string(), expected);
                }
                let factor = shape.factor.get().map_or(1.5, |_| self.finite(at, "factor", &shape.factor, "a number"));
                if !(1.0..=100.0).contains(&factor) {
                    self.report.add(at.key("factor"), shape.factor.span(), factor.to_string(), "1 to 100");
                }
                Condition::Impact { quantity, days, factor, level, always }
            }
            "broker" => {
                Condition::Broker { for_s: self.whole(&at.key("for_s"), &shape.for_s, 0, DAY_S).unwrap_or(300) }
            }
            "overdue" => Condition::Overdue,
            "certificate" => Condition::Certificate,
            _ => Condition::Silence,
        }
    }

    fn test(&mut self, at: &At, shape: &shape::AlertRule, side: Side) -> Test {
        let level = self.finite(at, "level", &shape.level, "a level in the quantity's unit");
        let clear = shape.clear.get().map_or(level, |_| self.finite(at, "clear", &shape.clear, "a number"));
        let (crossed, expected) = match side {
            Side::Above => (clear > level, format!("{level} or less: it is over at or below it")),
            Side::Below => (clear < level, format!("{level} or more: it is over at or above it")),
        };
        if crossed {
            self.report.add(at.key("clear"), shape.clear.span(), clear.to_string(), expected);
        }
        let mut ms = |name: &str, key| i64::from(self.whole(&at.key(name), key, 0, 7 * DAY_S).unwrap_or(0)) * 1_000;
        Test { side, level, clear, for_ms: ms("for_s", &shape.for_s), clear_ms: ms("clear_s", &shape.clear_s) }
    }

    fn of(&mut self, at: &At, shape: &shape::AlertRule) -> Of {
        let Some(window) = shape.window.get() else {
            if shape.value.get().is_some() {
                self.report.add_missing(at.key("window"), Some(at.span.clone()), "the window whose value it is");
            }
            return Of::Readings;
        };
        let length = crate::config::window_length(window).unwrap_or_else(|| {
            self.report.add(at.key("window"), shape.window.span(), window.clone(), "one of [windows] lengths, as PT1H");
            WindowLength::Minutes(60)
        });
        let value = self.one_of(at, "value", &shape.value, &Value::ALL.map(Value::code));
        Of::Windows(length, value.and_then(|code| Value::named(&code)).unwrap_or(Value::Mean))
    }

    fn consequence(&mut self, at: &At, shape: &shape::AlertRule, catalogue: &Catalogue) -> Option<Consequence> {
        if shape.calls.get().is_some() && shape.defect.get().is_some() {
            self.report.add(at.key("defect"), shape.defect.span(), "a defect beside an inspection", "one of the two");
        }
        if let Some(calls) = shape.calls.get() {
            let here = At { path: at.key("calls"), span: shape.calls.span().unwrap_or_default() };
            let of_type = self.text(&here, "inspection", &calls.inspection);
            if !of_type.is_empty() && !has_inspection(catalogue, &of_type) {
                let found = format!("unknown {of_type}");
                self.report.add(
                    here.key("inspection"),
                    calls.inspection.span(),
                    found,
                    "a type of a sheet of inspections",
                );
            }
            let days = self.whole(&here.key("days"), &calls.days, 0, 366).unwrap_or(1) as u16;
            return Some(Consequence::Inspection { of_type: of_type.into(), days });
        }
        let defect = shape.defect.get()?;
        let here = At { path: at.key("defect"), span: shape.defect.span().unwrap_or_default() };
        let severity = self.one_of(&here, "severity", &defect.severity, &["recommended", "important", "urgent"]);
        let text = self.texts(&here, "text", &defect.text);
        Some(Consequence::Defect { severity: severity.unwrap_or_default().into(), text })
    }

    fn watched(&mut self, at: &At, key: &Key<String>, catalogue: &Catalogue) -> Arc<str> {
        let code = self.text(at, "quantity", key);
        if !code.is_empty() && catalogue.find(&code).is_none() {
            let found = format!("unknown quantity {code}");
            let problem = self.report.add(at.key("quantity"), key.span(), found, "a quantity of quantities.toml");
            problem.hint = did_you_mean(&code, catalogue.quantities().iter().map(|quantity| &*quantity.code));
        }
        code.into()
    }

    /// Keys that this kind of rule does not have are told, so that nobody believes in a level that nothing is held against.
    fn only(&mut self, at: &At, shape: &shape::AlertRule, on: &str) {
        let level = ["quantity", "level", "clear", "for_s", "clear_s", "one_for"];
        let (has, more): (&[&str], &[&str]) = match on {
            "above" | "below" => (&level, &["window", "value"]),
            "rise" | "fall" => (&level, &["over_s"]),
            "drift" => (&level, &["days"]),
            "impact" => (&["quantity", "level", "always", "factor", "days", "one_for"], &[]),
            "broker" => (&["for_s"], &[]),
            _ => (&[], &[]),
        };
        let keys = [
            ("quantity", shape.quantity.span()),
            ("level", shape.level.span()),
            ("clear", shape.clear.span()),
            ("for_s", shape.for_s.span()),
            ("clear_s", shape.clear_s.span()),
            ("over_s", shape.over_s.span()),
            ("window", shape.window.span()),
            ("value", shape.value.span()),
            ("days", shape.days.span()),
            ("factor", shape.factor.span()),
            ("always", shape.always.span()),
            ("one_for", shape.one_for.span()),
        ];
        for (key, span) in keys {
            if span.is_some() && !on.is_empty() && !has.contains(&key) && !more.contains(&key) {
                self.report.add(at.key(key), span, format!("on = \"{on}\""), format!("no {key} in such a rule"));
            }
        }
    }

    fn finite(&mut self, at: &At, name: &str, key: &Key<f64>, expected: &str) -> f64 {
        let value = self.value(at, name, key, expected).unwrap_or_default();
        if !value.is_finite() {
            self.report.add(at.key(name), key.span(), value.to_string(), "a number");
        }
        value
    }

    fn phone(&mut self, at: &At, key: &Key<String>) -> String {
        let phone = self.text(at, "phone", key);
        let allowed = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b' ' | b'-' | b'(' | b')');
        if !phone.is_empty() && (phone.len() > 40 || !phone.bytes().all(allowed)) {
            self.report.add(at.key("phone"), key.span(), format!("{phone:?}"), "a telephone number");
        }
        phone
    }

    /// One of these words, which has to be there.
    fn one_of(&mut self, at: &At, name: &str, key: &Key<String>, known: &[&str]) -> Option<String> {
        let word = self.value(at, name, key, &format!("one of {}", known.join(", ")))?;
        self.is_one_of(at, name, key, &word, known).then_some(word)
    }

    fn is_one_of(&mut self, at: &At, name: &str, key: &Key<String>, word: &str, known: &[&str]) -> bool {
        let is_known = known.contains(&word);
        if !is_known && !word.is_empty() {
            let expected = format!("one of {}", known.join(", "));
            let problem = self.report.add(at.key(name), key.span(), format!("{word:?}"), expected);
            problem.hint = did_you_mean(word, known.iter().copied());
        }
        is_known
    }

    fn codes(&mut self, at: &At, name: &str, key: &Key<Vec<String>>, known: &[&str]) -> Vec<Arc<str>> {
        let codes = key.get().map(Vec::as_slice).unwrap_or_default();
        for code in codes.iter().filter(|code| !known.contains(&code.as_str())) {
            let problem =
                self.report.add(at.key(name), key.span(), format!("unknown {code}"), "codes of the catalogue");
            problem.hint = did_you_mean(code, known.iter().copied());
        }
        codes.iter().map(|code| code.as_str().into()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load;

    fn problems(text: &str) -> Vec<String> {
        let catalogue = load::embedded();
        read(&catalogue, File::new("alerts.toml"), text, false).1.iter().map(ToString::to_string).collect()
    }

    const RULE: &str = "[[rule]]\ncode = \"a\"\nname = { el = \"α\", en = \"a\" }\nseverity = \"alarm\"\nsource = \"x\"\n\
                        instructions = { el = \"α\", en = \"a\" }\n";

    #[test]
    fn ours_are_of_every_kind_and_a_folder_that_lacks_a_quantity_lacks_its_rules_alone() {
        let mut catalogue = load::embedded();
        let kinds: std::collections::BTreeSet<&str> = catalogue.alerts.iter().map(|rule| rule.on.code()).collect();
        for kind in CONDITIONS {
            assert!(kinds.contains(kind) || kind == "fall" || kind == "broker", "{kind}");
        }
        let all = catalogue.alerts.len();
        let mut bare = Catalogue::new(Vec::new(), Default::default(), Vec::new(), Vec::new());
        bare.inspections = std::mem::take(&mut catalogue.inspections);
        assert_eq!(add(&mut bare, File::new("alerts.toml"), OURS), []);
        assert!(!bare.alerts.is_empty() && bare.alerts.len() < all);
        assert!(bare.alerts.iter().all(|rule| rule.on.quantity().is_none()));
    }

    #[test]
    fn each_mistake_is_told_with_the_way_out() {
        let table = [
            ("on = \"abov\"\n", "did you mean `above`"),
            ("on = \"above\"\nquantity = \"pm25\"\nlevel = 5\nclear = 6\n", "5 or less"),
            ("on = \"below\"\nquantity = \"pm25\"\nlevel = 5\nclear = 4\n", "5 or more"),
            ("on = \"above\"\nquantity = \"pm2\"\nlevel = 5\n", "unknown quantity pm2"),
            ("on = \"above\"\nquantity = \"pm25\"\n", "level"),
            ("on = \"silence\"\nlevel = 5\n", "no level in such a rule"),
            ("on = \"rise\"\nquantity = \"pm25\"\nlevel = 5\n", "over_s"),
            ("on = \"above\"\nquantity = \"pm25\"\nlevel = nan\n", "a number"),
            ("on = \"above\"\nquantity = \"pm25\"\nlevel = 5\nwindow = \"PT7M\"\nvalue = \"mean\"\n", "window"),
            ("on = \"above\"\nquantity = \"pm25\"\nlevel = 5\nvalue = \"mean\"\n", "the window whose value it is"),
            ("on = \"silence\"\nzones = [\"DKZ\"]\n", "unknown DKZ"),
            ("on = \"silence\"\ncalls = { inspection = \"x\", days = 1 }\n", "unknown x"),
            (
                "on = \"silence\"\ncontacts = [{ name = { el = \"α\", en = \"a\" }, phone = \"call me\" }]\n",
                "a telephone number",
            ),
            ("on = \"impact\"\nquantity = \"impact\"\nlevel = 30\nalways = 20\n", "30 or more"),
        ];
        for (more, part) in table {
            let told = problems(&format!("{RULE}{more}"));
            assert!(told.iter().any(|problem| problem.contains(part)), "{more}\n{told:#?}");
        }
        assert_eq!(problems(&format!("{RULE}on = \"silence\"\n")), [""; 0]);
        assert!(problems(&format!("{RULE}on = \"silence\"\n{RULE}on = \"silence\"\n"))[0].contains("again"));
    }
}
