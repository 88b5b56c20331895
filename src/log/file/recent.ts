import {
  BLOCK_AT_BODY_BYTES,
  BLOCK_HEADER_BYTES,
  CONTEXT_AT_BYTES,
  RECORD_AT_CONTEXT,
  RECORD_AT_DEVICE,
  RECORD_AT_FORMAT,
  RECORD_AT_PAYLOAD_BYTES,
  RECORD_AT_RECEIVE_US,
  RECORD_CONTEXT,
  RECORD_HEADER_BYTES,
} from '../../../assembly/abi/block.js';
import { BLOCK_BYTES_MAX } from '../../../assembly/abi/limits.js';
import type { LoggedMessage, LogTail, RecentLog } from '../../contract/recent-log.js';
import { LogReader } from './reader.js';

/** Where the log of each partition begins and ends. */
export type LogBounds = () => readonly { readonly partition: number; readonly start: bigint; readonly durable: bigint }[];

/** The files of a log, read beside the pipeline with files of its own open. */
export class RecentFileLog implements RecentLog {
  readonly #folder: string;
  readonly #bounds: LogBounds;

  constructor(folder: string, bounds: LogBounds) {
    this.#folder = folder;
    this.#bounds = bounds;
  }

  open(bytes: number): LogTail {
    return new FileTail(new LogReader(this.#folder), this.#bounds, bytes);
  }
}

class FileTail implements LogTail {
  readonly #reader: LogReader;
  readonly #bounds: LogBounds;
  readonly #positions = new Map<number, bigint>();
  readonly #into = new Uint8Array(BLOCK_BYTES_MAX);
  #turn = 0;

  constructor(reader: LogReader, bounds: LogBounds, bytes: number) {
    this.#reader = reader;
    this.#bounds = bounds;
    for (const { partition, start, durable } of bounds()) {
      const from = durable - BigInt(bytes);
      this.#positions.set(partition, from <= start ? start : reader.resume(partition, from, durable));
    }
  }

  next(): readonly LoggedMessage[] {
    const bounds = this.#bounds();
    for (let tried = 0; tried < bounds.length; tried++) {
      const { partition, durable } = bounds[this.#turn++ % bounds.length]!;
      const at = this.#positions.get(partition) ?? durable;
      if (at >= durable) continue;
      const bytes = this.#reader.read(partition, at, durable, this.#into);
      // What cannot be read is the pipeline's to report: here it is passed over.
      this.#positions.set(partition, bytes > 0 ? at + BigInt(bytes) : bytes === 0 ? at : this.#reader.resume(partition, at, durable));
      if (bytes > 0) return messagesOf(this.#into.subarray(0, bytes));
    }
    return [];
  }

  close(): void {
    this.#reader.close();
  }
}

/** The records of whole blocks, whose headers were verified; they own their bytes. */
export function messagesOf(blocks: Uint8Array): LoggedMessage[] {
  const bytes = Buffer.from(blocks);
  const messages: LoggedMessage[] = [];
  for (let block = 0; block < bytes.length; ) {
    const end = block + BLOCK_HEADER_BYTES + bytes.readUInt32LE(block + BLOCK_AT_BODY_BYTES);
    for (let record = block + BLOCK_HEADER_BYTES; record + RECORD_HEADER_BYTES <= end; ) {
      const from = record + RECORD_HEADER_BYTES;
      const to = from + bytes.readUInt32LE(record + RECORD_AT_PAYLOAD_BYTES);
      if (to > end) break;
      const context =
        (bytes[record + RECORD_AT_CONTEXT]! & RECORD_CONTEXT) === 0
          ? from
          : Math.min(to, from + bytes.readUInt16LE(from + CONTEXT_AT_BYTES));
      messages.push({
        device: bytes.readUInt32LE(record + RECORD_AT_DEVICE),
        receiveUs: Number(bytes.readBigUInt64LE(record + RECORD_AT_RECEIVE_US)),
        format: bytes[record + RECORD_AT_FORMAT] as number,
        context: bytes.subarray(from, context),
        payload: bytes.subarray(context, to),
      });
      record = to;
    }
    block = end;
  }
  return messages;
}
