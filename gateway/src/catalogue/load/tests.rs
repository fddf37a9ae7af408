use super::*;
use crate::catalogue::Rule;

/// Line and text of every problem of the three files.
fn problems(quantities: &str, node_types: &str, zones: &str) -> Vec<String> {
    let texts = [("quantities.toml", quantities), ("node_types.toml", node_types), ("zones.toml", zones)];
    let (_, problems) = check(texts.map(|(name, text)| (Path::new(name), text)));
    let problems = Problems::check(problems).expect_err("there are problems");
    problems.as_slice().iter().map(ToString::to_string).collect()
}

#[test]
fn problems_of_all_files_are_told_at_once() {
    let quantities = r#"[[quantity]]
code = "pm10"
number = 3
name = { el = "α", en = "a" }
unit = "ug/m3"
decimals = 2
rule = "mean"
tests = { range_fail = [100, 0] }
[[quantity]]
code = "pm10"
number = 3
name = { el = "α" }
unit = "ug/m3"
decimals = 9
rule = "men"
modulus = 5
conversions = [{ unit = "ug/m3" }, { unit = "x", scale = 0 }]
[[quantity]]
code = "wind"
name = { el = "α", en = "a" }
unit = "deg"
decimals = 1
rule = "circular"
calm = { quantity = "pm11", below = 1 }
modulus = 5
tests = { range_fail = [0, 10], range_suspect = [0, 20] }
colour = "red"
"#;
    let node_types = "[[node_type]]\ncode = \"a b\"\nname = { el = \"α\", en = \"a\" }\nsensor = \"s\"\npower = \"wind\"\nperiod_s = { pm10 = 0, pm100 = 5 }\n";
    let zones = "[[zone]]\ncode = \"DKA\"\nname = { el = \"α\", en = \"a\" }\nlat = 95\nlon = 22\n[[site]]\ncode = \"tower\"\nname = { el = \"α\", en = \"a\" }\nzone = \"DKB\"\nlat = 40\n";
    assert_eq!(
        problems(quantities, node_types, zones),
        [
            "node_types.toml:2:8: node_type[0].code: \"a b\"; expected 1 to 64 of A-Z a-z 0-9 - _",
            "node_types.toml:5:9: node_type[0].power: \"wind\"; expected one of mains, night, battery, solar",
            "node_types.toml:6:21: node_type[0].period_s.pm10: 0; expected 1 to 31622400",
            "node_types.toml:6:32: node_type[0].period_s.pm100: unknown quantity pm100; expected a quantity of quantities.toml (did you mean `pm10`?)",
            "quantities.toml:8:24: quantity[0].tests.range_fail: [100, 0]; expected [smallest, largest]",
            "quantities.toml:10:8: quantity[1].code: pm10 again, as in line 2; expected a code of its own",
            "quantities.toml:11:10: quantity[1].number: 3 again, as in line 3; expected a number of its own",
            "quantities.toml:12:8: quantity[1].name.en: missing; expected a text",
            "quantities.toml:14:12: quantity[1].decimals: 9; expected 0 to 6",
            "quantities.toml:15:8: quantity[1].rule: \"men\"; expected one of mean, energetic, maximum, extent, circular, counter, increment, state (did you mean `mean`?)",
            "quantities.toml:17:25: quantity[1].conversions[0].unit: ug/m3 is the quantity's own; expected another unit",
            "quantities.toml:17:58: quantity[1].conversions[1].scale: 0; expected a factor that is not 0",
            "quantities.toml:24:21: quantity[2].calm.quantity: unknown quantity \"pm11\"; expected a quantity of this file (did you mean `pm10`?)",
            "quantities.toml:25:11: quantity[2].modulus: rule is \"circular\"; expected modulus with rule = \"counter\" alone",
            "quantities.toml:26:49: quantity[2].tests.range_suspect: [0, 20]; expected within range_fail = [0, 10]",
            "quantities.toml:27:1: quantity[2].colour: unknown key; expected one of code, number, name, unit, definition, decimals, rule, calm, modulus, states, conversions, period_s, tests",
            "zones.toml:4:7: zone[0].lat: 95; expected degrees of WGS 84, −90 to 90",
            "zones.toml:6:1: site[0].lon: missing; expected degrees of WGS 84, −180 to 180",
            "zones.toml:9:8: site[0].zone: unknown zone \"DKB\"; expected one of DKA (did you mean `DKA`?)",
        ]
    );
}

#[test]
fn the_programs_own_catalogues_are_sound_and_whole() {
    let (catalogue, problems) = check(FILES.map(|(name, text)| (Path::new(name), text)));
    assert_eq!(problems, []);
    let codes: Vec<&str> = catalogue.quantities().iter().map(|quantity| &*quantity.code).collect();
    let expected = "pm1 pm25 pm10 no2 so2 o3 no co sound_laeq sound_lamax sound_l10 sound_l50 sound_l90 temperature \
        humidity pressure wind_speed wind_direction rain parking bin_fill bin_temperature water_level water_pressure \
        water_flow ph turbidity chlorine lamp_power lamp_energy lamp_dimming traffic_count traffic_speed soil_moisture \
        impact tilt uses surface_temperature lift_trips lift_door_cycles vibration motor_temperature battery signal \
        uptime reset_cause impact_duration link_errors fault fault_place levelling";
    assert_eq!(codes, expected.split_whitespace().collect::<Vec<_>>());
    for (i, quantity) in catalogue.quantities().iter().enumerate() {
        assert_eq!(quantity.number.map(usize::from), Some(i + 1), "{}", quantity.code);
    }
    let counts = (catalogue.node_types.len(), catalogue.zones.len(), catalogue.sites.len());
    assert_eq!(counts, (19, 6, 16));
}

