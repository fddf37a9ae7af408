//! [`Rules`]: those of the catalogue and those written on the page, as one. A rule of the page stands in place of the catalogue's of
//! that code; either may rest.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::catalogue::alerts::AlertRule;
use crate::catalogue::load::alerts as load;
use crate::config::problem::Problem;
use crate::reading::Timestamp;

/// What problems of a rule of the page name as its file.
const PAGE: &str = "rule";

/// A rule as somebody wrote it on the page, or set to rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its code.
    pub code: Box<str>,
    /// As the text of a catalogue file; none where a rule of the catalogue only rests.
    pub toml: Option<String>,
    /// Whether it rests.
    pub rests: bool,
    /// When it was written.
    pub at: Timestamp,
    /// By whom, by pseudonym.
    pub by: Box<str>,
}

/// A rule, and where it is from.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The rule.
    pub rule: Arc<AlertRule>,
    /// As it was written on the page; none where it is the catalogue's as it stands.
    pub written: Option<Written>,
}

impl Listed {
    /// Whether it rests.
    pub fn rests(&self) -> bool {
        self.written.as_ref().is_some_and(|written| written.rests)
    }
}

/// All rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    listed: Vec<Listed>,
    /// Those that do not rest, by the quantity that they ask about.
    by_quantity: HashMap<Arc<str>, Arc<[Arc<AlertRule>]>>,
    /// Codes of the page that the catalogue no longer allows, with why.
    unsound: Vec<(Box<str>, String)>,
}

impl Rules {
    /// The catalogue's rules and those of the page.
    pub fn new(catalogue: &Catalogue, written: &[Written]) -> Self {
        let mut rules = Self::default();
        let of_code = |code: &str| written.iter().find(|written| *written.code == *code);
        for rule in &catalogue.alerts {
            let written = of_code(&rule.code);
            let own = written.and_then(|written| rules.read(catalogue, written));
            let rule = own.unwrap_or_else(|| Arc::new(rule.clone()));
            rules.listed.push(Listed { rule, written: written.cloned() });
        }
        for written in written {
            let ours = catalogue.alerts.iter().any(|rule| *rule.code == *written.code);
            if let Some(rule) = (!ours).then(|| rules.read(catalogue, written)).flatten() {
                rules.listed.push(Listed { rule, written: Some(written.clone()) });
            }
        }
        let mut by_quantity: HashMap<Arc<str>, Vec<Arc<AlertRule>>> = HashMap::new();
        for rule in rules.active() {
            if let Some(quantity) = rule.on.quantity() {
                by_quantity.entry(quantity.clone()).or_default().push(rule.clone());
            }
        }
        let by_quantity = by_quantity.into_iter().map(|(quantity, rules)| (quantity, rules.into())).collect();
        Self { by_quantity, ..rules }
    }

    fn read(&mut self, catalogue: &Catalogue, written: &Written) -> Option<Arc<AlertRule>> {
        match one(catalogue, written.toml.as_deref()?) {
            Ok(rule) => Some(Arc::new(rule)),
            Err(problems) => {
                let why = problems.first().map(ToString::to_string).unwrap_or_default();
                self.unsound.push((written.code.clone(), why));
                None
            }
        }
    }

    /// Each with where it is from: the catalogue's in its order, then the page's own.
    pub fn listed(&self) -> &[Listed] {
        &self.listed
    }

    /// The rule of that code.
    pub fn find(&self, code: &str) -> Option<&Listed> {
        self.listed.iter().find(|listed| *listed.rule.code == *code)
    }

    /// Those that do not rest.
    pub fn active(&self) -> impl Iterator<Item = &Arc<AlertRule>> {
        self.listed.iter().filter(|listed| !listed.rests()).map(|listed| &listed.rule)
    }

    /// Those of them that ask about a quantity.
    pub fn of_quantity(&self, code: &str) -> &[Arc<AlertRule>] {
        self.by_quantity.get(code).map_or(&[], |rules| rules)
    }

    /// Rules of the page that the catalogue no longer allows, with why.
    pub fn unsound(&self) -> &[(Box<str>, String)] {
        &self.unsound
    }
}

/// The one rule of a text.
///
/// # Errors
/// Every problem of it; a text without just one rule has one too.
pub fn one(catalogue: &Catalogue, toml: &str) -> Result<AlertRule, Vec<Problem>> {
    let (mut rules, problems) = load::read(catalogue, Path::new(PAGE), toml, false);
    if !problems.is_empty() {
        return Err(problems);
    }
    match (rules.pop(), rules.is_empty()) {
        (Some(rule), true) => Ok(rule),
        _ => Err(crate::config::Problems::of_file(Path::new(PAGE), "not one rule".into(), "one rule").into_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load;

    fn written(code: &str, toml: Option<&str>, rests: bool) -> Written {
        let (at, by) = (Timestamp::default(), "person/a".into());
        Written { code: code.into(), toml: toml.map(str::to_owned), rests, at, by }
    }

    #[test]
    fn the_page_stands_in_place_of_the_catalogue_adds_to_it_and_lets_rest() {
        let catalogue = load::embedded();
        let rule = |code: &str| {
            format!(
                "[[rule]]\ncode = \"{code}\"\nname = {{ el = \"α\", en = \"mine\" }}\nseverity = \"alarm\"\nsource = \"x\"\n\
                 instructions = {{ el = \"α\", en = \"a\" }}\non = \"above\"\nquantity = \"pm10\"\nlevel = 1\n"
            )
        };
        let rules = Rules::new(
            &catalogue,
            &[
                written("bin-fire", Some(&rule("bin-fire")), false),
                written("mine", Some(&rule("mine")), false),
                written("bin-full", None, true),
                written("broken", Some(&rule("broken").replace("pm10", "pm11")), false),
            ],
        );
        assert_eq!(rules.listed().len(), catalogue.alerts.len() + 1);
        assert_eq!(rules.find("bin-fire").expect("there").rule.name.en, "mine");
        assert_eq!(rules.of_quantity("pm10").len(), 2);
        assert!(rules.of_quantity("bin_fill").is_empty() && rules.find("bin-full").expect("listed").rests());
        assert_eq!(rules.unsound().len(), 1);
        assert!(rules.unsound()[0].1.contains("pm11"), "{:?}", rules.unsound());
    }
}
