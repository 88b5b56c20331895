//! Sends bytes to peers, and ends connections.

use std::time::Instant;

use crate::abi;
use crate::linger::Lingering;
use crate::outbox::Outbox;
use crate::poll::Token;
use crate::reactor::Reactor;
use crate::stream::Stream;

/// An outbox larger than this is sent before the turn is over, so that a long turn's answers are not all in memory at once.
const OUTBOX_EAGER_BYTES: usize = 256 * 1024;
/// More than all answers that can wait in a gateway: a peer with so many unread bytes will never read them.
const OUTBOX_BYTES_MAX: usize = 8 * abi::ACKS_MAX as usize;

impl Reactor {
    /// Sends bytes of the kernel's memory, which are copied.
    pub fn send(&mut self, number: u32, offset: u32, length: u32) {
        if number >= abi::CONNECTIONS_MAX {
            if let Some(socket) = self.datagrams.get_mut((number - abi::CONNECTIONS_MAX) as usize) {
                socket.push(self.memory.slice(offset, length));
            }
            return;
        }
        let Some(connection) = self.connections.get(number).filter(|connection| connection.is_open()) else { return };
        connection.outbox.push(self.memory.slice(offset, length), &mut self.pool);
        self.sent(number);
    }

    /// Sends the bytes that the first `count` entries of the send table name, as `send` does.
    pub fn send_table(&mut self, count: u32) {
        assert!(count <= abi::SENDS_MAX, "the send table is shorter");
        for index in 0..count {
            let at = abi::SENDS_OFFSET + index * abi::SEND_BYTES;
            let number = self.memory.read_u32(at + abi::SEND_AT_CONNECTION);
            let offset = self.memory.read_u32(at + abi::SEND_AT_OFFSET);
            self.send(number, offset, self.memory.read_u32(at + abi::SEND_AT_LENGTH));
        }
    }

    /// Sends bytes that lie outside the kernel's memory, as `send` does.
    pub fn send_bytes(&mut self, number: u32, bytes: &[u8]) {
        if number >= abi::CONNECTIONS_MAX {
            if let Some(socket) = self.datagrams.get_mut((number - abi::CONNECTIONS_MAX) as usize) {
                socket.push(bytes);
            }
            return;
        }
        let Some(connection) = self.connections.get(number).filter(|connection| connection.is_open()) else { return };
        connection.outbox.push(bytes, &mut self.pool);
        self.sent(number);
    }

    /// Bytes that were sent to the connection and not taken by its peer yet.
    pub fn unread(&mut self, number: u32) -> u32 {
        self.connections.get(number).map_or(0, |connection| connection.outbox.len() as u32)
    }

    /// Ends the connection after its outbox is sent; its EVENT_CLOSED follows in any case.
    pub fn close(&mut self, number: u32) {
        let Some(connection) = self.connections.get(number).filter(|connection| connection.is_open()) else { return };
        connection.is_closing = true;
        connection.rest.clear();
        self.touch(number);
    }

    /// Ends all connections, as `close` does.
    pub fn close_all(&mut self) {
        self.close_associations();
        for number in self.connections.numbers() {
            if self.connections.get(number).is_some_and(|connection| connection.is_greeting) {
                self.drop_greeting(number);
            } else {
                self.close(number);
            }
        }
    }

    fn sent(&mut self, number: u32) {
        let Some(connection) = self.connections.get(number) else { return };
        if connection.outbox.len() > OUTBOX_EAGER_BYTES {
            connection.flush(&mut self.pool);
        }
        if connection.outbox.len() > OUTBOX_BYTES_MAX {
            self.give_up(number);
            return;
        }
        self.touch(number);
    }

    /// Closes a connection whose peer does not read, and drops what it was sent.
    fn give_up(&mut self, number: u32) {
        let Some(connection) = self.connections.get(number) else { return };
        connection.is_broken = true;
        connection.outbox.clear(&mut self.pool);
        self.counts.overflowed += 1;
        self.close(number);
    }

