//! A server of DTLS 1.2 (RFC 6347) for CoAP: with keys that both sides have, or with certificates; cookies before anything is kept, and
//! connection ids (RFC 9146), by which a client goes on from another address. Ciphers, curves and signatures are others': ring, rustls, aes, ccm.
//!
//! No bytes of a peer may make it panic: the process would end.

mod assembled;
mod association;
mod config;
mod cookie;
mod failure;
mod handshake;
mod hello;
mod news;
mod prf;
mod reader;
mod record;
mod server;
mod suite;
#[cfg(test)]
mod tests;
mod upkeep;
mod window;

pub use config::Certificate;
pub use failure::Reason;
pub use news::{Counts, News, REASONS};
pub use record::{CID_AT, CID_BYTES, WITH_CID};
pub use server::{ASSOCIATIONS_MAX, MESSAGES_MAX, Server};
