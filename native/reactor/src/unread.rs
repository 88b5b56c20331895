//! Connections whose peers do not read what they are sent, and so are not read either.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A connection that has too much unread, as it was when it was looked at last.
struct Waiting {
    number: u32,
    generation: u32,
    /// Bytes that its peer had taken in all.
    taken: u64,
    until: Instant,
}

/// In the order in which they are looked at.
pub struct Unread {
    waiting: VecDeque<Waiting>,
    within: Duration,
}

/// A connection that is due.
pub struct Due {
    pub number: u32,
    pub generation: u32,
    pub taken: u64,
}

impl Unread {
    pub fn new(within: Duration) -> Unread {
        Unread { waiting: VecDeque::new(), within }
    }

    /// How long a peer may take nothing at all.
    pub fn limit(&mut self, within: Duration) {
        self.within = within;
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn watch(&mut self, number: u32, generation: u32, taken: u64, now: Instant) {
        self.waiting.push_back(Waiting { number, generation, taken, until: now + self.within });
    }

    /// The next one whose time is over.
    pub fn due(&mut self, now: Instant) -> Option<Due> {
        let first = self.waiting.front().filter(|first| first.until <= now)?;
        let due = Due { number: first.number, generation: first.generation, taken: first.taken };
        self.waiting.pop_front();
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_due_in_order_once_their_time_is_over() {
        let mut unread = Unread::new(Duration::from_secs(30));
        let start = Instant::now();
        unread.watch(1, 7, 100, start);
        unread.watch(2, 8, 0, start + Duration::from_secs(1));
        assert!(unread.due(start + Duration::from_secs(29)).is_none());
        let due = unread.due(start + Duration::from_secs(30)).expect("the first is due");
        assert_eq!((due.number, due.generation, due.taken), (1, 7, 100));
        assert!(unread.due(start + Duration::from_secs(30)).is_none());
        assert!(unread.due(start + Duration::from_secs(31)).is_some_and(|due| due.number == 2));
        assert!(unread.is_empty());
    }
}
