use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

use crate::abi;
use crate::address::Address;
use crate::listener::{bound, claim, port_of, set};
use crate::socket::result;

/// A socket of datagrams: many are read and sent by one system call.
pub struct Datagrams {
    fd: OwnedFd,
    /// Datagrams may be waiting.
    pub is_ready: bool,
    /// Room for one batch, DATAGRAM_BYTES_MAX and one byte each: a datagram that fills the last byte is too long.
    room: Vec<u8>,
    addresses: Vec<Address>,
    /// Datagrams to send, header and bytes each, one after the other; and where each ends.
    outgoing: Vec<u8>,
    ends: Vec<usize>,
}

const BATCH: usize = 32;
const RECEIVE_BYTES: i32 = 4 * 1024 * 1024;
const ROOM: usize = abi::DATAGRAM_BYTES_MAX as usize + 1;
const HEADER: usize = abi::DATAGRAM_HEADER_BYTES as usize;
/// Datagrams that wait for the socket: the answers of one send table. When so many wait and the socket takes none, more are dropped, as
/// the network would.
const OUTGOING_MAX: usize = abi::SENDS_MAX as usize;

impl Datagrams {
    /// `is_shared`: other sockets of this process receive there already.
    pub fn open(address: SocketAddr, is_shared: bool) -> io::Result<Datagrams> {
        if !is_shared {
            claim(address, libc::SOCK_DGRAM)?;
        }
        let fd = bound(address, libc::SOCK_DGRAM, true)?;
        // Asks for a large buffer, and takes what the system grants: datagrams without room are lost.
        let _ = set(&fd, libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_BYTES);
        let addresses = (0..BATCH).map(|_| Address::empty()).collect();
        Ok(Datagrams { fd, is_ready: false, room: vec![0; BATCH * ROOM], addresses, outgoing: Vec::new(), ends: Vec::new() })
    }

    pub fn fd(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    pub fn port(&self) -> io::Result<u16> {
        port_of(&self.fd)
    }

    /// Receives `limit` datagrams at most and hands each to `take`: its peer, and its bytes; None: it is too long.
    pub fn receive(&mut self, limit: usize, mut take: impl FnMut(SocketAddr, Option<&[u8]>)) -> usize {
        let wanted = limit.min(BATCH);
        let mut pieces: Vec<libc::iovec> = Vec::with_capacity(wanted);
        let mut messages: Vec<libc::mmsghdr> = Vec::with_capacity(wanted);
        for (room, address) in self.room.chunks_mut(ROOM).zip(&mut self.addresses).take(wanted) {
            *address = Address::empty();
            pieces.push(libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: ROOM });
            messages.push(message(address));
        }
        for (message, piece) in messages.iter_mut().zip(&mut pieces) {
            message.msg_hdr.msg_iov = piece;
        }
        // SAFETY: every message points to an address and to one piece of room of its own, all of which outlive the call.
        let count = unsafe { libc::recvmmsg(self.fd(), messages.as_mut_ptr(), wanted as u32, libc::MSG_DONTWAIT, std::ptr::null_mut()) };
        let Ok(count) = result(count as isize) else {
            self.is_ready = false;
            return 0;
        };
        self.is_ready = count == wanted;
        for (index, message) in messages.iter().take(count).enumerate() {
            let bytes = &self.room[index * ROOM..][..message.msg_len as usize];
            take(self.addresses[index].socket_addr(), Some(bytes).filter(|bytes| bytes.len() < ROOM));
        }
        count
    }

    /// Takes one datagram to send, its header before its bytes.
    pub fn push(&mut self, datagram: &[u8]) {
        if self.ends.len() == OUTGOING_MAX {
            self.flush(); // One release of acknowledgements may fill several send tables.
        }
        if self.ends.len() < OUTGOING_MAX && datagram.len() >= HEADER {
            self.outgoing.extend_from_slice(datagram);
            self.ends.push(self.outgoing.len());
        }
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Sends the pushed datagrams; those that the socket does not take now stay.
    pub fn flush(&mut self) {
        let mut sent = 0;
        while sent < self.ends.len() {
            match self.send(sent) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => sent += 1, // This datagram cannot be sent; the next one may have another address.
            }
        }
        let from = if sent == 0 { 0 } else { self.ends[sent - 1] };
        self.outgoing.drain(..from);
        self.ends.drain(..sent);
        for end in &mut self.ends {
            *end -= from;
        }
    }

    /// Sends a batch that begins with datagram `first` by one system call. Answers how many were sent.
    fn send(&mut self, first: usize) -> io::Result<usize> {
        let count = (self.ends.len() - first).min(BATCH);
        let mut pieces: Vec<libc::iovec> = Vec::with_capacity(count);
        let mut messages: Vec<libc::mmsghdr> = Vec::with_capacity(count);
        for index in first..first + count {
            let start = if index == 0 { 0 } else { self.ends[index - 1] };
            let (header, bytes) = self.outgoing[start..self.ends[index]].split_at(HEADER);
            self.addresses[index - first] = Address::of(peer_of(header));
            // The call only reads the bytes, although its structure takes a mutable pointer.
            pieces.push(libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() });
            messages.push(message(&mut self.addresses[index - first]));
        }
        for (message, piece) in messages.iter_mut().zip(&mut pieces) {
            message.msg_hdr.msg_iov = piece;
        }
        // SAFETY: every message points to an address and to one piece of bytes of its own, all of which outlive the call.
        result(unsafe { libc::sendmmsg(self.fd(), messages.as_mut_ptr(), count as u32, libc::MSG_DONTWAIT) } as isize)
    }
}

/// A message of one piece, which the caller sets once the pieces do not move any more.
fn message(address: &mut Address) -> libc::mmsghdr {
    // SAFETY: all zeroes is a valid mmsghdr: no address, no pieces, no control data.
    let mut made: libc::mmsghdr = unsafe { std::mem::zeroed() };
    made.msg_hdr.msg_namelen = address.bytes();
    made.msg_hdr.msg_name = address.as_mut_ptr().cast();
    made.msg_hdr.msg_iovlen = 1;
    made
}

/// Writes the header of a datagram, the address of its peer; assembly/abi/gateway.ts has the layout.
pub fn write_header(peer: SocketAddr, header: &mut [u8]) {
    header.fill(0);
    let family: u16 = if peer.is_ipv6() { 6 } else { 4 };
    header[..2].copy_from_slice(&family.to_le_bytes());
    header[2..4].copy_from_slice(&peer.port().to_le_bytes());
    match peer.ip() {
        IpAddr::V4(ip) => header[4..8].copy_from_slice(&ip.octets()),
        IpAddr::V6(ip) => header[4..20].copy_from_slice(&ip.octets()),
    }
}

fn peer_of(header: &[u8]) -> SocketAddr {
    let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let address: [u8; 16] = header[4..20].try_into().expect("sixteen bytes");
    let ip = if word(0) == 6 { IpAddr::from(address) } else { IpAddr::from([address[0], address[1], address[2], address[3]]) };
    SocketAddr::new(ip, word(2))
}
