//! The store behind the demonstration's sink: takes InfluxDB's write request, counts lines and distinct points, and keeps
//! nothing else. It can be taken away and brought back under the same address.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const BODY_BYTES_MAX: usize = 8 * 1_024 * 1_024;
/// Distinct points that are told apart; beyond, only lines are counted.
const POINTS_MAX: usize = 2_000_000;
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// The store.
pub(super) struct Store {
    address: SocketAddr,
    counts: Arc<Counts>,
    serving: tokio::sync::Mutex<Option<(watch::Sender<bool>, JoinHandle<()>)>>,
}

#[derive(Default)]
struct Counts {
    inner: Mutex<(u64, HashSet<u64>)>,
}

impl Store {
    /// A store that takes rows.
    ///
    /// # Errors
    /// There is no free port.
    pub(super) async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let store =
            Self { address: listener.local_addr()?, counts: Arc::default(), serving: tokio::sync::Mutex::new(None) };
        *store.serving.lock().await = Some(serve(listener, store.counts.clone()));
        Ok(store)
    }

    /// Where it is, or was.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lines it took, and distinct points it holds.
    pub(super) fn counts(&self) -> (u64, u64) {
        let inner = self.counts.inner.lock().unwrap_or_else(PoisonError::into_inner);
        (inner.0, inner.1.len() as u64)
    }

    /// Takes it away: connections end, and new ones are refused when this returns.
    pub(super) async fn take_away(&self) {
        if let Some((stop, mut task)) = self.serving.lock().await.take() {
            stop.send_replace(true);
            if tokio::time::timeout(CLOSE_WITHIN, &mut task).await.is_err() {
                task.abort();
            }
        }
    }

    /// Brings it back.
    ///
    /// # Errors
    /// Somebody else took its port meanwhile.
    pub(super) async fn bring_back(&self) -> std::io::Result<()> {
        let mut serving = self.serving.lock().await;
        if serving.is_none() {
            *serving = Some(serve(TcpListener::bind(self.address).await?, self.counts.clone()));
        }
        Ok(())
    }
}

fn serve(listener: TcpListener, counts: Arc<Counts>) -> (watch::Sender<bool>, JoinHandle<()>) {
    let (stop, mut stopped) = watch::channel(false);
    let routes = Router::new()
        .route("/api/v2/write", post(write))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(counts);
    let until = async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let task = tokio::spawn(async move {
        let _ = axum::serve(listener, routes).with_graceful_shutdown(until).await;
    });
    (stop, task)
}

async fn write(State(counts): State<Arc<Counts>>, body: Bytes) -> StatusCode {
    let Ok(text) = std::str::from_utf8(&body) else { return StatusCode::BAD_REQUEST };
    let mut inner = counts.inner.lock().unwrap_or_else(PoisonError::into_inner);
    for line in text.lines().filter(|line| !line.is_empty()) {
        inner.0 += 1;
        if inner.1.len() < POINTS_MAX {
            inner.1.insert(point(line));
        }
    }
    StatusCode::NO_CONTENT
}

/// What makes a point: measurement and tags, and the time. `measurement,tag=a\ b field=1 1795327200000`
fn point(line: &str) -> u64 {
    let mut escaped = false;
    let end = line.bytes().position(|byte| {
        let ends = byte == b' ' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    let mut hasher = DefaultHasher::new();
    line[..end.unwrap_or(line.len())].hash(&mut hasher);
    line.rsplit(' ').next().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_of_a_point_is_the_same_point() {
        assert_eq!(point(r"air,site=a\ b mean=1,n=3i 1000"), point(r"air,site=a\ b mean=2 1000"));
        assert_ne!(point(r"air,site=a\ b mean=1 1000"), point(r"air,site=a\ c mean=1 1000"));
        assert_ne!(point(r"air,site=a mean=1 1000"), point(r"air,site=a mean=1 2000"));
    }

    #[tokio::test]
    async fn it_refuses_connections_while_it_is_away_also_to_those_who_had_one() {
        let store = Store::open().await.expect("a port");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let url = format!("http://{}/api/v2/write", store.address());
        let write = || client.post(&url).body("a v=1 1\na v=2 1\nb v=1 1\n").send();
        assert_eq!(write().await.expect("taken").status(), 204);
        assert_eq!(store.counts(), (3, 2));
        store.take_away().await;
        assert!(write().await.is_err());
        store.bring_back().await.expect("the same port");
        assert_eq!(write().await.expect("taken").status(), 204);
        assert_eq!(store.counts(), (6, 2));
    }
}
