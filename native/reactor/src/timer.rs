use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use crate::poll::owned;

/// A timerfd that ticks only while there is something to wait for, so an idle gateway sleeps.
pub struct Timer {
    fd: OwnedFd,
    is_ticking: bool,
}

/// Deadlines are kept to this precision.
const TICK: Duration = Duration::from_millis(100);

impl Timer {
    pub fn new() -> io::Result<Timer> {
        // SAFETY: a plain system call.
        let fd = owned(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC) })?;
        Ok(Timer { fd, is_ticking: false })
    }

    pub fn fd(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    pub fn tick(&mut self, on: bool) {
        if on == self.is_ticking {
            return;
        }
        self.is_ticking = on;
        let interval = libc::timespec { tv_sec: 0, tv_nsec: if on { i64::from(TICK.subsec_nanos()) } else { 0 } };
        let setting = libc::itimerspec { it_interval: interval, it_value: interval };
        // SAFETY: the setting outlives the call, and no old one is asked for.
        let code = unsafe { libc::timerfd_settime(self.fd(), 0, &setting, std::ptr::null_mut()) };
        assert!(code == 0, "the timer takes any interval");
    }

    /// Reads the ticks since the last call.
    pub fn drain(&mut self) {
        let mut ticks = 0u64;
        // SAFETY: a timerfd is read by eight bytes, which `ticks` has.
        unsafe { libc::read(self.fd(), (&raw mut ticks).cast(), 8) };
    }
}
