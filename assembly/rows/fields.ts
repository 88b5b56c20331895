// Fields of PostgreSQL's binary COPY format ("COPY", Binary Format): an i32 length, then as many bytes, in network order.

@inline
export function writeI32(at: usize, value: u32): void {
  store<u32>(at, bswap<u32>(value));
}

@inline
export function writeI32Field(at: usize, value: u32): void {
  store<u32>(at, 0x04000000);
  writeI32(at + 4, value);
}

@inline
export function writeI64Field(at: usize, value: u64): void {
  store<u32>(at, 0x08000000);
  store<u64>(at, bswap<u64>(value), 4);
}
