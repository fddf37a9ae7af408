use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::schema::EXPLAINED;
use super::*;

/// A folder with `gateway.toml` in it.
fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("gateway.toml"), text).expect("it can be written");
    folder
}

fn load(folder: &tempfile::TempDir) -> Result<Config, Problems> {
    check::load(&folder.path().join("gateway.toml"), &|_| None)
}

/// Line, key and text of every problem.
fn problems(text: &str) -> Vec<(u32, String, String)> {
    let problems = load(&folder(text)).expect_err("there are problems");
    let line = |problem: &Problem| problem.place.map_or(0, |place| place.line);
    problems.as_slice().iter().map(|p| (line(p), p.key.clone(), p.to_string())).collect()
}

/// The one problem of `text`, without file and column.
fn problem(text: &str) -> String {
    match problems(text).as_slice() {
        [(_, _, shown)] => shown.split_once(": ").expect("file: problem").1.to_owned(),
        several => panic!("{several:#?}"),
    }
}

/// The explained file with every key that stands behind a '#'.
fn uncommented() -> String {
    let is_key =
        |line: &str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let uncomment = |line: &str| line.strip_prefix('#').filter(|rest| is_key(rest)).unwrap_or(line).to_owned();
    EXPLAINED.lines().map(uncomment).collect::<Vec<_>>().join("\n")
}

#[test]
fn eight_different_problems_are_told_at_once_with_their_lines() {
    let text = r#"time_zone = "Europe/Athina"
data_dri = "x"
[listen]
mqqt = "127.0.0.1:1883"
http = "0.0.0.0:8080"
[enrolment]
mode = "opne"
[windows]
lengths = ["PT15M", "PT7M"]
[limits]
nodes_max = "many"
journal_bytes_max = "1 GB"
in_flight_max = 20
"#;
    let found = problems(text);
    let keys: Vec<(u32, &str)> = found.iter().map(|(line, key, _)| (*line, key.as_str())).collect();
    let expected = [
        (1, "time_zone"),
        (2, "data_dri"),
        (4, "listen.mqqt"),
        (5, "listen.http"),
        (7, "enrolment.mode"),
        (9, "windows.lengths"),
        (11, "limits.nodes_max"),
        (12, "limits.journal_bytes_max"),
        (13, "limits.in_flight_max"),
    ];
    assert_eq!(keys, expected, "{found:#?}");
    let shown: Vec<&str> =
        found.iter().map(|(_, _, shown)| shown.split_once("gateway.toml:").expect("the file").1).collect();
    assert_eq!(
        shown,
        [
            "1:13: time_zone: this machine knows no time zone \"Europe/Athina\"; expected an IANA name such as \"Europe/Athens\" (did you mean `Europe/Athens`?)",
            "2:1: data_dri: unknown key; expected one of data_dir, catalogues, time_zone, demonstration, municipality, listen, enrolment, access, oidc, http, mqtt, audit, influxdb, broker, serial, alerts, delivery, windows, retention, limits (did you mean `data_dir`?)",
            "4:1: listen.mqqt: unknown key; expected one of mqtt, mqtts, http, http_beyond_loopback, public_url, trusted_proxies (did you mean `mqtt`?)",
            "5:8: listen.http: 0.0.0.0:8080 can be reached from other machines, and passwords would travel in clear; expected a certificate in [http.tls], or an address of 127.0.0.1 or [::1] (to allow it all the same, set http_beyond_loopback = true in [listen])",
            "7:8: enrolment.mode: \"opne\"; expected one of open, claim (did you mean `open`?)",
            "9:11: windows.lengths: \"PT7M\"; expected PTnM or PTnH that divide a day, or P1D for a local day",
            "11:13: limits.nodes_max: \"many\"; expected a whole number, 0 or more",
            "12:21: limits.journal_bytes_max: \"1 GB\"; expected a number of bytes, or a text such as \"512KiB\", \"16MiB\" or \"1GiB\"",
            "13:17: limits.in_flight_max: 20; expected 200 to 65535",
        ]
    );
}

