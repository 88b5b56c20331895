// Kafka's protocol as far as this folder speaks it: big-endian numbers, strings and arrays with their length in front, -1 for null.
// https://kafka.apache.org/protocol#protocol_types, versions without compact fields.

/** Writes one request body. */
export class Writer {
  readonly #parts: Buffer[] = [];

  int8(value: number): this {
    return this.#push(1, (bytes) => bytes.writeInt8(value));
  }

  int16(value: number): this {
    return this.#push(2, (bytes) => bytes.writeInt16BE(value));
  }

  int32(value: number): this {
    return this.#push(4, (bytes) => bytes.writeInt32BE(value));
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0);
  }

  string(value: string): this {
    const bytes = Buffer.from(value);
    this.int16(bytes.length);
    this.#parts.push(bytes);
    return this;
  }

  bytes(value: Buffer): this {
    this.int32(value.length);
    this.#parts.push(value);
    return this;
  }

  array<Value>(values: readonly Value[], write: (writer: this, value: Value) => void): this {
    this.int32(values.length);
    for (const value of values) write(this, value);
    return this;
  }

  get buffer(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #push(length: number, write: (bytes: Buffer) => void): this {
    const bytes = Buffer.alloc(length);
    write(bytes);
    this.#parts.push(bytes);
    return this;
  }
}

/** Reads one response body from front to back; throws a RangeError when the body ends before what is read. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#pass(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#pass(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#pass(4));
  }

  boolean(): boolean {
    return this.int8() !== 0;
  }

  string(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.#take(length).toString();
  }

  bytes(): Buffer {
    return this.#take(Math.max(0, this.int32()));
  }

  array<Value>(read: (reader: this) => Value): Value[] {
    const values: Value[] = [];
    for (let left = this.int32(); left > 0; left--) values.push(read(this));
    return values;
  }

  #take(length: number): Buffer {
    const at = this.#pass(length);
    return this.#bytes.subarray(at, at + length);
  }

  #pass(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new RangeError('the answer of the broker is cut off');
    this.#at = at + length;
    return at;
  }
}
