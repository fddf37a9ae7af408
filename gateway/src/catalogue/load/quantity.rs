//! Quantities: their rules, conversions and thresholds.

use std::sync::Arc;

use super::super::{Conversion, FlatLine, Quantity, Rule, State, Tests, shape};
use super::{At, Entries, Key, Seen, did_you_mean};

impl Entries {
    pub(super) fn quantities(&mut self, shape: &shape::Quantities) -> Vec<Quantity> {
        if shape.quantity.len() > 1_000 {
            self.report.add("quantity", None, format!("{} quantities", shape.quantity.len()), "1,000 at most");
            return Vec::new();
        }
        let (mut codes, mut numbers) = (Seen::default(), Seen::default());
        let known: Vec<&str> = shape.quantity.iter().filter_map(|q| q.get_ref().code.get().map(|s| &**s)).collect();
        let entries = shape.quantity.iter().enumerate();
        entries
            .map(|(i, entry)| {
                let at = At { path: format!("quantity[{i}]"), span: entry.span() };
                let shape = entry.get_ref();
                let number = self.whole(&at.key("number"), &shape.number, 1, 255).map(|number| number as u8);
                if let Some(number) = number {
                    self.once(&at, "number", number, shape.number.span(), &mut numbers);
                }
                let decimals = self.value(&at, "decimals", &shape.decimals, "0 to 6, the decimals that are kept");
                if decimals.is_some() {
                    self.whole(&at.key("decimals"), &shape.decimals, 0, 6);
                }
                let unit = self.text(&at, "unit", &shape.unit);
                Quantity {
                    code: self.code(&at, &shape.code, &mut codes),
                    number,
                    name: self.names(&at, &shape.name),
                    definition: shape.definition.get().map(|_| self.text(&at, "definition", &shape.definition).into()),
                    decimals: decimals.unwrap_or_default() as u8,
                    rule: self.rule(&at, shape, &known),
                    conversions: self.conversions(&at, shape, &unit),
                    unit: unit.into(),
                    period_s: self.whole(&at.key("period_s"), &shape.period_s, 1, 366 * 86_400),
                    tests: self.tests(&at, &shape.tests),
                }
            })
            .collect()
    }

    fn rule(&mut self, at: &At, shape: &shape::Quantity, known: &[&str]) -> Rule {
        let expected = "mean, energetic, maximum, extent, circular, counter, increment or state";
        let rule = self.value(at, "rule", &shape.rule, expected).unwrap_or(shape::Rule::Mean);
        let belongs = [
            ("calm", shape.calm.span(), shape::Rule::Circular),
            ("modulus", shape.modulus.span(), shape::Rule::Counter),
            ("states", shape.states.span(), shape::Rule::State),
        ];
        for (key, span, to) in belongs {
            if span.is_some() && shape.rule.get().is_some() && rule != to {
                let expected = format!("{key} with rule = \"{}\" alone", format!("{to:?}").to_lowercase());
                self.report.add(
                    at.key(key),
                    span,
                    format!("rule is \"{}\"", format!("{rule:?}").to_lowercase()),
                    expected,
                );
            }
        }
        match rule {
            shape::Rule::Mean => Rule::Mean,
            shape::Rule::Energetic => Rule::Energetic,
            shape::Rule::Maximum => Rule::Maximum,
            shape::Rule::Extent => Rule::Extent,
            shape::Rule::Increment => Rule::Increment,
            shape::Rule::Circular => Rule::Circular { calm: self.calm(at, &shape.calm, known) },
            shape::Rule::Counter => {
                let modulus = shape.modulus.get().copied();
                if let Some(modulus) = modulus
                    && !(modulus.is_finite() && modulus > 0.0)
                {
                    self.report.add(at.key("modulus"), shape.modulus.span(), modulus.to_string(), "more than 0");
                }
                Rule::Counter { modulus }
            }
            shape::Rule::State => Rule::State { states: self.states(at, &shape.states) },
        }
    }

    fn calm(&mut self, at: &At, key: &Key<shape::Calm>, known: &[&str]) -> Option<(Arc<str>, f64)> {
        let shape = key.get()?;
        let quantity = self.text(at, "calm.quantity", &shape.quantity);
        if !quantity.is_empty() && !known.contains(&quantity.as_str()) {
            let found = format!("unknown quantity {quantity:?}");
            let problem =
                self.report.add(at.key("calm.quantity"), shape.quantity.span(), found, "a quantity of this file");
            problem.hint = did_you_mean(&quantity, known.iter().copied());
        }
        let below = self.value(at, "calm.below", &shape.below, "a value of that quantity")?;
        if !below.is_finite() {
            self.report.add(at.key("calm.below"), shape.below.span(), below.to_string(), "a value of that quantity");
        }
        Some((quantity.into(), below))
    }

