//! What comes before the kernel's bytes: the header of a proxy, the handshake of TLS, that of a WebSocket. The kernel sees a connection after it.

use std::io;
use std::time::Instant;

use crate::proxy::{self, HEADER_BYTES_MAX, Header};
use crate::reactor::Reactor;
use crate::stream::Refusal;

impl Reactor {
    /// Continues the handshakes that got bytes, also while reading is paused.
    pub(crate) fn greet(&mut self) {
        for _ in 0..self.greeting.len() {
            if self.table.is_full() {
                return;
            }
            let Some((number, generation)) = self.greeting.pop_front() else { return };
            let Some(connection) = self.connections.get_of(number, generation) else { continue };
            connection.is_queued = false;
            if !self.take_proxy_header(number) {
                continue;
            }
            let Reactor { connections, scratch, .. } = self;
            let Some(connection) = connections.get(number) else { continue };
            let Some(stream) = &mut connection.stream else { continue };
            match stream.shake_hands(scratch) {
                Err(refusal) => self.turn_away(number, refusal),
                Ok(false) => connection.is_readable = false,
                Ok(true) => {
                    connection.is_greeting = false;
                    self.present_opened(number);
                    // The first data may have been read together with the end of the handshake: epoll reports no edge for it.
                    self.enqueue(number);
                }
            }
        }
    }

    /// Takes the header with which a proxy begins. False: it is not whole, or the connection is refused.
    fn take_proxy_header(&mut self, number: u32) -> bool {
        let Some(&proxy) = self.proxied.get(&number) else { return true };
        let Some(connection) = self.connections.get(number) else { return false };
        let Some(stream) = &connection.stream else { return false };
        // The bytes after the header are another layer's, so the header is looked at before it is taken.
        let peeked = stream.socket().peek(&mut self.scratch[..HEADER_BYTES_MAX]);
        let header = match peeked {
            Ok(0) => Header::Malformed,
            Ok(count) => proxy::parse(&self.scratch[..count]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Header::Incomplete,
            Err(_) => Header::Malformed,
        };
        match header {
            // Nothing that is sent comes after the peer's end.
            Header::Incomplete if !connection.is_ending => {
                connection.is_readable = false;
                false
            }
            Header::Whole { bytes, peer } if matches!(stream.socket().receive(&mut self.scratch[..bytes]), Ok(count) if count == bytes) => {
                self.proxied.remove(&number);
                let peer = peer.unwrap_or(proxy);
                if self.strangers.has_room(peer) {
                    self.strangers.add(number, peer);
                    return true;
                }
                self.counts.strangers += 1;
                self.drop_greeting(number);
                false
            }
            _ => {
                self.counts.proxy_failed += 1;
                self.drop_greeting(number);
                false
            }
        }
    }

    /// Counts a failed handshake and ends its connection.
    fn turn_away(&mut self, number: u32, refusal: Refusal) {
        match refusal {
            Refusal::Tls => self.counts.tls_failed += 1,
            Refusal::WebSocket => self.counts.web_socket_refused += 1,
        }
        self.drop_greeting(number);
    }

    /// Ends a connection that took too long.
    fn turn_away_late(&mut self, number: u32) {
        let handshake = self.connections.get(number).and_then(|connection| connection.stream.as_ref()?.handshake());
        match handshake.filter(|_| !self.proxied.contains_key(&number)) {
            Some(refusal) => self.turn_away(number, refusal),
            None => {
                self.counts.proxy_failed += 1;
                self.drop_greeting(number);
            }
        }
    }

    /// Ends a connection that the kernel has never seen.
    pub(crate) fn drop_greeting(&mut self, number: u32) {
        self.strangers.forget(number);
        self.proxied.remove(&number);
        if let Some(connection) = self.connections.remove(number)
            && let Some(stream) = connection.stream
        {
            self.linger_on(stream, connection.outbox, false);
        }
    }

    /// Turns away the connections whose handshake took too long.
    pub(crate) fn end_late_greetings(&mut self, now: Instant) {
        while let Some(first) = self.greetings.front() {
            let (number, generation) = (first.number, first.generation);
            let is_waiting = self.connections.get_of(number, generation).is_some_and(|connection| connection.is_greeting);
            if is_waiting && first.until > now {
                return;
            }
            self.greetings.pop_front();
            if is_waiting {
                self.turn_away_late(number);
            }
        }
    }
}
