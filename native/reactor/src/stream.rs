use std::io;

use crate::socket::{Socket, Taken};
use crate::tls::TlsConfig;
use crate::web_socket::WebSocket;
use crate::wire::Wire;

/// The bytes of a connection as the kernel knows them: those of the wire, or those inside the messages of a WebSocket over it.
pub struct Stream {
    wire: Wire,
    /// Boxed for the same reason as the state of TLS.
    web_socket: Option<Box<WebSocket>>,
}

/// A handshake that cannot come to its end.
pub enum Refusal {
    Tls,
    WebSocket,
}

impl Stream {
    /// With `tls`, and with `is_web_socket`, the peer has to shake hands first. None: there is no memory for the state of TLS.
    pub fn new(socket: Socket, tls: Option<&TlsConfig>, is_web_socket: bool) -> Option<Stream> {
        let web_socket = is_web_socket.then(|| Box::new(WebSocket::default()));
        Some(Stream { wire: Wire::new(socket, tls)?, web_socket })
    }

    pub fn socket(&self) -> &Socket {
        self.wire.socket()
    }

    /// The certificate, DER, that the peer has shown; None: it has shown none.
    pub fn peer_certificate(&self) -> Option<&[u8]> {
        self.wire.peer_certificate()
    }

    /// The handshake that is not done.
    pub fn handshake(&self) -> Option<Refusal> {
        if self.wire.is_handshaking() {
            return Some(Refusal::Tls);
        }
        self.web_socket.as_ref().is_some_and(|web_socket| web_socket.is_handshaking()).then_some(Refusal::WebSocket)
    }

    /// Continues the handshakes, reading by way of `scratch`. Answers whether all are done.
    pub fn shake_hands(&mut self, scratch: &mut [u8]) -> Result<bool, Refusal> {
        let Stream { wire, web_socket } = self;
        if wire.is_handshaking() && !wire.shake_hands().map_err(|_| Refusal::Tls)? {
            return Ok(false);
        }
        let Some(web_socket) = web_socket else { return Ok(true) };
        web_socket.shake_hands(wire, scratch).map_err(|_| Refusal::WebSocket)
    }

    pub fn read(&mut self, into: &mut [u8]) -> Taken {
        match &mut self.web_socket {
            None => self.wire.read(into),
            Some(web_socket) => web_socket.read(&mut self.wire, into),
        }
    }

    /// Whether the peer has broken the rules of WebSockets.
    pub fn has_fault(&self) -> bool {
        self.web_socket.as_ref().is_some_and(|web_socket| web_socket.has_fault())
    }

    /// Reads bytes that are thrown away.
    pub fn read_socket(&mut self, into: &mut [u8]) -> Taken {
        self.wire.read_socket(into)
    }

    /// Takes bytes and answers how many; WouldBlock while earlier bytes wait for the socket.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.web_socket {
            None => self.wire.write(bytes),
            Some(web_socket) => web_socket.write(&mut self.wire, bytes),
        }
    }

    /// Whether bytes that `write` took have not reached the socket.
    pub fn has_unsent(&self) -> bool {
        self.wire.has_unsent() || self.web_socket.as_ref().is_some_and(|web_socket| web_socket.has_unsent())
    }

    /// Sends the bytes that `write` took. Answers whether all of them have reached the socket.
    pub fn flush(&mut self) -> io::Result<bool> {
        match &mut self.web_socket {
            None => self.wire.flush(),
            Some(web_socket) => Ok(web_socket.flush(&mut self.wire)? && self.wire.flush()?),
        }
    }

    /// Ends this side of the connection: nothing more is sent.
    pub fn end(&mut self) {
        if let Some(web_socket) = &mut self.web_socket {
            web_socket.end(&mut self.wire);
        }
        self.wire.end();
    }
}