#[test]
fn mistakes_of_syntax_are_told_with_the_others() {
    let found =
        problems("[listen]\nmqtt = \nhttp = \"nowhere\"\n[limits\nnodes_max = 5\n[retention]\nrejections_days = 0\n");
    let lines: Vec<u32> = found.iter().map(|(line, ..)| *line).collect();
    assert_eq!(lines, [2, 3, 4, 7], "{found:#?}");
    let found = problems("time_zone = \"UTC\"\ntime_zone = \"UTC\"\n");
    assert_eq!(found.iter().map(|(line, ..)| *line).collect::<Vec<_>>(), [2], "{found:#?}");
}

#[test]
fn a_file_cut_or_bent_anywhere_is_judged_and_not_stumbled_over() {
    let whole = uncommented();
    let file = Path::new("gateway.toml");
    let judge = |text: &str| {
        let (_, report) = document::read::<shape::Shape>(file, text);
        let lines = u32::try_from(text.lines().count()).expect("a short text") + 1;
        for problem in report.into_problems() {
            let place = problem.place.unwrap_or_else(|| panic!("{problem} has no place in\n{text}"));
            assert!(place.line <= lines, "{problem} in\n{text}");
        }
    };
    for (cut, _) in whole.char_indices().step_by(11) {
        judge(&whole[..cut]);
    }
    // Every line in turn with another kind of value, and with none.
    let lines: Vec<&str> = whole.lines().collect();
    for (i, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(" = ") && !line.starts_with('#')) {
        let key = line.split_once(" = ").expect("just seen").0;
        for value in
            ["", "nan", "[[1], {}]", "{ a = { b = 1 } }", "1979-05-27", "\"\"\"\n\"\"\"", "[", "-9999999999999999999"]
        {
            let bent = format!("{key} = {value}");
            let mut lines = lines.clone();
            lines[i] = &bent;
            let text = lines.join("\n");
            judge(&text);
            let problems = load(&folder(&text)).expect_err("no key takes any of these");
            let told = |p: &Problem| {
                let near = p.place.is_some_and(|p| (p.line as usize).abs_diff(i + 1) <= 1);
                near || p.hint.as_ref().is_some_and(|hint| hint.contains(&format!("line {} ", i + 1)))
            };
            // Fifteen files and folders that the whole file names are not there, and it.
            assert!(problems.as_slice().len() <= 16, "{bent} in line {}\n{problems}", i + 1);
            assert!(problems.as_slice().iter().any(told), "{bent} in line {}\n{problems}", i + 1);
        }
    }
}

#[test]
fn sections_of_another_kind_are_one_problem() {
    for text in [
        "limits = 5",
        "limits = [[1]]",
        "[[limits]]\nnodes_max = 5",
        "[limits.nodes_max]\nx = 1",
        "limits.nodes_max.x = 1",
    ] {
        let shown = problem(text);
        assert!(shown.starts_with("limits"), "{text}: {shown}");
    }
}

