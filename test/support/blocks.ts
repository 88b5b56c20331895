import xxhash from 'xxhash-wasm';
import * as abi from '../../assembly/abi.js';

const { h64Raw } = await xxhash();

export interface TestRecord {
  device: number;
  receiveUs: number;
  payload: string | Uint8Array;
  flags?: number;
}

/** A sealed block, built without the kernels: layout in assembly/abi.ts. */
export function buildBlock(partition: number, records: readonly TestRecord[]): Uint8Array {
  const bodies = records.map((record) => {
    const payload = Buffer.from(record.payload);
    const bytes = Buffer.alloc(abi.RECORD_HEADER_BYTES + payload.length);
    bytes.writeUInt32LE(payload.length, abi.RECORD_AT_PAYLOAD_BYTES);
    bytes.writeUInt32LE(record.device, abi.RECORD_AT_DEVICE);
    bytes.writeBigUInt64LE(BigInt(record.receiveUs), abi.RECORD_AT_RECEIVE_US);
    bytes[abi.RECORD_AT_CHANNEL] = abi.CHANNEL_TELEMETRY;
    bytes[abi.RECORD_AT_FLAGS] = record.flags ?? 0;
    payload.copy(bytes, abi.RECORD_HEADER_BYTES);
    return bytes;
  });
  const body = Buffer.concat(bodies);
  const header = Buffer.alloc(abi.BLOCK_HEADER_BYTES);
  header.writeUInt32LE(abi.BLOCK_MAGIC, abi.BLOCK_AT_MAGIC);
  header.writeUInt16LE(abi.BLOCK_VERSION, abi.BLOCK_AT_VERSION);
  header.writeUInt16LE(abi.BLOCK_HEADER_BYTES, abi.BLOCK_AT_HEADER_BYTES);
  header.writeUInt32LE(partition, abi.BLOCK_AT_PARTITION);
  header.writeUInt32LE(records.length, abi.BLOCK_AT_RECORDS);
  header.writeUInt32LE(body.length, abi.BLOCK_AT_BODY_BYTES);
  header.writeBigUInt64LE(BigInt(records[0]?.receiveUs ?? 0), abi.BLOCK_AT_FIRST_US);
  header.writeBigUInt64LE(BigInt(records.at(-1)?.receiveUs ?? 0), abi.BLOCK_AT_LAST_US);
  header.writeBigUInt64LE(h64Raw(body), abi.BLOCK_AT_BODY_HASH);
  header.writeBigUInt64LE(h64Raw(header.subarray(0, abi.BLOCK_AT_HEADER_HASH)), abi.BLOCK_AT_HEADER_HASH);
  return Buffer.concat([header, body]);
}
