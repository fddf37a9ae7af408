//! What is printed and signed: accident records, filled in or to be filled in by hand.

use std::process::Command;

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

    let told = [
        ("uid", "accident-01"),
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
    ];
    for (name, value, wrong) in [
        ("at", "noon", "Γράψτε την ώρα όπως 17:30."),
        ("on", "2999-01-01", "δεν ήρθε ακόμη"),
        ("witnesses", "η κυρία Ελένη", "αριθμός έως 999"),
    ] {
        let fields = told.map(|(known, was)| (known, if known == name { value } else { was }));
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
