use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use napi::bindgen_prelude::{Env, Error, Function, Result, Uint8Array, Unknown};
use napi_derive::napi;
use reactor::dtls::{Certificate, News};
use reactor::{ClientAuth, Memory, Network, Reactor, TlsConfig};

use crate::handover::Handover;
use crate::watch::Watch;

// The numbers of two types in the answer of napi_get_typedarray_info.
const UINT8_ARRAY: i32 = 1;
const INT32_ARRAY: i32 = 5;

// The result of a turn in one word:
//
//    19     18       17     16   15           0
// +------+---------+------+------+--------------+
// | news | refused | rung | more | events       |
// +------+---------+------+------+--------------+
const EVENTS_MASK: u32 = 0xffff;
const HAS_MORE: u32 = 1 << 16;
const HAS_RUNG: u32 = 1 << 17;
const HAS_REFUSED: u32 = 1 << 18;
const HAS_NEWS: u32 = 1 << 19;

/// The reactor and what it needs to stay alive; fields are dropped in this order.
struct Held {
    reactor: Reactor,
    _bell: Option<Handover>,
    _memory: Handover,
}

#[napi]
pub struct NativeReactor {
    held: Rc<RefCell<Option<Held>>>,
    watch: Option<Watch>,
}

/// Counts since the reactor began.
#[napi(object)]
pub struct Counts {
    pub refused: f64,
    pub strangers: f64,
    pub out_of_files: f64,
    pub overflowed: f64,
    pub oversize: f64,
    pub tls_failed: f64,
    pub proxy_failed: f64,
    pub web_socket_refused: f64,
    pub web_socket_failed: f64,
    pub dtls: DtlsCounts,
}

/// native/reactor/src/dtls/news.rs says what each is.
#[napi(object)]
pub struct DtlsCounts {
    pub open: f64,
    pub shaking: f64,
    pub established: f64,
    pub dropped: f64,
    pub evicted: f64,
    pub moved: f64,
    pub failed: Vec<f64>,
}

/// News of an association of DTLS, by `kind`: 0 named (`bytes`: what it calls itself), 1 certified (`bytes`: its certificate), 2 opened
/// (`key`: which of its keys it has), 3 closed.
#[napi(object)]
pub struct AssociationNews {
    pub kind: u32,
    pub connection: u32,
    pub number: u32,
    pub generation: u32,
    pub key: u32,
    pub owner: u32,
    pub bytes: Option<Uint8Array>,
}

impl AssociationNews {
    fn of(connection: u32, news: News) -> AssociationNews {
        let made = |kind: u32, number: u32, generation: u32, bytes: Option<Vec<u8>>| AssociationNews {
            kind,
            connection,
            number,
            generation,
            key: 0,
            owner: 0,
            bytes: bytes.map(Uint8Array::from),
        };
        match news {
            News::Named { number, generation, identity } => made(0, number, generation, Some(identity)),
            News::Certified { number, generation, certificate } => made(1, number, generation, Some(certificate)),
            News::Opened { number, generation, key, owner } => AssociationNews { key, owner, ..made(2, number, generation, None) },
            News::Closed { number, generation } => made(3, number, generation, None),
        }
    }
}

/// TLS material, all PEM. `client_auth`: `required` (also where it is absent), `optional` or `any`; it says what `client_ca` means.
#[napi(object)]
pub struct TlsMaterial {
    pub cert: String,
    pub key: String,
    pub client_ca: Option<String>,
    pub client_auth: Option<String>,
    /// Revocation lists of those authorities.
    pub client_crl: Option<String>,
}

impl TlsMaterial {
    fn read(&self) -> std::result::Result<TlsConfig, String> {
        TlsConfig::new(self.cert.as_bytes(), self.key.as_bytes(), self.clients())
    }

    fn certificate(&self) -> std::result::Result<Certificate, String> {
        Certificate::new(self.cert.as_bytes(), self.key.as_bytes(), self.clients())
    }

