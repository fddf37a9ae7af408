//! `severity.toml`: schemes with their scales, whose products can be reached and rise.

use std::path::Path as File;

use super::super::severity::{MARKS_MAX, SCALES_MAX, Scale, Scheme};
use super::super::{Catalogue, Text, shape};
use super::{At, Entries, Seen};
use crate::config::document;
use crate::config::problem::Problem;

/// Reads the schemes into the catalogue, and says every problem of them.
pub(super) fn add(catalogue: &mut Catalogue, file: &File, text: &str) -> Vec<Problem> {
    let (shape, report) = document::read::<shape::Schemes>(file, text);
    let mut entries = Entries { report };
    catalogue.schemes = entries.schemes(&shape);
    entries.report.into_problems()
}

impl Entries {
    fn schemes(&mut self, shape: &shape::Schemes) -> Vec<Scheme> {
        let mut seen = Seen::default();
        let entries = shape.scheme.iter().enumerate();
        entries
            .map(|(i, entry)| {
                let at = At { path: format!("scheme[{i}]"), span: entry.span() };
                let shape = entry.get_ref();
                let scales = self.scales(&at, shape);
                let (mut important_from, mut urgent_from) = (0, 0);
                if !scales.is_empty() {
                    let most = scales.iter().map(|scale| scale.marks.len() as u32).product();
                    let mut from = |name: &str, key, least| {
                        self.value(&at, name, key, "a product of marks")
                            .and_then(|_| self.whole(&at.key(name), key, least, most))
                            .unwrap_or(least)
                    };
                    important_from = from("important_from", &shape.important_from, 1);
                    urgent_from = from("urgent_from", &shape.urgent_from, important_from);
                }
                Scheme {
                    code: self.code(&at, &shape.code, &mut seen),
                    name: self.names(&at, &shape.name),
                    source: self.text(&at, "source", &shape.source),
                    scales,
                    important_from,
                    urgent_from,
                }
            })
            .collect()
    }

    fn scales(&mut self, at: &At, shape: &shape::Scheme) -> Vec<Scale> {
        if shape.scale.len() > SCALES_MAX {
            let found = format!("{} scales", shape.scale.len());
            self.report.add(at.key("scale"), Some(at.span.clone()), found, format!("{SCALES_MAX} at most"));
        }
        let mut seen = Seen::default();
        let entries = shape.scale.iter().enumerate();
        entries
            .map(|(n, entry)| {
                let at = At { path: at.key(&format!("scale[{n}]")), span: entry.span() };
                let shape = entry.get_ref();
                if !(2..=MARKS_MAX).contains(&shape.marks.len()) {
                    let found = format!("{} marks", shape.marks.len());
                    self.report.add(at.key("marks"), Some(at.span.clone()), found, format!("2 to {MARKS_MAX}"));
                }
                let marks = shape.marks.iter().enumerate().map(|(k, mark)| {
                    let at = At { path: at.key(&format!("marks[{k}]")), span: mark.span() };
                    let mark = mark.get_ref();
                    Text { el: self.text(&at, "el", &mark.el), en: self.text(&at, "en", &mark.en) }
                });
                let marks = marks.collect();
                Scale { code: self.code(&at, &shape.code, &mut seen), name: self.names(&at, &shape.name), marks }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load;

    #[test]
    fn what_no_mark_can_reach_or_no_scheme_has_is_told_with_its_place() {
        let text = r#"
[[scheme]]
code = "three"
name = { el = "α", en = "a" }
source = "house rule"
important_from = 4
urgent_from = 10

[[scheme.scale]]
code = "risk"
name = { el = "α", en = "a" }
marks = [{ el = "α", en = "a" }, { el = "β" }, { el = "γ", en = "c" }]

[[scheme]]
code = "one"
name = { el = "α", en = "a" }
source = "house rule"

[[scheme.scale]]
code = "risk"
name = { el = "α", en = "a" }
marks = [{ el = "α", en = "a" }]
"#;
        let problems = add(&mut load::embedded(), File::new("severity.toml"), text);
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        for part in [
            "scheme[0].important_from: 4",
            "scheme[0].urgent_from: 10",
            "scheme[0].scale[0].marks[1].en",
            "scheme[1].scale[0].marks: 1 marks",
        ] {
            assert!(shown.iter().any(|problem| problem.contains(part)), "{part}\n{shown:#?}");
        }
    }
}