    fn states(&mut self, at: &At, key: &Key<Vec<toml::Spanned<shape::State>>>) -> Vec<State> {
        let expected = "a list of { value = …, code = \"…\", name = { el = \"…\", en = \"…\" } }";
        if key.get().is_none_or(Vec::is_empty) {
            self.report.add_missing(at.key("states"), Some(at.span.clone()), expected);
        }
        let (mut codes, mut values) = (Seen::default(), Seen::default());
        let entries = key.get().into_iter().flatten().enumerate();
        entries
            .map(|(i, entry)| {
                let shape = entry.get_ref();
                let at = At { path: at.key(&format!("states[{i}]")), span: entry.span() };
                let value = self.value(&at, "value", &shape.value, "a whole number").unwrap_or_default();
                if shape.value.get().is_some() {
                    self.once(&at, "value", value, shape.value.span(), &mut values);
                }
                State {
                    value,
                    code: self.code(&at, &shape.code, &mut codes),
                    unknown: shape.unknown.get().copied().unwrap_or(false),
                    name: self.names(&at, &shape.name),
                }
            })
            .collect()
    }

    fn conversions(&mut self, at: &At, shape: &shape::Quantity, own: &str) -> Vec<Conversion> {
        let mut seen = Seen::default();
        let entries = shape.conversions.iter().enumerate();
        entries
            .map(|(i, entry)| {
                let shape = entry.get_ref();
                let at = At { path: at.key(&format!("conversions[{i}]")), span: entry.span() };
                let unit = self.text(&at, "unit", &shape.unit);
                if unit == own {
                    self.report.add(
                        at.key("unit"),
                        shape.unit.span(),
                        format!("{unit} is the quantity's own"),
                        "another unit",
                    );
                } else if !unit.is_empty() {
                    self.once(&at, "unit", unit.clone(), shape.unit.span(), &mut seen);
                }
                let scale = shape.scale.get().copied().unwrap_or(1.0);
                if !(scale.is_finite() && scale != 0.0) {
                    self.report.add(at.key("scale"), shape.scale.span(), scale.to_string(), "a factor that is not 0");
                }
                let offset = shape.offset.get().copied().unwrap_or(0.0);
                if !offset.is_finite() {
                    self.report.add(at.key("offset"), shape.offset.span(), offset.to_string(), "a number");
                }
                Conversion { unit: unit.into(), scale, offset }
            })
            .collect()
    }

    fn tests(&mut self, at: &At, shape: &shape::Tests) -> Tests {
        let tests = Tests {
            range_fail: self.range(&at.key("tests.range_fail"), &shape.range_fail),
            range_suspect: self.range(&at.key("tests.range_suspect"), &shape.range_suspect),
            spike_suspect: self.positive(&at.key("tests.spike_suspect"), &shape.spike_suspect),
            rate_suspect_per_s: self.positive(&at.key("tests.rate_suspect_per_s"), &shape.rate_suspect_per_s),
            flat_line: self.flat_line(at, &shape.flat_line),
        };
        if let (Some(fail), Some(suspect)) = (tests.range_fail, tests.range_suspect)
            && (suspect.0 < fail.0 || suspect.1 > fail.1)
        {
            let found = format!("[{}, {}]", suspect.0, suspect.1);
            let expected = format!("within range_fail = [{}, {}]", fail.0, fail.1);
            self.report.add(at.key("tests.range_suspect"), shape.range_suspect.span(), found, expected);
        }
        tests
    }

    fn range(&mut self, path: &str, key: &Key<Vec<f64>>) -> Option<(f64, f64)> {
        let span = key.span()?;
        match key.get()?.as_slice() {
            &[min, max] if min < max => Some((min, max)),
            _ => {
                let found = self.report.excerpt(span.clone());
                self.report.add(path, Some(span), found, "[smallest, largest]");
                None
            }
        }
    }

    fn positive(&mut self, path: &str, key: &Key<f64>) -> Option<f64> {
        let value = *key.get()?;
        let sound = value.is_finite() && value > 0.0;
        if !sound {
            self.report.add(path, key.span(), value.to_string(), "more than 0");
        }
        sound.then_some(value)
    }

    fn flat_line(&mut self, at: &At, key: &Key<shape::FlatLine>) -> Option<FlatLine> {
        let shape = key.get()?;
        let path = |key: &str| at.key(&format!("tests.flat_line.{key}"));
        let tolerance = self.value(at, "tests.flat_line.tolerance", &shape.tolerance, "0 or more")?;
        if !(tolerance.is_finite() && tolerance >= 0.0) {
            self.report.add(path("tolerance"), shape.tolerance.span(), tolerance.to_string(), "0 or more");
        }
        self.value(at, "tests.flat_line.window_s", &shape.window_s, "seconds")?;
        let window_s = self.whole(&path("window_s"), &shape.window_s, 1, 31 * 86_400)?;
        Some(FlatLine { tolerance, window_s })
    }
}
