//! Accepts connections and reads their bytes.

use std::io;
use std::net::IpAddr;
use std::time::Instant;

use crate::abi;
use crate::connection::Connection;
use crate::datagrams::write_header;
use crate::greeting::Greeting;
use crate::poll::Token;
use crate::reactor::Reactor;
use crate::round::Visit;
use crate::socket::{Socket, Taken};
use crate::stream::Stream;

/// Connections accepted in one turn: a storm of them must not keep the others from being read.
const ACCEPTS_MAX: usize = 256;
/// Datagrams of one socket in a turn.
const DATAGRAMS_MAX: usize = 1024;
/// Bytes of the read region for one connection in a turn.
const READ_BYTES_MAX: u32 = 64 * 1024;
/// With less room than this a connection is read in the next turn.
const READ_BYTES_MIN: u32 = 4 * 1024;
/// A connection with this many unconsumed bytes is not read until the kernel has taken some of them.
const REST_BYTES_MAX: u32 = 2 * abi::PACKET_BYTES_MAX;

impl Reactor {
    pub(crate) fn accept(&mut self) {
        let mut accepts = 0;
        for index in 0..self.listeners.len() {
            while self.listeners[index].is_ready && !self.is_out_of_files && accepts < ACCEPTS_MAX && !self.table.is_full() {
                accepts += 1;
                match Socket::accept(self.listeners[index].fd()) {
                    Ok((socket, peer)) => self.admit(socket, peer, index),
                    Err(error) => self.accept_failed(index, &error),
                }
            }
        }
    }

