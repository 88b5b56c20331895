const COMMA = 0x2c;
const SPACE = 0x20;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** Units of a line's time as `precision` names them, in both versions of the API, and how many nanoseconds each has. */
export const precisions: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['n', 1n],
  ['us', 1000n],
  ['u', 1000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

/** The value of the first of these tags that a line of line protocol has; undefined: it has none of them. */
export function tagOf(line: Uint8Array, names: readonly string[]): { readonly name: string; readonly value: string } | undefined {
  const tags = tagsOf(line);
  for (const name of names) {
    const value = tags.get(name);
    if (value !== undefined && value !== '') return { name, value };
  }
  return undefined;
}

function tagsOf(line: Uint8Array): Map<string, string> {
  const tags = new Map<string, string>();
  for (let at = nextOf(line, 0, false); line[at] === COMMA; ) {
    const equals = nextOf(line, at + 1, true);
    if (line[equals] !== EQUALS) break;
    const end = nextOf(line, equals + 1, false);
    tags.set(textOf(line, at + 1, equals), textOf(line, equals + 1, end));
    at = end;
  }
  return tags;
}

/** Place of the next byte that ends a name: a comma, a space or, with `isKey`, an equals sign; the line's end if there is none. */
function nextOf(line: Uint8Array, at: number, isKey: boolean): number {
  for (; at < line.length; at++) {
    const byte = line[at];
    if (byte === BACKSLASH) at++;
    else if (byte === COMMA || byte === SPACE || (isKey && byte === EQUALS)) break;
  }
  return Math.min(at, line.length);
}

function textOf(line: Uint8Array, from: number, to: number): string {
  return Buffer.from(line.buffer, line.byteOffset + from, to - from)
    .toString()
    .replace(/\\([, =])/g, '$1');
}

/** The line with its time in nanoseconds, which it has in units of so many; a line without a time, or with one that is none, as it is. */
export function inNanoseconds(line: Uint8Array, unit: bigint): Uint8Array {
  if (unit === 1n) return line;
  const text = Buffer.from(line.buffer, line.byteOffset, line.length);
  const from = text.lastIndexOf(SPACE) + 1;
  // Only fields can stand before a time, and each has an equals sign.
  if (from === 0 || text.subarray(0, from).indexOf(EQUALS) < 0) return line;
  const digits = text.toString('latin1', from);
  if (!/^-?\d{1,18}$/.test(digits)) return line;
  return Uint8Array.from(Buffer.concat([text.subarray(0, from), Buffer.from(String(BigInt(digits) * unit))]));
}
