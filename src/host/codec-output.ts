import {
  CODEC_ITEM_AT_KIND,
  CODEC_ITEM_AT_NAME_BYTES,
  CODEC_ITEM_AT_TEXT_BYTES,
  CODEC_ITEM_AT_VALUE,
  CODEC_ITEM_BYTES,
  CODEC_ITEMS_BYTES_MAX,
  CODEC_NUMBER,
  CODEC_TEXT,
} from '../../assembly/abi/codecs.js';
import { CODE_CODEC_OUTPUT_INVALID, CODE_CODEC_OUTPUT_OVERSIZE } from '../../assembly/abi/codes.js';
import { METRIC_NAME_BYTES_MAX, TEXT_BYTES_MAX } from '../../assembly/abi/limits.js';

/** Ends the run of a codec: what it emits cannot be taken. */
export class CodecOutputError extends Error {
  readonly code: number;

  constructor(code: number) {
    super('the codec emitted what cannot be taken');
    this.code = code;
  }
}

/** Where the items of one message are laid as a codec emits them (CODEC_ITEM_AT_…). */
export class CodecOutput {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #start = 0;
  #at = 0;

  /** `bytes`: the memory that `begin` counts from. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Begins the items of a message. */
  begin(at: number): void {
    this.#start = at;
    this.#at = at;
  }

  /** Bytes of the items. */
  get length(): number {
    return this.#at - this.#start;
  }

  number(memory: Uint8Array, nameAt: number, nameBytes: number, value: number): void {
    const name = sliceOf(memory, nameAt, nameBytes, METRIC_NAME_BYTES_MAX);
    this.#bytes.set(name, this.#item(CODEC_NUMBER, value, name.length, 0));
  }

  text(memory: Uint8Array, nameAt: number, nameBytes: number, textAt: number, textBytes: number): void {
    const name = sliceOf(memory, nameAt, nameBytes, METRIC_NAME_BYTES_MAX);
    const text = sliceOf(memory, textAt, textBytes, TEXT_BYTES_MAX);
    const at = this.#item(CODEC_TEXT, 0, name.length, text.length);
    this.#bytes.set(name, at);
    this.#bytes.set(text, at + name.length);
  }

  /** A time, a sequence number, or the next sample. */
  mark(kind: number, value: number): void {
    this.#item(kind, value, 0, 0);
  }

  /** Lays the header of an item; answers where its name goes. */
  #item(kind: number, value: number, nameBytes: number, textBytes: number): number {
    const at = this.#at;
    const end = at + CODEC_ITEM_BYTES + nameBytes + textBytes;
    if (end - this.#start > CODEC_ITEMS_BYTES_MAX) throw new CodecOutputError(CODE_CODEC_OUTPUT_OVERSIZE);
    this.#view.setUint32(at + CODEC_ITEM_AT_KIND, kind, true);
    this.#view.setUint16(at + CODEC_ITEM_AT_NAME_BYTES, nameBytes, true);
    this.#view.setUint16(at + CODEC_ITEM_AT_TEXT_BYTES, textBytes, true);
    this.#view.setFloat64(at + CODEC_ITEM_AT_VALUE, value, true);
    this.#at = end;
    return at + CODEC_ITEM_BYTES;
  }
}

/** Addresses come as signed numbers. */
function sliceOf(memory: Uint8Array, at: number, bytes: number, bytesMax: number): Uint8Array {
  const [from, length] = [at >>> 0, bytes >>> 0];
  if (length > bytesMax || from + length > memory.length) throw new CodecOutputError(CODE_CODEC_OUTPUT_INVALID);
  return memory.subarray(from, from + length);
}
