//! Who decides about others, on the pages: what is done is seen, asked for with a reason, and in the log; nothing typed
//! breaks a page; what would be refused is not offered.

use tests::Gateway;
use tests::http::{self, Answer};
use tests::people::{PASSWORD, Person, form};

const STRICT: (&str, &str) = ("access.read", "\"token\"");
const CODE: &str = "<script>alert(1)</script> ' OR 1=1--";

/// What stands between two texts of a page.
fn between<'a>(page: &'a str, from: &str, until: &str) -> &'a str {
    let rest = page.split_once(from).unwrap_or_else(|| panic!("no {from} in {page}")).1;
    rest.split_once(until).unwrap_or_else(|| panic!("no {until} after {from}")).0
}

/// Adds somebody; their page and the path of their link.
fn add(administrator: &Person, login: &str, role: &str, more: &[(&str, &str)]) -> (String, String) {
    let mut fields = vec![("login", login), ("name", "Νίκος Παπάς"), ("role", role)];
    fields.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    fields.extend_from_slice(more);
    let answer = administrator.post("/people", &fields);
    let page = answer.text();
    assert_eq!(answer.status, 200, "{page}");
    assert!(page.contains("data-once"));
    let link = between(&page, "id=\"link\" tabindex=\"0\">", "<");
    let id = between(between(&page, "<section class=\"given\"", "</section>"), "href=\"", "\"");
    (id.to_owned(), link.split_once("/welcome").map(|(_, rest)| format!("/welcome{rest}")).expect("a link"))
}

fn location(answer: &Answer) -> &str {
    answer.headers.iter().find(|(name, _)| name == "location").map_or("", |(_, to)| to.as_str())
}

fn log(gateway: &Gateway) -> String {
    String::from_utf8(gateway.command("audit list --top 200 --config FILE").stdout).expect("text")
}

#[test]
fn somebody_is_added_changed_blocked_and_erased_and_every_step_is_in_the_log() {
    let gateway = Gateway::start(&[STRICT]);
    let administrator = gateway.administrator("eleni");
    assert!(
        administrator.get("/people").text().contains("Μόνο εσείς έχετε λογαριασμό"),
        "an empty list says how to begin"
    );
    let (at, link) = add(&administrator, "nikos", "inspector", &[("name", CODE)]);
    let shown_again = administrator.get(&at).text() + &administrator.get("/people").text();
    assert!(!shown_again.contains(&link) && !shown_again.contains("<script>alert"), "once, and never as code");
    assert!(shown_again.contains("&#60;script&#62;alert(1)&#60;/script&#62;"));

    let address = gateway.http().get();
    assert_eq!(form(&address, &link, None, &[("password", PASSWORD)]).status, 303, "the link works");
    assert_eq!(form(&address, &link, None, &[("password", PASSWORD)]).status, 410, "once");
    let nikos = gateway.sign_in("nikos");
    assert_eq!(nikos.post("/api/rejections/1/replay", &[]).status, 403, "an inspector does not mend");
    let changed = administrator.post(&format!("{at}/rights"), &[("role", "operator"), ("reason", "νέα θέση")]);
    assert_eq!((changed.status, location(&changed)), (303, format!("{at}?done=rights").as_str()));
    assert_eq!(nikos.post("/api/rejections/1/replay", &[]).status, 404, "at once, in the session that there is");

    let block = format!("{at}/block");
    assert_eq!(administrator.post(&block, &[("reason", " ")]).status, 422, "a reason is asked for");
    assert_eq!(nikos.get("/api/ledger").status, 200, "nothing was changed");
    assert_eq!(administrator.post(&block, &[("reason", "αποχώρησε")]).status, 303);
    assert_eq!(nikos.get("/api/ledger").status, 401, "out at once");
    assert!(administrator.get(&at).text().contains("αποκλεισμένος"));
    assert_eq!(administrator.post(&format!("{at}/unblock"), &[]).status, 303);
    gateway.sign_in("nikos");
    let again = administrator.post(&format!("{at}/link"), &[]).text();
    let again = format!("/welcome/{}", between(&again, "/welcome/", "<"));
    assert_eq!(form(&address, &again, None, &[("password", "another long password 7")]).status, 303);

    let erase = format!("{at}/erase");
    let before = administrator.get(&erase).text();
    assert!(before.contains("ΓΚΠΔ 17") && before.contains("μένει, το πολύ έως"), "what stays, until when and why");
    for fields in [&[("reason", "το ζήτησε")][..], &[("sure", "yes")]] {
        assert_eq!(administrator.post(&erase, fields).status, 422, "{fields:?}");
    }
    assert!(administrator.get(&at).text().contains("&#60;script&#62;"), "nothing is erased yet");
    let report = administrator.post(&erase, &[("reason", "το ζήτησε"), ("sure", "yes")]);
    assert_eq!((report.status, between(&report.text(), "id=\"found\">", "<")), (200, "0"));
    assert!(!administrator.get("/people").text().contains("&#60;script&#62;"));
    assert_eq!(administrator.get(&erase).status, 404, "once");
    let wrong = form(&address, "/sign-in", None, &[("login", "nikos"), ("password", "another long password 7")]);
    assert_eq!(wrong.status, 403);

    let log = log(&gateway);
    for what in
        ["add", "set rights", "block", "unblock", "give link", "erase", "answer erasure", "νέα θέση", "αποχώρησε"]
    {
        assert!(log.contains(what), "{what} is not in\n{log}");
    }
    assert!(
        !log.contains("script") && !log.contains(link.trim_start_matches("/welcome/")),
        "names and secrets are not"
    );
    assert!(gateway.command("audit verify --config FILE").status.success());
}

