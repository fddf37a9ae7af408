//! Notices from outside: a real mail server, webhooks, a real broker; what is away, what refuses, and a gateway that is killed between.

use std::time::Duration;

use tests::Gateway;
use tests::broker::Mosquitto;
use tests::hook::Hook;
use tests::mail::MailServer;
use tests::node::Node;
use tests::now_ms;
use tests::people::Person;
use tests::senml::{Entry, to_json};
use tests::tls::{PrivateCa, text};

/// A fire in a bin.
fn fire(gateway: &Gateway, bin: &str) {
    let node = Node::new_v5(gateway, bin);
    node.publish(to_json("", &[Entry { name: "bin_temperature", unit: None, value: 81.5, unix_ms: now_ms() }]));
    node.wait_acknowledged();
}

/// An operator with an address, signed in.
fn operator(gateway: &Gateway, login: &str, email: &str) -> Person {
    let file = gateway.folder().join("password");
    std::fs::write(&file, tests::people::PASSWORD).expect("the folder is ours");
    let line =
        format!("user add {login} --role operator --email {email} --password-file {} --config FILE", file.display());
    let added = gateway.command(&line);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    gateway.sign_in(login)
}

#[test]
fn an_alarm_reaches_who_is_on_call_by_mail_and_sms_once_servers_are_back_and_then_the_next() {
    let (mut mail, hook, broker) = (MailServer::prepare(), Hook::start(), Mosquitto::start(""));
    let (port, url) = (mail.port().to_string(), hook.url());
    let webhooks = format!(
        "[{{ name = \"sms\", preset = \"sms\", url = \"{url}/sms\", fields = [\"sender=City\"] }}, \
         {{ name = \"chat\", url = \"{url}/chat\", every = true }}]"
    );
    let broker_url = format!("\"mqtt://{}\"", broker.address().get());
    let heartbeat = format!("\"{url}/alive\"");
    let mut gateway = Gateway::prepare(&[
        ("alerts.every_s", "1"),
        ("alerts.escalate_min", "1"),
        ("delivery.retry_delay_min_s", "1"),
        ("delivery.retry_delay_max_s", "2"),
        ("delivery.smtp.host", "\"127.0.0.1\""),
        ("delivery.smtp.port", &port),
        ("delivery.smtp.tls", "\"none\""),
        ("delivery.smtp.from", "\"Πύλη <gateway@example.gr>\""),
        ("delivery.webhook", &webhooks),
        ("delivery.mqtt.topic", "\"city/alerts\""),
        ("delivery.heartbeat.url", &heartbeat),
        ("delivery.heartbeat.every_s", "5"),
        ("broker.url", &broker_url),
        ("listen.public_url", "\"http://127.0.0.1\""),
    ]);
    gateway.restart();
    let operator = gateway.person("nikos", "operator");
    for (login, mail, phone) in
        [("maria", "maria@example.gr", "+302310111"), ("eleni", "eleni@example.gr", "+302310222")]
    {
        let line =
            format!("user add {login} --name {login} --role technician --email {mail} --phone {phone} --config FILE");
        let added = gateway.command(&line);
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    }
    let roster = operator.get("/alerts/on-call?lang=en").text();
    let id = |name: &str| {
        let before = roster.split(&format!(">{name}</option>")).next().expect("a part");
        before.rsplit("value=\"").next().and_then(|rest| rest.split('"').next()).expect("a number").to_owned()
    };
    for (name, rung, webhook) in [("maria", "1", "sms"), ("eleni", "2", "")] {
        let (person, times) = (id(name), "00:00");
        let fields = [
            ("person", person.as_str()),
            ("rung", rung),
            ("from", times),
            ("until", times),
            ("email", "yes"),
            ("webhook", webhook),
        ];
        let answer = operator.post("/alerts/on-call", &fields);
        assert_eq!(answer.status, 303, "{}", answer.text());
    }
    assert!(operator.get("/alerts/on-call?lang=en").text().contains("No gap in the next seven days"));

    // The mail server is away, the SMS gateway is ill, and the gateway is killed.
    hook.answers("/sms", &[500]);
    let heard = broker.listen("city/alerts");
    fire(&gateway, "bin-1");
    tests::wait_until("a try by SMS", || hook.requests("/sms").first().cloned());
    gateway.kill();
    mail.run();
    gateway.restart();
    let mail_of = |address: &str| {
        let mails = mail.mails();
        mails.into_iter().find(|mail| mail["to"][0] == *address)
    };
    let first = tests::wait_until("the mail", || mail_of("maria@example.gr"));
    let subject = first["subject"].as_str().expect("a subject").to_owned();
    assert!(subject.starts_with("ΣΥΝΑΓΕΡΜΟΣ: Φωτιά σε κάδο – bin-1 · 81.5 Cel"), "{subject}");
    let text = first["text"].as_str().expect("a text");
    assert!(text.contains("Καλέστε την Πυροσβεστική") && text.contains("199") && text.contains("/alerts/1"), "{text}");
    let sms = tests::wait_until("the SMS", || hook.requests("/sms").get(1).cloned());
    assert!(
        sms.2.starts_with("to=%2B302310111&text=%CE%A3%CE%A5%CE%9D") && sms.2.ends_with("&sender=City"),
        "{}",
        sms.2
    );
    assert_eq!(sms.1, hook.requests("/sms")[0].1, "who gets it twice can tell");
    let chat = tests::wait_until("the chat", || hook.requests("/chat").first().cloned());
    assert!(chat.2.contains("\"rule\":\"bin-fire\"") && chat.2.contains("\"state\":\"raised\""), "{}", chat.2);
    let published = tests::wait_until("MQTT", || heard.lines().first().cloned());
    assert!(published.contains("\"about\":\"node/bin-1\""), "{published}");
    tests::wait_until("a sign of life", || hook.requests("/alive").first().cloned());

    // Nobody answers: the next one is told, and the first not again.
    let next = tests::wait_longer("the next one", Duration::from_secs(120), || mail_of("eleni@example.gr"));
    assert_eq!(next["subject"].as_str(), Some(subject.as_str()));
    assert_eq!(mail.mails().iter().filter(|mail| mail["to"][0] == "maria@example.gr").count(), 1);
    let operator = gateway.sign_in("nikos");
    assert_eq!(operator.post("/alerts/1/acknowledge", &[("note", "καλώ το 199")]).status, 303);
    tests::wait_until("that it is answered", || {
        hook.requests("/chat").iter().any(|(_, _, body)| body.contains("\"state\":\"acknowledged\"")).then_some(())
    });
    let page = operator.get("/alerts/1?lang=en").text();
    assert!(page.contains("maria") && page.contains("eleni") && page.contains("καλώ το 199"), "{page}");
}

