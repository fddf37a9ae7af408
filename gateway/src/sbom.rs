//! What this program is made of, as a CycloneDX 1.5 document: every crate that is linked in, its version and SHA-256.
//!
//! It is read from the lock file that the program was built with, so that it cannot be another program's.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

const LOCK: &str = include_str!("../../Cargo.lock");
const ROOT: &str = "city-gateway";

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Package {
    fn purl(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }
}

/// The document. What the lock file lists for tests and firmware alone is not in it; what a feature or another
/// system would add may be: it is a little too much, and never too little.
pub fn cyclonedx() -> Value {
    let lock: Lock = toml::from_str(LOCK).expect("cargo wrote it");
    let mut by_name: BTreeMap<&str, Vec<&Package>> = BTreeMap::new();
    for package in &lock.package {
        by_name.entry(&package.name).or_default().push(package);
    }
    // A dependency is `name`, or `name version` where there are several.
    let find = |dependency: &str| {
        let (name, version) = dependency.split_once(' ').unwrap_or((dependency, ""));
        let version = version.split(' ').next().unwrap_or_default();
        let candidates = by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        candidates.iter().copied().find(|package| version.is_empty() || package.version == version)
    };
    let root = find(ROOT).expect("the program itself");
    let (mut waiting, mut seen) = (vec![root], BTreeSet::from([root.purl()]));
    let (mut components, mut dependencies) = (Vec::new(), Vec::new());
    while let Some(package) = waiting.pop() {
        let needs: Vec<&Package> = package.dependencies.iter().filter_map(|needed| find(needed)).collect();
        let on: Vec<String> = needs.iter().map(|needed| needed.purl()).collect();
        dependencies.push(json!({ "ref": package.purl(), "dependsOn": on }));
        if package.name != ROOT {
            let mut component = json!({
                "type": "library",
                "bom-ref": package.purl(),
                "name": package.name,
                "version": package.version,
                "purl": package.purl(),
            });
            if let Some(checksum) = &package.checksum {
                component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
            }
            components.push(component);
        }
        waiting.extend(needs.into_iter().filter(|needed| seen.insert(needed.purl())));
    }
    let by = |key: &'static str| move |a: &Value, b: &Value| a[key].as_str().cmp(&b[key].as_str());
    components.sort_by(by("bom-ref"));
    dependencies.sort_by(by("ref"));
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root.purl(),
                "name": root.name,
                "version": root.version,
                "purl": root.purl(),
            },
        },
        "components": components,
        "dependencies": dependencies,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_is_named_once_with_its_sum_and_all_that_is_needed_is_there() {
        let document = cyclonedx();
        let components = document["components"].as_array().expect("a list");
        let names: BTreeSet<&str> = components.iter().map(|c| c["bom-ref"].as_str().expect("a text")).collect();
        assert_eq!(names.len(), components.len());
        assert!(names.iter().any(|name| name.starts_with("pkg:cargo/rusqlite@")));
        assert!(!names.iter().any(|name| name.starts_with("pkg:cargo/minimq@")), "the firmware's");
        let ours = ["protocols"];
        for component in components.iter().filter(|c| !ours.contains(&c["name"].as_str().expect("a text"))) {
            assert_eq!(component["hashes"][0]["content"].as_str().map(str::len), Some(64), "{component}");
        }
        for dependency in document["dependencies"].as_array().expect("a list") {
            for needed in dependency["dependsOn"].as_array().expect("a list") {
                assert!(names.contains(needed.as_str().expect("a text")), "{needed}");
            }
        }
    }
}
