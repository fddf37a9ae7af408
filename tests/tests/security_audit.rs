//! The audit log as an auditor meets it, and as somebody who owns the file would forge it.

use std::process::Command;

use tests::Gateway;
use tests::http::Answer;
use tests::people::Person;

const STRICT: (&str, &str) = ("access.read", "\"token\"");
const EVIL: &str = "<script>alert(1)</script>' OR 1=1 --\" a,b=c d=1";

fn told(gateway: &Gateway, line: &str) -> String {
    let output = gateway.command(line);
    String::from_utf8(output.stdout).expect("text") + &String::from_utf8_lossy(&output.stderr)
}

/// What a person with the file and SQLite does; the file's own guards are taken away first.
fn forge(gateway: &Gateway, sql: &str) {
    let script = "import sqlite3, sys\n\
        db = sqlite3.connect(sys.argv[1], timeout=30)\n\
        guards = db.execute(\"SELECT name FROM sqlite_schema WHERE type = 'trigger'\").fetchall()\n\
        [db.execute('DROP TRIGGER ' + name) for (name,) in guards]\n\
        db.executescript(sys.argv[2])\n\
        db.commit()\n";
    let records = gateway.data().join("records.db");
    let done = Command::new("python3").arg("-c").arg(script).arg(records).arg(sql).status().expect("python3");
    assert!(done.success(), "{sql}");
}

/// A log of some changes, and an auditor who looks at it.
fn log_of_some_changes() -> (Gateway, Person) {
    let gateway = Gateway::start(&[STRICT]);
    let auditor = gateway.person("eleni", "auditor");
    for n in 0..12 {
        let added = told(&gateway, &format!("node add lamp-{n} --type lamp-controller --config FILE"));
        assert!(added.contains("lamp-") || added.contains("secret"), "{added}");
    }
    (gateway, auditor)
}

