use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

use crate::poll::owned;

/// How the other threads of the process wake the reactor: a doorbell in shared memory, and an eventfd for when it sleeps.
///
/// ```text
///  word 0       word 1                  word 2
/// +------------+-----------------------+---------------------+
/// | rings      | 1: asleep, 0: awake   | eventfd + 1, or 0   |
/// +------------+-----------------------+---------------------+
/// ```
///
/// A thread that rings adds to word 0, then swaps word 1 from asleep to awake; a thread that finds it asleep must write to the
/// eventfd once. The reactor reads word 0 after it has gone to sleep, so no ring is missed. It counts the writes that are still
/// to come and keeps the eventfd open until the last one, so a write never goes to another file that got the same number.
pub struct Bell {
    fd: OwnedFd,
    words: Option<*const AtomicI32>,
    seen: i32,
    is_asleep: bool,
    owed: u64,
}

const RINGS: usize = 0;
const SLEEP: usize = 1;
const FD: usize = 2;
const AWAKE: i32 = 0;
const ASLEEP: i32 = 1;
/// A thread that must write does so at once; it gets this long to be scheduled.
const OWED_MS_MAX: i32 = 1000;

impl Bell {
    pub fn new() -> io::Result<Bell> {
        // SAFETY: a plain system call.
        let fd = owned(unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) })?;
        Ok(Bell { fd, words: None, seen: 0, is_asleep: false, owed: 0 })
    }

    pub fn fd(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    /// Uses the doorbell whose three words lie at `words`.
    ///
    /// # Safety
    /// The words must stay valid while this value lives.
    pub unsafe fn attach(&mut self, words: *const AtomicI32) {
        assert!(self.words.is_none(), "a reactor answers one doorbell");
        self.words = Some(words);
        self.seen = self.word(RINGS).map_or(0, |rings| rings.load(SeqCst));
        if let Some(word) = self.word(FD) {
            word.store(self.fd() + 1, SeqCst);
        }
    }

    /// The reactor is awake from now on. Answers whether the doorbell was rung since the last call.
    pub fn awake(&mut self) -> bool {
        let (Some(rings), Some(sleep)) = (self.word(RINGS), self.word(SLEEP)) else {
            return false;
        };
        let rings = rings.load(SeqCst);
        if self.is_asleep && sleep.swap(AWAKE, SeqCst) == AWAKE {
            self.owed += 1;
        }
        self.is_asleep = false;
        let has_rung = rings != self.seen;
        self.seen = rings;
        has_rung
    }

    /// The next ring writes to the eventfd. False: there was a ring in the meantime.
    pub fn sleep(&mut self) -> bool {
        let (Some(rings), Some(sleep)) = (self.word(RINGS), self.word(SLEEP)) else {
            return true;
        };
        if !self.is_asleep {
            sleep.store(ASLEEP, SeqCst);
        }
        let has_rung = rings.load(SeqCst) != self.seen;
        self.is_asleep = true;
        !has_rung
    }

    /// Reads the writes to the eventfd.
    pub fn drain(&mut self) {
        let mut count = 0u64;
        // SAFETY: an eventfd is read by eight bytes, which `count` has.
        let read = unsafe { libc::read(self.fd(), (&raw mut count).cast(), 8) };
        if read == 8 {
            self.owed = self.owed.saturating_sub(count);
        }
    }

    fn word(&self, index: usize) -> Option<&AtomicI32> {
        // SAFETY: `attach` promises three words that outlive this value.
        self.words.map(|words| unsafe { &*words.add(index) })
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        // While the reactor is awake, no further thread has to write; one that still has to must find the eventfd's number.
        self.awake();
        while self.owed > 0 {
            let mut wait = libc::pollfd { fd: self.fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one initialised pollfd.
            if unsafe { libc::poll(&mut wait, 1, OWED_MS_MAX) } == 0 {
                break;
            }
            self.drain();
        }
        if let Some(word) = self.word(FD) {
            word.store(0, SeqCst);
        }
    }
}
