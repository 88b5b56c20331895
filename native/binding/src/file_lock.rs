use napi::{Error, Result, Status};
use napi_derive::napi;

/// Takes the lock of an open file, which the kernel keeps until the last descriptor of that open file is closed; false when
/// another process has it.
#[napi]
pub fn lock_file(file: i32) -> Result<bool> {
    // SAFETY: a plain system call on a descriptor that the caller holds open.
    if unsafe { libc::flock(file, libc::LOCK_EX | libc::LOCK_NB) } == 0 {
        return Ok(true);
    }
    let cause = std::io::Error::last_os_error();
    match cause.raw_os_error() {
        Some(libc::EWOULDBLOCK) => Ok(false),
        _ => Err(Error::new(Status::GenericFailure, cause.to_string())),
    }
}
