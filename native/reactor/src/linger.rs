use std::io;
use std::time::{Duration, Instant};

use crate::connection::flush;
use crate::outbox::{Outbox, Pool};
use crate::stream::Stream;

/// A connection that has ended for the kernel and not yet for its peer: its outbox is sent, then our side is closed, and bytes of the
/// peer are read and dropped. Unread bytes would turn the end into a reset, which could destroy the last answers.
pub struct Lingering {
    stream: Stream,
    outbox: Outbox,
    until: Instant,
    has_ended: bool,
}

/// How long a peer may take to read the last bytes and to close its side.
const LINGER: Duration = Duration::from_secs(2);
/// A peer that sends more than this at once after the end is cut off.
const DROPPED_BYTES_MAX: usize = 4 * 1024 * 1024;

impl Lingering {
    pub fn new(stream: Stream, outbox: Outbox, now: Instant) -> Lingering {
        Lingering { stream, outbox, until: now + LINGER, has_ended: false }
    }

    pub fn is_late(&self, now: Instant) -> bool {
        now >= self.until
    }

    /// Sends the outbox as far as the socket takes it, then ends our side. Answers whether all is sent; an error: the peer is gone.
    pub fn send(&mut self, pool: &mut Pool) -> io::Result<bool> {
        if !self.has_ended && flush(&mut self.stream, &mut self.outbox, pool)? {
            self.stream.end();
            self.has_ended = true;
        }
        Ok(self.has_ended)
    }

    /// Reads the peer's bytes and drops them. True: the peer has ended.
    pub fn drop_incoming(&mut self, scratch: &mut [u8]) -> bool {
        let mut dropped = 0;
        loop {
            let taken = self.stream.read_socket(scratch);
            dropped += taken.bytes;
            if taken.has_ended || dropped > DROPPED_BYTES_MAX {
                return true;
            }
            if taken.bytes == 0 {
                return false;
            }
        }
    }

    pub fn give_back(&mut self, pool: &mut Pool) {
        self.outbox.clear(pool);
    }
}
