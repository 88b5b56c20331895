//! Which connections are read in a turn, and how much of each: deficit round robin between shares.

use std::collections::VecDeque;

/// Bytes that a share is read in a round.
pub const QUANTUM: u32 = 64 * 1024;
/// What a read costs besides its bytes, in bytes: a system call takes as long as the messages of so many.
const READ_COST: u32 = 1024;
/// Rounds stay short for so many turns after two shares had something to read in one.
const CONTENDED_TURNS: u32 = 4096;

/// The share of connections whose peers have not proved who they are.
pub const NOBODYS: u32 = 0;

/// A connection by number and generation.
pub type Member = (u32, u32);

/// Connections that have something to read, by their shares. While one share alone has, it is read as far as there is room;
/// else a turn is one round, in which each share is read for its quantum, so that no share waits for more than a quantum of
/// each other one. Within a share connections take turns.
#[derive(Default)]
pub struct Round {
    shares: Vec<Share>,
    /// Shares with members, the next one first.
    listed: VecDeque<u32>,
    members: usize,
    contended_turns: u32,
    /// Shares that had more than their quanta are not read.
    is_held: bool,
}

#[derive(Default)]
struct Share {
    members: VecDeque<Member>,
    quantum: u32,
    /// Bytes that it may still be read for; below zero when the last read brought more.
    deficit: i64,
    is_listed: bool,
    /// It had more than its quantum in its last round.
    is_backlogged: bool,
    counts: ShareCounts,
}

/// Counts of a share since they were taken, while others had something to read too.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct ShareCounts {
    pub bytes: u64,
    /// Rounds that ended before everything was read.
    pub held_back: u32,
}

impl Round {
    pub fn is_empty(&self) -> bool {
        self.members == 0
    }

    /// Whether a turn would read anything.
    pub fn has_work(&self) -> bool {
        !self.is_empty() && (!self.is_holding() || self.listed.iter().any(|&share| !self.shares[share as usize].is_backlogged))
    }

    /// Connections of peers that have not proved who they are.
    pub fn of_nobody(&self) -> impl Iterator<Item = Member> {
        self.shares.first().into_iter().flat_map(|share| share.members.iter().copied())
    }

    /// Shares that had more than their quanta are not read while `is_held`, if others had something too.
    pub fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    fn is_holding(&self) -> bool {
        self.is_held && self.is_contended()
    }

    fn is_contended(&self) -> bool {
        self.contended_turns > 0 || self.listed.len() > 1
    }

    /// Gives a share a quantum of `quantum` bytes in a round.
    pub fn set_quantum(&mut self, share: u32, quantum: u32) {
        self.share(share).quantum = quantum;
    }

    pub fn add(&mut self, share: u32, member: Member) {
        let found = self.share(share);
        found.members.push_back(member);
        if !found.is_listed {
            found.is_listed = true;
            self.listed.push_back(share);
        }
        self.members += 1;
    }

    /// Begins the round of a turn: answers how many shares have a visit.
    pub fn begin(&mut self) -> usize {
        if self.listed.len() > 1 {
            self.contended_turns = CONTENDED_TURNS;
        } else {
            self.contended_turns = self.contended_turns.saturating_sub(1);
        }
        self.listed.len()
    }

    /// Begins the visit of the next share, and answers it; None where the share has to wait. `is_paused`: all but nobody's have to.
    pub fn visit(&mut self, is_paused: bool) -> Option<Visit> {
        let share = *self.listed.front()?;
        if is_paused && share != NOBODYS {
            self.listed.rotate_left(1);
            return None;
        }
        let (is_contended, is_holding) = (self.is_contended(), self.is_holding());
        let found = &mut self.shares[share as usize];
        if is_holding && found.is_backlogged {
            found.counts.held_back += 1;
            self.listed.rotate_left(1);
            return None;
        }
        if is_contended {
            found.deficit = (found.deficit + i64::from(found.quantum)).min(i64::from(found.quantum));
        }
        Some(Visit { share, left: found.members.len(), is_contended })
    }

    /// The next connection of the visit, and how many bytes of it may be read; None: the visit is over.
    pub fn next(&mut self, visit: &mut Visit) -> Option<(Member, u32)> {
        let found = &mut self.shares[visit.share as usize];
        if visit.left == 0 || (visit.is_contended && found.deficit <= 0) {
            return None;
        }
        let member = *found.members.front()?;
        let limit = if visit.is_contended { found.deficit as u32 } else { u32::MAX };
        Some((member, limit))
    }

    /// The connection that `next` answered is taken.
    pub fn take(&mut self, visit: &mut Visit) {
        visit.left -= 1;
        self.members -= 1;
        self.shares[visit.share as usize].members.pop_front();
    }

    /// The connection that `next` answered has to wait: it becomes the last of its share.
    pub fn put_off(&mut self, visit: &mut Visit) {
        visit.left -= 1;
        self.shares[visit.share as usize].members.rotate_left(1);
    }

    /// So many bytes of a connection of the visit were read.
    pub fn charge(&mut self, visit: &Visit, bytes: u32) {
        if visit.is_contended {
            let found = &mut self.shares[visit.share as usize];
            found.deficit -= i64::from(bytes + READ_COST);
            found.counts.bytes += u64::from(bytes);
        }
    }

    /// The kernel has left so many bytes that were read of a share: they are read once more.
    pub fn refund(&mut self, share: u32, bytes: u32) {
        let found = self.share(share);
        found.deficit += i64::from(bytes);
        found.counts.bytes = found.counts.bytes.saturating_sub(u64::from(bytes));
    }

    /// Ends a visit; the next share is another one.
    pub fn leave(&mut self, visit: Visit) {
        let found = &mut self.shares[visit.share as usize];
        self.listed.pop_front();
        found.is_listed = !found.members.is_empty();
        found.is_backlogged = visit.is_contended && found.is_listed;
        if found.is_listed {
            self.listed.push_back(visit.share);
            found.counts.held_back += u32::from(visit.is_contended);
        } else {
            found.deficit = 0; // What a share did not use it does not keep, and what it read too much nobody waited for.
        }
    }

    /// Takes the counts of the shares that have any.
    pub fn take_counts(&mut self) -> Vec<(u32, ShareCounts)> {
        let mut taken = Vec::new();
        for (number, share) in self.shares.iter_mut().enumerate() {
            let counts = std::mem::take(&mut share.counts);
            if counts != ShareCounts::default() {
                taken.push((number as u32, counts));
            }
        }
        taken
    }

    fn share(&mut self, number: u32) -> &mut Share {
        let index = number as usize;
        if index >= self.shares.len() {
            self.shares.resize_with(index + 1, || Share { quantum: QUANTUM, ..Share::default() });
        }
        &mut self.shares[index]
    }
}

/// The visit of one share in a round.
pub struct Visit {
    share: u32,
    /// Connections that it may still read: each is read once in a turn.
    left: usize,
    is_contended: bool,
}
