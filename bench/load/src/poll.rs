use std::io::{Error, Result};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// An epoll instance. Tokens are the caller's.
pub struct Poll {
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
}

#[derive(Clone, Copy)]
pub struct Event {
    pub token: u64,
    pub readable: bool,
    pub writable: bool,
}

const EVENTS_MAX: usize = 1024;
const READABLE: u32 = (libc::EPOLLIN | libc::EPOLLHUP | libc::EPOLLERR | libc::EPOLLRDHUP) as u32;
const WRITABLE: u32 = libc::EPOLLOUT as u32;

impl Poll {
    pub fn new() -> Result<Poll> {
        // SAFETY: epoll_create1 takes no memory; the descriptor is new and owned by nobody else.
        let epoll = unsafe {
            let fd = libc::epoll_create1(libc::EPOLL_CLOEXEC);
            if fd < 0 {
                return Err(Error::last_os_error());
            }
            OwnedFd::from_raw_fd(fd)
        };
        let events = Vec::with_capacity(EVENTS_MAX);
        Ok(Poll { epoll, events })
    }

    /// Tells of bytes to read for as long as there are some.
    pub fn add_reader(&self, fd: RawFd, token: u64) -> Result<()> {
        self.add(fd, token, libc::EPOLLIN as u32)
    }

    /// Tells once when bytes come and once when there is room to write again.
    pub fn add_edges(&self, fd: RawFd, token: u64) -> Result<()> {
        let wanted = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET;
        self.add(fd, token, wanted as u32)
    }

    fn add(&self, fd: RawFd, token: u64, events: u32) -> Result<()> {
        let mut event = libc::epoll_event { events, u64: token };
        // SAFETY: the event lives through the call, which copies it.
        let answer =
            unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &mut event) };
        if answer == 0 {
            Ok(())
        } else {
            Err(Error::last_os_error())
        }
    }

    /// Waits `timeout_ns` at most; at once when it is 0.
    pub fn wait(&mut self, timeout_ns: u64) -> Result<usize> {
        let timeout = libc::timespec {
            tv_sec: (timeout_ns / 1_000_000_000) as libc::time_t,
            tv_nsec: (timeout_ns % 1_000_000_000) as libc::c_long,
        };
        // SAFETY: the kernel writes EVENTS_MAX events at most, which the vector has room for, and the
        // length is set to as many as it says it wrote. A null signal mask changes no mask.
        unsafe {
            let found = libc::syscall(
                libc::SYS_epoll_pwait2,
                self.epoll.as_raw_fd(),
                self.events.as_mut_ptr(),
                EVENTS_MAX as libc::c_int,
                &timeout as *const libc::timespec,
                std::ptr::null::<libc::sigset_t>(),
                0usize,
            );
            self.events.set_len(found.max(0) as usize);
            if found < 0 {
                let error = Error::last_os_error();
                return if error.kind() == std::io::ErrorKind::Interrupted {
                    Ok(0)
                } else {
                    Err(error)
                };
            }
        }
        Ok(self.events.len())
    }

    /// One of the events of the last wait.
    pub fn event(&self, index: usize) -> Event {
        let libc::epoll_event { events, u64: token } = self.events[index];
        Event {
            token,
            readable: events & READABLE != 0,
            writable: events & WRITABLE != 0,
        }
    }
}
