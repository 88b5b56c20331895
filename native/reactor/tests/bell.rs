//! The end of a reactor while another thread wakes it.

use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use reactor::{Memory, Reactor, abi};

const RINGS: usize = 0;
const SLEEP: usize = 1;
const FD: usize = 2;

#[test]
fn who_found_it_asleep_still_reads_where_to_write_when_it_ends() {
    let mut memory = vec![0; (abi::SEND_DATA_OFFSET + abi::SEND_DATA_BYTES) as usize];
    // SAFETY: the region outlives the reactor.
    let region = unsafe { Memory::new(memory.as_mut_ptr(), memory.len()) };
    let mut reactor = Reactor::new(region).expect("a reactor");
    let words = [AtomicI32::new(0), AtomicI32::new(0), AtomicI32::new(0)];
    // SAFETY: the words outlive the reactor.
    unsafe { reactor.answer(words.as_ptr()) };
    assert!(reactor.sleep());
    words[RINGS].fetch_add(1, SeqCst);
    assert_eq!(words[SLEEP].swap(0, SeqCst), 1);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(100));
            let fd = words[FD].load(SeqCst) - 1;
            assert!(fd >= 0, "the number is gone");
            // SAFETY: an eventfd is written by eight bytes.
            assert_eq!(unsafe { libc::write(fd, 1u64.to_ne_bytes().as_ptr().cast(), 8) }, 8);
        });
        drop(reactor);
    });
    assert_eq!(words[FD].load(SeqCst), 0);
}
