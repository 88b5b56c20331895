use crate::connection::Connection;
use crate::control::Control;
use crate::histogram::Histogram;
use crate::opening::{Opened, open_all};
use crate::packets::Packets;
use crate::plan::Plan;
use crate::poll::Poll;
use crate::usage::cpu_seconds;
use serde_json::json;
use std::collections::VecDeque;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

const STDIN: u64 = u64::MAX;
const READ_BYTES: usize = 64 * 1024;
/// Connections that may write before the poll is asked again.
const ROUND: usize = 256;
const STALL_NS: u64 = 60_000_000_000;
const HOLD_NS: u64 = 1_000_000_000;

struct Generator {
    plan: Plan,
    poll: Poll,
    control: Control,
    connections: Vec<Connection>,
    packets: Packets,
    latency: Histogram,
    queue: VecDeque<usize>,
    buffer: Vec<u8>,
    start: Instant,
    /// At a given rate: messages whose time has come, over all connections.
    due: u64,
    /// When to look at the clock again for what fell due.
    next_due_ns: u64,
    last_write_ns: u64,
}

pub fn run() -> Result<(), String> {
    let mut control = Control::new()?;
    let line = loop {
        match control.line() {
            Some(line) => break line,
            None if control.ended => return Err("cannot read the plan: stdin ended".to_string()),
            None => control.read()?,
        }
    };
    let plan = Plan::parse(&line)?;
    let packets = Packets::new(&plan)?;
    let mut poll = Poll::new().map_err(|error| format!("cannot poll: {error}"))?;
    let Opened {
        connections,
        refused,
    } = open_all(&plan, &mut poll)?;
    poll.add_reader(control.fd(), STDIN)
        .map_err(|error| format!("cannot wait for stdin: {error}"))?;
    println!(
        "{}",
        json!({ "event": "ready", "opened": connections.len(), "refused": refused })
    );
    let mut generator = Generator {
        plan,
        poll,
        control,
        connections,
        packets,
        latency: Histogram::new(),
        queue: VecDeque::new(),
        buffer: vec![0; READ_BYTES],
        start: Instant::now(),
        due: 0,
        next_due_ns: 0,
        last_write_ns: 0,
    };
    if generator.hold()?.as_deref() == Some("go") {
        println!("{}", generator.go()?);
        generator.hold()?;
    }
    generator
        .connections
        .iter_mut()
        .for_each(Connection::disconnect);
    Ok(())
}

impl Generator {
    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Keeps the connections until the bench says something; `None` when it is gone.
    fn hold(&mut self) -> Result<Option<String>, String> {
        loop {
            if let Some(line) = self.control.line() {
                return Ok(Some(line));
            }
            if self.control.ended {
                return Ok(None);
            }
            self.events(HOLD_NS)?;
        }
    }

