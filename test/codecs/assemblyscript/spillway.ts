// What Spillway offers a codec, and the half of what it asks for that is the same in each: see deploy/CODECS.md.

// @ts-ignore: decorator
@external('spillway', 'emit_number')
declare function emitNumberAt(nameAt: usize, nameBytes: i32, value: f64): void;
// @ts-ignore: decorator
@external('spillway', 'emit_text')
declare function emitTextAt(nameAt: usize, nameBytes: i32, textAt: usize, textBytes: i32): void;
// @ts-ignore: decorator
@external('spillway', 'emit_time')
export declare function emitTime(unixUs: f64): void;
// @ts-ignore: decorator
@external('spillway', 'emit_sequence')
export declare function emitSequence(value: f64): void;
// @ts-ignore: decorator
@external('spillway', 'next_sample')
export declare function nextSample(): void;
// @ts-ignore: decorator
@external('spillway', 'received_at')
export declare function receivedAt(): f64;

/** Room for the payload: the runtime `stub` hands out memory and never takes it back, and Spillway sets it back after each message. */
export function alloc(bytes: i32): usize {
  return heap.alloc(bytes);
}

export function emitNumber(name: string, value: f64): void {
  const bytes = String.UTF8.encode(name);
  emitNumberAt(changetype<usize>(bytes), bytes.byteLength, value);
}

export function emitText(name: string, text: string): void {
  const bytes = String.UTF8.encode(name);
  const texts = String.UTF8.encode(text);
  emitTextAt(changetype<usize>(bytes), bytes.byteLength, changetype<usize>(texts), texts.byteLength);
}
