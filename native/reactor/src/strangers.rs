//! Connections whose peers have not proved who they are, counted by address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// Limits how many such connections one address has at a time. Connections whose peers have proved who they are do not count,
/// however many share an address.
pub struct Strangers {
    limit: u32,
    counts: HashMap<u128, u32>,
    origins: HashMap<u32, u128>,
}

impl Default for Strangers {
    fn default() -> Strangers {
        Strangers { limit: u32::MAX, counts: HashMap::new(), origins: HashMap::new() }
    }
}

impl Strangers {
    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// False: the address has as many such connections as it may have.
    pub fn has_room(&self, peer: IpAddr) -> bool {
        self.counts.get(&origin_of(peer)).is_none_or(|count| *count < self.limit)
    }

    pub fn add(&mut self, connection: u32, peer: IpAddr) {
        let origin = origin_of(peer);
        *self.counts.entry(origin).or_insert(0) += 1;
        self.origins.insert(connection, origin);
    }

    /// The connection has proved who it is, or has ended.
    pub fn forget(&mut self, connection: u32) {
        let Some(origin) = self.origins.remove(&connection) else { return };
        if let Some(count) = self.counts.get_mut(&origin) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&origin);
            }
        }
    }
}

/// One subscriber of an IPv6 network has a whole /64, RFC 6177; an IPv4 address is the same over either family.
fn origin_of(peer: IpAddr) -> u128 {
    match peer.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => Ipv6Addr::to_bits(v6) & !u128::from(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_has_room_again_when_one_of_its_connections_is_forgotten() {
        let mut strangers = Strangers::default();
        strangers.set_limit(2);
        strangers.add(1, ip("192.0.2.1"));
        strangers.add(2, ip("::ffff:192.0.2.1"));
        assert!(!strangers.has_room(ip("192.0.2.1")));
        assert!(strangers.has_room(ip("192.0.2.2")));
        strangers.forget(1);
        strangers.forget(1);
        assert!(strangers.has_room(ip("192.0.2.1")));
        strangers.forget(2);
        assert!(strangers.counts.is_empty() && strangers.origins.is_empty());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let mut strangers = Strangers::default();
        strangers.set_limit(1);
        strangers.add(1, ip("2001:db8:1:2::1"));
        assert!(!strangers.has_room(ip("2001:db8:1:2:ffff::7")));
        assert!(strangers.has_room(ip("2001:db8:1:3::1")));
    }
}
