//! Sockets that share a port of DTLS. The system gives a datagram to one of them by its addresses; one that bears a connection id has to
//! find the socket which made that id, wherever it comes from.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Mutex;

use crate::datagrams::Datagrams;
use crate::dtls::{CID_AT, WITH_CID};

/// How many sockets of this process were bound to each address: the system numbers them in this order.
static BOUND: Mutex<Option<HashMap<SocketAddr, u8>>> = Mutex::new(None);

/// Binds a socket. Answers also which of those that share the port it is.
pub fn open(address: SocketAddr, is_shared: bool) -> io::Result<(Datagrams, u8)> {
    let mut bound = BOUND.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let bound = bound.get_or_insert_default();
    let socket = Datagrams::open(address, is_shared)?;
    let address = SocketAddr::new(address.ip(), socket.port()?);
    // A socket that does not share begins a new group: those that had the port before are closed.
    let member = if is_shared { bound.get(&address).map_or(0, |last| last.saturating_add(1)) } else { 0 };
    bound.insert(address, member);
    steer(socket.descriptor())?;
    Ok((socket, member))
}

/// Asks the system to read the first byte of the connection id, which is the number of its socket. A number that no socket has makes it
/// choose by addresses, and so does a datagram without a connection id.
fn steer(fd: &OwnedFd) -> io::Result<()> {
    const NO_SOCKET: u32 = u32::MAX;
    let load = |at: usize| step(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 0, 0, at as u32);
    let mut steps = [
        load(0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 2, u32::from(WITH_CID)),
        load(CID_AT),
        step(libc::BPF_RET | libc::BPF_A, 0, 0, 0),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, NO_SOCKET),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: the program outlives the call, and its length is given.
    let code = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_REUSEPORT_CBPF,
            (&raw const program).cast(),
            size_of::<libc::sock_fprog>() as libc::socklen_t,
        )
    };
    if code < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn step(code: u32, if_true: u8, if_false: u8, value: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt: if_true, jf: if_false, k: value }
}
