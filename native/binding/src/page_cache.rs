use napi_derive::napi;

/// Starts to write the file's bytes from `from` on to the disk, and waits for none of them: the later sync waits, and reports
/// errors.
#[napi]
pub fn start_writeback(file: i32, from: f64) {
    // SAFETY: a plain system call. It fails where the file system has no use for it: then the sync does all of it.
    unsafe { libc::sync_file_range(file, from as i64, 0, libc::SYNC_FILE_RANGE_WRITE) };
}

/// Gives the memory back that holds these bytes of the file, as far as they are on the disk; `bytes` 0: up to its end.
#[napi]
pub fn release_cache(file: i32, from: f64, bytes: f64) {
    // SAFETY: a plain system call. It is advice: where the file system has no use for it, the bytes stay cached.
    unsafe { libc::posix_fadvise(file, from as i64, bytes as i64, libc::POSIX_FADV_DONTNEED) };
}
