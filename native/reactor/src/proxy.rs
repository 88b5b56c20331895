//! The header by which a proxy tells whose connection it passes on: the PROXY protocol, versions 1 and 2.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The bytes at the beginning of a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Header {
    Incomplete,
    Malformed,
    /// So many bytes. `peer` is None where the proxy speaks for itself, or for a peer without an address.
    Whole {
        bytes: usize,
        peer: Option<IpAddr>,
    },
}

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Before the addresses of version 2.
const FIXED_BYTES: usize = 16;
/// Of version 2, with its extensions: what a proxy adds of a client's certificate has room.
pub const HEADER_BYTES_MAX: usize = 8 * 1024;
const LINE_START: &[u8] = b"PROXY ";
/// Of version 1, with its end of line.
const LINE_BYTES_MAX: usize = 107;

pub fn parse(bytes: &[u8]) -> Header {
    if is_start_of(bytes, SIGNATURE) {
        return if bytes.len() < FIXED_BYTES { Header::Incomplete } else { parse_binary(bytes) };
    }
    if is_start_of(bytes, LINE_START) { parse_line(bytes) } else { Header::Malformed }
}

/// Whether the two are the same as far as both go.
fn is_start_of(bytes: &[u8], start: &[u8]) -> bool {
    bytes.iter().zip(start).all(|(one, other)| one == other)
}

// Version 2, after the signature:
//
//   12  version (2) and command     13  family and kind of socket     14  u16 bytes that follow     16  addresses, ports, extensions
fn parse_binary(bytes: &[u8]) -> Header {
    let (command, family) = (bytes[12], bytes[13]);
    let length = usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
    let end = FIXED_BYTES + length;
    let address_bytes = match family {
        0x00 => 0,
        0x11 | 0x12 => 12,
        0x21 | 0x22 => 36,
        0x31 | 0x32 => 216,
        _ => return Header::Malformed,
    };
    let is_local = command == 0x20;
    if !is_local && command != 0x21 || end > HEADER_BYTES_MAX || (!is_local && length < address_bytes) {
        return Header::Malformed;
    }
    if bytes.len() < end {
        return Header::Incomplete;
    }
    let peer = match family {
        _ if is_local => None,
        0x11 | 0x12 => bytes[FIXED_BYTES..].first_chunk().map(|address| IpAddr::V4(Ipv4Addr::from(*address))),
        0x21 | 0x22 => bytes[FIXED_BYTES..].first_chunk().map(|address| IpAddr::V6(Ipv6Addr::from(*address))),
        _ => None,
    };
    Header::Whole { bytes: end, peer }
}

fn parse_line(bytes: &[u8]) -> Header {
    let Some(at) = bytes.iter().take(LINE_BYTES_MAX).position(|byte| *byte == b'\n') else {
        return if bytes.len() < LINE_BYTES_MAX { Header::Incomplete } else { Header::Malformed };
    };
    let line = bytes[..at].strip_suffix(b"\r").and_then(|line| std::str::from_utf8(line).ok());
    let words: Vec<&str> = line.unwrap_or_default().split(' ').collect();
    let peer = match words[..] {
        ["PROXY", "UNKNOWN", ..] => Some(None),
        ["PROXY", "TCP4", from, to, from_port, to_port] => {
            let addresses = from.parse::<Ipv4Addr>().ok().filter(|_| to.parse::<Ipv4Addr>().is_ok());
            addresses.filter(|_| is_port(from_port) && is_port(to_port)).map(|from| Some(IpAddr::V4(from)))
        }
        ["PROXY", "TCP6", from, to, from_port, to_port] => {
            let addresses = from.parse::<Ipv6Addr>().ok().filter(|_| to.parse::<Ipv6Addr>().is_ok());
            addresses.filter(|_| is_port(from_port) && is_port(to_port)).map(|from| Some(IpAddr::V6(from)))
        }
        _ => None,
    };
    peer.map_or(Header::Malformed, |peer| Header::Whole { bytes: at + 1, peer })
}

fn is_port(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit()) && word.parse::<u16>().is_ok()
}

/// A range of addresses, such as 10.0.0.0/8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    bits: u128,
    mask: u128,
}

impl Network {
    /// Of `address` or `address/bits`.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let ip: IpAddr = address.parse().ok()?;
        let own_bits = if ip.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Some(own_bits), |length| length.parse().ok().filter(|length| *length <= own_bits))?;
        let mask = u128::MAX.checked_shl(own_bits - length).unwrap_or(0);
        let bits = bits_of(ip);
        // Of IPv4 the bits before the address are those of its mapping to IPv6.
        let mask = if ip.is_ipv4() { mask | !u128::from(u32::MAX) } else { mask };
        Some(Network { bits: bits & mask, mask })
    }

    pub fn contains(&self, ip: IpAddr) -> bool {
        bits_of(ip) & self.mask == self.bits
    }
}