#[test]
fn every_bound_is_held() {
    let table = [
        ("data_dir = 7", "data_dir: 7; expected a text in quotes"),
        ("data_dir = \" \"", "data_dir: an empty text; expected a text, or no such key"),
        ("data_dir = \"gateway.toml\"", "is a file; expected a folder"),
        ("catalogues = \"none\"", "expected a folder with the catalogues"),
        ("municipality = 5", "municipality: 5; expected a table of keys"),
        ("municipality.logo = \"logo.gif\"", "municipality.logo: \"logo.gif\"; expected a file .svg or .png"),
        ("municipality.logo = \"logo.svg\"", "cannot be read"),
        ("municipality.name = \"a\\nb\"", "a text with a control character; expected one line of text"),
        ("listen.mqtt = \"localhost:1\"", "(write \"127.0.0.1:1\")"),
        (
            "listen.mqtt = \"127.0.0.1:8080\"",
            "listen.http: 127.0.0.1:8080 is MQTT's address too; expected an address of its own",
        ),
        ("listen.http = \"[::]:0\"", "http_beyond_loopback = true"),
        ("listen.http_beyond_loopback = 1", "listen.http_beyond_loopback: 1; expected true or false"),
        ("windows.lengths = []", "windows.lengths: 0 lengths; expected 1 to 7"),
        ("windows.lengths = [\"PT60M\", \"PT1H\"]", "windows.lengths: \"PT1H\" twice; expected each length once"),
        ("windows.lengths = [\"pt1h\"]", "(write \"PT1H\")"),
        ("windows.lengths = [\"PT1H\", 5]", "windows.lengths: 5; expected a text in quotes"),
        ("windows.settle_s = -1", "windows.settle_s: -1; expected a whole number, 0 or more"),
        ("windows.settle_s = 1.5", "windows.settle_s: 1.5; expected a whole number, 0 or more"),
        ("retention.aggregates_days = 10", "retention.aggregates_days: 10; expected observations_days = 730 or more"),
        ("limits.nodes_max = 0", "limits.nodes_max: 0; expected 1 to 1000000"),
        ("limits.packet_bytes_max = 10", "limits.packet_bytes_max: 10; expected 1KiB to 16MiB"),
        ("limits.packet_bytes_max = -10", "limits.packet_bytes_max: -10; expected a number of bytes"),
        (
            "limits.journal_segment_bytes = \"1GiB\"",
            "limits.journal_bytes_max: 1GiB; expected twice journal_segment_bytes (1GiB) or more",
        ),
        (
            "limits.journal_segment_bytes = \"64KiB\"",
            "journal_segment_bytes: 64KiB; expected twice packet_bytes_max (64KiB) or more",
        ),
        (
            "limits.disk_bytes_max = \"1GiB\"",
            "limits.disk_bytes_max: 1GiB; expected twice journal_bytes_max (1GiB) or more",
        ),
        (
            "demonstration = true\ninfluxdb = { url = \"http://127.0.0.1.example\", org = \"o\", bucket = \"b\" }",
            "demonstration: true beside [influxdb] on another machine; expected one of the two",
        ),
        ("influxdb = { org = \"o\", bucket = \"b\" }", "influxdb.url: missing; expected http:// or https://"),
        (
            "influxdb = { url = \"http://h\", bucket = \"b\" }",
            "influxdb.org: missing; expected the organisation's name",
        ),
        (
            "influxdb = { url = \"h:8086\", org = \"o\", bucket = \"b\" }",
            "influxdb.url: \"h:8086\"; expected http:// or https://",
        ),
        ("influxdb = { url = \"http://h:x\", org = \"o\", bucket = \"b\" }", "influxdb.url: \"http://h:x\"; expected"),
        ("influxdb = { url = 5, org = \"o\", bucket = \"b\" }", "influxdb.url: 5; expected a text in quotes"),
        (
            "influxdb = { url = \"http://h\", org = \"o\", bucket = \"b\", retry_delay_max_ms = 10 }",
            "influxdb.retry_delay_max_ms: 10; expected retry_delay_min_ms = 1000 or more",
        ),
        ("broker = {}", "broker.url: missing; expected mqtt://, a host"),
        ("broker = { url = \"h:1883\" }", "broker.url: \"h:1883\"; expected mqtt://, a host"),
        ("broker = { url = \"mqtts://h\" }", "TLS, which this version does not speak to a broker"),
        ("broker = { url = \"mqtt://u:p@h\" }", "a name or a password in it; expected username and password_file"),
        ("broker = { url = \"mqtt://h\", topics = [] }", "broker.topics: no topics"),
        ("broker = { url = \"mqtt://h\", topics = [\"a/#/b\"] }", "broker.topics: \"a/#/b\"; expected a topic filter"),
        ("serial = [{}]", "serial[0].path: missing; expected the port's device file"),
        ("serial = [{ path = \"a\" }, { path = \"a\" }]", "a is another line's port; expected a port of its own"),
        ("serial = [{ path = \"a\", protocol = \"modbus\" }]", "serial[0].protocol: \"modbus\"; expected cobs"),
        ("serial = [{ path = \"a\", nodes = [\"n\", \"n\"] }]", "serial[0].nodes: n twice"),
        ("serial = [{ path = \"a\", nodes = [\"N\"] }]", "serial[0].nodes: \"N\": a node's name is 1 to 64"),
    ];
    for (text, expected) in table {
        let shown = problem(text);
        assert!(shown.contains(expected), "{text}\n  gave     {shown}\n  expected {expected}");
    }
}

