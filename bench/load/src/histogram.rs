/// Counts of latencies in ns, in buckets 1/64 of an octave wide: below 128 a bucket is one number, from
/// there on it is the exponent and the next six bits. Nothing is rounded by more than 1.6 %.
pub struct Histogram {
    counts: Vec<u64>,
    pub max: u64,
}

const BITS: u32 = 6;
const EXACT: u64 = 2 << BITS;

impl Histogram {
    pub fn new() -> Histogram {
        Histogram {
            counts: vec![0; bucket_of(u64::MAX) + 1],
            max: 0,
        }
    }

    #[inline]
    pub fn record(&mut self, ns: u64) {
        self.counts[bucket_of(ns)] += 1;
        self.max = self.max.max(ns);
    }

    /// (highest ns of the bucket, count) of every bucket that holds something, ascending.
    pub fn buckets(&self) -> Vec<(u64, u64)> {
        let filled = self
            .counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0);
        filled
            .map(|(bucket, count)| (highest_of(bucket), *count))
            .collect()
    }
}

#[inline]
fn bucket_of(ns: u64) -> usize {
    if ns < EXACT {
        return ns as usize;
    }
    let shift = 63 - ns.leading_zeros() - BITS;
    ((u64::from(shift) << BITS) + (ns >> shift)) as usize
}

fn highest_of(bucket: usize) -> u64 {
    if (bucket as u64) < EXACT {
        return bucket as u64;
    }
    let shift = (bucket >> BITS) - 1;
    let mantissa = (bucket - (shift << BITS)) as u64;
    (mantissa << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_its_number_and_is_narrow() {
        let mut last = 0;
        for exponent in 0..64 {
            for step in 0..97u64 {
                let ns = (1u64 << exponent).saturating_add(((1u64 << exponent) / 97) * step);
                let bucket = bucket_of(ns);
                assert!(bucket >= last && highest_of(bucket) >= ns, "{ns}");
                assert!(highest_of(bucket) - ns <= ns / 64, "{ns}");
                assert_eq!(bucket_of(highest_of(bucket)), bucket);
                last = bucket;
            }
        }
        assert_eq!(highest_of(bucket_of(u64::MAX)), u64::MAX);
    }
}
