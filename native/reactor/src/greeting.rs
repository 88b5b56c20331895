use std::time::{Duration, Instant};

/// A handshake that takes longer has failed.
const GREETING: Duration = Duration::from_secs(5);

/// The deadline of a connection's TLS handshake.
pub struct Greeting {
    pub number: u32,
    pub generation: u32,
    pub until: Instant,
}

impl Greeting {
    pub fn new(number: u32, generation: u32, now: Instant) -> Greeting {
        Greeting { number, generation, until: now + GREETING }
    }
}
