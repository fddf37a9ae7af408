//! The evidence pack as an auditor meets it: unpacked and checked with programs that are not ours, and its audit entries with the one
//! that checks signed copies; what was altered is told.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::Gateway;
use tests::people::Person;

const STRICT: (&str, &str) = ("access.read", "\"token\"");
const JPEG: &[u8] = b"\xff\xd8\xff\xe1\x00\x0aGPS 40.6\xff\xda\x00\x02pixels\xff\xd9";

fn form(person: &Person, of_type: &str, uid: &str, defects: &Value, files: &[&str]) {
    let day = person.get("/field/day").json();
    let at = day["at"].as_i64().expect("a time");
    let form = json!({
        "form": "inspection", "uid": uid, "by": day["person"], "asset": "pg-1", "of_type": of_type, "version": "1",
        "started_at": at - 40_000, "ended_at": at, "answers": [], "all_else_in_order": true, "defects": defects, "files": files,
    });
    let body = json!({ "forms": [form] }).to_string();
    let answer = person.send("/field/forms", "application/json", body.as_bytes());
    assert_eq!(answer.json()["results"][0]["state"], "taken", "{}", answer.text());
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> (bool, String) {
    let ran = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    (ran.status.success(), format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr)))
}

/// Unpacks with Python, which knows nothing of us.
fn unpacked(gateway: &Gateway, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let folder = gateway.folder().join(name);
    std::fs::create_dir(&folder).expect("the folder is ours");
    std::fs::write(folder.join("pack.zip"), bytes).expect("written");
    let (well, told) = run(&folder, "python3", &["-m", "zipfile", "-e", "pack.zip", "."]);
    assert!(well, "{told}");
    folder
}

#[test]
fn an_auditor_takes_the_pack_along_and_checks_it_without_us() {
    let gateway = Gateway::start(&[STRICT]);
    let operator = gateway.person("nikos", "operator");
    let inspector = gateway.person("eleni", "inspector");
    let auditor = gateway.person("maria", "auditor");
    for fields in [
        [("id", "pg-1"), ("kind", "playground"), ("name_el", "Παιδική χαρά"), ("site", "toumba"), ("parent", "")],
        [("id", "sw-1"), ("kind", "swing"), ("name_el", "Κούνια"), ("site", ""), ("parent", "pg-1")],
        [("id", "pg-2"), ("kind", "playground"), ("name_el", "Άλλη"), ("site", "aristotelous"), ("parent", "")],
    ] {
        assert_eq!(operator.post("/equipment/new", &fields).status, 303);
    }
    let sum =
        inspector.send("/field/documents", "image/jpeg", JPEG).json()["sha256"].as_str().expect("a sum").to_owned();
    let defect = json!([{ "uid": "chain-0001", "asset": "sw-1", "item": "chain", "severity": "urgent", "text": "κομμένος κρίκος" }]);
    form(&inspector, "routine_visual", "round-0001", &defect, &[&sum]);

    // Why is asked; who may not read the audit log does not get it, and it is not offered.
    assert_eq!(auditor.post("/equipment/pg-1/evidence.zip", &[("reason", "")]).status, 422);
    assert_eq!(operator.post("/equipment/pg-1/evidence.zip", &[("reason", "x")]).status, 403);
    assert!(auditor.get("/equipment/pg-1").text().contains("/equipment/pg-1/evidence"));
    assert!(!operator.get("/equipment/pg-1").text().contains("/equipment/pg-1/evidence"));

    let taken = auditor.post("/equipment/pg-1/evidence.zip", &[("reason", "έλεγχος Νοεμβρίου")]);
    assert_eq!(taken.status, 200, "{}", taken.text());
    let folder = unpacked(&gateway, "pack", &taken.body);
    let (well, told) = run(&folder, "sha256sum", &["-c", "SHA256SUMS"]);
    assert!(well, "{told}");
    assert!(told.contains(&format!("documents/{sum}.jpg: OK")), "{told}");
    let steps = std::fs::read_to_string(folder.join("steps.ndjson")).expect("steps");
    assert!(steps.contains("round-0001") && steps.contains("chain-0001") && !steps.contains("Ελένη"), "{steps}");
    let (_, book) = run(&folder, "pdftotext", &["books/sw-1.pdf", "-"]);
    assert!(book.contains("κομμένος κρίκος"), "{book}");
    let audit = std::fs::read_to_string(folder.join("audit.ndjson")).expect("entries");
    assert!(audit.contains("asset/pg-1") && audit.contains("asset/sw-1") && audit.contains(&sum));
    assert!(!audit.contains("pg-2") && !audit.contains("user"), "others' entries are not told: {audit}");

    // By the key that the municipality gives, with the program and without the gateway's data.
    let key = String::from_utf8(gateway.command("audit key --config FILE").stdout).expect("a key");
    let program = tests::gateway::binary();
    let check =
        |file: &str| run(&folder, program.to_str().expect("a path"), &["audit", "check", file, "--key", key.trim()]);
    let (well, told) = check("audit.ndjson");
    assert!(well && told.contains("each follows from the hash of the one before it"), "{told}");
    std::fs::write(folder.join("altered.ndjson"), audit.replace("pg-1", "pg-9")).expect("written");
    assert!(!check("altered.ndjson").0);
    // The whole log knows the same hashes.
    let whole = auditor.post("/audit/export", &[("from", ""), ("until", "")]).text();
    for line in audit.lines().skip(1).filter(|line| line.contains("\"hash\"")) {
        let hash = serde_json::from_str::<Value>(line).expect("an entry")["hash"].as_str().expect("a hash").to_owned();
        assert!(whole.contains(&hash), "{line}");
    }
    let log = auditor.get("/audit?text=pg-1").text();
    assert!(log.contains("έλεγχος Νοεμβρίου"), "that it was taken, and why, is an entry");

    // A span before there was anything holds the equipment and no steps.
    let early = [("reason", "x"), ("from", "2020-01-01"), ("until", "2020-01-31")];
    let folder = unpacked(&gateway, "early", &auditor.post("/equipment/pg-1/evidence.zip", &early).body);
    assert_eq!(std::fs::read_to_string(folder.join("steps.ndjson")).expect("steps"), "");
    assert_eq!(auditor.post("/equipment/pg-1/evidence.zip", &[("reason", "x"), ("from", "γ")]).status, 422);
    assert_eq!(auditor.post("/equipment/nothing/evidence.zip", &[("reason", "x")]).status, 404);
    let left: Vec<_> =
        std::fs::read_dir(gateway.data()).expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("evidence")), "nothing stays behind: {left:?}");
}

