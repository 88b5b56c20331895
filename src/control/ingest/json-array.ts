const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** White space of JSON, RFC 8259 §2. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/**
 * The elements of an array of objects, as they are written: each may be malformed within its own brackets. Undefined: the payload is no
 * array, ends too soon, or has an element that begins as something else than an object.
 */
export function objectsOf(payload: Uint8Array): Uint8Array[] | undefined {
  let at = afterSpace(payload, 0);
  if (payload[at] !== OPEN_ARRAY) return undefined;
  const objects: Uint8Array[] = [];
  for (at = afterSpace(payload, at + 1); payload[at] === OPEN_OBJECT; at = afterSpace(payload, at + 1)) {
    const end = elementEnd(payload, at);
    if (end === undefined) return undefined;
    objects.push(trimmed(payload, at, end));
    if (payload[end] === CLOSE_ARRAY) return afterSpace(payload, end + 1) === payload.length ? objects : undefined;
    at = end;
  }
  return undefined;
}

/** Where the element that begins at `at` ends: at the comma or the bracket after it. */
function elementEnd(payload: Uint8Array, at: number): number | undefined {
  let depth = 0;
  for (; at < payload.length; at++) {
    const byte = payload[at]!;
    if (byte === QUOTE) {
      at = stringEnd(payload, at);
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth++;
    } else if (depth === 0 && (byte === COMMA || byte === CLOSE_ARRAY)) {
      return at;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth--;
    }
  }
  return undefined;
}

/** Place of the quote that ends the string which begins at `at`, or the payload's end. */
function stringEnd(payload: Uint8Array, at: number): number {
  for (at++; at < payload.length && payload[at] !== QUOTE; at++) if (payload[at] === BACKSLASH) at++;
  return at;
}

function afterSpace(payload: Uint8Array, at: number): number {
  while (at < payload.length && isSpace(payload[at]!)) at++;
  return at;
}

function trimmed(payload: Uint8Array, from: number, to: number): Uint8Array {
  while (to > from && isSpace(payload[to - 1]!)) to--;
  return payload.subarray(from, to);
}
