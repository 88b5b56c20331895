//! The constants of `assembly/abi/`, as the build script copies them.
#![allow(dead_code, clippy::identity_op)]

include!(concat!(env!("OUT_DIR"), "/abi.rs"));