#[test]
fn the_last_administrator_stays_and_whoever_is_held_to_sites_has_an_end() {
    let gateway = Gateway::start(&[STRICT]);
    let administrator = gateway.administrator("eleni");
    let page = administrator.get("/people").text();
    let own = between(&page, "<tr id=\"p-", "\"");
    for (what, fields) in [
        ("rights", &[("role", "operator")][..]),
        ("block", &[("reason", "δοκιμή")]),
        ("erase", &[("reason", "δοκιμή"), ("sure", "yes")]),
    ] {
        let answer = administrator.post(&format!("/people/{own}/{what}"), fields);
        assert!(answer.status == 422 && answer.text().contains("τελευταίος διαχειριστής"), "{what}: {}", answer.status);
    }
    assert_eq!(administrator.get("/people").status, 200, "still");

    let outside = |more: &[(&str, &str)]| {
        let mut fields = vec![
            ("login", "maria"),
            ("name", "Μαρία"),
            ("role", "inspector"),
            ("external", "yes"),
            ("sites", "toumba"),
        ];
        fields.extend_from_slice(more);
        administrator.post("/people", &fields)
    };
    assert_eq!(outside(&[]).status, 422, "without an end");
    assert_eq!(outside(&[("until", "2020-01-01")]).status, 422, "an end that is past");
    assert_eq!(outside(&[("until", "31/12/2099")]).status, 422, "no date");
    let made = outside(&[("until", "2099-12-31")]).text();
    assert!(made.contains("31/12/2099 23:59"), "the last day is theirs");
    let unknown = administrator.post("/people", &[("login", "g"), ("role", "inspector"), ("sites", "toumba, nowhere")]);
    assert!(unknown.status == 422 && unknown.text().contains("nowhere"), "a site that is none is told");
}

#[test]
fn a_token_reads_until_it_is_revoked_and_is_shown_once() {
    let gateway = Gateway::start(&[STRICT]);
    let administrator = gateway.administrator("eleni");
    assert!(administrator.get("/tokens").text().contains("Φτιάξτε το πρώτο"), "an empty list says how to begin");
    for fields in [
        [("name", "portal"), ("scope", "write"), ("days", "30")],
        [("name", "portal"), ("scope", "read"), ("days", "0")],
        [("name", "portal"), ("scope", "read"), ("days", "9999999999999999999")],
        [("name", ""), ("scope", "read"), ("days", "30")],
        [("name", "a,b=c d=1\n"), ("scope", "read"), ("days", "-1")],
    ] {
        assert_eq!(administrator.post("/tokens", &fields).status, 422, "{fields:?}");
    }
    let made = administrator.post("/tokens", &[("name", CODE), ("scope", "read"), ("days", "30")]).text();
    assert!(!made.contains("<script>alert"));
    let token = between(&made, "id=\"token\" tabindex=\"0\">", "<").to_owned();
    let listed = administrator.get("/tokens").text();
    assert!(!listed.contains(&token) && listed.contains("&#60;script&#62;"), "once, and never as code");
    let address = gateway.http().get();
    let bearer = format!("Bearer {token}");
    let reads =
        || http::ask(&address, "GET", "/api/ledger", &[("Authorization", &bearer)], &[]).expect("an answer").status;
    assert_eq!(reads(), 200);
    let revoke = format!("/tokens/{}/revoke", between(&listed, "<tr id=\"t-", "\""));
    assert_eq!(administrator.post(&revoke, &[]).status, 422, "a reason is asked for");
    assert_eq!(reads(), 200);
    assert_eq!(location(&administrator.post(&revoke, &[("reason", "διέρρευσε")])), "/tokens?done=revoked");
    assert_eq!(reads(), 401, "at once");
    assert_eq!(administrator.post(&revoke, &[("reason", "πάλι")]).status, 422);
    let log = log(&gateway);
    assert!(log.contains("revoke token") && log.contains("διέρρευσε") && !log.contains(&token), "{log}");
}

