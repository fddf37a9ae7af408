//! Forms filled in in the street: taken once however often they are sent, each by itself, from whoever filled it in; what was answered
//! is there after a kill.

use serde_json::{Value, json};
use tests::Gateway;
use tests::people::Person;

const STRICT: (&str, &str) = ("access.read", "\"token\"");
const JPEG: &[u8] = b"\xff\xd8\xff\xe1\x00\x0aGPS 40.6\xff\xda\x00\x02pixels\xff\xd9";

fn playground(operator: &Person) {
    for fields in [
        [("id", "pg-1"), ("kind", "playground"), ("name_el", "Παιδική χαρά"), ("site", "toumba"), ("parent", "")],
        [("id", "sw-1"), ("kind", "swing"), ("name_el", "Κούνια"), ("site", ""), ("parent", "pg-1")],
        [("id", "pg-2"), ("kind", "playground"), ("name_el", "Άλλη"), ("site", "aristotelous"), ("parent", "")],
    ] {
        let answer = operator.post("/equipment/new", &fields);
        assert_eq!(answer.status, 303, "{}", answer.text());
    }
}

fn send(person: &Person, forms: &[Value]) -> Vec<(String, String)> {
    let body = json!({ "forms": forms }).to_string();
    let answer = person.send("/field/forms", "application/json", body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let results = answer.json()["results"].as_array().expect("results").clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    results.iter().map(|result| (text(&result["state"]), text(&result["reason"]))).collect()
}

fn taken() -> (String, String) {
    ("taken".into(), String::new())
}

fn refused(reason: &str) -> (String, String) {
    ("refused".into(), reason.into())
}

fn round(day: &Value, uid: &str, asset: &str) -> Value {
    let now = day["at"].as_i64().expect("a time");
    json!({
        "form": "inspection", "uid": uid, "by": day["person"], "asset": asset, "of_type": "routine_visual",
        "version": day["units"][0]["version"], "started_at": now - 40_000, "ended_at": now, "answers": [],
        "all_else_in_order": true,
    })
}

fn status(person: &Person, asset: &str) -> Value {
    let day = person.get("/field/day").json();
    let units = day["units"].as_array().expect("units").clone();
    let mut assets = units.iter().flat_map(|unit| unit["assets"].as_array().expect("assets"));
    assets.find(|one| one["id"] == asset).unwrap_or_else(|| panic!("no {asset} in {day}"))["status"].clone()
}

#[test]
fn a_day_in_the_street_is_sent_once_and_stays() {
    let mut gateway = Gateway::start(&[STRICT]);
    let (operator, inspector, technician) = (
        gateway.person("nikos", "operator"),
        gateway.person("eleni", "inspector"),
        gateway.person("petros", "technician"),
    );
    playground(&operator);
    let day = inspector.get("/field/day").json();
    assert_eq!(day["units"].as_array().map(Vec::len), Some(2), "a swing is inspected with its playground: {day}");
    assert_eq!(day["units"][0]["assets"].as_array().map(Vec::len), Some(2));

    let mut broken = round(&day, "round-0001", "pg-1");
    broken["defects"] = json!([{
        "uid": "chain-0001", "asset": "sw-1", "item": "chain", "severity": "urgent", "text": "κομμένος κρίκος",
    }]);
    let sound = round(&day, "round-0002", "pg-2");
    assert_eq!(send(&inspector, &[broken.clone(), sound]), [taken(), taken()]);
    assert_eq!(send(&inspector, &[broken]), [("before".to_owned(), String::new())], "the answer was lost on its way");
    assert_eq!(status(&technician, "sw-1"), "ordered");

    // Bars it, with a photograph that does not tell where it was taken.
    let step = |person: &Person, deed: Value, uid: &str, files: &[&str]| {
        let day = person.get("/field/day").json();
        json!({ "form": "step", "uid": uid, "by": day["person"], "asset": "sw-1", "at": day["at"], "deed": deed, "files": files })
    };
    let barred = |files: &[&str]| step(&technician, json!({ "kind": "barred" }), "barred-01", files);
    assert_eq!(send(&technician, &[barred(&[])]), [refused("evidence")]);
    assert_eq!(send(&technician, &[barred(&[&"0".repeat(64)])]), [refused("no_document")]);
    let kept = technician.send("/field/documents", "image/jpeg", JPEG).json();
    let sum = kept["sha256"].as_str().expect("a sum").to_owned();
    assert_eq!(send(&technician, &[barred(&[&sum])]), [taken()]);
    let photo = operator.get(&format!("/documents/{sum}"));
    assert_eq!(photo.status, 200);
    assert!(!photo.body.windows(3).any(|three| three == b"GPS") && photo.body.starts_with(b"\xff\xd8"));

    gateway.kill();
    gateway.restart();
    assert_eq!(status(&gateway.sign_in("petros"), "sw-1"), "locked_out");
    let inspector = gateway.sign_in("eleni");
    assert!(inspector.get("/equipment/sw-1").text().contains("κομμένος κρίκος"));
    // What goes on paper says the same, in Greek.
    let paper = |path: &str| {
        let answer = inspector.get(path);
        assert_eq!(answer.status, 200, "{path}");
        let file = gateway.folder().join("paper.pdf");
        std::fs::write(&file, &answer.body).expect("the folder is ours");
        let read = std::process::Command::new("pdftotext").arg("-layout").arg(&file).arg("-").output();
        String::from_utf8(read.expect("pdftotext: apt-get install poppler-utils").stdout).expect("text")
    };
    let report = paper("/equipment/steps/round-0001/pdf");
    for part in ["Τακτικός οπτικός έλεγχος", "κομμένος κρίκος", "επείγον", "Αλυσίδες ή σχοινιά", "Σελίδα 1 από"]
    {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
    let book = paper("/equipment/sw-1/book.pdf");
    for part in ["Βιβλίο Συντήρησης", "Κούνια", "κομμένος κρίκος", "ακινητοποίηση"]
    {
        assert!(book.contains(part), "{part} is not in\n{book}");
    }
    // Everything is in a copy, photographs too.
    let copy = gateway.folder().join("copy");
    let made = gateway.command(&format!("backup --config FILE --out {}", copy.display()));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert!(copy.join("data/documents").join(&sum[..2]).join(&sum).is_file());
    assert!(gateway.command("audit verify --config FILE").status.success());
}

#[test]
fn what_cannot_be_is_refused_in_its_place_and_holds_up_nothing() {
    let gateway = Gateway::start(&[STRICT]);
    let (operator, inspector, technician) = (
        gateway.person("nikos", "operator"),
        gateway.person("eleni", "inspector"),
        gateway.person("petros", "technician"),
    );
    playground(&operator);
    let day = inspector.get("/field/day").json();
    let with = |uid: &str, key: &str, value: Value| {
        let mut form = round(&day, uid, "pg-1");
        form[key] = value;
        form
    };
    let forms = [
        json!("a text"),
        json!({ "form": "poem", "uid": "poem-00001" }),
        with("another-1", "by", json!("person/somebody")),
        with("future-01", "ended_at", json!(day["at"].as_i64().expect("a time") + 3_600_000)),
        with("old-form1", "started_at", json!(0)),
        with("unknown-1", "asset", json!("pg-9")),
        with("part-0001", "asset", json!("sw-1")),
        with("type-0001", "of_type", json!("moon")),
        with("huge-note", "note", json!("ψ".repeat(5_000))),
        with("answers-1", "answers", json!([{ "asset": "pg-2", "item": "litter", "result": "ok" }])),
        round(&day, "well-0001", "pg-1"),
    ];
    let expected = [
        "unreadable",
        "unreadable",
        "another_hand",
        "times",
        "times",
        "no_asset",
        "not_a_unit",
        "no_type",
        "too_long",
        "not_asked",
    ];
    let mut expected: Vec<_> = expected.into_iter().map(refused).collect();
    expected.push(taken());
    assert_eq!(send(&inspector, &forms), expected);
    // A technician does not inspect, and does not release.
    let theirs = technician.get("/field/day").json();
    let released = json!({
        "form": "step", "uid": "release-1", "by": theirs["person"], "asset": "sw-1", "at": theirs["at"],
        "deed": { "kind": "released", "inspection": "well-0001" },
    });
    assert_eq!(
        send(&technician, &[round(&theirs, "round-900", "pg-1"), released]),
        [refused("forbidden"), refused("forbidden")]
    );
    // Nobody writes a lapse by hand, nor a step without end.
    let step = |uid: &str, deed: Value| json!({ "form": "step", "uid": uid, "by": theirs["person"], "asset": "sw-1", "at": theirs["at"], "deed": deed });
    let forms = [
        step("lapse-0001", json!({ "kind": "lockout_ordered", "cause": { "certificate": "suitability_mark" } })),
        step("found-0001", json!({ "kind": "found", "severity": "urgent", "text": "ψ".repeat(40_000) })),
    ];
    assert_eq!(send(&technician, &forms), [refused("unreadable"), refused("too_long")]);
    assert_eq!(status(&technician, "sw-1"), "open");
    for (kind, body) in
        [("image/jpeg", &b"<script>alert(1)</script>"[..]), ("image/gif", b"GIF89a"), ("text/plain", b"")]
    {
        assert_eq!(technician.send("/field/documents", kind, body).status, 415, "{kind}");
    }
    let huge = vec![0xff_u8; 9 << 20];
    // The connection may be closed before all of it is sent.
    let origin = format!("http://{}", gateway.http().get());
    let headers = [("Origin", origin.as_str()), ("Cookie", technician.cookie())];
    if let Ok(answer) = tests::http::ask(&gateway.http().get(), "POST", "/field/documents", &headers, &huge) {
        assert_eq!(answer.status, 413);
    }
    for body in ["", "{}", "{\"forms\": 7}", "[", "{\"forms\": [[[[[[["] {
        let answer = inspector.send("/field/forms", "application/json", body.as_bytes());
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
    for path in ["/documents/..%2f..%2frecords.db", "/documents/0", "/e/..", "/equipment/steps/%00", "/e/%3Cscript%3E"]
    {
        assert!(matches!(inspector.get(path).status, 400 | 404), "{path}");
    }
}

#[test]
fn who_is_held_to_sites_takes_along_and_sends_what_stands_there() {
    let gateway = Gateway::start(&[STRICT]);
    let operator = gateway.person("nikos", "operator");
    playground(&operator);
    let eleni = gateway.person("eleni", "inspector");
    assert_eq!(eleni.get("/field/day").json()["units"].as_array().map(Vec::len), Some(2));
    let held = gateway.command("user rights eleni --role inspector --site toumba --config FILE");
    assert!(held.status.success(), "{}", String::from_utf8_lossy(&held.stderr));
    let eleni = gateway.sign_in("eleni");
    let day = eleni.get("/field/day").json();
    assert_eq!(day["units"].as_array().map(Vec::len), Some(1), "{day}");
    let forms = [round(&day, "round-0001", "pg-2"), round(&day, "round-0002", "pg-1")];
    assert_eq!(send(&eleni, &forms), [refused("no_asset"), taken()]);
    for path in
        ["/equipment/pg-2", "/equipment/pg-2/inspect/operational", "/equipment/pg-2/do/found", "/equipment/pg-2/label"]
    {
        assert_eq!(eleni.get(path).status, 404, "{path}");
    }
    assert!(
        !eleni.get("/equipment/list").text().contains("pg-2")
            && !eleni.get("/equipment/export.csv").text().contains("pg-2")
    );
    assert_eq!(eleni.get("/e/pg-2").status, 200, "whoever stands before it sees whether it may be used");
}
