use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Instant;

use crate::abi;
use crate::address::Address;
use crate::dtls::{MESSAGES_MAX, Server};
use crate::listener::{bound, claim, port_of, set};
use crate::outgoing::Outgoing;
use crate::socket::result;

/// A socket of datagrams: many are read and sent by one system call.
pub struct Datagrams {
    fd: OwnedFd,
    /// Datagrams may be waiting.
    pub is_ready: bool,
    /// Room for one batch, DATAGRAM_BYTES_MAX and one byte each: a datagram that fills the last byte is too long.
    room: Vec<u8>,
    addresses: Vec<Address>,
    outgoing: Outgoing,
    /// With it datagrams are records of DTLS.
    dtls: Option<Box<Server>>,
}

/// Who a message is from.
#[derive(Clone, Copy)]
pub enum Origin {
    Peer(SocketAddr),
    Association { number: u32, generation: u32, owner: u32 },
}

const BATCH: usize = 32;
const RECEIVE_BYTES: i32 = 4 * 1024 * 1024;
const ROOM: usize = abi::DATAGRAM_BYTES_MAX as usize + 1;
const HEADER: usize = abi::DATAGRAM_HEADER_BYTES as usize;

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
        Ok(Datagrams { fd, is_ready: false, room: vec![0; BATCH * ROOM], addresses, outgoing: Outgoing::default(), dtls: None })
    }

    /// From now on datagrams are records of DTLS.
    pub fn serve(&mut self, server: Server) {
        self.dtls = Some(Box::new(server));
    }

    pub fn dtls(&mut self) -> Option<(&mut Server, &mut Outgoing)> {
        let Datagrams { dtls, outgoing, .. } = self;
        dtls.as_deref_mut().map(|server| (server, outgoing))
    }

    /// Messages that one datagram may hold.
    pub fn messages_max(&self) -> usize {
        if self.dtls.is_some() { MESSAGES_MAX } else { 1 }
    }

    pub fn fd(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    pub fn descriptor(&self) -> &OwnedFd {
        &self.fd
    }

    pub fn port(&self) -> io::Result<u16> {
        port_of(&self.fd)
    }

    /// Receives `limit` datagrams at most and hands each message to `take`: whose it is, and its bytes; None: it is too long.
    pub fn receive(&mut self, limit: usize, now: Instant, mut take: impl FnMut(Origin, Option<&[u8]>)) -> usize {
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
            let peer = self.addresses[index].socket_addr();
            match &mut self.dtls {
                _ if bytes.len() == ROOM => take(Origin::Peer(peer), None),
                None => take(Origin::Peer(peer), Some(bytes)),
                Some(server) => server.receive(peer, bytes, now, &mut self.outgoing, &mut |number, generation, owner, plain| {
                    take(Origin::Association { number, generation, owner }, Some(plain));
                }),
            }
        }
        count
    }

    /// Takes one datagram to send, its header before its bytes. When too many wait and the socket takes none, it is dropped, as the
    /// network would.
    pub fn push(&mut self, datagram: &[u8]) {
        if self.outgoing.is_full() {
            self.flush(); // One release of acknowledgements may fill several send tables.
        }
        let Some((header, bytes)) = datagram.split_at_checked(HEADER) else { return };
        match (origin_of(header), &mut self.dtls) {
            (Origin::Peer(peer), None) => self.outgoing.push_with(peer, |out| out.extend_from_slice(bytes)),
            (Origin::Association { number, generation, .. }, Some(server)) => server.send(number, generation, bytes, &mut self.outgoing),
            _ => {}
        }
    }

    pub fn is_empty(&self) -> bool {
        self.outgoing.is_empty()
    }

    /// Sends the pushed datagrams; those that the socket does not take now stay.
    pub fn flush(&mut self) {
        let mut sent = 0;
        while sent < self.outgoing.len() {
            match self.send(sent) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => sent += 1, // This datagram cannot be sent; the next one may have another address.
            }
        }
        self.outgoing.forget(sent);
    }

    /// Sends a batch that begins with datagram `first` by one system call. Answers how many were sent.
    fn send(&mut self, first: usize) -> io::Result<usize> {
        let count = (self.outgoing.len() - first).min(BATCH);
        let mut pieces: Vec<libc::iovec> = Vec::with_capacity(count);
        let mut messages: Vec<libc::mmsghdr> = Vec::with_capacity(count);
        for index in 0..count {
            let (bytes, peer) = self.outgoing.get(first + index);
            self.addresses[index] = Address::of(peer);
            // The call only reads the bytes, although its structure takes a mutable pointer.
            pieces.push(libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() });
            messages.push(message(&mut self.addresses[index]));
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

/// Writes the header of a datagram; assembly/abi/gateway.ts has the layouts.
pub fn write_header(origin: Origin, header: &mut [u8]) {
    header.fill(0);
    match origin {
        Origin::Peer(peer) => {
            let family: u16 = if peer.is_ipv6() { 6 } else { 4 };
            header[..2].copy_from_slice(&family.to_le_bytes());
            header[2..4].copy_from_slice(&peer.port().to_le_bytes());
            match peer.ip() {
                IpAddr::V4(ip) => header[4..8].copy_from_slice(&ip.octets()),
                IpAddr::V6(ip) => header[4..20].copy_from_slice(&ip.octets()),
            }
        }
        Origin::Association { number, generation, owner } => {
            header[..2].copy_from_slice(&(abi::DATAGRAM_FAMILY_DTLS as u16).to_le_bytes());
            for (at, value) in
                [(abi::DATAGRAM_AT_ASSOCIATION, number), (abi::DATAGRAM_AT_GENERATION, generation), (abi::DATAGRAM_AT_OWNER, owner)]
            {
                header[at as usize..][..4].copy_from_slice(&value.to_le_bytes());
            }
        }
    }
}

fn origin_of(header: &[u8]) -> Origin {
    let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let long = |at: u32| u32::from(word(at as usize)) | u32::from(word(at as usize + 2)) << 16;
    if u32::from(word(0)) == abi::DATAGRAM_FAMILY_DTLS {
        let (number, generation) = (long(abi::DATAGRAM_AT_ASSOCIATION), long(abi::DATAGRAM_AT_GENERATION));
        return Origin::Association { number, generation, owner: long(abi::DATAGRAM_AT_OWNER) };
    }
    let address: [u8; 16] = header[4..20].try_into().expect("sixteen bytes");
    let ip = if word(0) == 6 { IpAddr::from(address) } else { IpAddr::from([address[0], address[1], address[2], address[3]]) };
    Origin::Peer(SocketAddr::new(ip, word(2)))
}
