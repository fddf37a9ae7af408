use super::*;
use crate::config::Config;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
        .collect::<Vec<(header::HeaderName, HeaderValue)>>()
        .into_iter()
        .fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        })
}

fn listen() -> crate::config::Listen {
    Config::defaults(std::path::Path::new("/x")).listen
}

#[test]
fn only_names_of_this_machine_are_answered() {
    let host = |host| headers(&[("host", host)]);
    for name in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "gateway", "192.168.1.4", "gateway.local:8080"] {
        assert!(names_us(&listen(), true, &host(name)), "{name}");
    }
    for name in ["evil.example.org", "127.0.0.1.evil.example.org:80"] {
        assert!(!names_us(&listen(), true, &host(name)), "{name}");
        assert!(names_us(&listen(), false, &host(name)), "{name}: no browser of this machine");
    }
    assert!(!names_us(&listen(), false, &headers(&[("host", "localhost"), ("host", "evil.example.org")])));
    let mut behind_a_proxy = listen();
    behind_a_proxy.http_beyond_loopback = true;
    assert!(names_us(&behind_a_proxy, true, &host("gateway.example.gr")));
    let mut public = listen();
    public.public_url = Some("https://gateway.example.gr".to_owned());
    assert!(names_us(&public, true, &host("gateway.example.gr")));
    assert!(!names_us(&public, true, &host("evil.example.gr")));
}

#[test]
fn a_change_comes_from_no_page_or_from_our_own() {
    let host = ("host", "localhost:8080");
    let own = |more: &[(&'static str, &str)], cookie| {
        let all: Vec<_> = [host].iter().chain(more).copied().collect();
        from_own_pages(Some("https://gateway.example.gr"), &headers(&all), cookie)
    };
    assert!(own(&[], false), "a program");
    assert!(!own(&[], true), "a browser says from where");
    assert!(own(&[("sec-fetch-site", "same-origin")], true));
    assert!(own(&[("origin", "http://localhost:8080")], true));
    assert!(own(&[("origin", "https://gateway.example.gr")], true), "behind a proxy that changes Host");
    for origin in ["http://localhost:9999", "null", "http://localhost:8080.evil.org", "localhost:8080", ""] {
        assert!(!own(&[("origin", origin)], true), "{origin}");
        assert!(!own(&[("origin", origin)], false), "{origin}");
    }
    assert!(!own(&[("origin", "http://localhost:8080"), ("sec-fetch-site", "cross-site")], true));
}

#[test]
fn a_client_is_where_trusted_proxies_say_and_nobody_else() {
    let peer = |address: &str, tls| Peer { address: format!("{address}:5000").parse().expect("an address"), tls };
    let mut listen = listen();
    let said = headers(&[("x-forwarded-for", "203.0.113.7, 10.0.0.9"), ("x-forwarded-proto", "https")]);
    let way = |listen: &_, peer| {
        let way = caller::way(listen, peer, &said);
        (way.address.to_string(), way.secure)
    };
    assert_eq!(way(&listen, peer("127.0.0.1", false)), ("127.0.0.1".to_owned(), false), "nobody is trusted");
    listen.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a net")];
    assert_eq!(way(&listen, peer("127.0.0.1", false)), ("10.0.0.9".to_owned(), true), "one proxy");
    listen.trusted_proxies.push("10.0.0.0/8".parse().expect("a net"));
    assert_eq!(way(&listen, peer("127.0.0.1", false)), ("203.0.113.7".to_owned(), true), "two");
    assert_eq!(way(&listen, peer("198.51.100.1", false)), ("198.51.100.1".to_owned(), false), "a stranger lies");
}
