//! Who may do what: every role, a token and nobody on every route of the table; what is tried against the door leaves a
//! trace and gets nowhere.

use std::collections::BTreeMap;

use tests::Gateway;
use tests::http;
use tests::people::{PASSWORD, form};

const STRICT: (&str, &str) = ("access.read", "\"token\"");

/// Who may come to a route: by role, and by token. What is not listed here fails the test.
fn expected(method: &str, path: &str) -> &'static [&'static str] {
    const ALL: &[&str] = &["technician", "operator", "inspector", "auditor", "administrator"];
    const READ: &[&str] = &["technician", "operator", "inspector", "auditor", "administrator", "token"];
    match (method, path) {
        (
            _,
            "/healthz"
            | "/readyz"
            | "/api/openapi.json"
            | "/sign-in"
            | "/sign-in/code"
            | "/sign-in/directory"
            | "/sign-in/directory/back"
            | "/sign-out"
            | "/welcome/{link}"
            | "/field/sw.js"
            | "/assets/field/{edition}/{file}",
        )
        | ("GET", "/assets/style.css" | "/assets/live.js" | "/assets/wall.js" | "/assets/icon.svg" | "/assets/logo") => {
            &["nobody"]
        }
        ("GET", "/field" | "/field/day" | "/field/who" | "/documents/{sha256}") | ("POST", "/field/forms") => ALL,
        ("POST", "/field/documents") => &["technician", "operator", "inspector", "administrator"],
        (_, path) if path == "/account" || path.starts_with("/account/") => ALL,
        ("POST", "/rejections/{id}/replay" | "/api/rejections/{id}/replay") => &["operator", "administrator"],
        ("GET", "/more" | "/e/{id}") => &["nobody"],
        (
            _,
            "/equipment/new"
            | "/equipment/import"
            | "/equipment/import/add"
            | "/equipment/{id}/edit"
            | "/equipment/{id}/files",
        ) => &["operator", "administrator"],
        (_, "/equipment/{id}/evidence" | "/equipment/{id}/evidence.zip") => &["auditor", "administrator"],
        (_, "/equipment/{id}/inspect/{of_type}") => &["inspector", "administrator"],
        // To find a defect is whoever works in the street's.
        ("GET" | "POST", "/equipment/{id}/do/{what}") => &["technician", "operator", "inspector", "administrator"],
        ("GET", path) if path == "/equipment" || path.starts_with("/equipment/") => ALL,
        ("GET", "/people/rights") => &["auditor", "administrator"],
        (_, path) if path.starts_with("/people") || path.starts_with("/tokens") => &["administrator"],
        (_, path) if path.starts_with("/certificates") => &["technician", "administrator"],
        (_, "/nodes/new" | "/nodes/knocking" | "/nodes/import" | "/nodes/import/add")
        | ("POST", "/nodes/{id}/revoke" | "/nodes/{id}/unrevoke" | "/nodes/{id}/secret") => {
            &["technician", "administrator"]
        }
        ("POST", "/alerts/rules/{code}/{what}" | "/alerts/on-call" | "/alerts/on-call/{id}/end")
        | (_, "/alerts/rule") => &["operator", "administrator"],
        ("GET", "/alerts/on-call" | "/alerts/shift" | "/alerts/delivery") => {
            &["technician", "operator", "inspector", "administrator"]
        }
        ("POST", path) if path.starts_with("/alerts/") => &["technician", "operator", "inspector", "administrator"],
        ("GET", path) if path == "/alerts" || path.starts_with("/alerts/") => READ,
        ("GET", "/api/routes" | "/data-protection") => &["auditor", "administrator"],
        (_, path) if path == "/audit" || path.starts_with("/audit/") => &["auditor", "administrator"],
        ("GET" | "ANY", path) if path == "/v1.1" || path.starts_with("/v1.1/") => READ,
        (
            "GET",
            "/"
            | "/nodes"
            | "/nodes/{id}"
            | "/series/{id}"
            | "/series/{id}/csv"
            | "/rejections"
            | "/rejections/{id}"
            | "/sinks"
            | "/about"
            | "/search"
            | "/metrics"
            | "/api/ledger"
            | "/api/rejections"
            | "/api/rejections/{id}",
        ) => READ,
        _ => panic!("{method} {path} is a route that this test does not know: who may come there?"),
    }
}