    /// Sends for as long as the plan says and waits until the server has taken everything.
    fn go(&mut self) -> Result<serde_json::Value, String> {
        let cpu = cpu_seconds();
        let began = SystemTime::now();
        self.start = Instant::now();
        let ended = self.send().and_then(|()| self.settle());
        if !self.plan.until_broken {
            ended?;
        }
        let sent_ns = self.last_write_ns;
        let settled_ns = self.now();
        let (user, system) = cpu_seconds();
        let began_ms = began
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |since| since.as_secs_f64() * 1e3);
        Ok(json!({
            "event": "done",
            "sent": self.connections.iter().map(|one| one.sent).collect::<Vec<u64>>(),
            "ackedBy": self.connections.iter().map(|one| one.acked).collect::<Vec<u64>>(),
            "acked": self.connections.iter().map(|one| one.acked).sum::<u64>(),
            "firstSendMs": began_ms,
            "lastSendMs": began_ms + sent_ns as f64 / 1e6,
            "settledMs": began_ms + settled_ns as f64 / 1e6,
            "cpuUserSeconds": user - cpu.0,
            "cpuSystemSeconds": system - cpu.1,
            "latencyMaxNs": self.latency.max,
            "latencyBuckets": self.latency.buckets(),
        }))
    }

    fn send(&mut self) -> Result<(), String> {
        let end = (self.plan.seconds * 1e9) as u64;
        let total = self.plan.rate.map(|rate| (rate * self.plan.seconds) as u64);
        if total.is_none() {
            (0..self.connections.len()).for_each(|index| self.enqueue(index));
        }
        loop {
            let now = self.now();
            match total {
                None if now >= end => return Ok(()),
                Some(total) if self.due == total && self.all_laid() => return Ok(()),
                Some(total) if now >= self.next_due_ns => self.fall_due(now, total),
                _ => {}
            }
            if now > end + STALL_NS {
                return Err(format!("cannot keep the rate: {STALL_NS} ns behind"));
            }
            for _ in 0..self.queue.len().min(ROUND) {
                let index = self.queue.pop_front().expect("it was counted");
                self.connections[index].queued = false;
                self.write_to(index)?;
            }
            let idle_ns = match total {
                _ if !self.queue.is_empty() => 0,
                None => end.saturating_sub(now),
                Some(_) => self.next_due_ns.saturating_sub(now),
            };
            self.events(idle_ns)?;
        }
    }

    /// Everything that was due is with the sockets, or waits for them.
    fn all_laid(&self) -> bool {
        self.queue.is_empty()
            && self.connections.iter().map(|one| one.sent).sum::<u64>() == self.due
    }

    /// Connections have turns: the message that is the g-th of all is of connection g mod connections.
    fn fall_due(&mut self, now: u64, total: u64) {
        let rate = self.plan.rate.unwrap_or(0.0);
        let due = total.min((now as f64 * rate / 1e9) as u64 + 1);
        let count = self.connections.len() as u64;
        for message in self.due..due.min(self.due + count) {
            self.enqueue((message % count) as usize);
        }
        self.due = due;
        // Seldom enough that many messages fall due at once.
        self.next_due_ns = intended_ns(due, rate).max(now + self.plan.tick_us * 1000);
    }

    fn enqueue(&mut self, index: usize) {
        let connection = &mut self.connections[index];
        if !connection.queued {
            connection.queued = true;
            self.queue.push_back(index);
        }
    }

    /// Messages that this connection may send now: at full speed a whole batch or nothing.
    fn allowed(&self, index: usize) -> usize {
        let plan = &self.plan;
        let connection = &self.connections[index];
        let room = connection.room(plan);
        if plan.rate.is_none() {
            return if room >= plan.batch { plan.batch } else { 0 };
        }
        let count = self.connections.len() as u64;
        let due = (self.due + count - 1 - index as u64) / count;
        room.min(plan.batch).min((due - connection.sent) as usize)
    }

    /// One write, and the connection is queued again if it may have another.
    fn write_to(&mut self, index: usize) -> Result<(), String> {
        if self.connections[index].blocked {
            return Ok(());
        }
        let count = self.allowed(index);
        if count == 0 {
            return Ok(());
        }
        let now = self.now();
        let connection = &mut self.connections[index];
        for slot in 0..count {
            self.packets.patch(slot, connection.next(&self.plan, now));
        }
        let written = connection.write(self.packets.first(count));
        self.last_write_ns = now;
        written.map_err(|error| broken(&self.plan, index, &error))?;
        if !self.connections[index].blocked && self.allowed(index) > 0 {
            self.enqueue(index);
        }
        Ok(())
    }

    /// Waits until every message is acknowledged; at QoS 0 until the server has answered a ping behind them.
    fn settle(&mut self) -> Result<(), String> {
        self.queue.clear();
        for index in 0..self.connections.len() {
            self.connections[index].queued = true;
            if self.plan.qos == 0 {
                let ping = self.connections[index].ping();
                ping.map_err(|error| broken(&self.plan, index, &error))?;
            }
        }
        let mut moved = self.now();
        while !self
            .connections
            .iter()
            .all(|one| one.settled(self.plan.qos))
        {
            if self.events(HOLD_NS)? > 0 {
                moved = self.now();
            } else if self.now() - moved > STALL_NS {
                return Err("cannot end the load: messages are unacknowledged".to_string());
            }
        }
        Ok(())
    }

    /// Waits for events and takes them; tells how many there were.
    fn events(&mut self, timeout_ns: u64) -> Result<usize, String> {
        let found = self
            .poll
            .wait(timeout_ns)
            .map_err(|error| format!("cannot poll: {error}"))?;
        for event in 0..found {
            let event = self.poll.event(event);
            if event.token == STDIN {
                self.control.read()?;
                continue;
            }
            let index = event.token as usize;
            if event.writable {
                self.connections[index].blocked = false;
            }
            self.take(index, event.readable)
                .map_err(|error| broken(&self.plan, index, &error))?;
            self.enqueue(index);
        }
        Ok(found)
    }

    fn take(&mut self, index: usize, readable: bool) -> std::io::Result<()> {
        let (start, rate, count) = (self.start, self.plan.rate, self.connections.len() as u64);
        let connection = &mut self.connections[index];
        if readable {
            let now = || start.elapsed().as_nanos() as u64;
            let intended =
                |message| rate.map(|rate| intended_ns(message * count + index as u64, rate));
            connection.receive(&mut self.buffer, now, intended, &mut self.latency)?;
        }
        connection.flush().map(|_| ())
    }
}

fn intended_ns(message: u64, rate: f64) -> u64 {
    (message as f64 * 1e9 / rate) as u64
}

fn broken(plan: &Plan, index: usize, error: &std::io::Error) -> String {
    format!(
        "cannot go on with connection {}: {error}",
        plan.client_id(index)
    )
}
