//! [`Hook`]: somebody who takes webhooks and keeps what was sent, and answers as it is told.

use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::http::{Answer, Request};

#[derive(Debug, Default)]
struct State {
    requests: Vec<(String, String, String)>,
    answers: Vec<(String, u16)>,
}

/// The server. Lives as long as the test's process.
#[derive(Debug, Clone)]
pub struct Hook {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Hook {
    /// One that answers 200.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let hook = Self { address: listener.local_addr().expect("it is bound").to_string(), state: Arc::default() };
        let state = hook.state.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let Some(request) = Request::read(&mut stream) else { continue };
                let status = {
                    let mut state = state.lock().expect("nobody panics while holding it");
                    let key = request.header("idempotency-key").unwrap_or_default().to_owned();
                    let body = String::from_utf8_lossy(&request.body).into_owned();
                    state.requests.push((request.path.clone(), key, body));
                    let place = state.answers.iter().position(|(path, _)| *path == request.path);
                    place.map_or(200, |place| state.answers.remove(place).1)
                };
                let _ = stream.write_all(&Answer::of(status, b"{}".to_vec()).to_bytes());
            }
        });
        hook
    }

    /// `http://…`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it answers to the next requests on a path, the first first; after these 200.
    ///
    /// # Panics
    /// When somebody panicked while holding it.
    pub fn answers(&self, path: &str, statuses: &[u16]) {
        let answers = statuses.iter().map(|status| (path.to_owned(), *status));
        self.state.lock().expect("nobody panics while holding it").answers = answers.collect();
    }

    /// Path, idempotency key and body of each request on a path.
    ///
    /// # Panics
    /// When somebody panicked while holding it.
    pub fn requests(&self, path: &str) -> Vec<(String, String, String)> {
        let state = self.state.lock().expect("nobody panics while holding it");
        state.requests.iter().filter(|(own, _, _)| own == path).cloned().collect()
    }
}
