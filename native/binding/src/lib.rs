//! The reactor as an addon of Node, and system calls for the log and the state folder. A gateway thread makes one reactor and drives
//! it: whenever `watch` calls back, it takes turns until there is no work left.

pub mod file_lock;
mod handover;
mod native_reactor;
pub mod page_cache;
mod watch;
