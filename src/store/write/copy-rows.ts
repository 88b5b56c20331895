import assert from 'node:assert/strict';

// A COPY (FORMAT binary) stream, read at its row boundaries. PostgreSQL documentation, COPY, "Binary Format":
//
//   0  "PGCOPY\n" 0xff "\r\n" 0    15  i32 bytes of the header's extension, then those
//  11  u32 flags                       rows: i16 fields, then i32 length (-1: null) and bytes each; i16 -1 ends them

export const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const FIXED_HEADER_BYTES = 19;
const END = -1;
const TRAILER = Buffer.from([0xff, 0xff]);

const POSTGRES_EPOCH_US = 946_684_800_000_000n;
const HOUR_US = 3_600_000_000n;
const US_MAX = 2n ** 53n;

/** The rows of a whole stream. It only points into the bytes: they must stay as they are. */
export class CopyRows {
  readonly #bytes: Uint8Array;
  /** Where each row begins, and where the last one ends. */
  readonly #starts: Uint32Array;

  /** Throws when the bytes are not a stream of so many rows: who wrote it is at fault, and no row is. */
  constructor(bytes: Uint8Array, rows: number) {
    this.#bytes = bytes;
    this.#starts = rowStarts(bytes, rows);
  }

  get count(): number {
    return this.#starts.length - 1;
  }

  /** A stream of the rows from `from` to before `to`, in pieces. */
  cut(from: number, to: number): Uint8Array[] {
    const header = this.#bytes.subarray(0, this.#starts[0]);
    return [header, this.#bytes.subarray(this.#starts[from], this.#starts[to]), TRAILER];
  }

  bytesOf(from: number, to: number): number {
    return (this.#starts[to] as number) - (this.#starts[from] as number);
  }

  /** Where the hours begin in which the rows' times lie, the third field, µs of the Unix epoch, ascending. */
  hoursUs(): bigint[] {
    const view = viewOf(this.#bytes);
    const hours = new Set<bigint>();
    for (let row = 0; row < this.count; row++) {
      let at = (this.#starts[row] as number) + 2;
      for (let field = 0; field < 2; field++) at += 4 + Math.max(0, view.getInt32(at));
      const us = view.getBigInt64(at + 4) + POSTGRES_EPOCH_US;
      // What no server has as a time is nothing to prepare for.
      if (us >= 0n && us < US_MAX) hours.add(us - (us % HOUR_US));
    }
    return [...hours].sort((a, b) => (a < b ? -1 : 1));
  }

  /** The fields of one row; undefined: null. */
  fields(row: number): (Uint8Array | undefined)[] {
    const view = viewOf(this.#bytes);
    const start = this.#starts[row] as number;
    const fields: (Uint8Array | undefined)[] = [];
    let at = start + 2;
    for (let left = view.getInt16(start); left > 0; left--) {
      const length = view.getInt32(at);
      at += 4;
      fields.push(length < 0 ? undefined : this.#bytes.subarray(at, at + length));
      at += Math.max(0, length);
    }
    return fields;
  }
}

function rowStarts(bytes: Uint8Array, rows: number): Uint32Array {
  const view = viewOf(bytes);
  assert(
    bytes.length >= FIXED_HEADER_BYTES && SIGNATURE.every((byte, at) => bytes[at] === byte),
    'a COPY stream begins with its signature',
  );
  const starts = new Uint32Array(rows + 1);
  let at = FIXED_HEADER_BYTES + view.getInt32(15);
  for (let row = 0; row < rows; row++) {
    starts[row] = at;
    at = rowEnd(view, at);
  }
  starts[rows] = at;
  assert(at + 2 === bytes.length && view.getInt16(at) === END, 'a COPY stream ends behind its last row');
  return starts;
}

function rowEnd(view: DataView, start: number): number {
  let at = start + 2;
  assert(at <= view.byteLength, 'a row lies inside its stream');
  const fields = view.getInt16(start);
  assert(fields >= 0, 'a row has fields');
  for (let left = fields; left > 0; left--) {
    assert(at + 4 <= view.byteLength, 'a row lies inside its stream');
    at += 4 + Math.max(0, view.getInt32(at));
  }
  assert(at <= view.byteLength, 'a row lies inside its stream');
  return at;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
