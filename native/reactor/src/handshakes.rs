//! TLS handshakes: the kernel sees a connection only after its handshake.

use std::time::Instant;

use crate::abi;
use crate::reactor::Reactor;

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
            let Some(stream) = &mut connection.stream else { continue };
            match stream.shake_hands() {
                Err(_) => self.turn_away(number),
                Ok(false) => connection.is_readable = false,
                Ok(true) => {
                    connection.is_greeting = false;
                    self.table.add(&mut self.memory, number, abi::EVENT_OPENED, 0);
                    // The first data may have been read together with the end of the handshake: epoll reports no edge for it.
                    self.enqueue(number);
                }
            }
        }
    }

    /// Counts a failed handshake and ends its connection.
    pub(crate) fn turn_away(&mut self, number: u32) {
        self.counts.tls_failed += 1;
        self.drop_greeting(number);
    }

    /// Ends a connection that the kernel has never seen.
    pub(crate) fn drop_greeting(&mut self, number: u32) {
        self.strangers.forget(number);
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
                self.turn_away(number);
            }
        }
    }
}