#[test]
fn a_way_that_refuses_is_given_up_and_said_and_a_test_tells() {
    let (mut mail, hook) = (MailServer::prepare(), Hook::start());
    mail.run();
    let port = mail.port().to_string();
    let webhooks = format!("[{{ name = \"ops\", url = \"{}/ops\" }}]", hook.url());
    let gateway = Gateway::start(&[
        ("delivery.smtp.host", "\"127.0.0.1\""),
        ("delivery.smtp.port", &port),
        ("delivery.smtp.tls", "\"none\""),
        ("delivery.smtp.from", "\"gateway@example.gr\""),
        ("delivery.webhook", &webhooks),
    ]);
    let nikos = operator(&gateway, "nikos", "nikos@example.gr");
    let ghost = operator(&gateway, "ghost", "nobody@example.gr");
    assert_eq!(nikos.post("/alerts/delivery/test", &[("way", "email")]).status, 303);
    let arrived = tests::wait_until("the test mail", || mail.mails().first().cloned());
    assert!(arrived["subject"].as_str().expect("a subject").starts_with("Δοκιμή ειδοποίησης"), "{arrived}");
    assert_eq!(ghost.post("/alerts/delivery/test", &[("way", "email")]).status, 303);
    hook.answers("/ops", &[400]);
    assert_eq!(nikos.post("/alerts/delivery/test", &[("way", "webhook"), ("target", "ops")]).status, 303);
    assert_eq!(nikos.post("/alerts/delivery/test", &[("way", "mqtt")]).status, 422, "it is not set up");
    let page = tests::wait_until("both given up", || {
        let page = nikos.get("/alerts/delivery?lang=en").text();
        (page.matches("given up").count() >= 4).then_some(page)
    });
    assert!(page.contains("the mail server refused it") && page.contains("answered 400"), "{page}");
    assert!(!page.contains("nobody@example.gr"), "an address stands in the account alone");
    let ready = gateway.get("/readyz").text();
    assert!(ready.contains("2 notices were given up"), "{ready}");
    assert_eq!((mail.mails().len(), hook.requests("/ops").len()), (1, 1), "what would never go is not tried again");
}

#[test]
fn mail_goes_by_starttls_to_a_server_the_city_vouches_for_and_waits_for_the_right_password() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ca = PrivateCa::new(folder.path(), "city");
    let mut mail = MailServer::prepare();
    mail.guard(&ca.issue("mail", "localhost", "DNS:localhost"), "gateway", "the right one");
    mail.run();
    let password = folder.path().join("smtp.password");
    std::fs::write(&password, "an old one\n").expect("the folder is ours");
    let quoted = |text: &str| format!("\"{text}\"");
    let (port, password_file) = (mail.port().to_string(), quoted(&text(&password)));
    let mut settings = vec![
        ("delivery.retry_delay_min_s", "1"),
        ("delivery.retry_delay_max_s", "1"),
        ("delivery.smtp.host", "\"localhost\""),
        ("delivery.smtp.port", &port),
        ("delivery.smtp.from", "\"gateway@example.gr\""),
        ("delivery.smtp.username", "\"gateway\""),
        ("delivery.smtp.password_file", &password_file),
    ];
    // Nobody vouches for it: nothing is sent, not even the password.
    let mut gateway = Gateway::start(&settings);
    let nikos = operator(&gateway, "nikos", "nikos@example.gr");
    assert_eq!(nikos.post("/alerts/delivery/test", &[("way", "email")]).status, 303);
    let says = |gateway: &Gateway, what: &str| {
        let nikos = gateway.sign_in("nikos");
        tests::wait_until(what, || nikos.get("/alerts/delivery?lang=en").text().contains(what).then_some(()));
    };
    says(&gateway, "no connection to the mail server: invalid peer certificate: UnknownIssuer");

    gateway.kill();
    let ca_file = quoted(&text(&ca.cert()));
    settings.push(("delivery.smtp.ca_file", &ca_file));
    gateway.configure(&settings);
    gateway.restart();
    says(&gateway, "does not take the name and password");
    assert_eq!(mail.mails().len(), 0);

    gateway.kill();
    std::fs::write(&password, "the right one\n").expect("the folder is ours");
    gateway.restart();
    let arrived = tests::wait_until("the test mail", || mail.mails().first().cloned());
    assert_eq!(arrived["to"][0], "nikos@example.gr");
}
