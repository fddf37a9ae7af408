//! Nodes come and go by the pages, as a technician with a phone makes them: added, let in when they knock, taken in from a
//! table, revoked, given another secret.

use std::time::Duration;

use tests::Gateway;
use tests::http::{self, Answer};
use tests::ledger::Ledger;
use tests::node::{Node, Protocol};
use tests::people::Person;
use tests::raw::Raw;
use tests::wait_until;

const STRICT: (&str, &str) = ("access.read", "\"token\"");
const CLAIM: (&str, &str) = ("enrolment.mode", "\"claim\"");
const EVIL: &str = "<script>alert(1)</script>' OR 1=1 --\" a,b=c d=1\n=cmd|x";

fn gateway() -> (Gateway, Person) {
    let gateway = Gateway::start(&[STRICT, CLAIM]);
    let technician = gateway.person("nikos", "technician");
    (gateway, technician)
}

/// The text of the element with that id.
fn element(page: &str, id: &str) -> String {
    let rest = page.split(&format!("id=\"{id}\"")).nth(1).unwrap_or_else(|| panic!("no {id} in {page}"));
    let text = rest.split_once('>').expect("it opens").1;
    text.split('<').next().expect("it ends").to_owned()
}

/// Sends a form with a file, as a browser does.
fn multipart(gateway: &Gateway, person: &Person, path: &str, parts: &[(&str, &[u8])]) -> Answer {
    let address = gateway.http().get();
    let mut body = Vec::new();
    for (name, bytes) in parts {
        let file = if *name == "file" { "; filename=\"nodes.csv\"" } else { "" };
        body.extend(format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").into_bytes());
        body.extend_from_slice(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--xyz--\r\n");
    let origin = format!("http://{address}");
    let headers = [
        ("Cookie", person.cookie()),
        ("Origin", origin.as_str()),
        ("Content-Type", "multipart/form-data; boundary=xyz"),
        ("Accept-Language", "en"),
    ];
    http::ask(&address, "POST", path, &headers, &body).expect("an answer")
}

fn reading() -> String {
    format!("[{{\"n\":\"temperature\",\"u\":\"Cel\",\"t\":{},\"v\":21.5}}]", tests::now_ms() / 1_000)
}

fn publishes(gateway: &Gateway, node: &str, secret: &str) {
    let client = Node::with(gateway.mqtt(), node, Protocol::V4, secret);
    client.publish(reading().into_bytes());
    client.wait_acknowledged();
}

#[test]
fn a_node_is_added_and_its_secret_shown_once_lets_it_in() {
    let (gateway, technician) = gateway();
    let form =
        [("id", "lamp-1"), ("type", "lamp-controller"), ("name_el", "Λαμπτήρας"), ("lat", "40,63"), ("lon", "22,94")];
    let answer = technician.post("/nodes/new", &form);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cached = answer.headers.iter().find(|(name, _)| name == "cache-control").map(|(_, value)| value.as_str());
    assert_eq!(cached, Some("no-store"));
    let secret = element(&answer.text(), "secret");
    assert!(answer.text().contains("city/lamp-1/readings"));
    publishes(&gateway, "lamp-1", &secret);
    let page = technician.get("/nodes/lamp-1").text();
    assert!(page.contains("40.6300, 22.9400") && !page.contains(&secret));
    assert!(!gateway.log().contains(&secret), "it is never logged");

    for (form, part) in [
        ([("id", "lamp-1"), ("type", "")], "υπάρχει ήδη"),
        ([("id", "Lamp 2"), ("type", "")], "a-z 0-9"),
        ([("id", "lamp-3"), ("type", "no-such")], "είδος κόμβου"),
        ([("id", "new"), ("type", "")], "σελίδα"),
        ([("id", "lamp-4"), ("lat", "91")], "μοίρες"),
    ] {
        let answer = technician.post("/nodes/new", &form);
        assert!(answer.status == 422 && answer.text().contains(part), "{form:?}: {}", answer.text());
    }
    let answer =
        technician.post("/nodes/new", &[("id", "lamp-5"), ("name_el", EVIL), ("serial", EVIL), ("reason", EVIL)]);
    assert_eq!(answer.status, 200);
    for path in ["/nodes/lamp-5", "/nodes", "/search?q=lamp-5", "/nodes/new?id=%3Cscript%3Ealert(1)"] {
        let page = technician.get(path);
        assert!(page.status < 400 && !page.text().contains("<script>alert"), "{path}");
    }
    assert_eq!(gateway.person("maria", "operator").post("/nodes/new", &[("id", "lamp-6")]).status, 403);
    assert!(gateway.command("audit verify --config FILE").status.success());
}

#[test]
fn a_knock_becomes_an_enrolment_and_the_node_keeps_its_password() {
    let (gateway, technician) = gateway();
    let english = |path: &str| technician.get(&format!("{path}?lang=en")).text();
    assert!(english("/nodes/knocking").contains("Nobody unknown has knocked"));
    assert!(!Raw::knocks(&gateway.mqtt(), "swing-7", "what-it-was-built-with"), "it is not let in");
    let page = wait_until("the knock", || Some(english("/nodes/knocking")).filter(|page| page.contains("swing-7")));
    assert!(page.contains("1 node was not let in") && page.contains("unknown") && page.contains("127.0.0.1"), "{page}");
    let answer = technician.post("/nodes/knocking", &[("id", "swing-7"), ("type", "play-swing")]);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(english("/nodes/knocking").contains("Nobody unknown has knocked"));
    assert!(english("/nodes/swing-7").contains("Let in; the password that it shows first"));
    publishes(&gateway, "swing-7", "what-it-was-built-with");
    let ledger = || Ledger::read(&technician.get("/api/ledger").json());
    wait_until("its reading", || Some(ledger()).filter(|ledger| ledger.node("swing-7").stored == 1));
    assert!(!english("/nodes/swing-7").contains("Let in; the password"));
    // From then on nobody else comes by that name.
    assert!(!Raw::knocks(&gateway.mqtt(), "swing-7", "somebody-elses"));
    // Let in twice, or by a name that is none.
    assert_eq!(technician.post("/nodes/knocking", &[("id", "swing-7")]).status, 422);
    assert_eq!(technician.post("/nodes/knocking", &[("id", "Swing 8")]).status, 400);
    let log =
        String::from_utf8(gateway.command("audit list --subject node/swing-7 --config FILE").stdout).expect("text");
    assert!(log.contains("person/") && log.contains("bind secret"), "{log}");
}

#[test]
fn all_who_knocked_are_on_one_of_the_pages() {
    let (gateway, technician) = gateway();
    for n in 0..60 {
        assert!(!Raw::knocks(&gateway.mqtt(), &format!("stranger-{n}"), "its-own"));
    }
    let first = wait_until("all of them", || {
        let page = technician.get("/nodes/knocking?lang=en&done=stranger-99").text();
        Some(page).filter(|page| page.contains("60 nodes were not let in"))
    });
    let rows = |page: &str| page.matches("<th scope=\"row\">stranger-").count();
    assert!(rows(&first) == 50 && first.contains("1–50 of 60") && first.contains("stranger-99 is let in"), "{first}");
    let next = first.split("rel=\"next\" href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a next page");
    let second = technician.get(&next.replace("&#38;", "&").replace("&amp;", "&")).text();
    assert!(rows(&second) == 10 && second.contains("51–60 of 60"), "{second}");
    assert!(!second.contains("is let in:"), "what was told is not told again");
    for n in 0..60 {
        let name = format!("<th scope=\"row\">stranger-{n}</th>");
        assert!(first.contains(&name) != second.contains(&name), "{name} is on one of them");
    }
    assert_eq!(rows(&technician.get("/nodes/knocking?page=99").text()), 10, "beyond the last is the last");
}

#[test]
fn a_node_that_was_let_in_and_did_not_come_in_time_needs_a_secret() {
    let gateway = Gateway::start(&[STRICT, CLAIM, ("enrolment.claim_s", "60")]);
    let technician = gateway.person("nikos", "technician");
    assert!(!Raw::knocks(&gateway.mqtt(), "late", "its-own"));
    assert_eq!(technician.post("/nodes/knocking", &[("id", "late")]).status, 303);
    std::thread::sleep(Duration::from_secs(61));
    assert!(!Raw::knocks(&gateway.mqtt(), "late", "its-own"), "its time is over");
    assert!(technician.get("/nodes/late?lang=en").text().contains("did not come in time"));
    let answer = technician.post("/nodes/late/secret", &[("reason", "it was late")]);
    publishes(&gateway, "late", &element(&answer.text(), "secret"));
}

#[test]
fn a_revoked_node_is_gone_at_once_and_a_new_secret_ends_the_old_one() {
    let (gateway, technician) = gateway();
    let answer = technician.post("/nodes/new", &[("id", "bin-1")]);
    let first = element(&answer.text(), "secret");
    let mut raw = Raw::node(&gateway.mqtt(), "bin-1", &first);
    let location = |answer: &Answer| {
        let to = answer.headers.iter().find(|(name, _)| name == "location").map(|(_, to)| to.clone());
        (answer.status, to.unwrap_or_default())
    };
    let told = technician.post("/nodes/bin-1/revoke", &[("reason", " ")]);
    assert_eq!(location(&told), (303, "/nodes/bin-1?done=reason".to_owned()), "harm asks for a reason");
    assert!(technician.get("/nodes/bin-1?done=reason&lang=en").text().contains("Not done: say why"));
    let told = technician.post("/nodes/bin-1/revoke", &[("reason", "stolen")]);
    assert_eq!(location(&told), (303, "/nodes/bin-1?done=revoked".to_owned()));
    raw.expect_closed();
    assert!(!Raw::knocks(&gateway.mqtt(), "bin-1", &first));
    assert_eq!(technician.post("/nodes/bin-1/unrevoke", &[("reason", "found")]).status, 303);
    assert!(Raw::knocks(&gateway.mqtt(), "bin-1", &first));

    let mut raw = Raw::node(&gateway.mqtt(), "bin-1", &first);
    let second = element(&technician.post("/nodes/bin-1/secret", &[("reason", "leaked")]).text(), "secret");
    raw.expect_closed();
    assert!(!Raw::knocks(&gateway.mqtt(), "bin-1", &first) && Raw::knocks(&gateway.mqtt(), "bin-1", &second));
    for path in ["/nodes/none-such/revoke", "/nodes/none-such/secret", "/nodes/none-such/unrevoke"] {
        assert_eq!(technician.post(path, &[("reason", "x")]).status, 404, "{path}");
    }
}

#[test]
fn a_table_is_shown_before_anything_is_added_and_each_wrong_line_says_why() {
    let (gateway, technician) = gateway();
    technician.post("/nodes/new", &[("id", "there-already")]);
    let table = format!(
        "\u{feff}κόμβος;type;name_el;site;lat;lon\r\nlamp-1;lamp-controller;Λαμπτήρας Εγνατίας;;40,63;22,94\r\n\
         there-already;;;;;\r\nlamp-1;;;;;\r\nLamp 3;;;;;\r\nlamp-4;no-such;;;;\r\nlamp-5;;=cmd|' /C calc'!A0;;;\r\n\
         lamp-6;;;nowhere;;\r\nlamp-7;;;;91;1\r\nlamp-8;;{};;;\r\n\
         new;;;;;\r\n",
        EVIL.replace('\n', " ").replace(['"', ';'], "")
    );
    let shown = multipart(&gateway, &technician, "/nodes/import", &[("file", table.as_bytes()), ("table", b"")]);
    let page = shown.text();
    assert_eq!(shown.status, 200, "{page}");
    assert!(page.contains("To be added: 3") && page.contains("Not to be added: 7"), "{page}");
    for part in [
        "is there already",
        "stands in the table twice",
        "1 to 64 of a-z",
        "no-such",
        "nowhere",
        "latitude within",
        "a page is",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("<script>alert"));
    assert_eq!(technician.get("/nodes/lamp-1").status, 404, "nothing is added yet");

    let seen =
        page.split("name=\"seen\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("what was seen");
    // What was seen is not what it would be now.
    technician.post("/nodes/new", &[("id", "lamp-5")]);
    let add = |seen: &str| {
        let parts = [("seen", seen.as_bytes()), ("table", table.as_bytes())];
        multipart(&gateway, &technician, "/nodes/import/add", &parts)
    };
    let changed = add(seen);
    assert_eq!(changed.status, 409);
    let page = changed.text();
    assert!(page.contains("To be added: 2") && page.contains("Something changed"), "{page}");
    assert_eq!(technician.get("/nodes/lamp-1").status, 404);
    let seen =
        page.split("name=\"seen\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("what was seen");
    let done = add(seen).text();
    let row = done.split("<th scope=\"row\">lamp-1</th><td><code>").nth(1).expect("its secret");
    publishes(&gateway, "lamp-1", row.split('<').next().expect("it ends"));
    assert!(done.contains("data:text/csv;base64,"));
    assert!(technician.get("/nodes/lamp-1").text().contains("Λαμπτήρας Εγνατίας"));
    assert!(technician.get("/nodes/lamp-8").text().contains("&#60;script&#62;"));
}

#[test]
fn old_spreadsheets_are_read_and_too_much_is_refused() {
    let (gateway, technician) = gateway();
    // id;name_el and «Κούνια» in Windows-1253.
    let old = b"id;name_el\r\nswing-1;\xca\xef\xfd\xed\xe9\xe1\r\n";
    let page = multipart(&gateway, &technician, "/nodes/import", &[("file", old)]).text();
    assert!(page.contains("Κούνια") && page.contains("To be added: 1"), "{page}");
    let pasted =
        multipart(&gateway, &technician, "/nodes/import", &[("file", b""), ("table", b"id\tserial\nswing-2\t7\n")]);
    assert!(pasted.text().contains("To be added: 1"));

    let long: String = (0..2_001).map(|n| format!("n-{n}\n")).collect();
    let wide = format!("id;name_el\nx;{}\n", "y".repeat(600 * 1024));
    let huge = vec![b'x'; 3 << 20];
    for (table, status, part) in [
        (format!("id\n{long}").into_bytes(), 422, "larger than 2000 lines"),
        (wide.into_bytes(), 413, "larger than 2000 lines"),
        (b"".to_vec(), 422, "no lines"),
        (b"id\n".to_vec(), 422, "no lines"),
        (b"name\nx\n".to_vec(), 422, "no column id"),
        (b"id\n\"x\n".to_vec(), 422, "no CSV table"),
        (b"\x1f\x8b\x08\x00\x00".to_vec(), 422, ""),
    ] {
        let answer = multipart(&gateway, &technician, "/nodes/import", &[("file", &table)]);
        assert!(answer.status == status && answer.text().contains(part), "{status} {part}: {}", answer.text());
    }
    let address = gateway.http().get();
    let origin = format!("http://{address}");
    let headers = [
        ("Cookie", technician.cookie()),
        ("Origin", origin.as_str()),
        ("Content-Type", "multipart/form-data; boundary=xyz"),
    ];
    // The connection may be closed before all of it is sent.
    let refused = http::ask(&address, "POST", "/nodes/import", &headers, &huge).map(|answer| answer.status);
    assert!(matches!(refused, Ok(413) | Err(_)), "{refused:?}");
    assert_eq!(technician.get("/nodes").status, 200, "and the next request is served");
    assert_eq!(technician.get("/nodes/n-1").status, 404);
}
