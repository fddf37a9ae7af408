//! [`Front`]: stands before a real time-series store and makes it ill: away, slow, answering 429 or 500, or with half an
//! answer after it took the rows. One line it never takes, whatever its mood: 400, as a store says that does not like
//! a field.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::http::{self, Answer, Request};

/// What the store does with requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// What the real one does.
    Well,
    /// Ends each connection.
    Away,
    /// The real one, so much later.
    Slow(Duration),
    /// This status, and nothing is taken.
    Answers(u16),
    /// The real one takes the rows, and its answer is cut in the middle.
    HalfAnswer,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    /// Requests since the mood was set.
    struck: u64,
    refused: u64,
}

/// The front. Lives as long as the test's process.
#[derive(Debug, Clone)]
pub struct Front {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Front {
    /// Before the store at `store`; a line that contains `never` is refused.
    ///
    /// # Panics
    /// When no port is free.
    pub fn before(store: &str, never: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let state = State { mood: Mood::Well, struck: 0, refused: 0 };
        let front = Self { address, state: Arc::new(Mutex::new(state)) };
        let (serving, store, never) = (front.clone(), store.to_owned(), never.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (front, store, never) = (serving.clone(), store.clone(), never.clone());
                std::thread::spawn(move || front.serve(stream, &store, &never));
            }
        });
        front
    }

    /// `address:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sets what it does from the next request on.
    pub fn set(&self, mood: Mood) {
        let mut state = self.state.lock().expect("nobody panics while holding it");
        (state.mood, state.struck) = (mood, 0);
    }

    /// How many requests came since its mood was set.
    pub fn struck(&self) -> u64 {
        self.state.lock().expect("nobody panics while holding it").struck
    }

    /// How many requests it refused for their line.
    pub fn refused(&self) -> u64 {
        self.state.lock().expect("nobody panics while holding it").refused
    }

    fn serve(&self, mut stream: TcpStream, store: &str, never: &str) -> Option<()> {
        let request = Request::read(&mut stream)?;
        let mood = {
            let mut state = self.state.lock().expect("nobody panics while holding it");
            state.struck += 1;
            state.mood
        };
        match mood {
            Mood::Away => return None,
            Mood::Slow(delay) => std::thread::sleep(delay),
            Mood::Answers(status) => {
                let told = br#"{"code":"unavailable","message":"not just now"}"#.to_vec();
                return stream.write_all(&Answer::of(status, told).to_bytes()).ok();
            }
            Mood::Well | Mood::HalfAnswer => {}
        }
        if contains(&request, never) {
            self.state.lock().expect("nobody panics while holding it").refused += 1;
            let told = br#"{"code":"invalid","message":"partial write: one of these lines is not to be"}"#.to_vec();
            return stream.write_all(&Answer::of(400, told).to_bytes()).ok();
        }
        let headers: Vec<(&str, &str)> =
            request.header("content-encoding").map(|value| ("Content-Encoding", value)).into_iter().collect();
        let answer = http::ask(store, &request.method, &request.path, &headers, &request.body).ok()?.to_bytes();
        let told = if mood == Mood::HalfAnswer { &answer[..answer.len() / 3] } else { &answer[..] };
        stream.write_all(told).ok()
    }
}

fn contains(request: &Request, never: &str) -> bool {
    let mut text = Vec::new();
    match request.header("content-encoding") {
        Some("gzip") => {
            if flate2::read::MultiGzDecoder::new(&request.body[..]).read_to_end(&mut text).is_err() {
                return false;
            }
        }
        _ => text.clone_from(&request.body),
    }
    String::from_utf8_lossy(&text).contains(never)
}