fn verified(auditor: &Person, heads: &str) -> String {
    let answer = auditor.post("/audit/verify", &[("heads", heads)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

fn head(gateway: &Gateway) -> String {
    told(gateway, "audit head --config FILE").trim().to_owned()
}

#[test]
fn an_auditor_finds_who_did_what_and_takes_a_signed_copy_that_checks_without_the_gateway() {
    let (gateway, auditor) = log_of_some_changes();
    let english =
        |path: &str| auditor.get(&format!("{path}{}lang=en", if path.contains('?') { "&" } else { "?" })).text();
    let all = english("/audit");
    assert!(all.contains("node/lamp-11") && all.contains("sign in"), "{all}");
    let one = english("/audit?subject=node/lamp-3");
    assert!(one.contains("node/lamp-3<") && !one.contains("node/lamp-4<"), "{one}");
    assert!(english("/audit?text=nowhere-to-be-found").contains("No entry matches"));
    assert!(english("/audit?from=2001-01-01&until=2001-12-31").contains("No entry matches"));
    assert_eq!(auditor.get("/audit?from=yesterday").status, 400);
    let reason = Command::new(tests::gateway::binary())
        .args(["node", "revoke", "lamp-9", "--reason", "το είπε η Ελένη", "--config"])
        .arg(gateway.config())
        .output()
        .expect("it runs");
    assert!(reason.status.success(), "{}", String::from_utf8_lossy(&reason.stderr));
    for text in ["Ελένη", "ΕΛΈΝΗ", "ελένη"] {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert!(english(&format!("/audit?text={encoded}")).contains("node/lamp-9"), "{text}");
    }
    let id = one.split("href=\"/audit/").nth(1).and_then(|rest| rest.split('"').next()).expect("a link to it");
    let entry = english(&format!("/audit/{id}"));
    assert!(entry.contains("What changed") && entry.contains("lamp"), "{entry}");
    assert_eq!((auditor.get("/audit/999999").status, auditor.get("/audit/x").status), (404, 404));

    assert!(all.contains("Not verified since the gateway started"));
    assert!(verified(&auditor, "").contains("Ακέραιη"));
    assert!(english("/audit").contains("Whole: "));

    let copy = auditor.post("/audit/export", &[("from", "2020-01-01"), ("until", "")]);
    assert_eq!(copy.status, 200);
    let name = copy.headers.iter().find(|(name, _)| name == "content-disposition").expect("a name").1.clone();
    assert!(name.contains("audit%202020-01-01%20"), "{name}");
    let file = gateway.folder().join("copy.ndjson");
    std::fs::write(&file, &copy.body).expect("the folder is ours");
    let key = told(&gateway, "audit key --config FILE");
    let check = format!("audit check {} --key {} --config FILE", file.display(), key.trim());
    assert!(told(&gateway, &check).contains("the chain is whole"), "{}", told(&gateway, &check));
    // A copy that somebody mended is none.
    let text = copy.text().replace("lamp-7", "lamp-8");
    std::fs::write(&file, text).expect("the folder is ours");
    assert!(!gateway.command(&check).status.success());
    assert!(english("/audit?subject=audit").contains("export"), "that it was taken is an entry");
    for (from, until) in [("2026-05-02", "2026-05-01"), ("x", "")] {
        assert_eq!(auditor.post("/audit/export", &[("from", from), ("until", until)]).status, 422, "{from} {until}");
    }
    assert_eq!(gateway.person("nikos", "operator").get("/audit").status, 403);
}

#[test]
fn what_is_typed_into_the_log_or_its_search_stays_text() {
    let gateway = Gateway::start(&[STRICT]);
    let auditor = gateway.person("eleni", "auditor");
    let line = ["user", "add", "nikos", "--role", "operator", "--config"];
    let mut command = Command::new(tests::gateway::binary());
    let reason = format!("--name={EVIL}");
    let output = command.args(line).arg(gateway.config()).arg(reason).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let encoded: String = EVIL.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for path in [
        "/audit",
        "/data-protection",
        &format!("/audit?text={encoded}&actor={encoded}&subject={encoded}&category={encoded}"),
    ] {
        let answer: Answer = auditor.get(path);
        let page = answer.text();
        assert!(answer.status == 200 && !page.contains("<script>alert"), "{path}: {page}");
    }
    let told = auditor.post("/audit/verify", &[("heads", EVIL)]);
    assert!(told.status == 200 && !told.text().contains("<script>alert"));
    assert!(told.text().contains("δεν τελειώνει με κεφαλή"), "{}", told.text());
    // An auditor sees pseudonyms, and no names.
    assert!(!auditor.get("/audit").text().contains("alert(1)"));
    assert!(gateway.command("audit verify --config FILE").status.success());
}

#[test]
fn an_altered_a_removed_and_a_reordered_entry_show_where_they_are() {
    for (sql, greek, english) in [
        ("UPDATE audit SET reason = 'nothing' WHERE id = 7", "Η εγγραφή 7 αλλοιώθηκε", "entry 7 was altered"),
        ("UPDATE audit SET done = 1 - done WHERE id = 9", "Η εγγραφή 9 αλλοιώθηκε", "entry 9 was altered"),
        ("DELETE FROM audit WHERE id = 8", "Η εγγραφή 8 αφαιρέθηκε", "entry 8 was removed"),
        (
            "DELETE FROM audit WHERE id BETWEEN 5 AND 8",
            "Οι εγγραφές 5 έως 8 αφαιρέθηκαν",
            "entries 5 to 8 were removed",
        ),
        (
            "UPDATE audit_start SET id = 5, hash = (SELECT hash FROM audit WHERE id = 5); DELETE FROM audit WHERE id <= 5",
            "Οι εγγραφές έως την 5 λείπουν",
            "the entries up to 5 are gone",
        ),
        (
            "UPDATE audit SET id = 1000 WHERE id = 6; UPDATE audit SET id = 6 WHERE id = 7; UPDATE audit SET id = 7 WHERE id = 1000",
            "Η εγγραφή 6 αλλοιώθηκε",
            "entry 6 was altered",
        ),
    ] {
        let (gateway, auditor) = log_of_some_changes();
        assert!(verified(&auditor, "").contains("Ακέραιη"));
        forge(&gateway, sql);
        let page = verified(&auditor, "");
        assert!(page.contains("Δεν είναι ό,τι γράφτηκε") && page.contains(greek), "{sql}: {page}");
        let output = gateway.command("audit verify --config FILE");
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains(english), "{sql}");
    }
}

#[test]
fn the_end_cut_off_and_a_chain_rewritten_as_a_whole_show_against_a_head_that_was_kept() {
    let (gateway, auditor) = log_of_some_changes();
    let kept = head(&gateway);
    let last: u64 = kept.split(':').next().and_then(|id| id.parse().ok()).expect("a number");
    assert!(verified(&auditor, &format!("2026-11-22T03:00:00Z Δήμος {kept}\n")).contains("1 κεφαλές"));
    // Whoever owns the file takes the newest entries away, and what counts them.
    forge(
        &gateway,
        &format!(
            "DELETE FROM audit WHERE id > {0}; UPDATE sqlite_sequence SET seq = {0} WHERE name = 'audit'",
            last - 3
        ),
    );
    assert!(verified(&auditor, "").contains("Ακέραιη"), "by itself it looks whole");
    let page = verified(&auditor, &kept);
    assert!(page.contains(&format!("Οι εγγραφές {} έως {last} αφαιρέθηκαν", last - 2)), "{page}");

    // And the gateway itself writes a new chain over the same numbers.
    forge(&gateway, "DELETE FROM audit; UPDATE sqlite_sequence SET seq = 0 WHERE name = 'audit'");
    for n in 0..last + 5 {
        told(&gateway, &format!("node add other-{n} --type lamp-controller --config FILE"));
    }
    assert!(verified(&auditor, "").contains("Ακέραιη"), "by itself it looks whole");
    let page = verified(&auditor, &kept);
    assert!(page.contains(&format!("Η εγγραφή {last} δεν είναι εκείνη που είχε κοινοποιηθεί")), "{page}");
    let output = gateway.command(&format!("audit verify --head {kept} --config FILE"));
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stdout).contains("the chain was rewritten"));
}