#[test]
fn a_file_that_is_not_there_or_not_text_is_a_problem() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    let shown = load(&empty).expect_err("there is no file").to_string();
    assert!(shown.contains("gateway.toml: cannot be read: No such file"), "{shown}");
    fs::write(empty.path().join("gateway.toml"), b"\xc4\xde\xec\xef\xf2").expect("it can be written");
    let shown = load(&empty).expect_err("Windows-1253 is not UTF-8").to_string();
    assert!(shown.contains("is not UTF-8; expected a file saved as UTF-8"), "{shown}");
}

#[test]
fn the_explained_file_holds_the_defaults() {
    let empty = folder("");
    let defaults = load(&empty).expect("an empty file is enough");
    fs::write(empty.path().join("gateway.toml"), EXPLAINED).expect("it can be written");
    let explained = load(&empty).expect("the explained file loads");
    assert!(explained == defaults, "{explained:?}\n{defaults:?}");
    assert!(Config::defaults(empty.path()) == defaults, "what tests and the demo start from");
    assert_eq!(defaults.listen.http, "127.0.0.1:8080".parse().expect("an address"));
    assert_eq!((defaults.enrolment, defaults.access.read), (Enrolment::Claim, Read::Token));
    assert_eq!(defaults.catalogue_source, CatalogueSource::Embedded);
    assert!(defaults.warnings.is_empty());

    let in_place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/gateway.toml");
    let in_place = check::load(&in_place, &|_| None).expect("the file loads where it stands");
    assert!(matches!(in_place.catalogue_source, CatalogueSource::Folder(_)), "the catalogues beside it are taken");
}

#[test]
fn the_explained_file_has_every_key_and_the_optional_ones_at_their_defaults() {
    let text = uncommented();
    let keys: toml::Table = text.parse().expect("the explained file without its comment signs");
    let schema: serde_json::Value = serde_json::from_str(&json_schema()).expect("the schema is JSON");
    fn compare(path: &str, schema: &serde_json::Value, keys: &toml::Table) {
        let properties = schema["properties"].as_object().expect("a table has properties");
        for (key, property) in properties {
            let value = keys.get(key).unwrap_or_else(|| panic!("{path}{key} is not explained"));
            if let toml::Value::Table(inner) = value {
                compare(&format!("{path}{key}."), property, inner);
            }
        }
        assert_eq!(properties.len(), keys.len(), "{path}");
    }
    compare("", &schema, &keys);

    let folder = folder(&text);
    fs::write(folder.path().join("logo.svg"), "<svg/>").expect("it can be written");
    fs::write(folder.path().join("influxdb.token"), "t\n").expect("it can be written");
    fs::write(folder.path().join("broker.password"), "p\n").expect("it can be written");
    fs::write(folder.path().join("oidc.secret"), "s\n").expect("it can be written");
    for (file, line) in
        [("smtp.password", "p"), ("sms.token", "t"), ("sms.url", "https://sms"), ("heartbeat.url", "https://up")]
    {
        fs::write(folder.path().join(file), line).expect("it can be written");
    }
    fs::create_dir(folder.path().join("tls")).expect("it can be made");
    for file in ["tls/fullchain.pem", "tls/privkey.pem", "tls/city-ca.pem"] {
        fs::write(folder.path().join(file), "").expect("it can be written");
    }
    let catalogues = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/catalogues");
    fs::create_dir(folder.path().join("catalogues")).expect("it can be made");
    for file in fs::read_dir(catalogues).expect("the folder is there") {
        let file = file.expect("an entry").path();
        if file.is_dir() {
            continue;
        }
        fs::copy(&file, folder.path().join("catalogues").join(file.file_name().expect("a name"))).expect("a copy");
    }
    let all = load(&folder).expect("every key is well").influxdb.expect("the section is there");
    fs::write(
        folder.path().join("gateway.toml"),
        "influxdb = { url = \"http://127.0.0.1:8086\", org = \"thessaloniki\", bucket = \"city\", token_file = \"influxdb.token\" }",
    )
    .expect("it can be written");
    let least = load(&folder).expect("the rest has defaults").influxdb.expect("the section is there");
    assert_eq!(all, least);
}

