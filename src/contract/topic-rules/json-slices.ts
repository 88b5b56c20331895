/** A value within a document, as its bytes are written: numbers keep all their digits. */
export interface JsonSlice {
  /** Name of the member; empty for an element. */
  readonly name: string;
  readonly value: Uint8Array;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPENING = new Set([0x7b, 0x5b]);
const CLOSING = new Set([0x7d, 0x5d]);

/** The members of an object, or the elements of an array, in their order; `document` is well-formed JSON of that kind. */
export function jsonSlices(document: Uint8Array): JsonSlice[] {
  const bytes = Buffer.from(document.buffer, document.byteOffset, document.length);
  const slices: JsonSlice[] = [];
  let depth = 0;
  let from = 0;
  let name = '';
  const end = (to: number) => {
    const value = trimmed(bytes, from, to);
    if (value.length > 0) slices.push({ name, value });
    name = '';
    from = to + 1;
  };
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) at = stringEnd(bytes, at);
    else if (OPENING.has(byte)) {
      if (depth++ === 0) from = at + 1;
    } else if (CLOSING.has(byte)) {
      if (--depth === 0) end(at);
    } else if (depth === 1 && byte === COMMA) end(at);
    else if (depth === 1 && byte === COLON) {
      name = JSON.parse(trimmed(bytes, from, at).toString()) as string;
      from = at + 1;
    }
  }
  return slices;
}

/** Where the string ends that begins at `at`. */
function stringEnd(bytes: Uint8Array, at: number): number {
  for (at++; bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
  return at;
}

function trimmed(bytes: Buffer, from: number, to: number): Buffer {
  while (from < to && (bytes[from] as number) <= 0x20) from++;
  while (to > from && (bytes[to - 1] as number) <= 0x20) to--;
  return bytes.subarray(from, to);
}
