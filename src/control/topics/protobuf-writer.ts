// Wire types. "Encoding", protobuf.dev: a field is a varint of its number and wire type, then its value.
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

const GROUP = 0x80;
/** A whole number below 2^53 takes 8 groups of 7 bits. */
const VARINT_BYTES_MAX = 8;

/** Writes Protocol Buffers messages, field by field; the bytes of one are used for the next. */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafe(1024);
  #end = 0;

  /** A whole number from 0 to 2^53 - 1. */
  varint(field: number, value: number): this {
    this.#room(2 * VARINT_BYTES_MAX);
    this.#varint(field * 8 + VARINT);
    this.#varint(value);
    return this;
  }

  double(field: number, value: number): this {
    this.#room(VARINT_BYTES_MAX + 8);
    this.#varint(field * 8 + FIXED64);
    this.#end = this.#bytes.writeDoubleLE(value, this.#end);
    return this;
  }

  text(field: number, value: string): this {
    const bytes = Buffer.byteLength(value);
    this.#length(field, bytes);
    this.#end += this.#bytes.write(value, this.#end);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#length(field, value.length);
    return this.fields(value);
  }

  /** Fields that were written before. */
  fields(written: Uint8Array): this {
    this.#room(written.length);
    this.#bytes.set(written, this.#end);
    this.#end += written.length;
    return this;
  }

  /** What was written since the last call. */
  take(): Buffer {
    const message = Buffer.from(this.#bytes.subarray(0, this.#end));
    this.#end = 0;
    return message;
  }

  #length(field: number, bytes: number): void {
    this.#room(2 * VARINT_BYTES_MAX + bytes);
    this.#varint(field * 8 + BYTES);
    this.#varint(bytes);
  }

  #varint(value: number): void {
    let left = value;
    // Division, because bit operators would cut it to 32 bits.
    for (; left >= GROUP; left = Math.floor(left / GROUP)) this.#bytes[this.#end++] = (left % GROUP) | GROUP;
    this.#bytes[this.#end++] = left;
  }

  #room(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#end + bytes));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }
}
