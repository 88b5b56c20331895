//! Whole turns over real sockets, with a kernel that takes what it likes.

mod model;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use model::Random;
use reactor::{ListenOptions, Memory, Reactor, abi};

struct Kernel {
    memory: Vec<u8>,
    reactor: Reactor,
    address: SocketAddr,
    taken: HashMap<u32, Vec<u8>>,
    opened: Vec<u32>,
    closed: Vec<u32>,
}

impl Kernel {
    fn new() -> Kernel {
        let mut memory = vec![0; (abi::SEND_DATA_OFFSET + abi::SEND_DATA_BYTES) as usize];
        // SAFETY: the vector's bytes stay where they are, and are touched between turns only.
        let region = unsafe { Memory::new(memory.as_mut_ptr(), memory.len()) };
        let mut reactor = Reactor::new(region).expect("a reactor");
        let port = reactor.listen("127.0.0.1:0".parse().expect("an address"), ListenOptions::default()).expect("a port");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Kernel { memory, reactor, address, taken: HashMap::new(), opened: Vec::new(), closed: Vec::new() }
    }

    fn word(&self, at: u32) -> u32 {
        u32::from_le_bytes(self.memory[at as usize..at as usize + 4].try_into().expect("four bytes"))
    }

    fn set_word(&mut self, at: u32, value: u32) {
        self.memory[at as usize..at as usize + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// One turn; `take` answers how much of an event's bytes the kernel takes.
    fn turn(&mut self, mut take: impl FnMut(u32, &[u8]) -> u32) -> bool {
        let report = self.reactor.turn();
        for index in 0..report.events {
            let at = abi::EVENTS_OFFSET + index * abi::EVENT_BYTES;
            let connection = self.word(at + abi::EVENT_AT_CONNECTION);
            match self.word(at + abi::EVENT_AT_KIND) {
                abi::EVENT_OPENED => self.opened.push(connection),
                abi::EVENT_CLOSED => self.closed.push(connection),
                abi::EVENT_ENDED => self.reactor.close(connection),
                _ => {
                    let offset = self.word(at + abi::EVENT_AT_OFFSET) as usize;
                    let bytes = self.memory[offset..offset + self.word(at + abi::EVENT_AT_LENGTH) as usize].to_vec();
                    let consumed = take(connection, &bytes);
                    self.taken.entry(connection).or_default().extend_from_slice(&bytes[..consumed as usize]);
                    self.set_word(at + abi::EVENT_AT_CONSUMED, consumed);
                    let left = bytes.len() as u32 - consumed;
                    self.set_word(at + abi::EVENT_AT_NEEDED, if consumed == 0 && left < 64 { left + 1 } else { 0 });
                }
            }
        }
        report.events > 0 || report.has_more
    }

    fn until(&mut self, what: &str, mut take: impl FnMut(u32, &[u8]) -> u32, done: impl Fn(&Kernel) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !done(self) {
            assert!(Instant::now() < deadline, "cannot wait any longer for {what}");
            if !self.turn(&mut take) {
                std::thread::yield_now();
            }
        }
    }
}

#[test]
fn an_address_has_few_connections_that_are_not_trusted_and_any_number_of_others() {
    let mut kernel = Kernel::new();
    kernel.reactor.limit(100, 2);
    let mut clients: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(kernel.address).expect("a connection")).collect();
    kernel.until(
        "the connections",
        |_, bytes| bytes.len() as u32,
        |kernel| kernel.opened.len() == 2 && kernel.reactor.counts().strangers == 1,
    );
    for connection in kernel.opened.clone() {
        kernel.reactor.trust(connection);
    }
    clients.extend((0..2).map(|_| TcpStream::connect(kernel.address).expect("a connection")));
    kernel.until("the connections", |_, bytes| bytes.len() as u32, |kernel| kernel.opened.len() == 4);
    clients.clear();
    kernel.until("the connections", |_, bytes| bytes.len() as u32, |kernel| kernel.closed.len() == 4);
    clients.extend((0..2).map(|_| TcpStream::connect(kernel.address).expect("a connection")));
    kernel.until("the connections", |_, bytes| bytes.len() as u32, |kernel| kernel.opened.len() == 6);
    assert_eq!(kernel.reactor.counts().strangers, 1);
}

#[test]
fn connections_above_the_limit_are_refused_and_counted() {
    let mut kernel = Kernel::new();
    kernel.reactor.limit(2, 100);
    let clients: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(kernel.address).expect("a connection")).collect();
    kernel.until(
        "the connections",
        |_, bytes| bytes.len() as u32,
        |kernel| kernel.opened.len() == 2 && kernel.reactor.counts().refused == 1,
    );
    assert_eq!(clients.len(), 3);
}

