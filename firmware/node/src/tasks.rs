//! The loops that every board runs: sampling, the console with the serial line, the trace.

use core::cell::RefCell;

use embassy_time::{Duration, Instant, Ticker, Timer, with_timeout};
use embedded_hal::i2c::I2c;
use embedded_io_async::{Read, Write};
use protocols::line::LINE_BYTES_MAX;

use crate::console::{Answer, Console, Lines, Then};
use crate::identity::Link;
use crate::memory::Memory;
use crate::node::{Duty, Node};
use crate::serial::SerialLine;
use crate::uplink::Bell;

/// What the loops ask of a board.
pub trait Board {
    /// Every task made progress: the watchdog begins its count anew.
    fn feed_watchdog(&mut self);
    /// The lamp by which a person finds the node.
    fn show(&mut self, on: bool);
    /// Starts again, and has the next start know that it was wanted.
    fn restart() -> !;
}

fn now_ms() -> u64 {
    Instant::now().as_millis()
}

/// Samples, shows the node when it is asked to, starts again when it is asked to, and feeds the watchdog when all go on.
pub async fn sample<M: Memory, I: I2c, B: Board>(node: &RefCell<Node<M, I>>, bell: &Bell, mut board: B) -> ! {
    let mut ticker = Ticker::every(Duration::from_millis(40));
    loop {
        ticker.next().await;
        let now_ms = now_ms();
        let mut node = node.borrow_mut();
        if node.tick(now_ms) {
            bell.signal(());
        }
        node.progressed(Duty::Sampling);
        if node.take_progress() {
            board.feed_watchdog();
        }
        board.show(node.is_identifying(now_ms));
        if node.should_restart(now_ms) {
            B::restart();
        }
    }
}

/// Answers on the console and, on a serial link, to the gateway's polls.
///
/// A port that fails is tried again: what it carried is asked for again.
pub async fn console<M: Memory, I: I2c, B: Board>(
    node: &RefCell<Node<M, I>>,
    mut reader: impl Read,
    mut writer: impl Write,
) -> ! {
    let (mut console, mut lines, mut answer) = (Console::default(), Lines::new(), Answer::new());
    let framed = node.borrow().identity().is_some_and(|identity| identity.link == Link::Serial);
    let (mut line, mut out) = (SerialLine::new(), [0; LINE_BYTES_MAX]);
    let mut bytes = [0; 32];
    loop {
        let read = with_timeout(Duration::from_secs(1), reader.read(&mut bytes)).await;
        node.borrow_mut().progressed(Duty::Console);
        let Ok(Ok(count)) = read else { continue };
        for byte in &bytes[..count] {
            if framed {
                let answer = line.push(*byte, &mut node.borrow_mut(), now_ms(), &mut out);
                if let Some(answer) = answer {
                    writer.write_all(answer).await.ok();
                }
            }
            let Some(text) = lines.push(*byte) else { continue };
            let then = console.line(&text, &mut node.borrow_mut(), now_ms(), &mut answer);
            writer.write_all(answer.as_bytes()).await.ok();
            match then {
                Then::Nothing => {}
                Then::Restart => {
                    writer.flush().await.ok();
                    Timer::after(Duration::from_millis(50)).await;
                    B::restart();
                }
                Then::Hang => loop {
                    core::hint::spin_loop();
                },
                Then::Panic => panic!("asked for on the console"),
            }
        }
    }
}

/// Writes the trace out as it comes.
pub async fn trace<M: Memory, I: I2c>(node: &RefCell<Node<M, I>>, mut writer: impl Write) -> ! {
    loop {
        let entry = node.borrow_mut().trace().take();
        match entry {
            Some(entry) => {
                writer.write_all(&entry.line()).await.ok();
            }
            None => Timer::after(Duration::from_millis(50)).await,
        }
    }
}

/// Stands for the way to the gateway where there is none: without an identity, or on a serial link.
pub async fn no_uplink<M: Memory, I: I2c>(node: &RefCell<Node<M, I>>) -> ! {
    loop {
        node.borrow_mut().progressed(Duty::Uplink);
        Timer::after(Duration::from_secs(1)).await;
    }
}