#[test]
fn a_pack_beyond_its_bound_is_refused_with_what_to_do() {
    let gateway = Gateway::start(&[STRICT, ("limits.evidence_bytes_max", "\"1MiB\"")]);
    let (operator, inspector, auditor) =
        (gateway.person("nikos", "operator"), gateway.person("eleni", "inspector"), gateway.person("maria", "auditor"));
    let fields = [("id", "pg-1"), ("kind", "playground"), ("name_el", "Παιδική χαρά"), ("site", "toumba")];
    assert_eq!(operator.post("/equipment/new", &fields).status, 303);
    let picture = [b"\xff\xd8\xff\xda\x00\x02".as_slice(), &vec![7; 2 << 20], b"\xff\xd9"].concat();
    let sum =
        inspector.send("/field/documents", "image/jpeg", &picture).json()["sha256"].as_str().expect("a sum").to_owned();
    form(&inspector, "routine_visual", "round-0001", &json!([]), &[&sum]);
    let refused = auditor.post("/equipment/pg-1/evidence.zip", &[("reason", "x")]);
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("1 MiB"), "{}", refused.text());
    let early = [("reason", "x"), ("until", "2020-01-31")];
    assert_eq!(auditor.post("/equipment/pg-1/evidence.zip", &early).status, 200);
}

#[test]
fn what_is_remembered_is_held_against_the_steps() {
    let gateway = Gateway::start(&[STRICT]);
    let operator = gateway.person("nikos", "operator");
    let fields = [("id", "pg-1"), ("kind", "playground"), ("name_el", "Παιδική χαρά"), ("site", "toumba")];
    assert_eq!(operator.post("/equipment/new", &fields).status, 303);
    let inspector = gateway.person("eleni", "inspector");
    form(&inspector, "routine_visual", "round-0001", &json!([]), &[]);
    let verify = || gateway.command("equipment verify --config FILE");
    let well = verify();
    assert!(well.status.success(), "{}", String::from_utf8_lossy(&well.stderr));
    assert_eq!(String::from_utf8_lossy(&well.stdout).trim(), "Equipment on record: 1. Each stands as its steps say.");
    // Somebody who may write the file forgets the inspection.
    let (altered, told) = run(
        gateway.folder(),
        "python3",
        &[
            "-c",
            "import sqlite3,sys; f=sqlite3.connect(sys.argv[1]); f.execute(\"UPDATE dossier SET json='{}'\"); f.commit()",
            gateway.data().join("records.db").to_str().expect("a path"),
        ],
    );
    assert!(altered, "{told}");
    let wrong = verify();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stdout).contains("pg-1: what is remembered"), "{wrong:?}");
}