/// An IPv4 address is the same over either family.
fn bits_of(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    /// A header of version 2, and bytes of the connection after it.
    fn binary(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u16).to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, body, b"\x10after"].concat()
    }

    fn whole(bytes: &[u8], peer: Option<&str>) -> Header {
        Header::Whole { bytes: bytes.len() - 6, peer: peer.map(ip) }
    }

    const V4: [u8; 12] = [192, 0, 2, 7, 198, 51, 100, 1, 0x30, 0x39, 0x07, 0x5b];

    #[test]
    fn headers_of_version_2() {
        let v6 = [&Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7).octets()[..], &[0; 20]].concat();
        let tlv = [&V4[..], &[0x04, 0x00, 0x03, 1, 2, 3]].concat();
        let cases = [
            (binary(0x21, 0x11, &V4), Some("192.0.2.7")),
            (binary(0x21, 0x12, &V4), Some("192.0.2.7")),
            (binary(0x21, 0x11, &tlv), Some("192.0.2.7")),
            (binary(0x21, 0x21, &v6), Some("2001:db8::7")),
            (binary(0x21, 0x31, &[b'/'; 216]), None),
            (binary(0x21, 0x00, &[]), None),
            (binary(0x20, 0x00, &[]), None),
            (binary(0x20, 0x11, &V4), None),
            (binary(0x20, 0x11, b"x"), None),
        ];
        for (bytes, peer) in cases {
            assert_eq!(parse(&bytes), whole(&bytes, peer), "{bytes:?}");
            for cut in 0..bytes.len() - 6 {
                assert_eq!(parse(&bytes[..cut]), Header::Incomplete, "{bytes:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn headers_of_version_1() {
        let cases = [
            ("PROXY TCP4 192.0.2.7 198.51.100.1 12345 1883\r\n", Some("192.0.2.7")),
            ("PROXY TCP6 2001:db8::7 2001:db8::1 0 65535\r\n", Some("2001:db8::7")),
            ("PROXY UNKNOWN\r\n", None),
            ("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
        ];
        for (line, peer) in cases {
            let bytes = [line.as_bytes(), b"\x10after"].concat();
            assert_eq!(parse(&bytes), whole(&bytes, peer), "{line}");
            for cut in 0..line.len() {
                assert_eq!(parse(&bytes[..cut]), Header::Incomplete, "{line} cut at {cut}");
            }
        }
    }

    #[test]
    fn other_bytes_are_no_header() {
        let long = [binary(0x21, 0x11, &V4), vec![0; HEADER_BYTES_MAX]].concat();
        let too_long = [&long[..14], &(HEADER_BYTES_MAX as u16).to_be_bytes(), &long[16..]].concat();
        let cases: [Vec<u8>; 18] = [
            vec![0x10, 0x1a],
            b"GET / HTTP/1.1\r\n".to_vec(),
            b"\r\n\r\n\0\r\nQUIX".to_vec(),
            binary(0x11, 0x11, &V4),
            binary(0x22, 0x11, &V4),
            binary(0x21, 0x13, &V4),
            binary(0x21, 0x41, &V4),
            binary(0x21, 0x11, &V4[..11]),
            binary(0x21, 0x21, &[0; 35]),
            binary(0x21, 0x31, &[0; 215]),
            too_long,
            b"PROXY TCP4 192.0.2.7 198.51.100.1 12345\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7  198.51.100.1 12345 1\r\n".to_vec(),
            b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7 198.51.100.1 +1 65536\r\n".to_vec(),
            b"PROXY UNKNOWN\n".to_vec(),
            [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 93], b"\r\n"].concat(),
        ];
        for bytes in cases {
            assert_eq!(parse(&bytes), Header::Malformed, "{:?}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn ranges_hold_their_addresses_of_either_family() {
        let range = |text: &str| Network::parse(text).expect(text);
        assert!(range("10.0.0.0/8").contains(ip("10.255.0.1")) && !range("10.0.0.0/8").contains(ip("11.0.0.1")));
        assert!(range("10.1.2.3").contains(ip("::ffff:10.1.2.3")) && !range("10.1.2.3").contains(ip("10.1.2.4")));
        assert!(range("0.0.0.0/0").contains(ip("203.0.113.9")) && !range("0.0.0.0/0").contains(ip("2001:db8::1")));
        assert!(range("2001:db8::/32").contains(ip("2001:db8:ffff::1")) && !range("2001:db8::/32").contains(ip("2001:db9::1")));
        assert!(range("::/0").contains(ip("2001:db8::1")));
        for text in ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "host", "10.0.0.0/-1"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
