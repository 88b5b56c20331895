use std::io;
use std::time::{Duration, Instant};

use crate::connection::flush;
use crate::outbox::{Outbox, Pool};
use crate::stream::Stream;

/// A connection that is over for the kernel and not yet for its peer: what was sent goes out, then our side is closed,
/// and what still comes is read and dropped, as unread bytes would turn the end into a reset that takes the last answers along.
pub struct Lingering {
    stream: Stream,
    outbox: Outbox,
    until: Instant,
    has_ended: bool,
}

/// How long a peer may take to read what was sent and to close its side.
const LINGER: Duration = Duration::from_secs(2);
/// A peer that sends more than this in one go after the end is cut off.
const DROPPED_BYTES_MAX: usize = 4 * 1024 * 1024;

impl Lingering {
    pub fn new(stream: Stream, outbox: Outbox, now: Instant) -> Lingering {
        Lingering { stream, outbox, until: now + LINGER, has_ended: false }
    }

    pub fn is_late(&self, now: Instant) -> bool {
        now >= self.until
    }

    /// Sends what the peer takes, then ends our side. Answers whether all is out; an error: there is nobody to send to.
    pub fn send(&mut self, pool: &mut Pool) -> io::Result<bool> {
        if !self.has_ended && flush(&mut self.stream, &mut self.outbox, pool)? {
            self.stream.end();
            self.has_ended = true;
        }
        Ok(self.has_ended)
    }

    /// Reads and drops. True: the peer is done.
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