#[test]
fn every_greek_name_is_written_in_greek_letters() {
    // A Latin A among Greek letters looks the same and is not found by a search.
    let latin = |word: &str| word.chars().any(|c| c.is_ascii_alphabetic());
    let greek = |word: &str| word.chars().any(|c| ('\u{370}'..'\u{400}').contains(&c));
    let catalogue = embedded();
    let quantities = catalogue.quantities().iter().map(|quantity| &quantity.name);
    let others = catalogue.node_types.values().map(|t| &t.name).chain(catalogue.zones.iter().map(|z| &z.name));
    for name in quantities.chain(others).chain(catalogue.sites.iter().map(|site| &site.name)) {
        for word in name.el.split(|c: char| !c.is_alphanumeric()) {
            assert!(!(latin(word) && greek(word)), "{word} in {}", name.el);
        }
        assert!(greek(&name.el), "{} is not Greek", name.el);
        assert!(!greek(&name.en), "{} is not English", name.en);
    }
}

#[test]
fn conversions_give_the_values_that_are_known() {
    let catalogue = embedded();
    let convert = |code: &str, unit: &str, sent: f64| {
        let quantity = catalogue.quantity(catalogue.find(code).expect("it is there"));
        let found = quantity.conversions.iter().find(|conversion| &*conversion.unit == unit);
        let conversion = found.unwrap_or_else(|| panic!("{code} takes {unit}"));
        sent * conversion.scale + conversion.offset
    };
    let table = [
        ("temperature", "K", 273.15, 0.0),
        ("temperature", "[degF]", 212.0, 100.0),
        ("humidity", "/", 0.455, 45.5),
        ("pressure", "Pa", 101_325.0, 1013.25),
        ("pressure", "mm[Hg]", 760.0, 1013.25),
        ("wind_speed", "km/h", 36.0, 10.0),
        ("wind_direction", "rad", std::f64::consts::PI, 180.0),
        ("no2", "ppb", 100.0, 191.25),
        ("co", "ug/m3", 1_500.0, 1.5),
        ("co", "kg/m3", 1e-6, 1.0),
        ("pm25", "kg/m3", 1e-8, 10.0),
        ("water_flow", "l/s", 1.0, 3.6),
        ("lamp_energy", "J", 3.6e6, 1.0),
        ("impact", "m/s2", 9.80665, 1.0),
        ("signal", "dBW", -120.0, -90.0),
        ("battery", "mV", 3_600.0, 3.6),
        ("uptime", "h", 2.0, 7_200.0),
    ];
    for (code, unit, sent, stored) in table {
        let got = convert(code, unit, sent);
        assert!((got - stored).abs() < 1e-3 * stored.abs().max(1e-6), "{code} {sent} {unit} gave {got}, not {stored}");
    }
}

#[test]
fn rules_are_those_of_the_domain() {
    let catalogue = embedded();
    let rule = |code: &str| catalogue.quantity(catalogue.find(code).expect("it is there")).rule.clone();
    assert_eq!(rule("sound_laeq"), Rule::Energetic);
    assert_eq!(rule("sound_lamax"), Rule::Maximum);
    assert_eq!(rule("sound_l50"), Rule::Extent);
    assert_eq!(rule("wind_direction"), Rule::Circular { calm: Some(("wind_speed".into(), 0.5)) });
    assert_eq!(rule("rain"), Rule::Increment);
    assert_eq!(rule("uses"), Rule::Counter { modulus: None });
    let Rule::State { states } = rule("parking") else { panic!("parking is a state") };
    let states: Vec<(i32, &str, bool)> = states.iter().map(|s| (s.value, &*s.code, s.unknown)).collect();
    assert_eq!(states, [(0, "free", false), (1, "occupied", false), (2, "unknown", true)]);
}

#[test]
fn a_file_cut_anywhere_is_judged_and_not_stumbled_over() {
    let [quantities, node_types, zones] = FILES.map(|(name, text)| (Path::new(name), text));
    for (cut, _) in quantities.1.char_indices().step_by(211) {
        check([(quantities.0, &quantities.1[..cut]), node_types, zones]);
    }
    for (cut, _) in zones.1.char_indices().step_by(97) {
        let (_, problems) = check([quantities, node_types, (zones.0, &zones.1[..cut])]);
        assert!(problems.iter().all(|problem| problem.file == zones.0), "{problems:?}");
    }
}

#[test]
fn the_catalogue_numbers_quantities_as_native_frames_do() {
    let catalogue = embedded();
    for (number, code) in protocols::quantity::ALL {
        let found = catalogue.find_number(*number).map(|index| &*catalogue.quantity(index).code);
        assert_eq!(found, Some(*code), "number {number}");
    }
    assert_eq!(catalogue.quantities().iter().filter(|q| q.number.is_some()).count(), protocols::quantity::ALL.len());
}
