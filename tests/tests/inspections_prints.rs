//! What is printed and signed: accident records, filled in or to be filled in by hand; the month by community.

use std::process::Command;

use serde_json::json;
use tests::Gateway;
use tests::http::Answer;
use tests::people::Person;

const STRICT: (&str, &str) = ("access.read", "\"token\"");

fn playground(operator: &Person) {
    for fields in [
        [
            ("id", "pg-1"),
            ("kind", "playground"),
            ("name_el", "Παιδική χαρά Τούμπας"),
            ("site", "toumba"),
            ("parent", ""),
        ],
        [("id", "sl-1"), ("kind", "slide"), ("name_el", "Τσουλήθρα"), ("site", ""), ("parent", "pg-1")],
    ] {
        let answer = operator.post("/equipment/new", &fields);
        assert_eq!(answer.status, 303, "{}", answer.text());
    }
}

/// Does something about equipment, as the page's form does.
fn act(person: &Person, path: &str, fields: &[(&str, &str)]) -> Answer {
    let part = |(name, value): &(&str, &str)| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body: String = fields.iter().map(part).collect::<String>() + "--x--\r\n";
    person.send(path, "multipart/form-data; boundary=x", body.as_bytes())
}

fn accident(uid: &str) -> Vec<(&str, &str)> {
    vec![
        ("uid", uid),
        ("of", ""),
        ("on", "2026-01-02"),
        ("at", "17:30"),
        ("place", "στη βάση της τσουλήθρας"),
        ("text", "Πτώση από το σκαλί"),
        ("injury", "fracture"),
        ("aid", "ambulance"),
        ("witnesses", "3"),
        ("state", "χαλαρό σκαλί"),
        ("measures", "αποκλείστηκε με ταινία"),
    ]
}

