use super::failure::Reason;

/// What a server tells its host.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// A client calls itself so: the host answers with its keys.
    Named { number: u32, generation: u32, identity: Vec<u8> },
    /// A client has the key of this certificate, DER: the host answers whose it is.
    Certified { number: u32, generation: u32, certificate: Vec<u8> },
    /// A handshake is done; `key`: which of the keys it was.
    Opened { number: u32, generation: u32, key: u32, owner: u32 },
    /// An association is gone that was open.
    Closed { number: u32, generation: u32 },
}

/// Counts since the server began, but `open` and `shaking`, which are now.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Counts {
    pub open: u64,
    pub shaking: u64,
    pub established: u64,
    /// Records that nobody could use: not of DTLS, of no association, not sealed by its client, or here for the second time.
    pub dropped: u64,
    /// Associations given up because they were idle, or to make room.
    pub evicted: u64,
    /// Clients that go on from another address by their connection ids.
    pub moved: u64,
    /// Handshakes that failed, by the order of `Reason`.
    pub failed: [u64; REASONS],
}

pub const REASONS: usize = Reason::Exhausted as usize + 1;

impl Counts {
    /// The counts of two servers together.
    pub fn plus(self, other: Counts) -> Counts {
        Counts {
            open: self.open + other.open,
            shaking: self.shaking + other.shaking,
            established: self.established + other.established,
            dropped: self.dropped + other.dropped,
            evicted: self.evicted + other.evicted,
            moved: self.moved + other.moved,
            failed: std::array::from_fn(|at| self.failed[at] + other.failed[at]),
        }
    }

    pub fn fail(&mut self, reason: Reason) {
        self.failed[reason as usize] += 1;
    }
}
