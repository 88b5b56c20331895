//! Clients of DTLS: what the host has to know of them, and what it says.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use crate::abi;
use crate::dtls::{Certificate, Counts, News, Server};
use crate::reactor::Reactor;

impl Reactor {
    /// Binds a socket of datagrams that are records of DTLS and answers its port. Without a certificate only clients with keys get in.
    pub fn listen_dtls(&mut self, address: SocketAddr, is_shared: bool, certificate: Option<Certificate>) -> io::Result<u16> {
        let (port, member) = self.open_datagrams(address, is_shared, true)?;
        let mut server = Server::new(certificate, member, Instant::now());
        server.limit(self.strangers.limit());
        if let Some(socket) = self.datagrams.last_mut() {
            socket.serve(server);
        }
        Ok(port)
    }

    /// Handshakes that begin from now on show this certificate.
    pub fn renew_dtls(&mut self, certificate: &Certificate) {
        for (server, _) in self.datagrams.iter_mut().filter_map(|socket| socket.dtls()) {
            server.renew(certificate.clone());
        }
    }

    /// What the servers have to say, with the connection of the socket.
    pub fn take_news(&mut self) -> Vec<(u32, News)> {
        let mut all = Vec::new();
        for (number, socket) in self.datagrams.iter_mut().enumerate() {
            if let Some((server, _)) = socket.dtls() {
                all.extend(server.take_news().into_iter().map(|news| (abi::CONNECTIONS_MAX + number as u32, news)));
            }
        }
        all
    }

    /// The keys that a client which was named may have, or that its certificate is good; and its owner, 0: it is of nobody.
    pub fn answer_association(&mut self, connection: u32, number: u32, generation: u32, keys: &[&[u8]], owner: u32) {
        self.with_server(connection, |server, outgoing| server.answer(number, generation, keys, owner, Instant::now(), outgoing));
    }

    /// Ends an association.
    pub fn close_association(&mut self, connection: u32, number: u32, generation: u32) {
        self.with_server(connection, |server, outgoing| server.close(number, generation, outgoing));
    }

    fn with_server(&mut self, connection: u32, run: impl FnOnce(&mut Server, &mut crate::outgoing::Outgoing)) {
        let Some(number) = connection.checked_sub(abi::CONNECTIONS_MAX) else { return };
        if let Some((server, outgoing)) = self.datagrams.get_mut(number as usize).and_then(|socket| socket.dtls()) {
            run(server, outgoing);
        }
    }

    /// Ends all associations, so that their clients begin anew with who comes after this process.
    pub(crate) fn close_associations(&mut self) {
        for socket in &mut self.datagrams {
            while let Some((server, outgoing)) = socket.dtls()
                && server.close_some(outgoing)
            {
                socket.flush();
            }
        }
    }

    /// Lets time pass for the servers. Answers whether one of them has handshakes, which need ticks.
    pub(crate) fn tick_associations(&mut self) -> bool {
        let now = Instant::now();
        let (mut is_shaking, mut counts) = (false, Counts::default());
        for (server, outgoing) in self.datagrams.iter_mut().filter_map(|socket| socket.dtls()) {
            server.tick(now, outgoing);
            is_shaking |= server.is_shaking();
            counts = counts.plus(server.counts());
        }
        self.counts.dtls = counts;
        is_shaking
    }

    /// Sends what the servers have answered by themselves: no event of the kernel follows from it.
    pub(crate) fn flush_associations(&mut self) {
        for socket in &mut self.datagrams {
            if socket.dtls().is_some() && !socket.is_empty() {
                socket.flush();
            }
        }
    }

    pub(crate) fn has_news(&mut self) -> bool {
        self.datagrams.iter_mut().filter_map(|socket| socket.dtls()).any(|(server, _)| server.has_news())
    }
}