#[test]
fn data_protection_tells_what_is_held_and_how_requests_were_answered() {
    let gateway = Gateway::start(&[STRICT, ("retention.rejections_days", "7")]);
    let auditor = gateway.person("eleni", "auditor");
    let page = |lang: &str| auditor.get(&format!("/data-protection?lang={lang}")).text();
    let before = page("en");
    for part in ["Login, name, e-mail", "GDPR 6(1)(e)", "rejections_days", "No request yet", "3650 days"] {
        assert!(before.contains(part), "{part}: {before}");
    }
    assert!(page("el").contains("Προστασία δεδομένων"));
    let knock = |node: &str, at: &str| {
        let columns = "knock(node, reason, last_at, count, address)";
        forge(&gateway, &format!("INSERT INTO {columns} VALUES ('{node}', 'unknown_node', {at}, 1, '192.0.2.7')"));
    };
    knock("long-ago", "1000");
    knock("just-now", &tests::now_ms().to_string());
    // The first run of the retention is a minute after the start.
    let ran = || {
        let log = told(&gateway, "audit list --subject telemetry --config FILE");
        log.contains("retention telemetry").then_some(log)
    };
    tests::wait_longer("the retention's first run", std::time::Duration::from_secs(90), ran);
    let of_knocks = told(&gateway, "audit list --subject telemetry --text \"knocks\":1 --config FILE");
    assert!(of_knocks.contains("retention telemetry"), "how many who knocked are forgotten is told: {of_knocks}");
    let technician = gateway.person("petros", "technician");
    let knocking = technician.get("/nodes/knocking").text();
    assert!(knocking.contains("just-now") && !knocking.contains("long-ago"), "{knocking}");
    let row =
        page("en").split("id=\"rejections_days\"").nth(1).expect("a row").split("</tr>").next().map(str::to_owned);
    assert!(!row.expect("a row").contains("none yet"));

    gateway.person("nikos", "operator");
    let erased = gateway.command("user erase nikos --yes --config FILE");
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    let after = page("en");
    assert!(after.contains("Accounts: Erased") && after.contains("Audit log: Stays"), "{after}");
    assert!(after.contains("Nothing that was erased was found"), "{after}");
    assert!(!after.contains("nikos"), "the answer names nobody");
}
