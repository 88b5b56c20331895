use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::slab::GENERATION_MASK;

/// The subject of an epoll event. A generation distinguishes the holders of a number: an event that was fetched before a holder
/// was closed may still be handled after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Connection { number: u32, generation: u32 },
    Lingering { number: u32, generation: u32 },
    Listener { number: u32 },
    Datagrams { number: u32 },
    Bell,
    Timer,
}

const CONNECTION: u64 = 0;
const LINGERING: u64 = 1;
const LISTENER: u64 = 2;
const BELL: u64 = 3;
const TIMER: u64 = 4;
const DATAGRAMS: u64 = 5;

//  63   60 59                        32 31                             0
// +-------+----------------------------+--------------------------------+
// | kind  | generation                 | number                         |
// +-------+----------------------------+--------------------------------+
impl Token {
    fn word(self) -> u64 {
        let (kind, generation, number) = match self {
            Token::Connection { number, generation } => (CONNECTION, generation, number),
            Token::Lingering { number, generation } => (LINGERING, generation, number),
            Token::Listener { number } => (LISTENER, 0, number),
            Token::Datagrams { number } => (DATAGRAMS, 0, number),
            Token::Bell => (BELL, 0, 0),
            Token::Timer => (TIMER, 0, 0),
        };
        kind << 60 | u64::from(generation & GENERATION_MASK) << 32 | u64::from(number)
    }

    fn of(word: u64) -> Token {
        let (number, generation) = (word as u32, (word >> 32) as u32 & GENERATION_MASK);
        match word >> 60 {
            CONNECTION => Token::Connection { number, generation },
            LINGERING => Token::Lingering { number, generation },
            LISTENER => Token::Listener { number },
            DATAGRAMS => Token::Datagrams { number },
            BELL => Token::Bell,
            _ => Token::Timer,
        }
    }
}

/// What a descriptor became ready for; all edge-triggered.
#[derive(Clone, Copy)]
pub struct Ready {
    pub token: Token,
    pub readable: bool,
    pub writable: bool,
    /// The peer sends no more, or is gone: a short read does not mean that all bytes were read.
    pub ended: bool,
}

const READY_MAX: usize = 4096;

pub struct Poll {
    fd: OwnedFd,
    events: Vec<libc::epoll_event>,
    count: usize,
}

impl Poll {
    pub fn new() -> io::Result<Poll> {
        // SAFETY: a plain system call.
        let fd = owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        Ok(Poll { fd, events: vec![libc::epoll_event { events: 0, u64: 0 }; READY_MAX], count: 0 })
    }

    pub fn fd(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    /// Watches a socket for both directions; closing it ends that.
    pub fn add_socket(&self, fd: i32, token: Token) -> io::Result<()> {
        let interest = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET;
        self.control(libc::EPOLL_CTL_ADD, fd, interest as u32, token)
    }

    /// Gives a watched socket another token; epoll reports again what it is ready for.
    pub fn rename_socket(&self, fd: i32, token: Token) -> io::Result<()> {
        let interest = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET;
        self.control(libc::EPOLL_CTL_MOD, fd, interest as u32, token)
    }

    /// Watches a descriptor that is only read.
    pub fn add_source(&self, fd: i32, token: Token) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, (libc::EPOLLIN | libc::EPOLLET) as u32, token)
    }

    fn control(&self, operation: i32, fd: i32, interest: u32, token: Token) -> io::Result<()> {
        let mut event = libc::epoll_event { events: interest, u64: token.word() };
        // SAFETY: the event outlives the call.
        let code = unsafe { libc::epoll_ctl(self.fd(), operation, fd, &mut event) };
        if code < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Fetches ready descriptors without waiting. Answers how many, and whether there may be more.
    pub fn fetch(&mut self) -> (usize, bool) {
        // SAFETY: the vector holds READY_MAX initialised events.
        let count = unsafe { libc::epoll_wait(self.fd(), self.events.as_mut_ptr(), READY_MAX as i32, 0) };
        self.count = usize::try_from(count).unwrap_or(0); // A signal interrupted the call: the next one fetches the same events.
        (self.count, count < 0 || self.count == READY_MAX)
    }

    pub fn fetched(&self, index: usize) -> Ready {
        assert!(index < self.count);
        let event = self.events[index];
        let has = |flags: i32| event.events & flags as u32 != 0;
        Ready {
            token: Token::of(event.u64),
            readable: has(libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR),
            writable: has(libc::EPOLLOUT | libc::EPOLLHUP | libc::EPOLLERR),
            ended: has(libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR),
        }
    }
}

/// Takes over a descriptor that a system call just answered.
pub fn owned(fd: i32) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