#[test]
fn every_role_on_every_route_gets_what_the_table_says_and_no_more() {
    let gateway = Gateway::start(&[STRICT]);
    let roles = ["technician", "operator", "inspector", "auditor"];
    let people: BTreeMap<&str, _> = roles.iter().map(|role| (*role, gateway.person(role, role))).collect();
    let made = String::from_utf8(gateway.command("token add portal --config FILE").stdout).expect("text");
    let bearer = made.lines().find_map(|line| line.split_once("Authorization: ")).expect("a token").1;
    let table = people["auditor"].get("/api/routes").json();
    let routes = table["routes"].as_array().expect("a list");
    assert!(routes.len() > 25, "{} routes", routes.len());
    let address = gateway.http().get();
    let (mut allowed, mut refused) = (0, 0);
    for route in routes {
        let (method, shape) = (route["method"].as_str().expect("a text"), route["path"].as_str().expect("a text"));
        let who = expected(method, shape);
        if shape == "/sign-out" {
            continue;
        }
        let path = shape
            .replace("{id}", "1")
            .replace("{link}", "none")
            .replace("{fingerprint}", "00")
            .replace("{what}", "found")
            .replace("{of_type}", "reinspection")
            .replace("{code}", "silent")
            .replace("{uid}", "nothing-here")
            .replace("{sha256}", "00")
            .replace("{*path}", "Things");
        let method = if method == "ANY" { "GET" } else { method };
        let origin = format!("http://{address}");
        let ask = |more: &[(&str, &str)]| {
            let mut headers = vec![("Origin", origin.as_str())];
            headers.extend_from_slice(more);
            http::ask(&address, method, &path, &headers, &[]).expect("an answer").status
        };
        let mut judge = |name: &str, status: u16| {
            let may = who.contains(&name) || who.contains(&"nobody");
            let let_in = status != 401 && status != 403;
            assert_eq!(let_in, may, "{name}: {method} {path} gave {status}");
            if may { allowed += 1 } else { refused += 1 }
        };
        judge("nobody", ask(&[]));
        judge("token", ask(&[("Authorization", bearer)]));
        for role in roles {
            // Wrong passwords typed on one's own account are refused in their own way.
            if !shape.starts_with("/account/") {
                judge(role, ask(&[("Cookie", people[role].cookie())]));
            }
        }
    }
    assert!(allowed > 100 && refused > 35, "{allowed} allowed, {refused} refused");
    let log = String::from_utf8(gateway.command("audit list --top 500 --config FILE").stdout).expect("text");
    assert!(log.contains("REFUSED: forbidden"), "what was tried is written down\n{log}");
    let metrics = http::ask(&address, "GET", "/metrics", &[("Authorization", bearer)], &[]).expect("an answer").text();
    assert!(metrics.contains("city_gateway_http_refused_total{reason=\"forbidden\"}"));
    assert!(gateway.command("audit verify --config FILE").status.success());
}

#[test]
fn an_administrator_sets_up_codes_before_anything_else() {
    let gateway = Gateway::start(&[STRICT]);
    let administrator = gateway.person("eleni", "administrator");
    assert_eq!(administrator.get("/account").status, 200);
    let refused = administrator.get("/api/ledger");
    assert_eq!((refused.status, refused.json()["reason"].as_str()), (403, Some("code_first")));
}

