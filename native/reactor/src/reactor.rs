use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicI32;
use std::time::{Duration, Instant};

use crate::abi;
use crate::bell::Bell;
use crate::connection::Connection;
use crate::datagrams::Datagrams;
use crate::dtls;
use crate::greeting::Greeting;
use crate::linger::Lingering;
use crate::listener::{ListenOptions, Listener};
use crate::memory::Memory;
use crate::outbox::Pool;
use crate::poll::{Poll, Token};
use crate::round::{Round, ShareCounts};
use crate::slab::Slab;
use crate::steering;
use crate::strangers::Strangers;
use crate::table::Table;
use crate::timer::Timer;
use crate::tls::TlsConfig;
use crate::unread::Unread;

/// One reactor: it belongs to the thread of its gateway.
pub struct Reactor {
    pub(crate) memory: Memory,
    pub(crate) table: Table,
    pub(crate) poll: Poll,
    pub(crate) bell: Bell,
    pub(crate) timer: Timer,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) datagrams: Vec<Datagrams>,
    pub(crate) connections: Slab<Connection>,
    pub(crate) lingering: Slab<Lingering>,
    /// Connections with bytes for a turn.
    pub(crate) ready: Round,
    /// Connections with bytes that the kernel does not know yet, by number and generation, in the order in which they got them.
    pub(crate) greeting: VecDeque<(u32, u32)>,
    /// Connections of proxies, whose header has not come, by number: the proxy's address.
    pub(crate) proxied: HashMap<u32, IpAddr>,
    /// Deadlines of handshakes, the next one first.
    pub(crate) greetings: VecDeque<Greeting>,
    /// Connections with something to send, or to close.
    pub(crate) dirty: Vec<u32>,
    /// Connections whose EVENT_ENDED is due, by number and generation.
    pub(crate) ended: VecDeque<(u32, u32)>,
    /// Connections whose EVENT_CLOSED is due.
    pub(crate) over: VecDeque<u32>,
    pub(crate) pool: Pool,
    pub(crate) scratch: Vec<u8>,
    pub(crate) counts: Counts,
    /// The counts at the last report.
    reported: Counts,
    pub(crate) is_paused: bool,
    /// While reading is paused, connections from which the kernel has taken nothing yet are read.
    pub(crate) reads_newcomers: bool,
    /// No descriptor is free: nothing is accepted until one may be free again.
    pub(crate) is_out_of_files: bool,
    /// Most connections, open and lingering: more are refused, so that descriptors are left for everything else.
    pub(crate) connections_max: usize,
    pub(crate) strangers: Strangers,
    pub(crate) unread: Unread,
}

/// Counts since the reactor began.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that found no room.
    pub refused: u64,
    /// Connections whose address had too many that have not proved who they are.
    pub strangers: u64,
    /// Times that a connection had to wait for a free descriptor.
    pub out_of_files: u64,
    /// Connections closed because their peers did not read the bytes that were sent to them.
    pub overflowed: u64,
    /// Datagrams that were too long.
    pub oversize: u64,
    /// TLS handshakes that failed.
    pub tls_failed: u64,
    /// Connections of proxies without a good header.
    pub proxy_failed: u64,
    /// Requests for a WebSocket that were refused, or did not come in time.
    pub web_socket_refused: u64,
    /// WebSockets whose peers broke a rule of the protocol.
    pub web_socket_failed: u64,
    pub dtls: dtls::Counts,
}

/// The result of a turn.
#[derive(Clone, Copy, Default)]
pub struct Report {
    pub events: u32,
    /// Another turn would find work at once.
    pub has_more: bool,
    /// A thread has rung the doorbell.
    pub has_rung: bool,
    /// A count of connections that were not let in, or were closed, or one of DTLS, has changed.
    pub has_refused: bool,
    /// Servers of DTLS have news.
    pub has_news: bool,
}

/// How long a peer may take nothing of much that it was sent.
const UNREAD: Duration = Duration::from_secs(30);
const SCRATCH_BYTES: usize = 64 * 1024;
const LINGERING_MAX: u32 = 1 << 20;

