//! `exceptions.toml`: each threshold that the program asks is there once, with whose rule it is.

use std::path::Path as File;

use super::super::exceptions::{Exceptions, Threshold};
use super::super::{Catalogue, shape};
use super::{At, Entries, Seen};
use crate::config::document;
use crate::config::problem::Problem;

/// The greatest number that a threshold may be.
const VALUE_MAX: u32 = 100_000;

/// Reads the thresholds into the catalogue, and says every problem of them.
pub(super) fn add(catalogue: &mut Catalogue, file: &File, text: &str) -> Vec<Problem> {
    let (shape, report) = document::read::<shape::Exceptions>(file, text);
    let mut entries = Entries { report };
    catalogue.exceptions = entries.exceptions(&shape);
    entries.report.into_problems()
}

impl Entries {
    fn exceptions(&mut self, shape: &shape::Exceptions) -> Exceptions {
        let (mut exceptions, mut seen) = (Exceptions::default(), Seen::default());
        let mut told = Vec::new();
        for (i, entry) in shape.threshold.iter().enumerate() {
            let at = At { path: format!("threshold[{i}]"), span: entry.span() };
            let shape = entry.get_ref();
            let code = self.code(&at, &shape.code, &mut seen);
            if shape.value.get().is_none() {
                self.report.add_missing(at.key("value"), Some(at.span.clone()), "a whole number");
            }
            let value = self.whole(&at.key("value"), &shape.value, 0, VALUE_MAX).unwrap_or_default();
            let source = self.text(&at, "source", &shape.source);
            match exceptions.of(&code) {
                Some(threshold) => *threshold = Threshold { value, source },
                None if code.is_empty() => {}
                None => {
                    let expected = format!("one of {}", Exceptions::CODES.join(", "));
                    self.report.add(at.key("code"), shape.code.span(), format!("{code:?}"), expected);
                }
            }
            told.push(code);
        }
        for code in Exceptions::CODES.into_iter().filter(|code| !told.iter().any(|told| **told == **code)) {
            self.report.add_missing(format!("threshold {code}"), None, "an entry for each threshold");
        }
        exceptions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load;

    #[test]
    fn ours_are_house_rules_and_a_municipality_has_its_own() {
        let mut catalogue = load::embedded();
        let ours = &catalogue.exceptions;
        assert_eq!((ours.item_s_min.value, ours.metres_max.value, ours.late_h.value), (2, 200, 24));
        assert_eq!(ours.sources(), ["house rule"]);
        let text = include_str!("../../../../config/catalogues/exceptions.toml");
        let text = text.replacen("value = 2\nsource = \"house rule\"", "value = 3\nsource = \"Απόφαση 12/2026\"", 1);
        assert_eq!(add(&mut catalogue, File::new("exceptions.toml"), &text), []);
        assert_eq!(catalogue.exceptions.item_s_min.value, 3);
        assert_eq!(catalogue.exceptions.sources(), ["Απόφαση 12/2026", "house rule"]);
    }

    #[test]
    fn what_is_missing_or_unknown_is_told() {
        let text =
            "[[threshold]]\ncode = \"metres_max\"\nvalue = 100001\n[[threshold]]\ncode = \"moon\"\nsource = \"x\"\n";
        let problems = add(&mut load::embedded(), File::new("exceptions.toml"), text);
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        for part in
            ["threshold[0].value: 100001", "threshold[0].source", "threshold[1].code: \"moon\"", "threshold late_h"]
        {
            assert!(shown.iter().any(|problem| problem.contains(part)), "{part}\n{shown:#?}");
        }
    }
}
