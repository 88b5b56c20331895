import xxhash from 'xxhash-wasm';
import {
  BLOCK_AT_BODY_BYTES,
  BLOCK_AT_BODY_HASH,
  BLOCK_AT_FIRST_US,
  BLOCK_AT_HEADER_BYTES,
  BLOCK_AT_HEADER_HASH,
  BLOCK_AT_LAST_US,
  BLOCK_AT_MAGIC,
  BLOCK_AT_PARTITION,
  BLOCK_AT_RECORDS,
  BLOCK_AT_VERSION,
  BLOCK_HEADER_BYTES,
  BLOCK_MAGIC,
  BLOCK_VERSION,
  FORMAT_BY_SHAPE,
  RECORD_AT_CONTEXT,
  RECORD_AT_DEVICE,
  RECORD_AT_FLAGS,
  RECORD_AT_FORMAT,
  RECORD_AT_PAYLOAD_BYTES,
  RECORD_AT_RECEIVE_US,
  RECORD_CONTEXT,
  RECORD_HEADER_BYTES,
  RECORD_TIME_ZONE_SHIFT,
} from '../../assembly/abi/block.js';

const { h64Raw } = await xxhash();

/** One message of a block. */
export interface BlockRecord {
  readonly device: number;
  readonly receiveUs: bigint | number;
  readonly payload: Uint8Array;
  readonly flags?: number;
  /** Its content format; recognised by its shape unless it says otherwise. */
  readonly format?: number;
  /** The bytes of a record context, which lie before the payload; absent: it has none. */
  readonly context?: Uint8Array | undefined;
  /** Number of the time zone of times that name none. */
  readonly timeZone?: number | undefined;
}

/** A sealed block, as the gateway's kernel lays it out: for messages that no gateway took in. */
export function sealBlock(partition: number, records: readonly BlockRecord[], version: number = BLOCK_VERSION): Uint8Array {
  const bodies = records.map(({ payload, context }) => (context ? Buffer.concat([context, payload]) : payload));
  const bodyBytes = bodies.reduce((sum, body) => sum + RECORD_HEADER_BYTES + body.length, 0);
  const block = new Uint8Array(BLOCK_HEADER_BYTES + bodyBytes);
  const view = new DataView(block.buffer);
  let at: number = BLOCK_HEADER_BYTES;
  records.forEach(({ device, receiveUs, flags = 0, format = FORMAT_BY_SHAPE, context, timeZone = 0 }, index) => {
    const body = bodies[index] as Uint8Array;
    view.setUint32(at + RECORD_AT_PAYLOAD_BYTES, body.length, true);
    view.setUint32(at + RECORD_AT_DEVICE, device, true);
    view.setBigUint64(at + RECORD_AT_RECEIVE_US, BigInt(receiveUs), true);
    block[at + RECORD_AT_FLAGS] = flags;
    block[at + RECORD_AT_FORMAT] = format;
    block[at + RECORD_AT_CONTEXT] = (context ? RECORD_CONTEXT : 0) | (timeZone << RECORD_TIME_ZONE_SHIFT);
    block.set(body, at + RECORD_HEADER_BYTES);
    at += RECORD_HEADER_BYTES + body.length;
  });
  view.setUint32(BLOCK_AT_MAGIC, BLOCK_MAGIC, true);
  view.setUint16(BLOCK_AT_VERSION, version, true);
  view.setUint16(BLOCK_AT_HEADER_BYTES, BLOCK_HEADER_BYTES, true);
  view.setUint32(BLOCK_AT_PARTITION, partition, true);
  view.setUint32(BLOCK_AT_RECORDS, records.length, true);
  view.setUint32(BLOCK_AT_BODY_BYTES, bodyBytes, true);
  view.setBigUint64(BLOCK_AT_FIRST_US, BigInt(records[0]?.receiveUs ?? 0), true);
  view.setBigUint64(BLOCK_AT_LAST_US, BigInt(records.at(-1)?.receiveUs ?? 0), true);
  view.setBigUint64(BLOCK_AT_BODY_HASH, h64Raw(block.subarray(BLOCK_HEADER_BYTES), 0n), true);
  view.setBigUint64(BLOCK_AT_HEADER_HASH, h64Raw(block.subarray(0, BLOCK_AT_HEADER_HASH), 0n), true);
  return block;
}
