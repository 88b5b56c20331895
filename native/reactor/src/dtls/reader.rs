/// Reads the numbers and vectors of TLS (RFC 5246 §4). None: the bytes end too early.
#[derive(Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]: [u8; 1]| byte)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u24(&mut self) -> Option<usize> {
        self.array().map(|[a, b, c]: [u8; 3]| u32::from_be_bytes([0, a, b, c]) as usize)
    }

    /// A vector whose length is a number of one byte, of two, and of three.
    pub fn vector8(&mut self) -> Option<&'a [u8]> {
        let count = self.u8()?.into();
        self.take(count)
    }

    pub fn vector16(&mut self) -> Option<&'a [u8]> {
        let count = self.u16()?.into();
        self.take(count)
    }

    pub fn vector24(&mut self) -> Option<&'a [u8]> {
        let count = self.u24()?;
        self.take(count)
    }

    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value, if nothing comes after it.
    pub fn whole<T>(&self, value: T) -> Option<T> {
        self.is_empty().then_some(value)
    }
}

/// The numbers of a list of two-byte numbers. None: its bytes are odd.
pub fn u16s(bytes: &[u8]) -> Option<impl Iterator<Item = u16> + '_> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|pair| u16::from_be_bytes(*pair)))
}

/// Appends what `write` writes as a vector whose length is a number of `width` bytes.
pub fn push_vector(out: &mut Vec<u8>, width: usize, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.resize(start + width, 0);
    write(out);
    let length = (out.len() - start - width) as u32;
    out[start..start + width].copy_from_slice(&length.to_be_bytes()[4 - width..]);
}

pub fn push_u24(out: &mut Vec<u8>, value: usize) {
    out.extend_from_slice(&(value as u32).to_be_bytes()[1..]);
}