#[test]
fn what_would_be_refused_is_not_offered() {
    let gateway = Gateway::start(&[STRICT]);
    let administrator = gateway.administrator("eleni");
    let (operator, auditor) = (gateway.person("nikos", "operator"), gateway.person("sofia", "auditor"));
    let doors = ["/people", "/tokens", "/people/rights", "/certificates", "/sinks", "/about", "/account"];
    let offered = |person: &Person| {
        let page = person.get("/more").text();
        doors.iter().filter(|door| page.contains(&format!("href=\"{door}\""))).copied().collect::<Vec<_>>()
    };
    assert_eq!(offered(&administrator), doors);
    assert_eq!(offered(&operator), ["/sinks", "/about", "/account"]);
    assert_eq!(offered(&auditor), ["/people/rights", "/sinks", "/about", "/account"]);
    for person in [&administrator, &operator, &auditor] {
        for door in doors {
            let may = person.get(door).status == 200;
            assert_eq!(may, offered(person).contains(&door), "{door}");
        }
    }
    let typed = http::ask(
        &gateway.http().get(),
        "GET",
        "/people",
        &[("Cookie", operator.cookie()), ("Accept", "text/html")],
        &[],
    )
    .expect("an answer");
    assert!(typed.status == 403 && typed.text().contains("Δεν έχετε αυτό το δικαίωμα"), "a page, in Greek");
    let stranger = gateway.get("/more").text();
    assert!(stranger.contains("href=\"/sign-in\"") && !stranger.contains("href=\"/nodes\""), "{stranger}");
    // Somebody held to sites sees their own account, and no way to what is not theirs.
    let more = [("external", "yes"), ("sites", "toumba"), ("until", "2099-12-31")];
    let (_, link) = add(&administrator, "maria", "inspector", &more);
    assert_eq!(form(&gateway.http().get(), &link, None, &[("password", PASSWORD)]).status, 303);
    let maria = gateway.sign_in("maria");
    let page = maria.get("/account").text();
    assert!(!page.contains("href=\"/nodes\"") && !page.contains("href=\"/\"") && page.contains("toumba"), "{page}");
    // Whoever signs in lands on `/`: who may not see it is led to their account, and does not read a refusal first.
    let address = gateway.http().get();
    let home = http::ask(&address, "GET", "/", &[("Cookie", maria.cookie()), ("Accept", "text/html")], &[]);
    let home = home.expect("an answer");
    let to = home.headers.iter().find(|(name, _)| name == "location").map(|(_, to)| to.as_str());
    assert_eq!((home.status, to), (303, Some("/account")));
}

#[test]
fn the_review_tells_who_has_which_rights_and_since_when() {
    let gateway = Gateway::start(&[STRICT]);
    let administrator = gateway.administrator("eleni");
    let auditor = gateway.person("sofia", "auditor");
    let (_, _) = add(&administrator, "nikos", "operator", &[]);
    administrator.post("/tokens", &[("name", "portal"), ("scope", "read"), ("days", "30")]);
    let review = auditor.get("/people/rights").text();
    let group = |role: &str| between(&review, &format!("id=\"g-{role}\""), "</section>").to_owned();
    assert!(group("administrator").contains("eleni") && group("operator").contains("Νίκος Παπάς"));
    assert!(group("technician").contains("Κανείς."), "a role that nobody has is told");
    assert!(review.contains("portal") && review.contains("Υπογραφή"));
    assert!(
        !between(&review, "<main", "</main>").contains("href=\"/people/"),
        "an auditor is not led to what is refused"
    );
    let roles = between(&review, "class=\"roles\"", "</table>");
    let may: Vec<usize> = roles.split("<tr>").skip(2).map(|row| row.matches("● ναι").count()).collect();
    assert_eq!(may, [12, 4, 6, 8, 6, 1], "administrator, auditor, inspector, operator, technician, token");
}

#[test]
fn nothing_typed_breaks_a_page_the_log_or_the_store() {
    let gateway = Gateway::start(&[STRICT]);
    let administrator = gateway.administrator("eleni");
    let long = "ψ".repeat(5_000);
    let evil =
        [CODE, "a,b=c d=1\nx,y=z w=2\n", "\u{0}\u{7}\u{1b}[31m", "' OR 1=1--", "../../etc/passwd", "{{7*7}}", &long];
    let (at, _) = add(&administrator, "nikos", "operator", &[]);
    for field in ["login", "name", "role", "employer", "sites", "until", "reason", "external"] {
        for text in evil {
            let mut fields = vec![("login", "giorgos"), ("name", "Γιώργος"), ("role", "operator")];
            fields.retain(|(name, _)| *name != field);
            fields.push((field, text));
            for path in ["/people".to_owned(), format!("{at}/rights"), format!("{at}/link"), format!("{at}/unblock")] {
                let answer = administrator.post(&path, &fields);
                assert!(matches!(answer.status, 200 | 303 | 422), "{path}, {field} {text:?}: {}", answer.status);
                let page = answer.text();
                assert!(!page.contains("<script>alert") && !page.contains('\u{1b}'), "{path}, {field} {text:?}");
            }
        }
    }
    for path in
        ["/people/..%2f..%2fetc", "/people/%00", "/people/' OR 1=1--", "/people/%3Cscript%3E", "/tokens/%0a/revoke"]
    {
        let answer = administrator.get(&path.replace(' ', "%20"));
        assert!(matches!(answer.status, 400 | 404 | 405), "{path}: {}", answer.status);
    }
    assert_eq!(administrator.get("/people").status, 200);
    let log = log(&gateway);
    assert!(!log.contains('\u{1b}') && !log.lines().any(|line| line.starts_with("x,y")), "{log}");
    assert!(gateway.command("audit verify --config FILE").status.success());
}
