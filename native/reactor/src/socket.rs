use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::address::Address;

/// A stream socket that never blocks; dropping it closes it.
pub struct Socket(OwnedFd);

/// The result of one read.
pub struct Taken {
    pub bytes: usize,
    /// The socket has no more bytes for now: epoll reports the next ones.
    pub is_drained: bool,
    /// The peer sends no more, whether it ended the connection in order or not.
    pub has_ended: bool,
    /// It has ended because the connection failed: nothing can be sent either.
    pub has_failed: bool,
}

impl Taken {
    /// So many bytes; `is_drained`: the socket has no more for now.
    pub fn some(bytes: usize, is_drained: bool) -> Taken {
        Taken { bytes, is_drained, has_ended: false, has_failed: false }
    }

    /// So many bytes, the last of the peer.
    pub fn last(bytes: usize) -> Taken {
        Taken { bytes, is_drained: true, has_ended: true, has_failed: false }
    }

    /// So many bytes of a connection that has failed.
    pub fn failed(bytes: usize) -> Taken {
        Taken { bytes, is_drained: true, has_ended: true, has_failed: true }
    }
}

impl Socket {
    pub fn fd(&self) -> i32 {
        self.0.as_raw_fd()
    }

    /// The next connection of a listening socket, and the address of its peer.
    pub fn accept(listener: i32) -> io::Result<(Socket, IpAddr)> {
        let mut peer = Address::empty();
        // SAFETY: the address has the room that its length says.
        let fd = unsafe { libc::accept4(listener, peer.as_mut_ptr(), peer.bytes_mut(), libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new and nobody else's.
        Ok((Socket(unsafe { OwnedFd::from_raw_fd(fd) }), peer.socket_addr().ip()))
    }

    /// 0: the peer sends no more.
    pub fn receive(&self, into: &mut [u8]) -> io::Result<usize> {
        // SAFETY: the slice is valid for its length.
        result(unsafe { libc::recv(self.fd(), into.as_mut_ptr().cast(), into.len(), 0) })
    }

    /// As `receive`, and leaves the bytes where they are.
    pub fn peek(&self, into: &mut [u8]) -> io::Result<usize> {
        // SAFETY: the slice is valid for its length.
        result(unsafe { libc::recv(self.fd(), into.as_mut_ptr().cast(), into.len(), libc::MSG_PEEK) })
    }

    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        // SAFETY: the slice is valid for its length. Without MSG_NOSIGNAL a peer that is gone would end the process.
        result(unsafe { libc::send(self.fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) })
    }

    /// Ends this side of the connection: nothing more is sent.
    pub fn end(&self) {
        // SAFETY: the descriptor is open. A peer that is gone already is no failure.
        unsafe { libc::shutdown(self.fd(), libc::SHUT_WR) };
    }
}

impl io::Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.receive(into)
    }
}

impl io::Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn result(count: isize) -> io::Result<usize> {
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}
