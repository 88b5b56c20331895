use crate::abi;
use crate::memory::Memory;

/// The events that the kernel sees in a turn: the event table, and the read region with their bytes.
#[derive(Default)]
pub struct Table {
    shown: Vec<Shown>,
    read_bytes: u32,
}

/// The reactor's own copy of a table entry: of the kernel's entry only the counts are read back.
#[derive(Clone, Copy)]
pub struct Shown {
    pub connection: u32,
    pub kind: u32,
    pub offset: u32,
    pub length: u32,
}

impl Table {
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    pub fn is_full(&self) -> bool {
        self.free() == 0
    }

    /// How many events there is room for.
    pub fn free(&self) -> usize {
        abi::EVENTS_MAX as usize - self.shown.len()
    }

    /// Position of the next bytes in the read region, and how many bytes there is room for.
    pub fn room(&self) -> (u32, u32) {
        (abi::READ_OFFSET + self.read_bytes, abi::READ_BYTES - self.read_bytes)
    }

    pub fn shown(&self, index: usize) -> Shown {
        self.shown[index]
    }

    /// Adds an event; the bytes of a data event are the next of the read region.
    pub fn add(&mut self, memory: &mut Memory, connection: u32, kind: u32, length: u32) {
        assert!(!self.is_full(), "the event table has no room");
        let (offset, room) = self.room();
        assert!(length <= room, "the read region has no room");
        let at = abi::EVENTS_OFFSET + self.shown.len() as u32 * abi::EVENT_BYTES;
        memory.write_u32(at + abi::EVENT_AT_CONNECTION, connection);
        memory.write_u32(at + abi::EVENT_AT_KIND, kind);
        memory.write_u32(at + abi::EVENT_AT_OFFSET, offset);
        memory.write_u32(at + abi::EVENT_AT_LENGTH, length);
        memory.write_u32(at + abi::EVENT_AT_CONSUMED, 0);
        memory.write_u32(at + abi::EVENT_AT_NEEDED, 0);
        self.shown.push(Shown { connection, kind, offset, length });
        self.read_bytes += length;
    }

    /// Adds EVENT_OPENED.
    pub fn add_opened(&mut self, memory: &mut Memory, connection: u32, transport: u32) {
        let at = abi::EVENTS_OFFSET + self.shown.len() as u32 * abi::EVENT_BYTES;
        self.add(memory, connection, abi::EVENT_OPENED, 0);
        memory.write_u32(at + abi::EVENT_AT_TRANSPORT, transport);
    }

    /// How many bytes of an event the kernel took, and how many it wants to see in its next event.
    pub fn answer(&self, memory: &Memory, index: usize) -> (u32, u32) {
        let at = abi::EVENTS_OFFSET + index as u32 * abi::EVENT_BYTES;
        let consumed = memory.read_u32(at + abi::EVENT_AT_CONSUMED);
        assert!(consumed <= self.shown[index].length, "the kernel took more than it was shown");
        (consumed, memory.read_u32(at + abi::EVENT_AT_NEEDED))
    }

    pub fn clear(&mut self) {
        self.shown.clear();
        self.read_bytes = 0;
    }
}
