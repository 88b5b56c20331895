use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};

use crate::address::Address;
use crate::poll::owned;
use crate::proxy::Network;
use crate::tls::TlsConfig;

const BACKLOG: i32 = 4096;
/// A peer that is silent for so long is asked whether it is still there, and is gone when it has not answered a few times: two minutes in all.
const KEEP_ALIVE_SECONDS: i32 = 60;
const KEEP_ALIVE_AGAIN_SECONDS: i32 = 15;
const KEEP_ALIVE_TIMES: i32 = 4;

/// The system takes no more of a connection than this beyond the packets in flight: a peer that does not read gets little before that shows.
const UNSENT_BYTES: i32 = 128 * 1024;

/// A listening socket that shares its port with the other gateways of this process; the system spreads connections over them.
pub struct Listener {
    fd: OwnedFd,
    /// Connections may be waiting.
    pub is_ready: bool,
    pub options: ListenOptions,
}

/// What comes before the bytes of the kernel on the connections of a listener.
#[derive(Clone, Default)]
pub struct ListenOptions {
    /// Other sockets of this process listen there already. Without it, a port in use is an error.
    pub is_shared: bool,
    /// Peers that pass on the connections of others, and say so in a PROXY header before anything else.
    pub proxies: Vec<Network>,
    /// The TLS material that clients shake hands with; None: bytes are not encrypted.
    pub tls: Option<TlsConfig>,
    /// The kernel's bytes lie in the messages of a WebSocket.
    pub is_web_socket: bool,
    /// The number by which the kernel knows connections of this listener.
    pub transport: u32,
}

impl Listener {
    pub fn open(address: SocketAddr, options: ListenOptions) -> io::Result<Listener> {
        if !options.is_shared {
            claim(address, libc::SOCK_STREAM)?;
        }
        let fd = bound(address, libc::SOCK_STREAM, true)?;
        // Connections inherit these options from the listening socket.
        set(&fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1)?;
        set(&fd, libc::IPPROTO_TCP, libc::TCP_NOTSENT_LOWAT, UNSENT_BYTES)?;
        set(&fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1)?;
        set(&fd, libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, KEEP_ALIVE_SECONDS)?;
        set(&fd, libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, KEEP_ALIVE_AGAIN_SECONDS)?;
        set(&fd, libc::IPPROTO_TCP, libc::TCP_KEEPCNT, KEEP_ALIVE_TIMES)?;
        // SAFETY: a plain system call on an open descriptor.
        if unsafe { libc::listen(fd.as_raw_fd(), BACKLOG) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Listener { fd, is_ready: false, options })
    }

    pub fn fd(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    pub fn port(&self) -> io::Result<u16> {
        port_of(&self.fd)
    }
}

/// Fails when another process has the port: a socket that may share it would silently take a part of that process's traffic.
pub fn claim(address: SocketAddr, kind: i32) -> io::Result<()> {
    if address.port() == 0 { Ok(()) } else { bound(address, kind, false).map(drop) }
}

/// A socket bound to the address.
pub fn bound(address: SocketAddr, kind: i32, is_shared: bool) -> io::Result<OwnedFd> {
    let family = if address.is_ipv6() { libc::AF_INET6 } else { libc::AF_INET };
    // SAFETY: a plain system call.
    let fd = owned(unsafe { libc::socket(family, kind | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, 0) })?;
    if kind == libc::SOCK_STREAM {
        set(&fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    }
    if is_shared {
        set(&fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)?;
    }
    if address.is_ipv6() {
        set(&fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 0)?;
    }
    let name = Address::of(address);
    // SAFETY: the address outlives the call.
    if unsafe { libc::bind(fd.as_raw_fd(), name.as_ptr(), name.bytes()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(fd)
}

pub fn port_of(fd: &OwnedFd) -> io::Result<u16> {
    let mut name = Address::empty();
    // SAFETY: the address has the room that its length says.
    if unsafe { libc::getsockname(fd.as_raw_fd(), name.as_mut_ptr(), name.bytes_mut()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(name.socket_addr().port())
}

pub fn set(fd: &OwnedFd, level: i32, option: i32, value: i32) -> io::Result<()> {
    // SAFETY: the value outlives the call, and its size is that of an int.
    let code = unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, (&raw const value).cast(), size_of::<i32>() as libc::socklen_t) };
    if code < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
