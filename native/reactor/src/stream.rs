use std::io;

use crate::socket::Socket;

/// The bytes of a connection.
pub struct Stream {
    socket: Socket,
}

/// What one read brought.
pub struct Taken {
    pub bytes: usize,
    /// The socket has no more for now: epoll tells when that changes.
    pub is_drained: bool,
    /// The peer is done sending, in order or not.
    pub has_ended: bool,
}

impl Stream {
    pub fn plain(socket: Socket) -> Stream {
        Stream { socket }
    }

    pub fn fd(&self) -> i32 {
        self.socket.fd()
    }

    pub fn read(&mut self, into: &mut [u8]) -> Taken {
        loop {
            match self.socket.read(into) {
                Ok(0) => return Taken { bytes: 0, is_drained: true, has_ended: true },
                Ok(bytes) => return Taken { bytes, is_drained: bytes < into.len(), has_ended: false },
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let has_ended = error.kind() != io::ErrorKind::WouldBlock;
                    return Taken { bytes: 0, is_drained: true, has_ended };
                }
            }
        }
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.send(bytes)
    }

    /// Tells the peer that nothing more comes.
    pub fn end(&mut self) {
        self.socket.end();
    }
}
