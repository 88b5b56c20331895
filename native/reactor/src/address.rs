use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A socket address as the system calls take it.
pub struct Address {
    storage: libc::sockaddr_storage,
    bytes: libc::socklen_t,
}

impl Address {
    pub fn empty() -> Address {
        // SAFETY: all zeroes is a valid sockaddr_storage, of no family.
        Address { storage: unsafe { zeroed() }, bytes: size_of::<libc::sockaddr_storage>() as libc::socklen_t }
    }

    pub fn of(address: SocketAddr) -> Address {
        let mut made = Address::empty();
        match address {
            SocketAddr::V4(v4) => {
                let name = libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: v4.port().to_be(),
                    sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(v4.ip().octets()) },
                    sin_zero: [0; 8],
                };
                // SAFETY: a sockaddr_storage has room and alignment for every kind of address.
                unsafe { (&raw mut made.storage).cast::<libc::sockaddr_in>().write(name) };
                made.bytes = size_of::<libc::sockaddr_in>() as libc::socklen_t;
            }
            SocketAddr::V6(v6) => {
                let name = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: v6.port().to_be(),
                    sin6_flowinfo: 0,
                    sin6_addr: libc::in6_addr { s6_addr: v6.ip().octets() },
                    sin6_scope_id: v6.scope_id(),
                };
                // SAFETY: as above.
                unsafe { (&raw mut made.storage).cast::<libc::sockaddr_in6>().write(name) };
                made.bytes = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
            }
        }
        made
    }

    pub fn socket_addr(&self) -> SocketAddr {
        if i32::from(self.storage.ss_family) == libc::AF_INET6 {
            // SAFETY: the family says what lies there.
            let name = unsafe { (&raw const self.storage).cast::<libc::sockaddr_in6>().read() };
            let ip = IpAddr::V6(Ipv6Addr::from(name.sin6_addr.s6_addr));
            return SocketAddr::new(ip, u16::from_be(name.sin6_port));
        }
        // SAFETY: the sockets of this crate are of one of the two families.
        let name = unsafe { (&raw const self.storage).cast::<libc::sockaddr_in>().read() };
        let ip = IpAddr::V4(Ipv4Addr::from(name.sin_addr.s_addr.to_ne_bytes()));
        SocketAddr::new(ip, u16::from_be(name.sin_port))
    }

    pub fn as_ptr(&self) -> *const libc::sockaddr {
        (&raw const self.storage).cast()
    }

    pub fn as_mut_ptr(&mut self) -> *mut libc::sockaddr {
        (&raw mut self.storage).cast()
    }

    pub fn bytes(&self) -> libc::socklen_t {
        self.bytes
    }

    pub fn bytes_mut(&mut self) -> &mut libc::socklen_t {
        &mut self.bytes
    }
}