    fn clients(&self) -> ClientAuth<'_> {
        let auth = self.client_auth.as_deref();
        ClientAuth {
            authorities: self.client_ca.as_deref().map(str::as_bytes),
            revoked: self.client_crl.as_deref().map(str::as_bytes),
            is_optional: auth == Some("optional"),
            takes_any: auth == Some("any"),
        }
    }
}

/// What comes before the kernel's bytes on the connections of a listener; absent: nothing.
#[napi(object)]
pub struct ListenOptions {
    pub is_shared: Option<bool>,
    /// Addresses, and ranges of them, of proxies.
    pub proxies: Option<Vec<String>>,
    pub tls: Option<TlsMaterial>,
    pub is_web_socket: Option<bool>,
    pub transport: Option<u32>,
}

impl ListenOptions {
    /// The options as the reactor takes them. An error is the cause as text.
    fn read(self) -> std::result::Result<reactor::ListenOptions, String> {
        let proxies = self.proxies.unwrap_or_default();
        let networks = proxies.iter().map(|text| Network::parse(text).ok_or_else(|| format!("{text} is no address or range of addresses")));
        Ok(reactor::ListenOptions {
            is_shared: self.is_shared.unwrap_or_default(),
            proxies: networks.collect::<std::result::Result<_, _>>()?,
            tls: self.tls.map(|material| material.read()).transpose()?,
            is_web_socket: self.is_web_socket.unwrap_or_default(),
            transport: self.transport.unwrap_or_default(),
        })
    }
}

#[napi]
impl NativeReactor {
    /// `memory` views the whole shared memory of a gateway kernel.
    #[napi(constructor)]
    pub fn new(env: Env, memory: Unknown) -> Result<Self> {
        let memory = Handover::of(&env, memory, UINT8_ARRAY)?;
        // SAFETY: the memory is a WebAssembly.Memory's, which never moves; the handover keeps it alive for longer than the reactor.
        let region = unsafe { Memory::new(memory.start, memory.length) };
        let reactor = Reactor::new(region).map_err(|error| Error::from_reason(format!("cannot make a reactor: {error}")))?;
        let held = Held { reactor, _bell: None, _memory: memory };
        Ok(NativeReactor { held: Rc::new(RefCell::new(Some(held))), watch: None })
    }

    /// From now on `callback` runs, on this thread's event loop, whenever there is work for a turn.
    #[napi]
    pub fn watch(&mut self, env: Env, callback: Function) -> Result<()> {
        let fd = self.with(|reactor| reactor.fd());
        let held = Rc::clone(&self.held);
        // Rc is fine here: the environment ends on its own thread.
        self.watch = Some(Watch::start(&env, fd, callback, Box::new(move || drop(held.take())))?);
        Ok(())
    }

    /// Rings of the doorbell whose words `words` views make a turn happen.
    #[napi]
    pub fn answer(&mut self, env: Env, words: Unknown) -> Result<()> {
        let bell = Handover::of(&env, words, INT32_ARRAY)?;
        assert!(bell.length >= 3, "a doorbell has three words");
        let mut held = self.held.borrow_mut();
        let Some(held) = held.as_mut() else { return Ok(()) };
        // SAFETY: three words of shared memory, aligned as an Int32Array is; the handover keeps them for longer than the reactor.
        unsafe { held.reactor.answer(bell.start.cast()) };
        held._bell = Some(bell);
        Ok(())
    }

    /// Listens, and answers the port or a negative errno. Throws when the TLS material cannot be used.
    #[napi]
    pub fn open_listener(&self, address: String, port: u16, options: ListenOptions) -> Result<i32> {
        let ip: IpAddr = address.parse().map_err(|_| Error::from_reason("it is no IP address"))?;
        let options = options.read().map_err(Error::from_reason)?;
        Ok(self.with(|reactor| match reactor.listen(SocketAddr::new(ip, port), options) {
            Ok(port) => i32::from(port),
            Err(error) => -error.raw_os_error().unwrap_or(libc::EINVAL),
        }))
    }

