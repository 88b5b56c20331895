use std::time::{Duration, Instant};

/// What comes before the kernel's bytes must come within this time.
const GREETING: Duration = Duration::from_secs(5);

/// The deadline of a connection that the kernel does not know yet.
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
