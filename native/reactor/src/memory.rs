use crate::abi;

/// The part of a gateway kernel's linear memory that the reactor shares with it.
///
/// The kernel runs on the reactor's own thread, in between two calls of the reactor, so the event table, the read
/// region and the send table have one user at a time. Other threads only read blocks and counters, which lie elsewhere.
pub struct Memory {
    start: *mut u8,
    bytes: usize,
}

impl Memory {
    /// # Safety
    /// `start` must be valid for reads and writes of `bytes` bytes, and stay so while this value lives. A shared
    /// `WebAssembly.Memory` that never grows fulfils it: its buffer is neither moved nor detached, and every view
    /// of it keeps it alive.
    pub unsafe fn new(start: *mut u8, bytes: usize) -> Self {
        assert!(bytes >= (abi::READ_OFFSET + abi::READ_BYTES) as usize, "the memory is no gateway's");
        Memory { start, bytes }
    }

    pub fn read_u32(&self, at: u32) -> u32 {
        u32::from_le_bytes(self.slice(at, 4).try_into().expect("four bytes"))
    }

    pub fn write_u32(&mut self, at: u32, value: u32) {
        self.slice_mut(at, 4).copy_from_slice(&value.to_le_bytes());
    }

    pub fn slice(&self, at: u32, bytes: u32) -> &[u8] {
        let end = at as usize + bytes as usize;
        assert!(end <= self.bytes, "bytes {at}..{end} are not in the memory");
        // SAFETY: the range was checked, `new` promises that it is valid, and nobody else writes it meanwhile.
        unsafe { std::slice::from_raw_parts(self.start.add(at as usize), bytes as usize) }
    }

    pub fn slice_mut(&mut self, at: u32, bytes: u32) -> &mut [u8] {
        let end = at as usize + bytes as usize;
        assert!(end <= self.bytes, "bytes {at}..{end} are not in the memory");
        // SAFETY: as above; `&mut self` makes this the only slice.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(at as usize), bytes as usize) }
    }
}
