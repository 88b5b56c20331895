//! The reactor as an addon of Node, and a call of the log's. A gateway thread makes one and drives it: whenever `watch` calls back, it takes turns until nothing is left to do.

mod handover;
mod native_reactor;
pub mod page_cache;
mod watch;