    /// Receives datagrams, and answers the port or a negative errno.
    #[napi]
    pub fn listen_datagrams(&self, address: String, port: u16, is_shared: bool) -> Result<i32> {
        let ip: IpAddr = address.parse().map_err(|_| Error::from_reason("it is no IP address"))?;
        Ok(self.with(|reactor| match reactor.listen_datagrams(SocketAddr::new(ip, port), is_shared) {
            Ok(port) => i32::from(port),
            Err(error) => -error.raw_os_error().unwrap_or(libc::EINVAL),
        }))
    }

    /// Receives datagrams of DTLS, and answers the port or a negative errno. Without TLS material only clients with keys get in. Throws when
    /// the material cannot be used.
    #[napi]
    pub fn listen_dtls(&self, address: String, port: u16, is_shared: bool, tls: Option<TlsMaterial>) -> Result<i32> {
        let ip: IpAddr = address.parse().map_err(|_| Error::from_reason("it is no IP address"))?;
        let certificate = tls.map(|material| material.certificate()).transpose().map_err(Error::from_reason)?;
        Ok(self.with(|reactor| match reactor.listen_dtls(SocketAddr::new(ip, port), is_shared, certificate) {
            Ok(port) => i32::from(port),
            Err(error) => -error.raw_os_error().unwrap_or(libc::EINVAL),
        }))
    }

    /// What there is to know of the associations of DTLS since the last call.
    #[napi]
    pub fn take_news(&self) -> Vec<AssociationNews> {
        self.with(|reactor| reactor.take_news().into_iter().map(|(connection, news)| AssociationNews::of(connection, news)).collect())
    }

    /// The keys that a client which was named may have, none: it has none; or that its certificate is that of `owner`, 0: of nobody.
    #[napi]
    pub fn answer_association(&self, connection: u32, number: u32, generation: u32, keys: Vec<Uint8Array>, owner: u32) {
        let keys: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
        self.with(|reactor| reactor.answer_association(connection, number, generation, &keys, owner));
    }

    #[napi]
    pub fn close_association(&self, connection: u32, number: u32, generation: u32) {
        self.with(|reactor| reactor.close_association(connection, number, generation));
    }

    /// Bytes that were sent to the connection and not taken by its peer yet.
    #[napi]
    pub fn unread(&self, number: u32) -> u32 {
        self.with(|reactor| reactor.unread(number))
    }

    /// Lets at most so many connections be open, and of one address so many that are not trusted.
    #[napi]
    pub fn limit(&self, connections: u32, strangers: u32) {
        self.with(|reactor| reactor.limit(connections, strangers));
    }

    /// Closes connections whose peers take nothing for so many ms of much that they were sent.
    #[napi]
    pub fn limit_unread(&self, within_ms: u32) {
        self.with(|reactor| reactor.limit_unread(Duration::from_millis(u64::from(within_ms))));
    }

    /// Reads a connection as one of this share, which is read for so many bytes in a turn while others wait.
    #[napi]
    pub fn share(&self, connection: u32, share: u32, quantum: u32) {
        self.with(|reactor| reactor.share(connection, share, quantum));
    }

    /// Whether shares that have more to read than their quanta have to wait while others have something too.
    #[napi]
    pub fn hold(&self, is_held: bool) {
        self.with(|reactor| reactor.hold(is_held));
    }

    /// Of each share that was read while others waited, since the last call: its number, bytes, and rounds that ended before all was read.
    #[napi]
    pub fn share_counts(&self) -> Vec<f64> {
        let counts = self.with(Reactor::share_counts);
        counts.iter().flat_map(|&(share, counts)| [f64::from(share), counts.bytes as f64, f64::from(counts.held_back)]).collect()
    }

    #[napi]
    pub fn trust(&self, connection: u32) {
        self.with(|reactor| reactor.trust(connection));
    }

    /// Connections that come from now on are shown this material. Throws, and changes nothing, when it cannot be used.
    #[napi]
    pub fn renew_tls(&self, material: TlsMaterial) -> Result<()> {
        let config = material.read().map_err(Error::from_reason)?;
        let certificate = material.certificate().map_err(Error::from_reason)?;
        self.with(|reactor| {
            reactor.renew_tls(&config);
            reactor.renew_dtls(&certificate);
        });
        Ok(())
    }

