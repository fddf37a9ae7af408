//! What is wrong with a configuration: all of it at once, each with its place, what stands there and what was expected.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One thing that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// Line and column of the file, from 1; none when the file as a whole is meant.
    pub place: Option<Place>,
    /// The key, `listen.mqtt`; empty when no key is meant.
    pub key: String,
    /// What stands there.
    pub found: String,
    /// What was expected; empty when `found` says it all.
    pub expected: String,
    /// What would probably mend it.
    pub hint: Option<String>,
}

/// A place in a text file. Columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

impl Problem {
    /// Adds what would probably mend it.
    pub(crate) fn hint(&mut self, hint: impl Into<String>) {
        self.hint = Some(hint.into());
    }
}

impl fmt::Display for Problem {
    /// `gateway.toml:7:1: listen.mqqt: unknown key; expected one of mqtt, http (did you mean `mqtt`?)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        f.write_str(": ")?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.found)?;
        if !self.expected.is_empty() {
            write!(f, "; expected {}", self.expected)?;
        }
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

/// Everything that is wrong, by file and line; never empty. One a line when shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `Ok` when there are none.
    pub(crate) fn check(mut problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            return Ok(());
        }
        problems.sort_by(|a, b| (&a.file, a.place).cmp(&(&b.file, b.place)));
        Err(Self(problems))
    }

    /// The one problem that a file as a whole has.
    pub(crate) fn of_file(file: &Path, found: String, expected: &str) -> Self {
        let (file, expected) = (file.to_owned(), expected.to_owned());
        Self(vec![Problem { file, place: None, key: String::new(), found, expected, hint: None }])
    }

    pub(crate) fn into_vec(self) -> Vec<Problem> {
        self.0
    }

    /// The problems, by file and line.
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The problems of one file, while it is checked.
#[derive(Debug)]
pub(crate) struct Report {
    file: PathBuf,
    text: String,
    problems: Vec<Problem>,
    broken_lines: Vec<u32>,
}

impl Report {
    pub(crate) fn new(file: &Path, text: &str) -> Self {
        Self { file: file.to_owned(), text: text.to_owned(), problems: Vec::new(), broken_lines: Vec::new() }
    }

    /// An empty report of the same file.
    pub(crate) fn without_problems(&self) -> Self {
        Self::new(&self.file, &self.text)
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Adds a problem of `key`, which stands at `span`.
    pub(crate) fn add(
        &mut self,
        key: impl Into<String>,
        span: Option<Range<usize>>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> &mut Problem {
        self.problems.push(Problem {
            file: self.file.clone(),
            place: span.map(|span| self.place(span.start)),
            key: key.into(),
            found: found.into(),
            expected: expected.into(),
            hint: None,
        });
        self.problems.last_mut().expect("just pushed")
    }

    /// Adds a mistake of syntax. Its line is not judged further: the parser only guessed what it says, and stumbles
    /// several times over one slip of the pen.
    pub(crate) fn add_syntax(&mut self, span: Option<Range<usize>>, message: &str) -> Option<&mut Problem> {
        let line = span.clone().map(|span| self.place(span.start).line);
        if line.is_some_and(|line| self.broken_lines.contains(&line)) {
            return None;
        }
        self.broken_lines.extend(line);
        Some(self.add("", span, message, ""))
    }

    /// Adds that `key` is not there, unless it is there and known to be wrong.
    pub(crate) fn add_missing(&mut self, key: impl Into<String>, span: Option<Range<usize>>, expected: &str) {
        let key = key.into();
        if !self.problems.iter().any(|problem| problem.key == key) {
            self.add(key, span, "missing", expected);
        }
    }

    /// The file's text at `span`, on one line, cut when long.
    pub(crate) fn excerpt(&self, span: Range<usize>) -> String {
        let text = self.text.get(span).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        let mut short: String = line.chars().take(60).collect();
        if short.len() < text.trim_end().len() {
            short.push('…');
        }
        short
    }

    /// The line that a place in the text is on, from 1.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        self.place(offset).line
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let broken = |p: &Problem| p.place.is_some_and(|place| self.broken_lines.contains(&place.line));
        self.problems.into_iter().filter(|problem| problem.key.is_empty() || !broken(problem)).collect()
    }

    fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place { line: count(before.matches('\n').count() + 1), column: count(before[line_start..].chars().count() + 1) }
    }
}

/// "did you mean …?" when one of `known` is close to `found`.
pub(crate) fn did_you_mean<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let allowed = (found.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|known| (distance(found, known), known))
        .filter(|(distance, known)| {
            *distance <= allowed || (found.len() >= 4 && (known.contains(found) || found.contains(known)))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| format!("did you mean `{known}`?"))
}

/// How many letters must be put in, taken out, replaced or swapped with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + changed);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_word_is_offered_and_a_far_one_is_not() {
        let known = ["mqtt", "http", "http_beyond_loopback"];
        assert_eq!(did_you_mean("mqqt", known).as_deref(), Some("did you mean `mqtt`?"));
        assert_eq!(did_you_mean("mtqt", known).as_deref(), Some("did you mean `mqtt`?"));
        assert_eq!(did_you_mean("HTTP", known).as_deref(), Some("did you mean `http`?"));
        assert_eq!(did_you_mean("beyond_loopback", known).as_deref(), Some("did you mean `http_beyond_loopback`?"));
        assert_eq!(did_you_mean("colour", known), None);
    }

    #[test]
    fn places_count_lines_and_characters() {
        let report = Report::new(Path::new("x"), "α = 1\nβγ = 2\n");
        assert_eq!(report.place(0), Place { line: 1, column: 1 });
        assert_eq!(report.place("α = 1\nβγ".len()), Place { line: 2, column: 3 });
        assert_eq!(report.place(1_000), Place { line: 3, column: 1 }, "beyond the end is the end");
    }
}
