use std::io;

use crate::socket::{Socket, Taken};
use crate::tls::{Tls, TlsConfig};

/// The bytes of a socket, in clear or over TLS.
pub struct Wire {
    socket: Socket,
    /// Boxed: most connections of a plain port are idle, and pay for the pointer only.
    tls: Option<Box<Tls>>,
}

impl Wire {
    /// With `tls` the peer has to shake hands first. None: there is no memory for the state of TLS.
    pub fn new(socket: Socket, tls: Option<&TlsConfig>) -> Option<Wire> {
        let tls = match tls {
            None => None,
            Some(config) => Some(Box::new(Tls::new(config).ok()?)),
        };
        Some(Wire { socket, tls })
    }

    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The certificate, DER, that the peer has shown; None: it has shown none.
    pub fn peer_certificate(&self) -> Option<&[u8]> {
        self.tls.as_ref().and_then(|tls| tls.peer_certificate())
    }

    pub fn is_handshaking(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_handshaking())
    }

    /// Continues the handshake. Answers whether it is done; an error means that it has failed.
    pub fn shake_hands(&mut self) -> io::Result<bool> {
        let Wire { socket, tls } = self;
        tls.as_mut().map_or(Ok(true), |tls| tls.shake_hands(socket))
    }

    pub fn read(&mut self, into: &mut [u8]) -> Taken {
        let Wire { socket, tls } = self;
        let Some(tls) = tls else { return self.read_socket(into) };
        let taken = tls.read(socket, into);
        // Sends the answers of TLS itself, such as to a renewed key. A socket that cannot send them fails at the next write.
        let _ = tls.flush(socket);
        taken
    }

    /// Reads bytes that are thrown away: even over TLS, bytes after the end need not be decrypted.
    pub fn read_socket(&mut self, into: &mut [u8]) -> Taken {
        loop {
            match self.socket.receive(into) {
                Ok(0) => return Taken::last(0),
                Ok(bytes) => return Taken::some(bytes, bytes < into.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Taken::some(0, true),
                Err(_) => return Taken::failed(0),
            }
        }
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Wire { socket, tls } = self;
        match tls {
            None => socket.send(bytes),
            Some(tls) => tls.write(socket, bytes),
        }
    }

    /// Whether bytes that `write` took have not reached the socket.
    pub fn has_unsent(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Sends the bytes that `write` took. Answers whether all of them have reached the socket.
    pub fn flush(&mut self) -> io::Result<bool> {
        let Wire { socket, tls } = self;
        tls.as_mut().map_or(Ok(true), |tls| tls.flush(socket))
    }

    /// Ends this side of the connection: nothing more is sent.
    pub fn end(&mut self) {
        let Wire { socket, tls } = self;
        if let Some(tls) = tls {
            tls.end(socket);
        }
        socket.end();
    }
}
