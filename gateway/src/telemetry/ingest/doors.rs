//! Which nodes are taken of those that somebody else vouches for: the registry is asked, and its refusals are remembered for a
//! while, so that a stranger who speaks much does not keep the disk busy.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Denied, Vouched};
use crate::reading::NodeId;

/// How long a refusal holds without asking again.
const DENIED_FOR: Duration = Duration::from_secs(5);
/// Most refusals remembered. When full, all are forgotten.
const DENIED_MAX: usize = 1_024;
/// How soon a registry that cannot be used is asked again.
const UNAVAILABLE_RETRY: Duration = Duration::from_secs(1);

/// The registry's word, remembered.
pub(super) struct Doors {
    vouched: Arc<dyn Vouched>,
    denied: HashMap<NodeId, (Denied, Instant)>,
}

impl Doors {
    pub(super) fn new(vouched: Arc<dyn Vouched>) -> Self {
        Self { vouched, denied: HashMap::new() }
    }

    /// Whether `node` may come in. While the registry cannot be used this waits: nothing is refused for that.
    pub(super) async fn admit(&mut self, node: &NodeId) -> Result<(), Denied> {
        if self.vouched.is_enrolled(node) {
            return Ok(());
        }
        if let Some((denied, at)) = self.denied.get(node)
            && at.elapsed() < DENIED_FOR
        {
            return Err(*denied);
        }
        loop {
            let (vouched, asked) = (self.vouched.clone(), node.clone());
            let answer = match tokio::task::spawn_blocking(move || vouched.vouch(&asked)).await {
                Ok(answer) => answer,
                Err(ended) => std::panic::resume_unwind(ended.into_panic()),
            };
            match answer {
                Ok(()) => {
                    self.denied.remove(node);
                    return Ok(());
                }
                Err(Denied::Unavailable) => tokio::time::sleep(UNAVAILABLE_RETRY).await,
                Err(denied) => {
                    if self.denied.len() >= DENIED_MAX {
                        self.denied.clear();
                    }
                    self.denied.insert(node.clone(), (denied, Instant::now()));
                    return Err(denied);
                }
            }
        }
    }
}
