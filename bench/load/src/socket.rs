use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::{FromRawFd, OwnedFd};

/// Begins to connect, from `source` if one is given; writable, or in error, once it is decided.
pub fn begin_connect(host: Ipv4Addr, port: u16, source: Option<Ipv4Addr>) -> Result<TcpStream> {
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: socket takes no memory; the descriptor is new and owned by nobody else.
    let (fd, socket) = unsafe {
        let fd = libc::socket(libc::AF_INET, kind, 0);
        if fd < 0 {
            return Err(Error::last_os_error());
        }
        (fd, OwnedFd::from_raw_fd(fd))
    };
    let bytes = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    if let Some(source) = source {
        let one: libc::c_int = 1;
        let address = address_of(source, 0);
        // Without it every bind takes a port of its own, whatever the other end is. ip(7).
        // SAFETY: option and address live through the calls, which copy them.
        let answer = unsafe {
            libc::setsockopt(
                fd,
                libc::IPPROTO_IP,
                libc::IP_BIND_ADDRESS_NO_PORT,
                (&raw const one).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            );
            libc::bind(fd, (&raw const address).cast(), bytes)
        };
        if answer != 0 {
            return Err(Error::last_os_error());
        }
    }
    let address = address_of(host, port);
    // SAFETY: the address lives through the call, which copies it.
    if unsafe { libc::connect(fd, (&raw const address).cast(), bytes) } != 0 {
        let error = Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINPROGRESS) {
            return Err(error);
        }
    }
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn address_of(host: Ipv4Addr, port: u16) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(host).to_be(),
        },
        sin_zero: [0; 8],
    }
}

/// Bytes read; `None` when there are none now, an error when the other end closed.
pub fn read_some(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<Option<usize>> {
    match stream.read(buffer) {
        Ok(0) => Err(closed()),
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(closed_or(error)),
    }
}

/// Bytes that the socket took, 0 when it is full.
pub fn write_some(stream: &mut TcpStream, bytes: &[u8]) -> Result<usize> {
    match stream.write(bytes) {
        Ok(count) => Ok(count),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        Err(error) => Err(closed_or(error)),
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::UnexpectedEof, "the server closed it")
}

/// A server that closes with our bytes unread resets the connection: to us it is the same.
fn closed_or(error: Error) -> Error {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => closed(),
        _ => error,
    }
}
