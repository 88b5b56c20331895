//! The reactor as an addon of Node, and calls of the log and of the state folder. A gateway thread makes one and drives it: whenever `watch` calls back, it takes turns until nothing is left to do.

pub mod file_lock;
mod handover;
mod native_reactor;
pub mod page_cache;
mod watch;