#[test]
fn a_stolen_stale_or_forged_way_in_is_none() {
    let gateway = Gateway::start(&[STRICT]);
    let _administrator = gateway.person("admin1", "administrator");
    let operator = gateway.person("nikos", "operator");
    let address = gateway.http().get();
    let replay = "/api/rejections/1/replay";
    let with = |headers: &[(&str, &str)]| http::ask(&address, "POST", replay, headers, &[]).expect("an answer").status;
    let origin = format!("http://{address}");
    assert_eq!(with(&[("Cookie", operator.cookie()), ("Origin", &origin)]), 404, "there is no such rejection");
    assert_eq!(with(&[("Cookie", operator.cookie()), ("Origin", "http://evil.example")]), 403, "a forged form");
    assert_eq!(with(&[("Cookie", operator.cookie())]), 403, "a form from nowhere");
    let cross = [("Cookie", operator.cookie()), ("Origin", origin.as_str()), ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(with(&cross), 403);
    let foreign = [("Cookie", operator.cookie()), ("Origin", origin.as_str()), ("Host", "evil.example")];
    assert!(matches!(with(&foreign), 400 | 403), "another name for this machine");
    assert_eq!(with(&[("Cookie", "session=0123456789abcdef"), ("Origin", &origin)]), 401, "a guessed cookie");
    assert_eq!(with(&[("Authorization", "Bearer cgw-0000-0000")]), 401, "a guessed token");

    assert_eq!(operator.post("/sign-out", &[]).status, 303);
    assert_eq!(with(&[("Cookie", operator.cookie()), ("Origin", &origin)]), 401, "a stale cookie");
    let again = gateway.sign_in("nikos");
    assert!(gateway.command("user block nikos --config FILE").status.success());
    assert_eq!(again.get("/api/ledger").status, 401, "whoever is blocked is out at once");
}

#[test]
fn guessing_gets_slower_than_guessers_and_tells_them_nothing() {
    let gateway = Gateway::start(&[STRICT, ("access.failures_max", "5")]);
    gateway.person("nikos", "operator");
    let address = gateway.http().get();
    let guess =
        |login: &str, password: &str| form(&address, "/sign-in", None, &[("login", login), ("password", password)]);
    let (known, unknown) = (guess("nikos", "wrong wrong wrong"), guess("nobody", "wrong wrong wrong"));
    assert_eq!((known.status, unknown.status), (403, 403));
    let told = |answer: &http::Answer| answer.text().split("role=\"alert\"").nth(1).map(|rest| rest[..80].to_owned());
    assert_eq!(told(&known), told(&unknown), "the answer does not tell which logins there are");
    let statuses: Vec<u16> = (0..8).map(|_| guess("nikos", "wrong wrong wrong").status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 4, "{statuses:?}");
    assert_eq!(guess("nikos", PASSWORD).status, 429, "also the right one waits");
    let log = String::from_utf8(gateway.command("audit list --config FILE").stdout).expect("text");
    assert!(log.contains("sign in, locked") && log.contains("REFUSED"), "{log}");
    assert!(!log.contains("wrong wrong"), "what was typed is nowhere");
    // The way back, for whoever owns the account.
    let link = String::from_utf8(gateway.command("user link nikos --config FILE").stdout).expect("text");
    let path = link.lines().find_map(|line| line.split_once("/welcome/")).expect("a link").1;
    let answer = form(&address, &format!("/welcome/{path}"), None, &[("password", "another long password 7")]);
    assert_eq!(answer.status, 303, "{}", answer.text());
    let used = form(&address, &format!("/welcome/{path}"), None, &[("password", "another long password 8")]);
    assert_eq!(used.status, 410, "it works once");
}

#[test]
fn text_that_would_be_code_stays_text_and_what_is_too_much_is_refused() {
    let gateway = Gateway::start(&[STRICT]);
    let operator = gateway.person("nikos", "operator");
    let address = gateway.http().get();
    let evil = "<script>alert(1)</script>\"'; DROP TABLE person; --";
    let answer = form(&address, "/sign-in", None, &[("login", evil), ("password", evil), ("next", "//evil.example")]);
    assert_eq!(answer.status, 403);
    let page = answer.text();
    assert!(!page.contains("<script>alert") && page.contains("&#60;script&#62;"), "{page}");
    let search = operator.get("/search?q=%3Cscript%3Ealert(1)%3C/script%3E");
    assert!(search.status == 200 && !search.text().contains("<script>alert"));
    for path in ["/assets/../../etc/passwd", "/assets/%2e%2e/%2e%2e/etc/passwd", "/nodes/..%2f..%2fetc%2fpasswd"] {
        let answer = operator.get(path);
        assert!(matches!(answer.status, 400 | 404) && !answer.text().contains("root:"), "{path}: {}", answer.status);
    }
    let landed =
        form(&address, "/sign-in", None, &[("login", "nikos"), ("password", PASSWORD), ("next", "//evil.example")]);
    let to = landed.headers.iter().find(|(name, _)| name == "location").map(|(_, to)| to.as_str());
    assert_eq!((landed.status, to), (303, Some("/")), "nobody is sent elsewhere");

    // A body and headers that have no end: refused before they are read, and the next request is served.
    let mut stream = std::net::TcpStream::connect(&address).expect("a listener");
    use std::io::{Read, Write};
    let head = format!("POST /sign-in HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1073741824\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("written");
    let _ = stream.write_all(&vec![b'x'; 1 << 20]);
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).unwrap_or(0);
    assert!(read == 0 || answer.starts_with(b"HTTP/1.1 413"), "{}", String::from_utf8_lossy(&answer));
    let bomb: Vec<(String, String)> = (0..500).map(|n| (format!("x-{n}"), "y".repeat(1_000))).collect();
    let headers: Vec<(&str, &str)> = bomb.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let bombed = http::ask(&address, "GET", "/healthz", &headers, &[]);
    assert!(bombed.is_err() || bombed.is_ok_and(|answer| answer.status == 431), "a header bomb");
    assert_eq!(gateway.get("/healthz").status, 200);
}
