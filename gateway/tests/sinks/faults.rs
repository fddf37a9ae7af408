//! A store that answers as it is told: what the real ones do only on a bad day.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use city_gateway::telemetry::sinks::influxdb::{InfluxConfig, Token};
use city_gateway::telemetry::sinks::{ChangeSource, Phase};

use super::source::{Source, config, hour, run};

/// Decides on a body of lines: the status and the words.
type Judge = Box<dyn FnMut(&[&str]) -> (u16, String) + Send>;

#[derive(Clone)]
struct Fake(Arc<Mutex<Inner>>);

struct Inner {
    judge: Judge,
    taken: Vec<String>,
    requests: usize,
    authorization: Option<String>,
}

impl Fake {
    async fn start(judge: impl FnMut(&[&str]) -> (u16, String) + Send + 'static) -> (Self, u16) {
        let inner = Inner { judge: Box::new(judge), taken: Vec::new(), requests: 0, authorization: None };
        let fake = Self(Arc::new(Mutex::new(inner)));
        let router = Router::new().fallback(answer).with_state(fake.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        (fake, port)
    }

    fn taken(&self) -> Vec<String> {
        self.0.lock().expect("no test panics inside").taken.clone()
    }

    fn requests(&self) -> usize {
        self.0.lock().expect("no test panics inside").requests
    }

    fn authorization(&self) -> Option<String> {
        self.0.lock().expect("no test panics inside").authorization.clone()
    }

    fn judged(&self, headers: &HeaderMap, text: &str) -> (u16, String) {
        let lines: Vec<&str> = text.lines().collect();
        let mut inner = self.0.lock().expect("no test panics inside");
        inner.authorization = headers.get("authorization").and_then(|value| Some(value.to_str().ok()?.to_owned()));
        inner.requests += 1;
        let (status, words) = (inner.judge)(&lines);
        if status == 204 {
            inner.taken.extend(lines.into_iter().map(str::to_owned));
        }
        (status, words)
    }

    fn judge(&self, judge: impl FnMut(&[&str]) -> (u16, String) + Send + 'static) {
        self.0.lock().expect("no test panics inside").judge = Box::new(judge);
    }
}

async fn answer(State(fake): State<Fake>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if uri.path() != "/api/v2/write" {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut text = String::new();
    match headers.get("content-encoding") {
        Some(_) => flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).expect("gzip"),
        None => (&body[..]).read_to_string(&mut text).expect("a text"),
    };
    let (status, words) = fake.judged(&headers, &text);
    if status == 0 {
        // Too long for anyone.
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [("location", "/elsewhere")], words).into_response()
}

fn fine(_: &[&str]) -> (u16, String) {
    (204, String::new())
}

fn filled(rows: u32) -> Source {
    let source = Source::new();
    for n in 0..rows {
        source.push(hour("pm25", "n1", n));
    }
    source
}

#[tokio::test]
async fn a_busy_store_is_asked_again_until_it_takes_the_rows() {
    let mut bad_day = VecDeque::from([429, 500, 503, 502, 408, 507, 429, 504]);
    let (fake, port) = Fake::start(move |_| (bad_day.pop_front().unwrap_or(204), "busy".into())).await;
    let source = filled(30);
    let mut sink = run(config(port), &source);
    let state = sink.until_done(&source).await;
    assert_eq!((state.rows_sent, state.quarantined, state.requests_failed), (30, 0, 8));
    assert_eq!((fake.taken().len(), fake.requests()), (30, 9));
    assert_eq!(state.last_error.expect("kept after it has passed").message, "the store answered 504: busy");
    sink.stop().await;
}

#[tokio::test]
async fn a_wrong_token_is_told_retried_slowly_and_mended_without_a_restart() {
    let (fake, port) = Fake::start(|_| (401, "token s3cret is not known".into())).await;
    let source = filled(3);
    let mut sink = run(config(port), &source);
    let state = sink.until("misconfigured", |state| matches!(state.phase, Phase::Misconfigured { .. })).await;
    let Phase::Misconfigured { why, .. } = &state.phase else { panic!("{state:?}") };
    assert!(why.contains("token_file"), "{why}");
    assert!(!format!("{state:?}").contains("s3cret"), "{state:?}");
    fake.judge(fine);
    assert_eq!(sink.until_done(&source).await.rows_sent, 3);
    sink.stop().await;
}

#[tokio::test]
async fn bodies_that_are_too_large_become_smaller() {
    let (fake, port) = Fake::start(|lines| (if lines.len() > 7 { 413 } else { 204 }, String::new())).await;
    let source = filled(200);
    let mut sink = run(config(port), &source);
    let state = sink.until_done(&source).await;
    assert_eq!((state.rows_sent, state.quarantined), (200, 0));
    let before = fake.requests();
    for n in 200..300 {
        source.push(hour("pm25", "n1", n));
    }
    let failed = sink.until_done(&source).await.requests_failed;
    assert!(failed <= 2 * state.requests_failed, "what was learned of the size is kept: {failed} requests failed");
    assert!(fake.requests() - before < 60, "{}", fake.requests() - before);
    sink.stop().await;
}

#[tokio::test]
async fn a_store_that_refuses_everything_costs_no_line() {
    let (fake, port) = Fake::start(|_| (400, "<html>plain HTTP sent to an HTTPS port</html>".into())).await;
    let source = filled(300);
    let mut sink = run(config(port), &source);
    let state = sink.until("misconfigured", |state| matches!(state.phase, Phase::Misconfigured { .. })).await;
    let Phase::Misconfigured { why, .. } = &state.phase else { panic!("{state:?}") };
    assert!(why.contains("refuses everything") && why.contains("HTTPS port"), "{why}");
    assert_eq!((state.cursor, state.quarantined, source.kept().len()), (0, 0, 0));
    assert!(fake.requests() <= 127, "found out cheaply: {}", fake.requests());
    fake.judge(fine);
    let state = sink.until_done(&source).await;
    assert_eq!((state.rows_sent, state.quarantined), (300, 0));

    // And the same later, when rows were taken before.
    fake.judge(|_| (400, "no".into()));
    source.push(hour("pm25", "n1", 300));
    let state = sink.until("misconfigured", |state| matches!(state.phase, Phase::Misconfigured { .. })).await;
    assert_eq!((state.cursor, state.quarantined), (300, 0));
    fake.judge(fine);
    sink.until_done(&source).await;
    assert_eq!(source.kept().len(), 0);
    sink.stop().await;
}

#[tokio::test]
async fn a_line_that_is_refused_alone_is_quarantined_when_another_is_still_taken() {
    let (_fake, port) = Fake::start(|lines| {
        let bad = lines.iter().any(|line| line.starts_with("laeq"));
        (if bad { 422 } else { 204 }, "partial write".into())
    })
    .await;
    let source = filled(2);
    let mut sink = run(config(port), &source);
    sink.until_done(&source).await;
    source.push(hour("laeq", "n1", 9));
    sink.until_done(&source).await;
    let kept = source.kept();
    assert_eq!((kept.len(), kept[0].change, kept[0].error.as_str()), (1, 3, "422: partial write"));
    sink.stop().await;
}

#[tokio::test]
async fn a_change_that_cannot_be_a_line_is_quarantined_unsent() {
    let (fake, port) = Fake::start(fine).await;
    let source = filled(2);
    source.push(hour("#pm25", "n1", 9));
    source.push(hour("pm25", "n1", 10));
    let mut sink = run(config(port), &source);
    let state = sink.until_done(&source).await;
    assert_eq!((state.rows_sent, state.quarantined, fake.taken().len()), (3, 1, 3));
    assert!(source.kept()[0].error.contains('#'));
    sink.stop().await;
}

#[tokio::test]
async fn a_store_that_never_answers_is_given_up_and_asked_again_for_less() {
    let mut silent = 2;
    let (fake, port) = Fake::start(move |_| {
        silent -= 1;
        (if silent >= 0 { 0 } else { 204 }, String::new())
    })
    .await;
    let source = filled(40);
    let mut sink =
        run(InfluxConfig { request_timeout: Duration::from_millis(300), gzip: false, ..config(port) }, &source);
    let state = sink.until("waiting", |state| matches!(state.phase, Phase::Waiting { .. })).await;
    assert!(state.last_error.expect("there is one").message.starts_with("no answer in time"));
    let state = sink.until_done(&source).await;
    assert_eq!((state.rows_sent, fake.taken().len(), fake.requests()), (40, 40, 5));
    sink.stop().await;
}

#[tokio::test]
async fn a_redirect_and_a_stranger_are_not_taken_for_success() {
    for status in [200, 301, 302, 307] {
        let (fake, port) = Fake::start(move |_| (status, "welcome".into())).await;
        let source = filled(1);
        let mut sink = run(config(port), &source);
        let state = sink.until("misconfigured", |state| matches!(state.phase, Phase::Misconfigured { .. })).await;
        assert_eq!((state.cursor, state.rows_sent), (0, 0), "{status}");
        fake.judge(fine);
        sink.until_done(&source).await;
        sink.stop().await;
    }
}

#[tokio::test]
async fn a_cursor_ahead_of_the_store_is_moved_back_so_that_new_changes_are_sent() {
    let (fake, port) = Fake::start(fine).await;
    let source = filled(5);
    source.set_cursor(99).expect("it is in memory");
    let mut sink = run(config(port), &source);
    sink.until("moved back", |state| state.cursor == 5).await;
    source.push(hour("pm25", "n1", 5));
    sink.until_done(&source).await;
    assert_eq!(fake.taken().len(), 1);
    sink.stop().await;
}

#[tokio::test]
async fn a_user_and_a_password_in_the_address_are_sent_and_never_shown() {
    let (fake, port) = Fake::start(|_| (401, "who is pa55word?".into())).await;
    let source = filled(1);
    let url = format!("http://ada:pa55word@127.0.0.1:{port}");
    let config = InfluxConfig { url, token: Token::default(), ..config(port) };
    assert!(!format!("{config:?}").contains("pa55word"), "{config:?}");
    let mut sink = run(config, &source);
    let state = sink.until("misconfigured", |state| matches!(state.phase, Phase::Misconfigured { .. })).await;
    assert!(!format!("{state:?}").contains("pa55word"), "{state:?}");
    assert_eq!(state.url, format!("http://127.0.0.1:{port}"));
    assert_eq!(fake.authorization().as_deref(), Some("Basic YWRhOnBhNTV3b3Jk"));
    sink.stop().await;
}

#[tokio::test]
async fn a_sink_stops_at_once_whatever_it_waits_for() {
    let source = filled(1);
    let (_fake, port) = Fake::start(|_| (0, String::new())).await;
    let mut unanswered = run(config(port), &source);
    unanswered.until("sending", |state| state.phase == Phase::Sending).await;
    unanswered.stop().await;
    let (_fake, port) = Fake::start(|_| (503, String::new())).await;
    let long = InfluxConfig { retry_delay_min: Duration::from_secs(3600), ..config(port) };
    let mut waiting = run(long, &source);
    waiting.until("waiting", |state| matches!(state.phase, Phase::Waiting { .. })).await;
    waiting.stop().await;
    assert_eq!(source.cursor().expect("it is in memory"), 0);
}

#[tokio::test]
async fn trouble_with_the_gateways_own_store_is_waited_out_too() {
    let (fake, port) = Fake::start(fine).await;
    let source = filled(3);
    source.fail_next(4);
    let mut sink = run(config(port), &source);
    let state = sink.until_done(&source).await;
    assert_eq!((state.rows_sent, fake.taken().len()), (3, 3));
    assert!(state.last_error.expect("kept").message.starts_with("the gateway's own store: "));
    sink.stop().await;
}