    /// Gives up the connections whose peers have taken nothing for long of much that they were sent.
    pub(crate) fn end_unread(&mut self, now: Instant) {
        while let Some(due) = self.unread.due(now) {
            let Some(connection) = self.connections.get_of(due.number, due.generation) else { continue };
            connection.is_watched = false;
            if !connection.is_open() || !connection.has_much_unread() {
                continue;
            }
            if connection.outbox.taken() == due.taken {
                self.give_up(due.number);
            } else {
                self.watch_unread(due.number, now);
            }
        }
    }

    fn watch_unread(&mut self, number: u32, now: Instant) {
        let generation = self.connections.generation(number);
        let Some(connection) = self.connections.get(number) else { return };
        connection.is_watched = true;
        self.unread.watch(number, generation, connection.outbox.taken(), now);
    }

    pub(crate) fn touch(&mut self, number: u32) {
        let Some(connection) = self.connections.get(number) else { return };
        if !connection.is_dirty {
            connection.is_dirty = true;
            self.dirty.push(number);
        }
    }

    /// Writes to each connection, at once, all bytes that a turn sent to it.
    pub(crate) fn flush(&mut self) {
        let mut dirty = std::mem::take(&mut self.dirty);
        for number in dirty.drain(..) {
            let Some(connection) = self.connections.get(number) else { continue };
            connection.is_dirty = false;
            connection.flush(&mut self.pool);
            if connection.is_closing || connection.is_broken {
                self.finish(number);
            } else if connection.has_much_unread() && !connection.is_watched {
                self.watch_unread(number, Instant::now());
            }
        }
        self.dirty = dirty;
        for socket in &mut self.datagrams {
            if !socket.is_empty() {
                socket.flush();
            }
        }
    }

    /// Takes a connection from the kernel, which gets its EVENT_CLOSED in the next turn. The socket lingers.
    pub(crate) fn finish(&mut self, number: u32) {
        let Some(connection) = self.connections.get(number) else { return };
        let Some(stream) = connection.stream.take() else { return };
        self.strangers.forget(number);
        connection.rest.clear();
        let outbox = std::mem::take(&mut connection.outbox);
        self.over.push_back(number);
        // A broken connection cannot send any more: dropping the stream closes it.
        if !connection.is_broken {
            let has_ended = connection.has_ended;
            self.linger_on(stream, outbox, has_ended);
        }
    }

    /// Lets a stream that the kernel has finished with end in order; `has_ended`: its peer has ended already.
    pub(crate) fn linger_on(&mut self, stream: Stream, outbox: Outbox, has_ended: bool) {
        if self.lingering.is_full() {
            return;
        }
        let fd = stream.socket().fd();
        let (place, generation) = self.lingering.insert(Lingering::new(stream, outbox, Instant::now()));
        let sent = self.lingering.get(place).map(|lingering| lingering.send(&mut self.pool));
        let is_done = matches!(sent, Some(Ok(true)) if has_ended) || matches!(sent, Some(Err(_)));
        if is_done || self.poll.rename_socket(fd, Token::Lingering { number: place, generation }).is_err() {
            self.part(place);
        }
    }

    /// A lingering connection can send or read something.
    pub(crate) fn linger(&mut self, place: u32) {
        let Some(lingering) = self.lingering.get(place) else { return };
        if lingering.send(&mut self.pool).is_err() || lingering.drop_incoming(&mut self.scratch) {
            self.part(place);
        }
    }

    /// Closes the connections that have lingered too long.
    pub(crate) fn end_late(&mut self, now: Instant) {
        for place in self.lingering.numbers() {
            if self.lingering.get(place).is_some_and(|lingering| lingering.is_late(now)) {
                self.part(place);
            }
        }
    }

    fn part(&mut self, place: u32) {
        if let Some(mut lingering) = self.lingering.remove(place) {
            lingering.give_back(&mut self.pool);
            // A descriptor is free again.
            self.is_out_of_files = false;
        }
    }
}
