//! The reactor of a gateway: sockets on one side, the memory of a gateway kernel on the other. It knows connections and
//! bytes, no protocol. One thread owns it; a turn is one call, which reads sockets into the memory and lists what happened.

pub mod abi;
mod address;
mod associations;
mod bell;
mod client_auth;
mod connection;
mod datagrams;
pub mod dtls;
mod frames;
mod greeting;
mod handshakes;
mod intake;
mod linger;
mod listener;
mod memory;
mod outbox;
mod outflow;
mod outgoing;
mod poll;
mod proxy;
mod reactor;
mod rest;
pub mod round;
mod slab;
mod socket;
mod steering;
mod strangers;
mod stream;
mod table;
mod timer;
mod tls;
mod unread;
mod upgrade;
mod web_socket;
mod wire;

pub use client_auth::ClientAuth;
pub use listener::ListenOptions;
pub use memory::Memory;
pub use outbox::{Outbox, Pool};
pub use proxy::Network;
pub use reactor::{Counts, Reactor, Report};
pub use rest::Rest;
pub use slab::Slab;
pub use tls::TlsConfig;
