use std::time::{SystemTime, UNIX_EPOCH};

/// xorshift64*, so that a run can be repeated: it prints its seed, and `REACTOR_SEED` sets it.
pub struct Random(u64);

impl Random {
    pub fn start(test: &str) -> Random {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_nanos() as u64);
        let seed = std::env::var("REACTOR_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(clock);
        println!("{test}: REACTOR_SEED={seed}");
        Random(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        ((self.next() >> 33) as usize) % limit
    }

    #[allow(dead_code)] // Not every test needs bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}
