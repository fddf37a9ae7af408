//! [`Link`]: a TCP proxy of our own between two peers, whose weather the test makes: fair, cut, slow, or silent as a
//! connection whose other end has gone without a word.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::gateway::Address;

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Passes everything on at once.
    Fair,
    /// Ends every connection, and every new one.
    Cut,
    /// Passes everything on, each piece so much later.
    Slow(Duration),
    /// Takes what comes, passes nothing on, and ends nothing.
    Silent,
}

#[derive(Debug)]
struct State {
    weather: Weather,
    open: Vec<TcpStream>,
    connections: u64,
}

/// A link. Lives as long as the test's process.
#[derive(Debug, Clone)]
pub struct Link {
    address: Address,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Link {
    /// A link to where `target` is at each connection.
    ///
    /// # Panics
    /// When no port is free.
    pub fn to(target: Address) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = Address::fixed(&listener.local_addr().expect("it is bound").to_string());
        let state = State { weather: Weather::Fair, open: Vec::new(), connections: 0 };
        let link = Self { address, state: Arc::new((Mutex::new(state), Condvar::new())) };
        let carrier = link.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                carrier.carry(near, &target);
            }
        });
        link
    }

    /// Where to connect.
    pub fn address(&self) -> Address {
        self.address.clone()
    }

    /// Makes weather; connections that stand feel it too.
    pub fn set(&self, weather: Weather) {
        let (state, changed) = &*self.state;
        let mut state = state.lock().expect("nobody panics while holding it");
        state.weather = weather;
        if weather == Weather::Cut {
            for stream in std::mem::take(&mut state.open) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        changed.notify_all();
    }

    /// How many connections it has carried.
    pub fn connections(&self) -> u64 {
        self.state.0.lock().expect("nobody panics while holding it").connections
    }

    fn carry(&self, near: TcpStream, target: &Address) {
        let mut state = self.state.0.lock().expect("nobody panics while holding it");
        if state.weather == Weather::Cut {
            return;
        }
        let Ok(far) = TcpStream::connect(target.get()) else { return };
        let _ = near.set_nodelay(true).and_then(|()| far.set_nodelay(true));
        let twice = |stream: &TcpStream| stream.try_clone().expect("a socket, twice");
        state.open.retain(|stream| stream.peer_addr().is_ok());
        state.open.extend([twice(&near), twice(&far)]);
        state.connections += 1;
        drop(state);
        for (from, to) in [(twice(&near), twice(&far)), (far, near)] {
            let link = self.clone();
            std::thread::spawn(move || link.pump(from, to));
        }
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let (state, changed) = &*self.state;
            let state = state.lock().expect("nobody panics while holding it");
            let state = changed.wait_while(state, |state| state.weather == Weather::Silent);
            let weather = state.expect("nobody panics while holding it").weather;
            if let Weather::Slow(delay) = weather {
                std::thread::sleep(delay);
            }
            if weather == Weather::Cut || to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo() -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = Address::fixed(&listener.local_addr().expect("it is bound").to_string());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                std::thread::spawn(move || {
                    let mut bytes = [0; 64];
                    while let Ok(count @ 1..) = stream.read(&mut bytes) {
                        let _ = stream.write_all(&bytes[..count]);
                    }
                });
            }
        });
        address
    }

    #[test]
    fn the_weather_is_felt_by_connections_that_stand() {
        let link = Link::to(echo());
        let mut stream = TcpStream::connect(link.address().get()).expect("a listener");
        let say = |stream: &mut TcpStream, wait_ms| {
            stream.set_read_timeout(Some(Duration::from_millis(wait_ms))).expect("a time-out");
            let _ = stream.write_all(b"x");
            stream.read(&mut [0; 1])
        };
        assert_eq!(say(&mut stream, 5_000).expect("fair"), 1);
        link.set(Weather::Silent);
        assert!(say(&mut stream, 100).is_err(), "silence gives nothing and ends nothing");
        link.set(Weather::Cut);
        assert!(matches!(say(&mut stream, 5_000), Ok(0) | Err(_)), "cut");
        let mut other = TcpStream::connect(link.address().get()).expect("the listener stays");
        assert!(matches!(say(&mut other, 5_000), Ok(0) | Err(_)), "cut for new ones too");
        link.set(Weather::Slow(Duration::from_millis(20)));
        let mut third = TcpStream::connect(link.address().get()).expect("a listener");
        let began = std::time::Instant::now();
        assert_eq!(say(&mut third, 5_000).expect("slow"), 1);
        assert!(began.elapsed() >= Duration::from_millis(40), "there and back");
    }
}
