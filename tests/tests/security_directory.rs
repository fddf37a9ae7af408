//! Signing in by the city's directory, when it does not say what it should: nobody comes in, and the audit log tells it.

use std::io::Write;
use std::net::TcpListener;

use tests::Gateway;
use tests::http::{self, Answer, Request};

/// A directory that knows nobody's signature: its doors are open, its token is none.
fn directory() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let issuer = format!("http://{}", listener.local_addr().expect("it is bound"));
    let here = issuer.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let Some(request) = Request::read(&mut stream) else { continue };
            let body = match request.path.as_str() {
                "/.well-known/openid-configuration" => format!(
                    r#"{{"issuer":"{here}","authorization_endpoint":"{here}/authorize","token_endpoint":"{here}/token",
                        "jwks_uri":"{here}/keys"}}"#
                ),
                "/token" => r#"{"id_token":"a.b.c"}"#.to_owned(),
                _ => r#"{"keys":[]}"#.to_owned(),
            };
            let _ = stream.write_all(&Answer::of(200, body.into_bytes()).to_bytes());
        }
    });
    issuer
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

#[test]
fn a_token_that_is_not_to_be_believed_is_in_the_audit_log() {
    let issuer = format!("{:?}", directory());
    let gateway = Gateway::start(&[
        ("access.read", "\"token\""),
        ("listen.public_url", "\"http://127.0.0.1:8080\""),
        ("oidc.issuer", &issuer),
        ("oidc.client_id", "\"gateway\""),
    ]);
    let address = gateway.http().get();
    let refusals = || {
        let listed = gateway.command("audit list --top 200 --config FILE").stdout;
        let log = String::from_utf8(listed).expect("text");
        log.lines().filter(|line| line.contains("by the directory")).map(str::to_owned).collect::<Vec<_>>()
    };
    let back = |query: &str, cookie: &str| {
        let path = format!("/sign-in/directory/back?{query}");
        http::ask(&address, "GET", &path, &[("Cookie", cookie), ("Accept-Language", "en")], &[]).expect("an answer")
    };
    let there = http::ask(&address, "GET", "/sign-in/directory", &[], &[]).expect("an answer");
    assert_eq!(there.status, 303, "{}", there.text());
    let cookie = header(&there, "set-cookie").split(';').next().expect("a cookie");
    let state = header(&there, "location").split("&state=").nth(1).and_then(|rest| rest.split('&').next());
    let query = format!("state={}&code=x", state.expect("a state"));

    // Anybody can come without having begun: that is not for the audit log.
    assert_eq!(back("state=none&code=x", cookie).status, 403);
    assert_eq!(back("error=access_denied", cookie).status, 403);
    assert_eq!(refusals(), Vec::<String>::new());

    let answer = back(&query, cookie);
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("not to be believed"), "{}", answer.text());
    let told = refusals();
    assert!(told.len() == 1 && told[0].contains("it is no token"), "{told:?}");
    assert!(gateway.command("audit verify --config FILE").status.success());
}
