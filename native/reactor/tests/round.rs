//! Deficit round robin between shares, against connections that have a plain number of bytes.

mod model;

use std::collections::VecDeque;

use model::Random;
use reactor::round::{QUANTUM, Round};

const READ_MAX: u32 = 64 * 1024;
const READ_MIN: u32 = 4 * 1024;
/// The most that a share is read in a round: its quantum, and the last read that goes over it.
const ROUND_MAX: u64 = (QUANTUM + READ_MIN) as u64;

/// Connections by number, with the bytes that each has.
struct Site {
    round: Round,
    shares: Vec<u32>,
    bytes: Vec<u64>,
    is_queued: Vec<bool>,
    /// By share: its queue, as it should be.
    queues: Vec<VecDeque<u32>>,
}

impl Site {
    fn new(shares: &[u32]) -> Site {
        let count = shares.iter().max().map_or(0, |&most| most as usize + 1);
        Site {
            round: Round::default(),
            shares: shares.to_vec(),
            bytes: vec![0; shares.len()],
            is_queued: vec![false; shares.len()],
            queues: vec![VecDeque::new(); count],
        }
    }

    fn gets(&mut self, number: u32, bytes: u64) {
        self.bytes[number as usize] += bytes;
        self.enqueue(number);
    }

    fn enqueue(&mut self, number: u32) {
        let index = number as usize;
        if self.bytes[index] > 0 && !self.is_queued[index] {
            self.is_queued[index] = true;
            self.queues[self.shares[index] as usize].push_back(number);
            self.round.add(self.shares[index], (number, 0));
        }
    }

    fn listed(&self) -> usize {
        self.queues.iter().filter(|queue| !queue.is_empty()).count()
    }

    /// Answers what each share was read for.
    fn turn(&mut self) -> Vec<u64> {
        let mut read = vec![0; self.queues.len()];
        let mut seen = vec![false; self.bytes.len()];
        for _ in 0..self.round.begin() {
            let Some(mut visit) = self.round.visit(false) else { continue };
            while let Some(((number, _), limit)) = self.round.next(&mut visit) {
                let index = number as usize;
                let share = self.shares[index] as usize;
                assert_eq!(self.queues[share].pop_front(), Some(number), "connections of a share take turns");
                assert!(!std::mem::replace(&mut seen[index], true), "a connection is read once in a turn");
                self.round.take(&mut visit);
                self.is_queued[index] = false;
                let bytes = self.bytes[index].min(u64::from(limit.clamp(READ_MIN, READ_MAX)));
                self.bytes[index] -= bytes;
                read[share] += bytes;
                self.enqueue(number);
                self.round.charge(&visit, bytes as u32);
            }
            self.round.leave(visit);
        }
        read
    }
}

#[test]
fn no_share_waits_for_more_than_a_quantum_of_each_other_one() {
    let mut random = Random::start("round");
    for _ in 0..200 {
        let shares: Vec<u32> = (0..2 + random.below(30)).map(|_| 1 + random.below(5) as u32).collect();
        let mut site = Site::new(&shares);
        for _ in 0..200 {
            for _ in 0..random.below(6) {
                let most = if random.below(4) == 0 { 1_000_000 } else { 2000 };
                let bytes = 1 + random.below(most);
                site.gets(random.below(shares.len()) as u32, bytes as u64);
            }
            let waiting: Vec<bool> = site.queues.iter().map(|queue| !queue.is_empty()).collect();
            let is_contended = site.listed() > 1;
            let read = site.turn();
            for (share, &bytes) in read.iter().enumerate() {
                assert!(!is_contended || bytes <= ROUND_MAX, "share {share} was read for {bytes} bytes in one round");
                assert_eq!(waiting[share], bytes > 0, "every share that has something is read in the turn");
            }
        }
        while site.round.has_work() {
            site.turn();
        }
        assert!(site.round.is_empty() && site.bytes.iter().all(|&bytes| bytes == 0), "everything is read in the end");
    }
}

#[test]
fn shares_that_have_more_than_enough_are_read_alike_whatever_their_connections_are() {
    let mut random = Random::start("alike");
    for _ in 0..20 {
        let own = 1 + random.below(40);
        let shares: Vec<u32> = (0..own + 1).map(|number| if number == 0 { 1 } else { 2 }).collect();
        let mut site = Site::new(&shares);
        (0..shares.len()).for_each(|number| site.gets(number as u32, 1 << 40));
        let mut read = [0_u64; 3];
        for turn in 1..=500_u64 {
            for (total, bytes) in read.iter_mut().zip(site.turn()) {
                *total += bytes;
            }
            assert!(read[1].abs_diff(read[2]) <= ROUND_MAX, "{} and {} bytes after {turn} turns", read[1], read[2]);
        }
        assert!(read[1] > 400 * u64::from(QUANTUM - READ_MIN));
    }
}

#[test]
fn a_smaller_quantum_is_a_smaller_share_of_what_others_want_too() {
    let mut site = Site::new(&[1, 2]);
    site.round.set_quantum(2, QUANTUM / 8);
    site.gets(0, 1 << 40);
    site.gets(1, 1 << 40);
    let mut read = [0; 3];
    for _ in 0..1000 {
        for (total, bytes) in read.iter_mut().zip(site.turn()) {
            *total += bytes;
        }
    }
    assert!((7..=9).contains(&(read[1] / read[2])), "{} of {} bytes", read[2], read[1]);
}

#[test]
fn a_share_alone_is_read_as_far_as_there_is_room() {
    let mut site = Site::new(&[1; 50]);
    (0..50).for_each(|number| site.gets(number, 1_000_000));
    assert_eq!(site.turn()[1], 50 * u64::from(READ_MAX));
}

#[test]
fn while_it_is_held_a_share_with_a_backlog_waits_and_others_do_not() {
    let mut site = Site::new(&[1, 2]);
    site.gets(0, 1_000_000);
    site.gets(1, 100);
    assert_eq!(site.turn(), [0, u64::from(QUANTUM), 100]);
    site.round.hold(true);
    assert!(!site.round.has_work(), "a turn would read nothing");
    for _ in 0..10 {
        site.gets(1, 100);
        assert!(site.round.has_work());
        assert_eq!(site.turn(), [0, 0, 100]);
    }
    let counts = site.round.take_counts();
    assert_eq!(
        counts.iter().map(|(share, counts)| (*share, counts.bytes, counts.held_back)).collect::<Vec<_>>(),
        [(1, u64::from(QUANTUM), 11), (2, 1100, 0)]
    );
    assert!(site.round.take_counts().is_empty());
    site.round.hold(false);
    while site.round.has_work() {
        site.turn();
    }
    assert!(site.round.is_empty());
}
