//! What became of each scenario: for a person, and as JUnit's XML.

use std::fmt::Write;
use std::time::Duration;

/// What became of a scenario.
pub(crate) enum Outcome {
    /// Passed, with what was measured.
    Passed(String),
    /// Failed, and why.
    Failed(String),
    /// Could not run, and why.
    Skipped(String),
}

/// The outcomes of a run.
pub(crate) struct Report {
    bench: String,
    lines: Vec<(String, Outcome, Duration)>,
}

impl Report {
    /// Nothing has run on that bench yet.
    pub(crate) fn new(bench: &str) -> Self {
        Self { bench: bench.into(), lines: Vec::new() }
    }

    /// Prints an outcome and keeps it.
    pub(crate) fn add(&mut self, name: &str, outcome: Outcome, took: Duration) {
        let (word, text) = match &outcome {
            Outcome::Passed(figures) => ("pass", figures),
            Outcome::Failed(why) => ("FAIL", why),
            Outcome::Skipped(why) => ("skip", why),
        };
        println!("{word}  {name:32} {:6.1} s  {text}", took.as_secs_f64());
        self.lines.push((name.into(), outcome, took));
    }

    /// How many failed.
    pub(crate) fn failed(&self) -> usize {
        self.lines.iter().filter(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_))).count()
    }

    fn skipped(&self) -> usize {
        self.lines.iter().filter(|(_, outcome, _)| matches!(outcome, Outcome::Skipped(_))).count()
    }

    /// One line for all.
    pub(crate) fn summary(&self) -> String {
        let (all, failed, skipped) = (self.lines.len(), self.failed(), self.skipped());
        format!("{}: {} passed, {failed} failed, {skipped} skipped of {all}", self.bench, all - failed - skipped)
    }

    /// JUnit's XML.
    pub(crate) fn junit(&self) -> String {
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
            escaped(&self.bench),
            self.lines.len(),
            self.failed(),
            self.skipped()
        );
        for (name, outcome, took) in &self.lines {
            let seconds = took.as_secs_f64();
            let inside = match outcome {
                Outcome::Passed(figures) => format!("<system-out>{}</system-out>", escaped(figures)),
                Outcome::Failed(why) => format!("<failure message=\"{}\"/>", escaped(why)),
                Outcome::Skipped(why) => format!("<skipped message=\"{}\"/>", escaped(why)),
            };
            writeln!(
                xml,
                "  <testcase classname=\"{}\" name=\"{name}\" time=\"{seconds:.3}\">{inside}</testcase>",
                escaped(&self.bench)
            )
            .expect("a text takes all");
        }
        xml.push_str("</testsuite>\n");
        xml
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_is_not_passed_and_texts_are_escaped() {
        let mut report = Report::new("qemu");
        report.add("one", Outcome::Passed("1 < 2".into()), Duration::from_millis(1_500));
        report.add("two", Outcome::Skipped("no \"board\"".into()), Duration::ZERO);
        report.add("three", Outcome::Failed("a & b".into()), Duration::ZERO);
        assert_eq!(report.summary(), "qemu: 1 passed, 1 failed, 1 skipped of 3");
        let xml = report.junit();
        for part in [
            "tests=\"3\" failures=\"1\" skipped=\"1\"",
            "1 &lt; 2",
            "no &quot;board&quot;",
            "a &amp; b",
            "time=\"1.500\"",
        ] {
            assert!(xml.contains(part), "{part}: {xml}");
        }
    }
}