    /// The certificate, DER, that the peer has shown; absent: none.
    #[napi]
    pub fn peer_certificate(&self, connection: u32) -> Option<Uint8Array> {
        self.with(|reactor| reactor.peer_certificate(connection).map(|certificate| Uint8Array::from(certificate.to_vec())))
    }

    #[napi]
    pub fn unlisten(&self) {
        self.with(Reactor::unlisten);
    }

    #[napi]
    pub fn pause(&self, reads_newcomers: bool) {
        self.with(|reactor| reactor.pause(reads_newcomers));
    }

    #[napi]
    pub fn resume(&self) {
        self.with(Reactor::resume);
    }

    /// Reads a connection again that the kernel has paused.
    #[napi]
    pub fn again(&self, connection: u32) {
        self.with(|reactor| reactor.again(connection));
    }

    /// Takes a turn. Answers the number of events for the kernel, whether another turn would find work, whether the doorbell was
    /// rung, whether one of the counts has changed, and whether there are news of associations.
    #[napi]
    pub fn turn(&self) -> u32 {
        let report = self.with(Reactor::turn);
        assert!(report.events <= EVENTS_MASK);
        let flag = |is_set: bool, bit: u32| if is_set { bit } else { 0 };
        let flags = flag(report.has_more, HAS_MORE) | flag(report.has_rung, HAS_RUNG) | flag(report.has_refused, HAS_REFUSED);
        let flags = flags | flag(report.has_news, HAS_NEWS);
        flags | report.events
    }

    #[napi]
    pub fn settle(&self) {
        self.with(Reactor::settle);
    }

    /// False: the doorbell was rung, so the thread must not sleep.
    #[napi]
    pub fn sleep(&self) -> bool {
        self.with(Reactor::sleep)
    }

    #[napi]
    pub fn send(&self, connection: u32, offset: u32, length: u32) {
        self.with(|reactor| reactor.send(connection, offset, length));
    }

    #[napi]
    pub fn send_table(&self, count: u32) {
        self.with(|reactor| reactor.send_table(count));
    }

    #[napi]
    pub fn send_bytes(&self, connection: u32, bytes: Uint8Array) {
        self.with(|reactor| reactor.send_bytes(connection, &bytes));
    }

    #[napi]
    pub fn close(&self, connection: u32) {
        self.with(|reactor| reactor.close(connection));
    }

    #[napi]
    pub fn close_all(&self) {
        self.with(Reactor::close_all);
    }

    /// Connections that are open or lingering.
    #[napi]
    pub fn open_count(&self) -> u32 {
        self.with(|reactor| reactor.open_count() as u32)
    }

    #[napi]
    pub fn counts(&self) -> Counts {
        let counts = self.with(|reactor| reactor.counts());
        Counts {
            refused: counts.refused as f64,
            strangers: counts.strangers as f64,
            out_of_files: counts.out_of_files as f64,
            overflowed: counts.overflowed as f64,
            oversize: counts.oversize as f64,
            tls_failed: counts.tls_failed as f64,
            proxy_failed: counts.proxy_failed as f64,
            web_socket_refused: counts.web_socket_refused as f64,
            web_socket_failed: counts.web_socket_failed as f64,
            dtls: DtlsCounts {
                open: counts.dtls.open as f64,
                shaking: counts.dtls.shaking as f64,
                established: counts.dtls.established as f64,
                dropped: counts.dtls.dropped as f64,
                evicted: counts.dtls.evicted as f64,
                moved: counts.dtls.moved as f64,
                failed: counts.dtls.failed.iter().map(|count| *count as f64).collect(),
            },
        }
    }

    /// Closes everything at once; later calls do nothing.
    #[napi]
    pub fn dispose(&mut self) {
        self.watch = None; // First: libuv must not poll a descriptor that is closed.
        self.held.take();
    }

    fn with<Answer: Default>(&self, run: impl FnOnce(&mut Reactor) -> Answer) -> Answer {
        self.held.borrow_mut().as_mut().map_or_else(Answer::default, |held| run(&mut held.reactor))
    }
}
