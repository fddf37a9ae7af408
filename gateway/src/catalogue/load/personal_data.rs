//! `personal_data.toml`: each class that the program holds is there, and says what becomes of it.

use std::path::Path as File;

use super::super::personal_data::{DataClass, KEEP, KNOWN};
use super::super::{Catalogue, shape};
use super::{At, Entries, Seen};
use crate::config::document;
use crate::config::problem::Problem;

/// Reads the register into the catalogue, and says every problem of it.
pub(super) fn add(catalogue: &mut Catalogue, file: &File, text: &str) -> Vec<Problem> {
    let (shape, report) = document::read::<shape::PersonalData>(file, text);
    let mut entries = Entries { report };
    catalogue.personal_data = entries.personal_data(&shape);
    entries.report.into_problems()
}

impl Entries {
    fn personal_data(&mut self, shape: &shape::PersonalData) -> Vec<DataClass> {
        let mut seen = Seen::default();
        let entries = shape.class.iter().enumerate();
        let classes: Vec<DataClass> = entries
            .map(|(i, entry)| {
                let at = At { path: format!("class[{i}]"), span: entry.span() };
                let shape = entry.get_ref();
                let code = self.code(&at, &shape.code, &mut seen);
                let elsewhere = shape.elsewhere.get().copied().unwrap_or(false);
                if !elsewhere && !code.is_empty() && !KNOWN.contains(&&*code) {
                    let expected = format!("one of {}, or elsewhere = true", KNOWN.join(", "));
                    self.report.add(at.key("code"), shape.code.span(), format!("{code:?}"), expected);
                }
                let keep = shape.keep.get().cloned();
                if keep.as_deref().is_some_and(|keep| !KEEP.contains(&keep)) || (keep.is_none() && !elsewhere) {
                    let found = keep.as_ref().map_or_else(|| "nothing".to_owned(), |keep| format!("{keep:?}"));
                    let span = shape.keep.span().or_else(|| Some(at.span.clone()));
                    self.report.add(at.key("keep"), span, found, format!("one of {}", KEEP.join(", ")));
                }
                let erase = self.value(&at, "erase", &shape.erase, "\"erased\" or \"kept\"");
                DataClass {
                    code,
                    name: self.names(&at, &shape.name),
                    what: self.texts(&at, "what", &shape.what),
                    why: self.texts(&at, "why", &shape.why),
                    ground: self.texts(&at, "ground", &shape.ground),
                    erased: erase == Some(shape::Erase::Erased),
                    keep,
                    elsewhere,
                }
            })
            .collect();
        for code in KNOWN.into_iter().filter(|code| !classes.iter().any(|class| &*class.code == *code)) {
            self.report.add_missing(format!("class {code}"), None, "an entry for each class that the program holds");
        }
        classes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load;

    #[test]
    fn what_the_program_holds_has_to_be_told() {
        let text = "[[class]]\ncode = \"accounts\"\nerase = \"erased\"\nkeep = \"for ever\"\n";
        let problems = add(&mut load::embedded(), File::new("personal_data.toml"), text);
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        for part in ["class[0].keep: \"for ever\"", "class[0].name", "class sessions", "class audit"] {
            assert!(shown.iter().any(|problem| problem.contains(part)), "{part}\n{shown:#?}");
        }
    }

    #[test]
    fn a_municipality_adds_what_it_keeps_elsewhere() {
        let ours = include_str!("../../../../config/catalogues/personal_data.toml");
        let texts =
            ["name", "what", "why", "ground"].map(|key| format!("{key} = {{ el = \"α\", en = \"a\" }}\n")).concat();
        let text = format!("{ours}\n[[class]]\ncode = \"paper\"\n{texts}erase = \"kept\"\nelsewhere = true\n");
        let mut catalogue = load::embedded();
        assert_eq!(add(&mut catalogue, File::new("personal_data.toml"), &text), []);
        assert_eq!(catalogue.personal_data.last().map(|class| &*class.code), Some("paper"));
    }
}
