const LINE_FEED = 0x0a;
const HASH = 0x23;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** The lines of a payload that hold something, without the white space around it. */
export function filledLines(payload: Uint8Array): Uint8Array[] {
  return linesBetween(payload, (at) => lineFeed(payload, at));
}

/**
 * The lines of InfluxDB's line protocol that are no comment. A line feed within the quotes of a value is part of the line; quotes that
 * nothing closes are none.
 */
export function protocolLines(payload: Uint8Array): Uint8Array[] {
  return linesBetween(payload, (at) => protocolLineEnd(payload, at)).filter((line) => line[0] !== HASH);
}

/** Whether the payload's first line that is no comment is one of line protocol: a measurement, a space, and a field. */
export function looksLikeLineProtocol(payload: Uint8Array): boolean {
  let at = 0;
  while (at < payload.length && (payload[at]! <= SPACE || payload[at] === HASH)) {
    at = payload[at] === HASH ? lineFeed(payload, at) : at + 1;
  }
  const line = Buffer.from(payload.subarray(at, lineFeed(payload, at))).toString('latin1');
  return /^[^\s{["](?:[^\\ ]|\\.)* +(?:[^\\ =]|\\.)+=./.test(line);
}

function linesBetween(payload: Uint8Array, endOf: (at: number) => number): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < payload.length; ) {
    const end = endOf(at);
    let [from, to] = [at, end];
    while (from < to && isBlank(payload[from]!)) from++;
    while (to > from && isBlank(payload[to - 1]!)) to--;
    if (to > from) lines.push(payload.subarray(from, to));
    at = end + 1;
  }
  return lines;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === 0x09 || byte === 0x0d;
}

function lineFeed(payload: Uint8Array, at: number): number {
  const found = payload.indexOf(LINE_FEED, at);
  return found < 0 ? payload.length : found;
}

function protocolLineEnd(payload: Uint8Array, from: number): number {
  const first = lineFeed(payload, from);
  // Most lines have no text.
  if (payload.subarray(from, first).indexOf(QUOTE) < 0) return first;
  let isQuoted = false;
  let isField = false;
  for (let at = from; at < payload.length; at++) {
    const byte = payload[at]!;
    if (byte === BACKSLASH && payload[at + 1] !== LINE_FEED) at++;
    else if (byte === QUOTE && isField) isQuoted = !isQuoted;
    else if (byte === LINE_FEED && !isQuoted) return at;
    else if (byte === SPACE && !isQuoted) isField = true;
  }
  return isQuoted ? first : payload.length;
}
