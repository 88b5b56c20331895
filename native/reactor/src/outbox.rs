use std::io;

/// Bytes to be sent to a peer. It has memory only while it holds bytes.
#[derive(Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
    /// Bytes that the peer has taken in all.
    taken: u64,
}

/// Buffers beyond this are given back to the allocator instead of the pool.
const POOLED_BYTES_MAX: usize = 16 * 1024;
const POOLED_MAX: usize = 1024;

/// Buffers of emptied outboxes, which are used again by outboxes that get bytes.
#[derive(Default)]
pub struct Pool {
    buffers: Vec<Vec<u8>>,
}

impl Outbox {
    pub fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    pub fn taken(&self) -> u64 {
        self.taken
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn push(&mut self, bytes: &[u8], pool: &mut Pool) {
        if self.bytes.capacity() == 0
            && let Some(buffer) = pool.buffers.pop()
        {
            self.bytes = buffer;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Gives `send` the bytes until it takes no more; WouldBlock is no error. Answers whether all were taken.
    pub fn flush(&mut self, pool: &mut Pool, mut send: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<bool> {
        while !self.is_empty() {
            match send(&self.bytes[self.sent..]) {
                Ok(count) => {
                    self.sent += count;
                    self.taken += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.forget_sent();
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        self.clear(pool);
        Ok(true)
    }

    pub fn clear(&mut self, pool: &mut Pool) {
        let mut buffer = std::mem::take(&mut self.bytes);
        self.sent = 0;
        if (1..=POOLED_BYTES_MAX).contains(&buffer.capacity()) && pool.buffers.len() < POOLED_MAX {
            buffer.clear();
            pool.buffers.push(buffer);
        }
    }

    /// Moves the unsent bytes to the front once they are the smaller part, so that the buffer does not grow with bytes that are sent.
    fn forget_sent(&mut self) {
        if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }
}