#[test]
fn every_byte_arrives_once_and_in_order_however_much_a_turn_takes() {
    let mut random = Random::start("turns");
    let mut kernel = Kernel::new();
    let lengths: Vec<usize> = (0..8).map(|_| random.below(300_000)).collect();
    let sent: Vec<Vec<u8>> = lengths.into_iter().map(|length| random.bytes(length)).collect();
    let writers: Vec<_> = sent
        .iter()
        .cloned()
        .map(|bytes| {
            let mut socket = TcpStream::connect(kernel.address).expect("a connection");
            std::thread::spawn(move || {
                for chunk in bytes.chunks(7919) {
                    socket.write_all(chunk).expect("the reactor reads");
                }
            })
        })
        .collect();
    let all = sent.len();
    kernel.until("all ends", |_, bytes| random.below(bytes.len() + 1) as u32, |kernel| kernel.closed.len() == all);
    for writer in writers {
        writer.join().expect("the writer is done");
    }
    // Connections come in the order in which they were made, so their numbers are those of the writers.
    for (number, bytes) in sent.iter().enumerate() {
        let taken = kernel.taken.remove(&(number as u32)).unwrap_or_default();
        assert!(taken.len() <= bytes.len() && bytes.starts_with(&taken));
        assert!(bytes.len() - taken.len() < 64, "only what the kernel said it cannot use may stay");
    }
    assert_eq!(kernel.opened.len(), all);
}

#[test]
fn what_a_turn_sends_leaves_in_one_piece_and_before_the_end() {
    let mut kernel = Kernel::new();
    let mut socket = TcpStream::connect(kernel.address).expect("a connection");
    kernel.until("the connection", |_, _| 0, |kernel| kernel.opened.len() == 1);
    let data = abi::SEND_DATA_OFFSET;
    kernel.memory[data as usize..data as usize + 6].copy_from_slice(b"onetwo");
    for (index, (offset, length)) in [(0, 3), (3, 3)].into_iter().enumerate() {
        let at = abi::SENDS_OFFSET + index as u32 * abi::SEND_BYTES;
        kernel.set_word(at + abi::SEND_AT_CONNECTION, 0);
        kernel.set_word(at + abi::SEND_AT_OFFSET, data + offset);
        kernel.set_word(at + abi::SEND_AT_LENGTH, length);
    }
    kernel.reactor.send_table(2);
    kernel.reactor.close(0);
    kernel.until("the end", |_, _| 0, |kernel| kernel.closed.len() == 1);
    let mut heard = String::new();
    socket.read_to_string(&mut heard).expect("the reactor ends in order");
    assert_eq!(heard, "onetwo");
    drop(socket);
    kernel.until("the last descriptor", |_, _| 0, |kernel| kernel.reactor.open_count() == 0);
}

#[test]
fn a_flood_takes_no_more_than_its_quantum_of_the_turns_in_which_others_are_waited_for() {
    const LIMIT: usize = 64 * 1024 + 4 * 1024;
    let mut kernel = Kernel::new();
    let mut flood = TcpStream::connect(kernel.address).expect("a connection");
    let mut quiet = TcpStream::connect(kernel.address).expect("a connection");
    kernel.until("the connections", |_, bytes| bytes.len() as u32, |kernel| kernel.opened.len() == 2);
    let [of_flood, of_quiet] = kernel.opened[..] else { panic!("there are two connections") };
    kernel.reactor.share(of_flood, 1, 64 * 1024);
    kernel.reactor.share(of_quiet, 2, 64 * 1024);
    // It ends with an error once the reactor is gone.
    let flooding = std::thread::spawn(move || while flood.write_all(&[7; 256 * 1024]).is_ok() {});
    for is_held in [false, true, false] {
        kernel.reactor.hold(is_held);
        for ping in 0..50_usize {
            quiet.write_all(&[1]).expect("the reactor reads");
            let pings = kernel.taken.get(&of_quiet).map_or(0, Vec::len) + 1;
            let (mut read, mut most) = (HashMap::<u32, usize>::new(), 0);
            let deadline = Instant::now() + Duration::from_secs(10);
            while kernel.taken.get(&of_quiet).map_or(0, Vec::len) < pings {
                assert!(Instant::now() < deadline, "cannot wait any longer for ping {ping}");
                read.clear();
                kernel.turn(|connection, bytes| {
                    *read.entry(connection).or_default() += bytes.len();
                    bytes.len() as u32
                });
                most = most.max(read.get(&of_flood).copied().unwrap_or(0));
            }
            // Before the first ping nobody else had anything to read.
            let is_known = ping > 0 || is_held;
            assert!(!is_known || most <= LIMIT, "a turn took {most} bytes of the flood");
        }
        kernel.taken.insert(of_flood, Vec::new());
    }
    drop(kernel);
    flooding.join().expect("the flood ends");
}
