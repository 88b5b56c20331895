use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::NoServerSessionStorage;
use rustls::{ServerConfig, ServerConnection};

use crate::client_auth::{ClientAuth, certificates, verifier};
use crate::socket::{Socket, Taken};

/// The certificate that a TLS listener shows, and the authorities whose certificates it asks of its clients.
#[derive(Clone)]
pub struct TlsConfig(Arc<ServerConfig>);

impl TlsConfig {
    /// All PEM. An error is the cause as text.
    pub fn new(cert: &[u8], key: &[u8], clients: ClientAuth) -> Result<TlsConfig, String> {
        let chain = certificates(cert).map_err(|cause| format!("cannot read the certificate: {cause}"))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("cannot read the key: {error}"))?;
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = match verifier(clients, &provider)? {
            None => builder.with_no_client_auth(),
            Some(verifier) => builder.with_client_cert_verifier(verifier),
        };
        let mut config =
            builder.with_single_cert(chain, key).map_err(|error| format!("cannot use the certificate with the key: {error}"))?;
        // Tickets instead of a table of sessions: the clients keep the state that resumes a session.
        config.ticketer = Ticketer::new().map_err(|error| error.to_string())?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(TlsConfig(Arc::new(config)))
    }
}

/// One end of a TLS connection.
pub struct Tls(ServerConnection);

/// Plain bytes that are encrypted at once: more bytes wait in the outbox until the socket has taken these.
const RECORDS_BYTES_MAX: usize = 64 * 1024;

impl Tls {
    pub fn new(config: &TlsConfig) -> Result<Tls, rustls::Error> {
        let mut connection = ServerConnection::new(Arc::clone(&config.0))?;
        connection.set_buffer_limit(None);
        Ok(Tls(connection))
    }

    pub fn is_handshaking(&self) -> bool {
        self.0.is_handshaking()
    }

    /// The certificate, DER, of which the peer has shown that it has the key.
    pub fn peer_certificate(&self) -> Option<&[u8]> {
        self.0.peer_certificates()?.first().map(|certificate| certificate.as_ref())
    }

    pub fn wants_write(&self) -> bool {
        self.0.wants_write()
    }

    /// Continues the handshake with the bytes that the socket has. Answers whether it is done.
    pub fn shake_hands(&mut self, socket: &mut Socket) -> io::Result<bool> {
        while self.0.is_handshaking() {
            self.flush(socket)?;
            match self.fetch(socket) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => {
                    // Sends the alert with the reason, if the socket takes it.
                    let _ = self.flush(socket);
                    return Err(error);
                }
            }
        }
        self.flush(socket)?;
        Ok(true)
    }

    /// Reads plain bytes, which are decrypted as they are read.
    pub fn read(&mut self, socket: &mut Socket, into: &mut [u8]) -> Taken {
        let mut bytes = 0;
        loop {
            match self.0.reader().read(&mut into[bytes..]) {
                Ok(0) => return Taken::last(bytes),
                Ok(count) => {
                    bytes += count;
                    if bytes == into.len() {
                        return Taken::some(bytes, false);
                    }
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The end without the notice of TLS that should come before it: some clients leave like that.
                Err(_) => return Taken::last(bytes),
            }
            match self.fetch(socket) {
                Ok(true) => {}
                Ok(false) => return Taken::some(bytes, true),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Taken::last(bytes),
                Err(_) => {
                    let _ = self.flush(socket);
                    return Taken::failed(bytes);
                }
            }
        }
    }

    /// Reads some records. False: the socket has no bytes for now.
    fn fetch(&mut self, socket: &mut Socket) -> io::Result<bool> {
        match self.0.read_tls(socket) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => self.0.process_new_packets().map(|_| true).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Takes plain bytes and answers how many; WouldBlock while earlier bytes wait for the socket.
    pub fn write(&mut self, socket: &mut Socket, bytes: &[u8]) -> io::Result<usize> {
        if !self.flush(socket)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = self.0.writer().write(&bytes[..bytes.len().min(RECORDS_BYTES_MAX)])?;
        self.flush(socket)?;
        Ok(count)
    }

    /// Sends the encrypted bytes. Answers whether the socket has taken all of them.
    pub fn flush(&mut self, socket: &mut Socket) -> io::Result<bool> {
        while self.0.wants_write() {
            match self.0.write_tls(socket) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Ends this side of the connection: nothing more is sent.
    pub fn end(&mut self, socket: &mut Socket) {
        self.0.send_close_notify();
        // A peer that is gone, or whose window is full, misses the notice: the end of the stream follows anyway.
        let _ = self.flush(socket);
    }
}