/// What a paper says, its words with single blanks.
fn paper(gateway: &Gateway, person: &Person, path: &str) -> String {
    let answer = person.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let file = gateway.folder().join("paper.pdf");
    std::fs::write(&file, &answer.body).expect("the folder is ours");
    let read = Command::new("pdftotext").arg("-layout").arg(&file).arg("-").output();
    let text = String::from_utf8(read.expect("pdftotext: apt-get install poppler-utils").stdout).expect("text");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn an_accident_is_told_without_names_and_its_record_is_printed_to_be_signed() {
    let gateway = Gateway::start(&[STRICT]);
    let (operator, technician) = (gateway.person("nikos", "operator"), gateway.person("petros", "technician"));
    playground(&operator);
    let form = technician.get("/equipment/sl-1/do/accident").text();
    holds(
        &form,
        &["ούτε όνομα ούτε άλλο στοιχείο παιδιού, γονέα ή μάρτυρα", "name=\"witnesses\"", "name=\"measures\""],
    );
    let warned = form.find("ούτε όνομα").expect("a warning");
    assert!(warned < form.find("name=\"text\"").expect("a field"), "it is warned before anything is typed");

    let told = accident("accident-01");
    for (name, value, wrong) in [
        ("at", "noon", "Γράψτε την ώρα όπως 17:30."),
        ("on", "2999-01-01", "δεν ήρθε ακόμη"),
        ("witnesses", "η κυρία Ελένη", "αριθμός έως 999"),
    ] {
        let fields: Vec<(&str, &str)> =
            told.iter().map(|(known, was)| (*known, if *known == name { value } else { *was })).collect();
        let answer = act(&technician, "/equipment/sl-1/do/accident", &fields);
        assert_eq!(answer.status, 422, "{}", answer.text());
        holds(&answer.text(), &[wrong, "Πτώση από το σκαλί"]);
    }
    let answer = act(&technician, "/equipment/sl-1/do/accident", &told);
    assert_eq!(answer.status, 303, "{}", answer.text());

    let said = ["02/01/2026 17:30", "στη βάση της τσουλήθρας", "κάταγμα", "ασθενοφόρο (ΕΚΑΒ)", "χαλαρό σκαλί"];
    holds(&technician.get("/equipment/steps/accident-01").text(), &said);
    let record = paper(&gateway, &technician, "/equipment/steps/accident-01/pdf");
    holds(&record, &said);
    holds(
        &record,
        &["Δελτίο ατυχήματος", "Πτώση από το σκαλί", "αποκλείστηκε με ταινία", "Δεν γράφονται ονόματα", "Παρέλαβε"],
    );
    let english = paper(&gateway, &technician, "/equipment/steps/accident-01/pdf?lang=en");
    holds(&english, &["Accident record", "fracture", "No names or other particulars are written"]);

    let blank = paper(&gateway, &technician, "/equipment/sl-1/accident.pdf");
    holds(
        &blank,
        &[
            "Δελτίο ατυχήματος",
            "Τσουλήθρα (sl-1)",
            "[ ] κάταγμα",
            "Πρώτες βοήθειες",
            "________",
            "Δεν γράφονται ονόματα",
        ],
    );
    assert!(!blank.contains("Πτώση"), "{blank}");
    assert_eq!(technician.get("/equipment/sl-9/accident.pdf").status, 404);
    assert!(technician.get("/equipment/sl-1").text().contains("/equipment/sl-1/accident.pdf"));
}

#[test]
fn a_month_is_printed_by_community_in_both_languages() {
    let gateway = Gateway::start(&[STRICT]);
    let operator = gateway.person("nikos", "operator");
    let inspector = gateway.person("eleni", "inspector");
    playground(&operator);
    let other = [("id", "pg-2"), ("kind", "playground"), ("name_el", "Άλλη"), ("site", "aristotelous"), ("parent", "")];
    assert_eq!(operator.post("/equipment/new", &other).status, 303);
    let day = inspector.get("/field/day").json();
    let now = day["at"].as_i64().expect("a time");
    let round = json!({
        "form": "inspection", "uid": "round-0001", "by": day["person"], "asset": "pg-1", "of_type": "routine_visual",
        "version": day["units"][0]["version"], "started_at": now - 40_000, "ended_at": now, "answers": [],
        "all_else_in_order": true,
    });
    let body = json!({ "forms": [round] }).to_string();
    assert!(inspector.send("/field/forms", "application/json", body.as_bytes()).text().contains("taken"));
    for (what, fields) in [
        ("accident", accident("accident-01")),
        ("found", vec![("uid", "found-0001"), ("severity", "urgent"), ("text", "σπασμένο σκαλί")]),
        ("work", vec![("uid", "order-0001"), ("defects", "found-0001"), ("text", "νέο σκαλί"), ("due", "2030-01-01")]),
        ("done", vec![("uid", "done-00001"), ("of", "order-0001"), ("text", "έγινε"), ("cost", "1.248,50")]),
    ] {
        let answer = act(&operator, &format!("/equipment/sl-1/do/{what}"), &fields);
        // Work on what is urgent is shown with a photograph: it stays open here.
        assert_eq!(answer.status, if what == "done" { 422 } else { 303 }, "{what}: {}", answer.text());
    }
    let month = paper(&gateway, &operator, "/equipment/reports/month.pdf");
    holds(
        &month,
        &[
            "Μηνιαία σύνοψη εξοπλισμού",
            "Επιθεωρήσεις ανά είδος",
            "Τακτικός οπτικός",
            "Ευρήματα ανά σοβαρότητα",
            "επείγον 1 0 1",
            "Ακινητοποιήσεις",
            "Ατυχήματα",
            "Σύνολο",
            "Ο συντάξας",
        ],
    );
    let english = paper(&gateway, &operator, "/equipment/reports/month.pdf?lang=en");
    holds(
        &english,
        &["Monthly summary of equipment", "Defects by severity", "urgent 1 0 1", "Total", "until and with"],
    );
    // Of one community alone; whoever is held to a site has theirs.
    let zone = paper(&gateway, &operator, "/equipment/reports/month.pdf?zone=DKA&lang=en");
    assert!(zone.contains("Monthly summary") && !zone.contains("Total"), "{zone}");
    assert_eq!(operator.get("/equipment/reports/month.pdf?zone=moon").status, 404);
    let quiet = paper(&gateway, &operator, "/equipment/reports/month.pdf?month=2020-02&lang=en");
    holds(&quiet, &["February 2020"]);
    assert!(!quiet.contains("urgent"), "{quiet}");
    for (month, status) in [("2999-01", 404), ("2026-13", 400), ("x", 400)] {
        assert_eq!(operator.get(&format!("/equipment/reports/month.pdf?month={month}")).status, status, "{month}");
    }
    let page = operator.get("/equipment/reports?lang=en").text();
    assert!(
        page.contains("/equipment/reports/month.pdf?month=") && page.contains("Less than 2 seconds an item"),
        "{page}"
    );
    let held = gateway.command("user rights eleni --role inspector --site aristotelous --config FILE");
    assert!(held.status.success(), "{}", String::from_utf8_lossy(&held.stderr));
    let theirs = paper(&gateway, &gateway.sign_in("eleni"), "/equipment/reports/month.pdf?lang=en");
    assert!(!theirs.contains("urgent"), "{theirs}");
}
