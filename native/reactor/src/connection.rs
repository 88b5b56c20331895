use std::io;

use crate::abi;
use crate::outbox::{Outbox, Pool};
use crate::rest::Rest;
use crate::stream::Stream;

/// The reactor's state of one connection. It is small: most connections of a gateway are idle.
pub struct Connection {
    /// None: the connection has ended, and its EVENT_CLOSED is queued.
    pub stream: Option<Stream>,
    pub rest: Rest,
    pub outbox: Outbox,
    /// The kernel wants to see the rest when it has at least this many bytes; NEEDED_PAUSED: not until `again`.
    pub needed: u32,
    /// The kernel has taken none of its bytes yet.
    pub is_new: bool,
    /// The kernel does not know it yet: what comes before its protocol is not done.
    pub is_greeting: bool,
    /// The socket may have bytes.
    pub is_readable: bool,
    /// The number of its listener's transport.
    pub transport: u32,
    /// The share whose connections it takes turns with; 0: nobody's.
    pub share: u32,
    /// It is queued for a turn.
    pub is_queued: bool,
    /// It is in the list of connections to flush.
    pub is_dirty: bool,
    /// Epoll has reported the peer's end: a short read does not mean that all bytes were read.
    pub is_ending: bool,
    /// The peer sends no more, and all its bytes were read.
    pub has_ended: bool,
    /// It has ended because the connection failed.
    pub has_failed: bool,
    /// Its EVENT_ENDED is queued, or was presented.
    pub is_end_noted: bool,
    /// It is watched, for its peer leaves much unread.
    pub is_watched: bool,
    /// Nothing can be sent any more.
    pub is_broken: bool,
    /// The kernel has closed it: bytes that still arrive are dropped.
    pub is_closing: bool,
}

/// A peer that leaves so many bytes unread is not read either.
const OUTBOX_HIGH_BYTES: usize = 64 * 1024;

impl Connection {
    pub fn new(stream: Stream, is_greeting: bool, transport: u32) -> Connection {
        Connection {
            is_greeting,
            transport,
            share: 0,
            stream: Some(stream),
            is_new: true,
            rest: Rest::default(),
            outbox: Outbox::default(),
            needed: 0,
            is_readable: false,
            is_queued: false,
            is_dirty: false,
            is_ending: false,
            has_ended: false,
            has_failed: false,
            is_end_noted: false,
            is_watched: false,
            is_broken: false,
            is_closing: false,
        }
    }

    pub fn is_open(&self) -> bool {
        self.stream.is_some() && !self.is_closing
    }

    /// Whether the kernel wants nothing of it until it is asked to read it again.
    pub fn is_paused(&self) -> bool {
        self.needed == abi::NEEDED_PAUSED
    }

    /// Whether the kernel wants to see the rest as it is.
    pub fn is_ready(&self) -> bool {
        !self.rest.is_empty() && self.rest.len() >= self.needed
    }

    pub fn may_read(&self) -> bool {
        self.is_readable && !self.has_ended && !self.is_paused() && !self.has_much_unread()
    }

    /// Whether its peer leaves so much unread that it is not read either.
    pub fn has_much_unread(&self) -> bool {
        self.outbox.len() > OUTBOX_HIGH_BYTES
    }

    pub fn has_unsent(&self) -> bool {
        !self.outbox.is_empty() || self.stream.as_ref().is_some_and(Stream::has_unsent)
    }

    /// Sends as much as the socket takes; a connection that cannot send is broken and its outbox empty.
    pub fn flush(&mut self, pool: &mut Pool) {
        let Some(stream) = &mut self.stream else { return };
        if self.is_broken {
            self.outbox.clear(pool);
        } else if flush(stream, &mut self.outbox, pool).is_err() {
            self.is_broken = true;
            self.outbox.clear(pool);
        }
    }
}

/// Sends as much as the socket takes. Answers whether all bytes are sent.
pub fn flush(stream: &mut Stream, outbox: &mut Outbox, pool: &mut Pool) -> io::Result<bool> {
    Ok(outbox.flush(pool, |bytes| stream.write(bytes))? && stream.flush()?)
}
