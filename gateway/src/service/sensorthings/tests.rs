//! URLs against a small city in memory, through the router, as a client would ask.

mod answers;
mod conditions;
mod fake;
mod paging;
mod parsing;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use serde_json::Value;
use tower::ServiceExt;

use super::{Limits, Settings, router};
use fake::Fake;

/// A service, and a runtime to ask it in.
struct Client {
    router: Router,
    runtime: tokio::runtime::Runtime,
}

impl Client {
    fn new() -> Self {
        Self::of(Fake::city(), Settings::default())
    }

    fn of(fake: Fake, settings: Settings) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { router: router(Arc::new(fake), settings), runtime }
    }

    fn send(&self, request: Request<Body>) -> Response<Body> {
        self.runtime.block_on(self.router.clone().oneshot(request)).expect("never fails")
    }

    /// Status and body of a GET; spaces and quotes are encoded here, so that tests are easy to read.
    fn get(&self, url: &str) -> (u16, String) {
        let url = url.replace(' ', "%20").replace('"', "%22").replace('<', "%3C").replace('>', "%3E");
        let request = Request::get(format!("/v1.1{url}")).header("host", "city.test").body(Body::empty());
        let response = self.send(request.expect("a request"));
        let status = response.status().as_u16();
        let body = self.runtime.block_on(to_bytes(response.into_body(), usize::MAX)).expect("a body");
        (status, String::from_utf8(body.to_vec()).expect("UTF-8"))
    }

    /// The JSON of a GET that has to go well.
    fn json(&self, url: &str) -> Value {
        let (status, body) = self.get(url);
        assert_eq!(status, 200, "{url}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// A property of each entity of a collection.
    fn each(&self, url: &str, pointer: &str) -> Vec<Value> {
        let json = self.json(url);
        let all = json["value"].as_array().expect("a collection");
        all.iter().map(|entity| entity.pointer(pointer).cloned().unwrap_or(Value::Null)).collect()
    }

    /// Follows nextLinks to the end; gives `@iot.id` of all, and the sizes of the pages.
    fn pages(&self, url: &str) -> (Vec<u64>, Vec<usize>) {
        let (mut ids, mut sizes) = (Vec::new(), Vec::new());
        let mut url = url.to_owned();
        loop {
            let page = self.json(&url);
            let all = page["value"].as_array().expect("a collection");
            ids.extend(all.iter().map(|entity| entity["@iot.id"].as_u64().expect("a number")));
            sizes.push(all.len());
            match page["@iot.nextLink"].as_str() {
                Some(next) => {
                    url = next.strip_prefix("http://city.test/v1.1").expect("our base").to_owned();
                }
                None => return (ids, sizes),
            }
            assert!(sizes.len() < 10_000, "pages without end");
        }
    }
}

/// Small bounds, to see them reached.
fn limits() -> Limits {
    Limits { top_default: 3, top_max: 7, looked_max: 400, written_max: 40 }
}
