//! A serial line: nodes that hang on a cable, one that speaks unasked or several that are polled in turn
//! ([`protocols::line`]).
//!
//! Data is acknowledged on the line when, and only when, the journal says that it is on disk: a node keeps what it sent
//! until then. While the journal takes no more the line is silent. A node that the registry does not take gets no
//! acknowledgement either: it keeps its readings until a person has added it.
//!
//! A port that is unplugged answers every read with an error, or with nothing, without end: both mean that it is closed,
//! and opened again by its path when it is there again. What was on its way comes again, since it was not acknowledged.
//!
//! `talk` speaks on a port that is open; this file opens ports and waits.

mod state;
mod talk;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_serial::SerialPortBuilderExt;

pub use state::{LineState, LineView, NodeView};

use super::mqtt::{Answer, Intake};
use super::{Sessions, Vouched};
use crate::clock::Clock;
use crate::config;
use crate::telemetry::delay::Delay;
use talk::{Ended, Talk};

const RETRY_DELAY_MIN: Duration = Duration::from_millis(200);
/// A port that is plugged in again is seen within this.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(3);

/// What it works with.
pub struct LineConfig<I> {
    /// The section `[[serial]]`.
    pub line: config::SerialLine,
    /// Where frames go.
    pub intake: I,
    /// Which nodes are taken.
    pub vouched: Arc<dyn Vouched>,
    /// Commands that wait for nodes.
    pub sessions: Arc<dyn Sessions>,
    /// Answers messages at once: a node that asks for the time.
    pub answer: Arc<dyn Answer>,
    /// Stamps frames.
    pub clock: Arc<Clock>,
    /// What pages, metrics and readiness read.
    pub state: Arc<LineState>,
}

/// The way in through a serial line.
pub struct Line<I>(LineConfig<I>);

impl<I: Intake> Line<I> {
    /// One that opens its port when it runs.
    pub fn new(config: LineConfig<I>) -> Self {
        Self(config)
    }

    /// Speaks until `stop` holds true, or the journal takes nothing any more. What is not acknowledged then is sent again.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            () = self.speak() => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    async fn speak(self) {
        let Self(config) = self;
        let (state, clock) = (config.state.clone(), config.clock.clone());
        let (path, baud) = (config.line.path.clone(), config.line.baud);
        let mut talk = Talk::new(config);
        let mut delay = Delay::new(RETRY_DELAY_MIN, RETRY_DELAY_MAX);
        loop {
            // The path is opened anew each time: the device behind it may be another one.
            let trouble = match tokio_serial::new(path.to_string_lossy(), baud).open_native_async() {
                Ok(port) => {
                    tracing::info!(port = %path.display(), baud, "the serial line is open");
                    state.opened(clock.now());
                    let heard = state.view().frames;
                    let trouble = match talk.over(port).await {
                        Ended::Gone(trouble) => trouble,
                        Ended::Stopped => return,
                    };
                    tracing::warn!(port = %path.display(), trouble, "the serial line is gone");
                    if state.view().frames > heard {
                        delay.reset();
                    }
                    trouble
                }
                Err(error) => {
                    tracing::debug!(port = %path.display(), %error, "the serial line cannot be opened");
                    error.to_string()
                }
            };
            state.closed(clock.now(), trouble);
            tokio::time::sleep(delay.next(false, getrandom::u32().unwrap_or(0))).await;
        }
    }
}
