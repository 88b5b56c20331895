use std::fs::File;
use std::io::{Read, stdin};
use std::os::fd::{AsFd, AsRawFd, RawFd};

/// What the bench says on stdin, a line at a time. Its end is the word to end.
pub struct Control {
    input: File,
    bytes: Vec<u8>,
    pub ended: bool,
}

impl Control {
    pub fn new() -> Result<Control, String> {
        let input = stdin()
            .as_fd()
            .try_clone_to_owned()
            .map_err(|error| format!("cannot read stdin: {error}"))?;
        Ok(Control {
            input: File::from(input),
            bytes: Vec::new(),
            ended: false,
        })
    }

    pub fn fd(&self) -> RawFd {
        self.input.as_raw_fd()
    }

    /// Waits for more; nothing more comes once `ended` is set.
    pub fn read(&mut self) -> Result<(), String> {
        let mut buffer = [0; 4096];
        let count = self
            .input
            .read(&mut buffer)
            .map_err(|error| format!("cannot read stdin: {error}"))?;
        self.ended = count == 0;
        self.bytes.extend(&buffer[..count]);
        Ok(())
    }

    /// The next line, if a whole one has come.
    pub fn line(&mut self) -> Option<String> {
        let end = self.bytes.iter().position(|byte| *byte == b'\n')?;
        let line = self.bytes.drain(..=end).collect::<Vec<u8>>();
        Some(String::from_utf8_lossy(&line[..end]).into_owned())
    }
}
