/// The bytes of a connection that the kernel has not taken, and bytes that arrived after them. It has memory only while it holds bytes.
#[derive(Default)]
pub struct Rest {
    bytes: Vec<u8>,
}

impl Rest {
    pub fn len(&self) -> u32 {
        self.bytes.len() as u32
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds bytes at the end. Room doubles, so that a peer that sends byte by byte costs no more than its bytes.
    pub fn append(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() == 0 {
            self.bytes.reserve_exact(bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Moves everything to `target`, which is as long as the rest.
    pub fn take(&mut self, target: &mut [u8]) {
        target.copy_from_slice(&self.bytes);
        self.bytes = Vec::new();
    }

    pub fn clear(&mut self) {
        self.bytes = Vec::new();
    }
}