#[test]
fn the_schema_file_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/gateway.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, json_schema()).expect("it can be written");
    }
    let text = fs::read_to_string(&file).expect("the schema is there");
    assert!(text == json_schema(), "out of date: UPDATE=1 cargo test -p city-gateway the_schema_file_is_current");
}

#[test]
fn ways_to_tell_people_are_sound_or_say_why_not() {
    let table = [
        ("[delivery.smtp]\nhost = \"mail.example.gr\"\nfrom = \"a@b.gr\"\ntls = \"none\"", "would travel in clear"),
        ("[delivery.smtp]\nhost = \"mail.example.gr\"\nfrom = \"nobody\"", "delivery.smtp.from"),
        ("[delivery.smtp]\nhost = \"mail.example.gr\"\nfrom = \"a@b.gr\"\nusername = \"x\"", "one without the other"),
        ("[[delivery.webhook]]\nname = \"sms\"\nurl = \"http://sms.example.gr\"", "an address that cannot be used"),
        ("[[delivery.webhook]]\nname = \"a b\"\nurl = \"https://x.gr\"", "delivery.webhook[0].name"),
        (
            "[[delivery.webhook]]\nname = \"a\"\nurl = \"https://x.gr\"\npreset = \"sms\"\nevery = true",
            "somebody to go to",
        ),
        ("[[delivery.webhook]]\nname = \"a\"\nurl = \"https://x.gr\"\nfields = [\"sender\"]", "a name, =, and a value"),
        ("[delivery.mqtt]\ntopic = \"city/alerts\"", "no broker to publish to"),
        ("[delivery.heartbeat]\nevery_s = 1\nurl = \"https://x.gr\"", "5 to 86400"),
        ("demonstration = true\n[delivery.heartbeat]\nurl = \"https://x.gr\"", "demonstration data stays here"),
        (
            "demonstration = true\n[delivery.smtp]\nhost = \"mail.example.gr\"\nfrom = \"a@b.gr\"",
            "demonstration data stays here",
        ),
    ];
    for (text, part) in table {
        let told = problems(text);
        assert!(told.iter().any(|(_, _, shown)| shown.contains(part)), "{text}\n{told:?}");
    }
    let secret = "[[delivery.webhook]]\nname = \"a\"\nurl = \"http://sms.example.gr/key=geheim\"";
    assert!(problems(secret).iter().all(|(_, _, shown)| !shown.contains("geheim")), "an address may hold a secret");
}