impl Reactor {
    pub fn new(memory: Memory) -> io::Result<Reactor> {
        let (poll, bell, timer) = (Poll::new()?, Bell::new()?, Timer::new()?);
        poll.add_source(bell.fd(), Token::Bell)?;
        poll.add_source(timer.fd(), Token::Timer)?;
        Ok(Reactor {
            memory,
            table: Table::default(),
            poll,
            bell,
            timer,
            listeners: Vec::new(),
            datagrams: Vec::new(),
            connections: Slab::new(abi::CONNECTIONS_MAX),
            lingering: Slab::new(LINGERING_MAX),
            ready: Round::default(),
            greeting: VecDeque::new(),
            proxied: HashMap::new(),
            greetings: VecDeque::new(),
            dirty: Vec::new(),
            ended: VecDeque::new(),
            over: VecDeque::new(),
            pool: Pool::default(),
            scratch: vec![0; SCRATCH_BYTES],
            counts: Counts::default(),
            reported: Counts::default(),
            is_paused: false,
            reads_newcomers: false,
            is_out_of_files: false,
            connections_max: usize::MAX,
            strangers: Strangers::default(),
            unread: Unread::new(UNREAD),
        })
    }

    /// A descriptor that can be read whenever there is work for a turn.
    pub fn fd(&self) -> i32 {
        self.poll.fd()
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Connections that are open or lingering.
    pub fn open_count(&self) -> usize {
        self.connections.len() + self.lingering.len()
    }

    /// Rings of the doorbell whose three words lie at `words` make a turn happen.
    ///
    /// # Safety
    /// The words must stay valid while the reactor lives.
    pub unsafe fn answer(&mut self, words: *const AtomicI32) {
        // SAFETY: the caller promises what `attach` asks for.
        unsafe { self.bell.attach(words) };
    }

    /// Binds a listener and answers its port. The kernel sees a connection once all that the options put before it is done.
    pub fn listen(&mut self, address: SocketAddr, options: ListenOptions) -> io::Result<u16> {
        let listener = Listener::open(address, options)?;
        let port = listener.port()?;
        self.poll.add_source(listener.fd(), Token::Listener { number: self.listeners.len() as u32 })?;
        self.listeners.push(listener);
        Ok(port)
    }

    /// Binds a socket of datagrams and answers its port. The sockets are numbered from 0 in the order in which they are bound.
    pub fn listen_datagrams(&mut self, address: SocketAddr, is_shared: bool) -> io::Result<u16> {
        self.open_datagrams(address, is_shared, false).map(|(port, _)| port)
    }

    /// The same; answers also which of the sockets that share the port it is. `has_cids`: datagrams find their sockets by connection ids.
    pub(crate) fn open_datagrams(&mut self, address: SocketAddr, is_shared: bool, has_cids: bool) -> io::Result<(u16, u8)> {
        let (socket, member) = if has_cids { steering::open(address, is_shared)? } else { (Datagrams::open(address, is_shared)?, 0) };
        let port = socket.port()?;
        self.poll.add_socket(socket.fd(), Token::Datagrams { number: self.datagrams.len() as u32 })?;
        self.datagrams.push(socket);
        Ok((port, member))
    }

    /// Closes connections whose peers take nothing for so long of much that they were sent.
    pub fn limit_unread(&mut self, within: Duration) {
        self.unread.limit(within);
    }

    /// Lets at most so many connections be open, and of one address so many that are not trusted.
    pub fn limit(&mut self, connections: u32, strangers: u32) {
        self.connections_max = connections as usize;
        self.strangers.set_limit(strangers);
    }

    /// The peer has proved who it is: its connection no longer counts against its address.
    pub fn trust(&mut self, number: u32) {
        self.strangers.forget(number);
    }

    /// Connections that come from now on, on the listeners with TLS, are shown this material; those that are there keep theirs.
    pub fn renew_tls(&mut self, config: &TlsConfig) {
        for listener in &mut self.listeners {
            if listener.options.tls.is_some() {
                listener.options.tls = Some(config.clone());
            }
        }
    }

    /// The certificate, DER, that the peer of a connection has shown; None: it has shown none.
    pub fn peer_certificate(&mut self, number: u32) -> Option<&[u8]> {
        self.connections.get(number)?.stream.as_ref()?.peer_certificate()
    }

    /// Closes the listeners; connections stay, and sockets of datagrams, through which answers are still sent.
    pub fn unlisten(&mut self) {
        self.listeners.clear();
    }

    /// Stops reading. With `reads_newcomers` connections from which the kernel has taken nothing yet are still read.
    pub fn pause(&mut self, reads_newcomers: bool) {
        self.is_paused = true;
        self.reads_newcomers = reads_newcomers;
    }

    pub fn resume(&mut self) {
        self.is_paused = false;
    }

    /// Reads a connection again that the kernel has paused.
    pub fn again(&mut self, number: u32) {
        let Some(connection) = self.connections.get(number).filter(|connection| connection.is_open() && connection.is_paused()) else {
            return;
        };
        connection.needed = 0;
        if connection.is_ready() || connection.may_read() {
            self.enqueue(number);
        } else if connection.has_ended {
            self.conclude(number);
        }
    }

    /// Reads a connection from now on as one of this share, which is read for so many bytes while others wait.
    pub fn share(&mut self, number: u32, share: u32, quantum: u32) {
        self.ready.set_quantum(share, quantum);
        if let Some(connection) = self.connections.get(number) {
            // One that is queued stays where it is until it was read.
            connection.share = share;
        }
    }

    /// Whether shares that have more to read than their quanta have to wait while others have something too.
    pub fn hold(&mut self, is_held: bool) {
        self.ready.hold(is_held);
    }

    /// What shares were read for while they contended, since the last call.
    pub fn share_counts(&mut self) -> Vec<(u32, ShareCounts)> {
        self.ready.take_counts()
    }

    /// One turn: settles the last turn, sends, asks epoll for ready sockets, reads, and lists the events for the kernel.
    pub fn turn(&mut self) -> Report {
        let has_rung = self.bell.awake();
        self.settle();
        let mut has_more = self.fetch();
        self.accept();
        self.present_ended();
        self.present_closed();
        self.greet();
        self.present();
        if !self.is_paused {
            self.receive();
        }
        let is_shaking = self.tick_associations();
        self.flush_associations();
        self.timer.tick(
            !self.lingering.is_empty() || !self.greetings.is_empty() || !self.unread.is_empty() || self.is_out_of_files || is_shaking,
        );
        has_more |= !self.ended.is_empty() || !self.over.is_empty() || !self.dirty.is_empty() || !self.greeting.is_empty();
        has_more |= self.has_readable() || (!self.is_paused && self.datagrams.iter().any(|socket| socket.is_ready));
        has_more |= !self.is_out_of_files && self.listeners.iter().any(|listener| listener.is_ready);
        let has_refused = self.counts != self.reported;
        self.reported = self.counts;
        let has_news = self.has_news();
        Report { events: self.table.len() as u32, has_more, has_rung, has_refused, has_news }
    }

    /// After the kernel's turn: keeps the bytes that the kernel left of each event, and sends its answers.
    pub fn settle(&mut self) {
        for index in 0..self.table.len() {
            let shown = self.table.shown(index);
            if shown.kind == abi::EVENT_CLOSED {
                self.connections.remove(shown.connection);
            } else if shown.kind == abi::EVENT_DATA {
                self.keep(index);
            }
        }
        self.table.clear();
        self.flush();
    }

    /// The thread goes to sleep until `fd` can be read. False: it must not, because the doorbell was rung.
    pub fn sleep(&mut self) -> bool {
        self.bell.sleep()
    }

    fn keep(&mut self, index: usize) {
        let shown = self.table.shown(index);
        let (consumed, needed) = self.table.answer(&self.memory, index);
        let Some(connection) = self.connections.get(shown.connection).filter(|connection| connection.is_open()) else { return };
        connection.needed = needed;
        connection.is_new &= consumed == 0;
        if consumed < shown.length {
            self.ready.refund(connection.share, shown.length - consumed);
            connection.rest.append(self.memory.slice(shown.offset + consumed, shown.length - consumed));
        }
        if connection.is_ready() {
            self.enqueue(shown.connection);
        } else if connection.has_ended && !connection.is_paused() {
            self.conclude(shown.connection);
        }
    }

    /// Fetches the ready sockets from epoll and notes what each can do. Answers whether there may be more.
    fn fetch(&mut self) -> bool {
        let (count, has_more) = self.poll.fetch();
        let mut has_ticked = false;
        for index in 0..count {
            let ready = self.poll.fetched(index);
            match ready.token {
                Token::Connection { number, generation } => {
                    let Some(connection) = self.connections.get_of(number, generation) else { continue };
                    connection.is_ending |= ready.ended;
                    connection.is_readable |= ready.readable;
                    if ready.writable && connection.has_unsent() {
                        connection.flush(&mut self.pool);
                    }
                    if connection.is_broken {
                        self.touch(number);
                    } else if connection.may_read() {
                        self.enqueue(number);
                    }
                }
                Token::Lingering { number, generation } => {
                    if self.lingering.get_of(number, generation).is_some() {
                        self.linger(number);
                    }
                }
                Token::Listener { number } => {
                    if let Some(listener) = self.listeners.get_mut(number as usize) {
                        listener.is_ready = true;
                    }
                }
                Token::Datagrams { number } => {
                    if let Some(socket) = self.datagrams.get_mut(number as usize) {
                        socket.is_ready |= ready.readable;
                        socket.flush();
                    }
                }
                Token::Bell => self.bell.drain(),
                Token::Timer => {
                    self.timer.drain();
                    has_ticked = true;
                }
            }
        }
        if has_ticked {
            self.is_out_of_files = false;
            self.end_late(Instant::now());
            self.end_late_greetings(Instant::now());
            self.end_unread(Instant::now());
        }
        has_more
    }

    /// Queues a connection for a later turn.
    pub(crate) fn enqueue(&mut self, number: u32) {
        let generation = self.connections.generation(number);
        let Some(connection) = self.connections.get(number) else { return };
        if !connection.is_queued && connection.is_open() {
            connection.is_queued = true;
            if connection.is_greeting {
                self.greeting.push_back((number, generation));
            } else {
                self.ready.add(connection.share, (number, generation));
            }
        }
    }

    fn has_readable(&mut self) -> bool {
        let Reactor { ready, connections, .. } = self;
        if !self.is_paused {
            return ready.has_work();
        }
        let mut is_new = |(number, generation): (u32, u32)| connections.get_of(number, generation).is_some_and(|found| found.is_new);
        self.reads_newcomers && ready.of_nobody().any(&mut is_new)
    }

    /// The kernel can take nothing more of a peer's bytes, and no more come. Only of a connection that works it learns that first.
    pub(crate) fn conclude(&mut self, number: u32) {
        let generation = self.connections.generation(number);
        let Some(connection) = self.connections.get(number) else { return };
        if connection.has_failed {
            self.finish(number);
        } else if !connection.is_end_noted {
            connection.is_end_noted = true;
            connection.rest.clear();
            self.ended.push_back((number, generation));
        }
    }

    fn present_ended(&mut self) {
        while !self.table.is_full()
            && let Some((number, generation)) = self.ended.pop_front()
        {
            if self.connections.get_of(number, generation).is_some_and(|connection| connection.is_open()) {
                self.table.add(&mut self.memory, number, abi::EVENT_ENDED, 0);
            }
        }
    }

    fn present_closed(&mut self) {
        while !self.table.is_full()
            && let Some(number) = self.over.pop_front()
        {
            self.table.add(&mut self.memory, number, abi::EVENT_CLOSED, 0);
        }
    }
}
