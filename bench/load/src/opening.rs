use crate::connection::Connection;
use crate::packets::connect_packet;
use crate::plan::Plan;
use crate::poll::{Event, Poll};
use crate::socket::{begin_connect, read_some, write_some};
use std::io::Result;
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// A connection whose CONNACK has not come yet.
struct Opening {
    stream: TcpStream,
    asked: bool,
    answer: [u8; 4],
    answered: usize,
}

pub struct Opened {
    pub connections: Vec<Connection>,
    /// Why the server took no more, where the plan asks for its limit.
    pub refused: Option<String>,
}

const STALL: Duration = Duration::from_secs(30);
/// A server that is full may just not answer.
const STALL_OF_FULL: Duration = Duration::from_secs(5);
const WAIT_NS: u64 = 1_000_000;

/// Opens the plan's connections, a bounded number at once and a second: a listener's queue is short, and
/// the server may hash a password for each.
pub fn open_all(plan: &Plan, poll: &mut Poll) -> std::result::Result<Opened, String> {
    let mut opening: Vec<Option<Opening>> = Vec::new();
    let mut opened: Vec<Option<Connection>> = Vec::new();
    let mut refused: Option<String> = None;
    let mut waiting = 0;
    let stall = if plan.until_refused {
        STALL_OF_FULL
    } else {
        STALL
    };
    let start = Instant::now();
    let mut moved = start;
    while waiting > 0 || (refused.is_none() && opening.len() < plan.connections) {
        let due = (start.elapsed().as_secs_f64() * plan.opened_a_second) as usize + 1;
        while refused.is_none()
            && waiting < plan.opening_max
            && opening.len() < plan.connections.min(due)
        {
            match begin(plan, poll, opening.len()) {
                Ok(one) => {
                    opening.push(Some(one));
                    opened.push(None);
                    waiting += 1;
                }
                Err(error) => refuse(plan, opening.len(), &error.to_string(), &mut refused)?,
            }
        }
        let found = poll
            .wait(WAIT_NS)
            .map_err(|error| format!("cannot poll: {error}"))?;
        for event in 0..found {
            let event = poll.event(event);
            let index = event.token as usize;
            let Some(one) = opening.get_mut(index).and_then(Option::as_mut) else {
                continue;
            };
            match step(plan, index, one, event) {
                Ok(false) => continue,
                Ok(true) => {
                    let stream = opening[index].take().expect("it is opening").stream;
                    opened[index] = Some(Connection::new(plan, index, stream));
                }
                Err(cause) => {
                    opening[index] = None;
                    refuse(plan, index, &cause, &mut refused)?;
                }
            }
            waiting -= 1;
            moved = Instant::now();
        }
        if moved.elapsed() > stall {
            let open = opened.iter().flatten().count();
            let cause = format!("nothing moves, {open} are open");
            if !plan.until_refused {
                return Err(format!("cannot open connections: {cause}"));
            }
            refused.get_or_insert(format!("cannot open more connections: {cause}"));
            break;
        }
    }
    let connections = opened.into_iter().flatten().collect();
    Ok(Opened {
        connections,
        refused,
    })
}

fn refuse(
    plan: &Plan,
    index: usize,
    cause: &str,
    refused: &mut Option<String>,
) -> std::result::Result<(), String> {
    let sentence = format!("cannot open connection {}: {cause}", plan.client_id(index));
    if !plan.until_refused {
        return Err(sentence);
    }
    refused.get_or_insert(sentence);
    Ok(())
}

fn begin(plan: &Plan, poll: &Poll, index: usize) -> Result<Opening> {
    let source = (plan.sources > 0).then(|| {
        Ipv4Addr::new(
            127,
            0,
            0,
            2 + (plan.place(index) % u32::from(plan.sources)) as u8,
        )
    });
    let stream = begin_connect(plan.host, plan.port, source)?;
    poll.add_edges(stream.as_raw_fd(), index as u64)?;
    Ok(Opening {
        stream,
        asked: false,
        answer: [0; 4],
        answered: 0,
    })
}

/// True when the server has accepted.
fn step(
    plan: &Plan,
    index: usize,
    one: &mut Opening,
    event: Event,
) -> std::result::Result<bool, String> {
    if let Ok(Some(error)) = one.stream.take_error() {
        return Err(error.to_string());
    }
    if event.writable && !one.asked {
        let packet = connect_packet(&plan.client_id(index), &plan.user_name, &plan.password)?;
        let written = write_some(&mut one.stream, &packet).map_err(|error| error.to_string())?;
        if written < packet.len() {
            return Err("the socket did not take CONNECT".to_string());
        }
        one.asked = true;
    }
    if event.readable && one.asked {
        let room = &mut one.answer[one.answered..];
        one.answered += read_some(&mut one.stream, room)
            .map_err(|error| error.to_string())?
            .unwrap_or(0);
    }
    match one.answer {
        _ if one.answered < 4 => Ok(false),
        [0x20, 2, 0, 0] => Ok(true),
        [0x20, 2, _, code] => Err(format!("CONNACK says {code}: {}", connack_text(code))),
        other => Err(format!("{other:02x?} is no CONNACK")),
    }
}

/// MQTT 3.1.1 §3.2.2.3
fn connack_text(code: u8) -> &'static str {
    match code {
        1 => "unacceptable protocol version",
        2 => "identifier rejected",
        3 => "server unavailable",
        4 => "bad user name or password",
        5 => "not authorized",
        _ => "reserved",
    }
}