#[test]
fn a_directory_is_asked_over_tls_and_knows_the_way_back() {
    let alone = problems("[oidc]\nissuer = \"http://login.example.gr\"\n");
    for part in ["oidc.issuer", "oidc.client_id", "public_url"] {
        assert!(alone.iter().any(|(_, _, shown)| shown.contains(part)), "{part} in {alone:?}");
    }
    let whole = "[listen]\npublic_url = \"https://gateway.example.gr\"\n[oidc]\nclient_id = \"gateway\"\nissuer = ";
    assert!(problem(&format!("{whole}\"https://somebody@login.example.gr\"")).contains("oidc.issuer"));
    let folder = folder(&format!("{whole}\"https://login.example.gr/\"\nclient_secret_file = \"secret\""));
    fs::write(folder.path().join("secret"), "very secret\n").expect("it can be written");
    let config = load(&folder).expect("all well");
    let oidc = config.oidc.clone().expect("the section is there");
    assert_eq!((oidc.issuer.as_str(), oidc.name.as_str()), ("https://login.example.gr", "https://login.example.gr"));
    assert_eq!(oidc.client_secret.as_ref().map(Secret::expose), Some("very secret"));
    assert!(!format!("{config:?}").contains("very secret"));
}

#[test]
fn a_token_comes_from_its_file_or_the_environment_and_is_never_shown() {
    let section = "influxdb = { url = \"http://store:8086/\", org = \"o\", bucket = \"b\" ";
    let folder = folder(&format!("{section}, token_file = \"token\" }}"));
    let token = folder.path().join("token");
    fs::write(&token, "from-the-file==\n").expect("it can be written");
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).expect("the mode can be set");
    let config = load(&folder).expect("all well");
    let influxdb = config.influxdb.clone().expect("the section is there");
    assert_eq!(influxdb.url, "http://store:8086");
    assert_eq!(influxdb.token.as_ref().map(Secret::expose), Some("from-the-file=="));
    assert!(!format!("{config:?}").contains("from-the-file"));
    assert_eq!(influxdb.token.expect("just seen").to_string(), "***");
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert!(warnings.iter().any(|w| w.contains("everybody on this machine can read")), "{warnings:?}");
    assert!(warnings.iter().any(|w| w.contains("the token goes to another machine unencrypted")), "{warnings:?}");

    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).expect("the mode can be set");
    assert_eq!(load(&folder).expect("all well").warnings.len(), 1);
    fs::write(&token, "two words").expect("it can be written");
    let shown = load(&folder).expect_err("no token").to_string();
    assert!(shown.contains("empty or holds more than a token") && !shown.contains("two words"), "{shown}");
    fs::remove_file(&token).expect("it can be removed");
    let shown = load(&folder).expect_err("no file").to_string();
    assert!(shown.ends_with("influxdb.token_file: the file cannot be read: No such file or directory (os error 2); expected a file that holds the token alone"), "{shown}");

    let file = folder.path().join("gateway.toml");
    fs::write(&file, format!("{section} }}")).expect("it can be written");
    let variable = |name: &str| (name == INFLUXDB_TOKEN_VARIABLE).then(|| "from-outside".to_owned());
    let config = check::load(&file, &variable).expect("all well");
    assert_eq!(config.influxdb.expect("the section").token.expect("the variable's").expose(), "from-outside");
    let config = load(&folder).expect("a store may ask for none");
    assert!(config.warnings[0].to_string().contains("unless the store asks for none"), "{:?}", config.warnings);
    assert!(check::load(&file, &|_| Some("a\nb".into())).is_err(), "a line break would end the header");
    fs::write(&file, "influxdb = { url = \"http://me:pass@h\", org = \"o\", bucket = \"b\" }")
        .expect("it can be written");
    let shown = load(&folder).expect_err("no passwords in addresses").to_string();
    assert!(shown.contains("a name or a password in it") && !shown.contains("pass@"), "{shown}");
}

#[test]
fn catalogues_beside_the_file_are_taken_and_their_problems_told_with_the_files() {
    let folder = folder("[listen]\nmqqt = 1\n");
    fs::create_dir(folder.path().join("catalogues")).expect("it can be made");
    fs::write(folder.path().join("catalogues/zones.toml"), "[[zone]]\ncode = 5\n").expect("it can be written");
    let shown = load(&folder).expect_err("problems in all").to_string();
    for part in [
        "gateway.toml:2:1: listen.mqqt",
        "quantities.toml: cannot be read",
        "zones.toml:2:8: zone[0].code: 5; expected a text",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}
