use std::net::SocketAddr;

use crate::abi;

/// Datagrams that wait for the socket: the answers of one send table.
const OUTGOING_MAX: usize = abi::SENDS_MAX as usize;

/// Datagrams to send, one after the other.
#[derive(Default)]
pub struct Outgoing {
    bytes: Vec<u8>,
    /// Where each ends, and who gets it.
    ends: Vec<(usize, SocketAddr)>,
}

impl Outgoing {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.ends.len() >= OUTGOING_MAX
    }

    /// Appends the datagram that `write` writes. Without room it is dropped, as the network would.
    pub fn push_with(&mut self, peer: SocketAddr, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.is_full() {
            write(&mut self.bytes);
            self.ends.push((self.bytes.len(), peer));
        }
    }

    pub fn get(&self, index: usize) -> (&[u8], SocketAddr) {
        let start = if index == 0 { 0 } else { self.ends[index - 1].0 };
        let (end, peer) = self.ends[index];
        (&self.bytes[start..end], peer)
    }

    /// Forgets the first `count`, which are sent.
    pub fn forget(&mut self, count: usize) {
        let from = if count == 0 { 0 } else { self.ends[count - 1].0 };
        self.bytes.drain(..from);
        self.ends.drain(..count);
        for (end, _) in &mut self.ends {
            *end -= from;
        }
    }
}
