//! A thousand nodes that connect at one moment, each with a reading, and again; some go before they are answered.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::book::Book;
use crate::gateway::Address;
use crate::raw::publish;
use crate::senml::{Entry, to_json};
use crate::wait_until;

/// Nodes of the crowd.
pub const NODES: usize = 1_000;
const QUANTITY: &str = "temperature";
/// One in so many goes without waiting for its answer, and does not come again.
const VANISHES: usize = 20;
/// Longest wait for one answer; then the node connects again.
const ANSWER: Duration = Duration::from_secs(10);

/// Lets this process have as many sockets as the crowd takes.
///
/// # Panics
/// When the system does not.
pub fn make_room() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum.or(Some(65_536));
    setrlimit(Resource::Nofile, limit).expect("the soft bound may be raised to the hard one");
}

/// All of them connect at once, each publishes one reading measured about `unix_ms` and waits for its PUBACK; who is cut
/// off comes again. Gives how many were acknowledged.
///
/// # Panics
/// When they are still not served after a minute.
pub fn rush(gateway: &Address, unix_ms: i64, book: &Book) -> u64 {
    let mut waiting: Vec<usize> = (0..NODES).collect();
    let mut acknowledged = 0;
    for node in &waiting {
        let at = unix_ms + *node as i64;
        book.sends(&name(*node), QUANTITY, at, value(*node, at));
    }
    let mut first = true;
    wait_until("a crowd to be served", || {
        let crowd: Vec<(usize, Option<TcpStream>)> =
            waiting.iter().map(|node| (*node, arrive(gateway, *node, unix_ms + *node as i64).ok())).collect();
        let (mut again, mut patience) = (Vec::new(), ANSWER);
        for (node, stream) in crowd {
            if first && node % VANISHES == 0 {
                continue;
            }
            match stream.and_then(|stream| answered(stream, patience).ok()) {
                Some(()) => {
                    book.owes(&name(node), QUANTITY, unix_ms + node as i64);
                    acknowledged += 1;
                }
                None => {
                    // They have waited as long as this one has.
                    patience = Duration::from_millis(20);
                    again.push(node);
                }
            }
        }
        first = false;
        waiting = again;
        waiting.is_empty().then_some(())
    });
    acknowledged
}

fn name(node: usize) -> String {
    format!("crowd-{node:04}")
}

fn value(node: usize, at: i64) -> f64 {
    ((node as i64 * 7 + at / 1_000) % 3_000) as f64 / 100.0
}

/// Connects, and sends all that it has to say in one piece.
fn arrive(gateway: &Address, node: usize, at: i64) -> std::io::Result<TcpStream> {
    let name = name(node);
    let mut stream = TcpStream::connect(gateway.get())?;
    // CONNECT, 3.1.1, clean session, no password.
    let mut bytes = vec![0x10, 12 + name.len() as u8, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 0];
    bytes.extend_from_slice(&(name.len() as u16).to_be_bytes());
    bytes.extend_from_slice(name.as_bytes());
    let entry = Entry { name: QUANTITY, unit: None, value: value(node, at), unix_ms: at };
    bytes.extend_from_slice(&publish(&format!("city/{name}/readings"), 1, &to_json("", &[entry])));
    stream.write_all(&bytes)?;
    Ok(stream)
}

fn answered(mut stream: TcpStream, patience: Duration) -> std::io::Result<()> {
    stream.set_read_timeout(Some(patience))?;
    let mut answers = [0; 8];
    stream.read_exact(&mut answers)?;
    let refused = || std::io::Error::other(format!("{answers:02x?}"));
    if answers == [0x20, 2, 0, 0, 0x40, 2, 0, 1] { Ok(()) } else { Err(refused()) }
}