    fn accept_failed(&mut self, listener: usize, error: &io::Error) {
        match error.raw_os_error() {
            Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) => {
                // The connections stay in the backlog; the timer makes the next attempt.
                self.is_out_of_files = true;
                self.counts.out_of_files += 1;
            }
            Some(libc::EAGAIN) => self.listeners[listener].is_ready = false,
            _ => {} // The connection ended before it was accepted: the peer may try again.
        }
    }

    fn admit(&mut self, socket: Socket, peer: IpAddr, listener: usize) {
        let options = &self.listeners[listener].options;
        let is_proxy = options.proxies.iter().any(|network| network.contains(peer));
        if !is_proxy && !self.strangers.has_room(peer) {
            self.counts.strangers += 1;
            return;
        }
        let fd = socket.fd();
        let has_room = !self.connections.is_full() && self.open_count() < self.connections_max;
        let stream = Stream::new(socket, options.tls.as_ref(), options.is_web_socket).filter(|_| has_room);
        let Some(stream) = stream else {
            self.counts.refused += 1;
            return;
        };
        let is_greeting = is_proxy || stream.handshake().is_some();
        let connection = Connection::new(stream, is_greeting, options.transport);
        let (number, generation) = self.connections.insert(connection);
        if self.poll.add_socket(fd, Token::Connection { number, generation }).is_err() {
            self.connections.remove(number);
            self.counts.refused += 1;
            return;
        }
        if is_proxy {
            self.proxied.insert(number, peer);
        } else {
            self.strangers.add(number, peer);
        }
        if is_greeting {
            self.greetings.push_back(Greeting::new(number, generation, Instant::now()));
        } else {
            self.present_opened(number);
        }
    }

    /// The kernel learns of a connection.
    pub(crate) fn present_opened(&mut self, number: u32) {
        let Some(connection) = self.connections.get(number) else { return };
        self.table.add_opened(&mut self.memory, number, connection.transport);
    }

    /// Lays the bytes of ready connections into the read region, as far as there is room.
    pub(crate) fn present(&mut self) {
        if self.is_paused && !self.reads_newcomers {
            return;
        }
        for _ in 0..self.ready.begin() {
            let Some(mut visit) = self.ready.visit(self.is_paused) else { continue };
            self.present_share(&mut visit);
            self.ready.leave(visit);
            if self.table.is_full() || self.table.room().1 < READ_BYTES_MIN {
                return;
            }
        }
    }

    fn present_share(&mut self, visit: &mut Visit) {
        while let Some(((number, generation), limit)) = self.ready.next(visit) {
            let Some(connection) = self.connections.get_of(number, generation).filter(|connection| connection.is_open()) else {
                self.ready.take(visit);
                continue;
            };
            if self.is_paused && !connection.is_new {
                self.ready.put_off(visit);
                continue;
            }
            let (_, room) = self.table.room();
            if self.table.is_full() || room < connection.rest.len() + READ_BYTES_MIN {
                return;
            }
            self.ready.take(visit);
            connection.is_queued = false;
            let bytes = self.read(number, limit.clamp(READ_BYTES_MIN, READ_BYTES_MAX));
            self.ready.charge(visit, bytes);
        }
    }

    /// Lays waiting datagrams into the read region, each after a header with the address of its peer.
    pub(crate) fn receive(&mut self) {
        const WHOLE: u32 = abi::DATAGRAM_HEADER_BYTES + abi::DATAGRAM_BYTES_MAX;
        let Reactor { datagrams, table, memory, counts, .. } = self;
        let now = Instant::now();
        for (number, socket) in datagrams.iter_mut().enumerate() {
            let mut received = 0;
            while socket.is_ready && received < DATAGRAMS_MAX {
                let (_, room) = table.room();
                // The messages of a datagram have its bytes, and a header each: less than two whole ones.
                let (per_event, per_byte) = if socket.messages_max() == 1 { (1, 1) } else { (socket.messages_max(), 2) };
                let limit = (table.free() / per_event).min((room / WHOLE / per_byte) as usize).min(DATAGRAMS_MAX - received);
                if limit == 0 {
                    return;
                }
                received += socket.receive(limit, now, |origin, bytes| {
                    let Some(bytes) = bytes else {
                        counts.oversize += 1;
                        return;
                    };
                    let length = abi::DATAGRAM_HEADER_BYTES + bytes.len() as u32;
                    let (at, _) = table.room();
                    let (header, body) = memory.slice_mut(at, length).split_at_mut(abi::DATAGRAM_HEADER_BYTES as usize);
                    write_header(origin, header);
                    body.copy_from_slice(bytes);
                    table.add(memory, abi::CONNECTIONS_MAX + number as u32, abi::EVENT_DATAGRAM, length);
                });
            }
        }
    }

    /// Reads at most `limit` of a connection's bytes to after its rest, and makes an event of both when they are enough for the kernel.
    /// Answers how many bytes both are.
    fn read(&mut self, number: u32, limit: u32) -> u32 {
        let Some(connection) = self.connections.get(number) else { return 0 };
        let rest = connection.rest.len();
        let (at, room) = self.table.room();
        let limit = limit.min(room - rest);
        let mut taken = Taken::some(0, false);
        if connection.may_read()
            && rest < REST_BYTES_MAX
            && let Some(stream) = &mut connection.stream
        {
            taken = stream.read(self.memory.slice_mut(at + rest, limit));
            connection.has_ended = taken.has_ended;
            connection.has_failed = taken.has_failed;
            if taken.has_ended && stream.has_fault() {
                self.counts.web_socket_failed += 1;
            }
            // Epoll may have reported the peer's end and its last bytes in one edge.
            connection.is_readable = !taken.has_ended && (!taken.is_drained || (connection.is_ending && taken.bytes > 0));
        }
        let bytes = taken.bytes as u32;
        let is_worth = rest + bytes > 0 && rest + bytes >= connection.needed;
        let has_more = connection.may_read();
        if is_worth {
            connection.rest.take(self.memory.slice_mut(at, rest));
            self.table.add(&mut self.memory, number, abi::EVENT_DATA, rest + bytes);
        } else {
            connection.rest.append(self.memory.slice(at + rest, bytes));
            if connection.has_ended && !connection.is_paused() {
                self.conclude(number);
                return rest + bytes;
            }
        }
        if has_more {
            self.enqueue(number);
        }
        rest + bytes
    }
}
