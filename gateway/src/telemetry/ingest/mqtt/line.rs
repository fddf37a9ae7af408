//! A connection's bytes: buffers that grow while it is busy and rest small, writes with a time-out, a close that lets the
//! peer read the last packet.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The socket and what is on its way in and out.
pub(super) struct Line<S> {
    stream: S,
    pub(super) input: Vec<u8>,
    pub(super) output: Vec<u8>,
    /// Whether the last read left no room.
    filled_up: bool,
    /// How much of the output is written: a flush that was cancelled goes on where it was.
    written: usize,
}

/// A connection at rest holds this much for what may come.
const INPUT_AT_REST: usize = 2048;
/// One read asks for at most this much.
const INPUT_MAX: usize = 64 * 1024;
const OUTPUT_AT_REST: usize = 512;

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, input: Vec::new(), output: Vec::new(), filled_up: false, written: 0 }
    }

    /// Reads some bytes; none are the peer's end. Cancel-safe.
    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        let room = self.input.capacity() - self.input.len();
        // A read that filled what there was asks for twice as much the next time.
        if room == 0 || (self.filled_up && self.input.capacity() < INPUT_MAX) {
            self.input.reserve(room + self.input.capacity().clamp(INPUT_AT_REST, INPUT_MAX));
        }
        self.filled_up = false;
        let count = self.stream.read_buf(&mut self.input).await?;
        self.filled_up = self.input.len() == self.input.capacity();
        Ok(count)
    }

    /// Drops the first `count` bytes of the input.
    pub(super) fn consume(&mut self, count: usize) {
        self.input.drain(..count);
    }

    /// Whether it holds memory that only a busy connection needs.
    pub(super) fn is_grown(&self) -> bool {
        self.input.capacity() > INPUT_AT_REST || self.output.capacity() > OUTPUT_AT_REST
    }

    /// Gives that memory back.
    pub(super) fn trim(&mut self) {
        self.input.shrink_to(INPUT_AT_REST);
        self.output.shrink_to(OUTPUT_AT_REST);
    }

    /// Writes the output. Cancel-safe.
    pub(super) async fn flush(&mut self, write_timeout: Duration) -> io::Result<()> {
        while self.written < self.output.len() {
            match timeout(write_timeout, self.stream.write(&self.output[self.written..])).await {
                Ok(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count?,
                Err(_) => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
        // TLS may hold back the last of it until it is told.
        match timeout(write_timeout, self.stream.flush()).await {
            Ok(flushed) => flushed?,
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        }
        self.output.clear();
        self.written = 0;
        Ok(())
    }

    /// Closes so that the peer can read what was written: closing with bytes unread would reset the connection, and our
    /// last words with it.
    pub(super) async fn close(mut self, patience: Duration) {
        const UNREAD_MAX: usize = 1024 * 1024;
        let polite = async {
            self.stream.shutdown().await?;
            let mut unread = 0;
            while unread < UNREAD_MAX {
                self.input.clear();
                match self.fill().await? {
                    0 => break,
                    count => unread += count,
                }
            }
            io::Result::Ok(())
        };
        // The peer may be gone already: nothing is left to do then.
        let _closed = timeout(patience, polite).await;
    }
}
