//! The JSON schema of the configuration file, for editors: made from the shape, with the defaults of `config/gateway.toml`.

use super::shape::Shape;

/// The file that explains every key and holds every default.
pub(super) const EXPLAINED: &str = include_str!("../../../config/gateway.toml");

/// The schema as `config/gateway.schema.json` holds it.
pub fn json_schema() -> String {
    let mut schema = schemars::generate::SchemaSettings::draft07()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<Shape>()
        .to_value();
    let defaults: toml::Table = EXPLAINED.parse().expect("a test loads the file");
    add_defaults(&mut schema, &defaults);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema has text keys only");
    text.push('\n');
    text
}

fn add_defaults(schema: &mut serde_json::Value, defaults: &toml::Table) {
    for (key, default) in defaults {
        let property = &mut schema["properties"][key];
        match default {
            toml::Value::Table(inner) => add_defaults(property, inner),
            value => property["default"] = serde_json::to_value(value).expect("no dates and no infinities among them"),
        }
    }
}
