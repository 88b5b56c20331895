import xxhash from 'xxhash-wasm';
import * as abi from '../../assembly/abi.js';

const { h64Raw } = await xxhash();

export interface TestRecord {
  readonly device: number;
  readonly receiveUs: bigint | number;
  readonly payload: Uint8Array | string;
  readonly flags?: number;
}

/** A sealed block, as the gateway's kernel lays it out. */
export function sealBlock(partition: number, records: readonly TestRecord[], version: number = abi.BLOCK_VERSION): Uint8Array {
  const payloads = records.map(({ payload }) => Buffer.from(payload));
  const bodyBytes = payloads.reduce((sum, payload) => sum + abi.RECORD_HEADER_BYTES + payload.length, 0);
  const block = new Uint8Array(abi.BLOCK_HEADER_BYTES + bodyBytes);
  const view = new DataView(block.buffer);
  let at: number = abi.BLOCK_HEADER_BYTES;
  records.forEach(({ device, receiveUs, flags = 0 }, index) => {
    const payload = payloads[index] as Buffer;
    view.setUint32(at + abi.RECORD_AT_PAYLOAD_BYTES, payload.length, true);
    view.setUint32(at + abi.RECORD_AT_DEVICE, device, true);
    view.setBigUint64(at + abi.RECORD_AT_RECEIVE_US, BigInt(receiveUs), true);
    block[at + abi.RECORD_AT_FLAGS] = flags;
    block.set(payload, at + abi.RECORD_HEADER_BYTES);
    at += abi.RECORD_HEADER_BYTES + payload.length;
  });
  view.setUint32(abi.BLOCK_AT_MAGIC, abi.BLOCK_MAGIC, true);
  view.setUint16(abi.BLOCK_AT_VERSION, version, true);
  view.setUint16(abi.BLOCK_AT_HEADER_BYTES, abi.BLOCK_HEADER_BYTES, true);
  view.setUint32(abi.BLOCK_AT_PARTITION, partition, true);
  view.setUint32(abi.BLOCK_AT_RECORDS, records.length, true);
  view.setUint32(abi.BLOCK_AT_BODY_BYTES, bodyBytes, true);
  view.setBigUint64(abi.BLOCK_AT_FIRST_US, BigInt(records[0]?.receiveUs ?? 0), true);
  view.setBigUint64(abi.BLOCK_AT_LAST_US, BigInt(records.at(-1)?.receiveUs ?? 0), true);
  view.setBigUint64(abi.BLOCK_AT_BODY_HASH, h64Raw(block.subarray(abi.BLOCK_HEADER_BYTES), 0n), true);
  view.setBigUint64(abi.BLOCK_AT_HEADER_HASH, h64Raw(block.subarray(0, abi.BLOCK_AT_HEADER_HASH), 0n), true);
  return block;
}
