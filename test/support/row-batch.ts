import type { CopyStream, RowBatch } from '../../src/contract/threads/store.js';
import { copyStream, float64, int16, int32, int64, timestamp } from './copy-stream.js';

export interface TestRows {
  readonly readings?: readonly (readonly [device: number, metric: number, ts: Date, value: number])[];
  readonly texts?: readonly (readonly [device: number, metric: number, ts: Date, value: string])[];
  readonly deads?: readonly (readonly [
    partition: number,
    offset: bigint,
    device: number,
    receivedAt: Date,
    reason: string,
    payload: Buffer,
  ])[];
  /** Ids of the dead letters that were tried again. */
  readonly replayed?: readonly bigint[];
}

/** A batch in a partition's shared memory, as the pipeline hands it over. */
export function layBatch(memory: WebAssembly.Memory, partition: number, from: bigint, to: bigint, rows: TestRows): RowBatch {
  let at = 64;
  const lay = (list: readonly (readonly Buffer[])[]): CopyStream => {
    const bytes = copyStream(list);
    const offset = at;
    new Uint8Array(memory.buffer).set(bytes, offset);
    at += bytes.length + 7;
    return { offset, bytes: bytes.length, rows: list.length };
  };
  const readings = lay(
    (rows.readings ?? []).map(([device, metric, ts, value]) => [int32(device), int32(metric), timestamp(ts), float64(value)]),
  );
  const texts = lay(
    (rows.texts ?? []).map(([device, metric, ts, value]) => [int32(device), int32(metric), timestamp(ts), Buffer.from(value)]),
  );
  const deads = lay(
    (rows.deads ?? []).map(([number, offset, device, receivedAt, reason, payload]) => {
      return [int32(number), int64(offset), int32(device), timestamp(receivedAt), Buffer.from(reason), payload, int16(0), Buffer.alloc(0)];
    }),
  );
  return {
    kind: 'batch',
    partition,
    slot: 0,
    from,
    to,
    lastReceiveUs: Date.now() * 1000,
    records: 1,
    sorted: false,
    parts: [],
    readings,
    texts,
    deads,
    replayed: layIds(memory, at, rows.replayed ?? []),
  };
}

function layIds(memory: WebAssembly.Memory, after: number, ids: readonly bigint[]): RowBatch['replayed'] {
  const offset = Math.ceil(after / 8) * 8;
  new BigInt64Array(memory.buffer, offset, ids.length).set(ids);
  return { offset, letters: ids.length };
}

const COPY_HEADER_BYTES = 19;
const COPY_TRAILER_BYTES = 2;

/** The same batch with its readings repeated, for tests that need many rows soon. */
export function repeatReadings(memory: WebAssembly.Memory, batch: RowBatch, times: number): RowBatch {
  const all = new Uint8Array(memory.buffer);
  const { offset, bytes, rows } = batch.readings;
  const stream = Buffer.from(all.slice(offset, offset + bytes));
  const [header, trailer] = [stream.subarray(0, COPY_HEADER_BYTES), stream.subarray(-COPY_TRAILER_BYTES)];
  const body = stream.subarray(COPY_HEADER_BYTES, -COPY_TRAILER_BYTES);
  const repeated = Buffer.concat([header, ...Array.from({ length: times }, () => body), trailer]);
  const end = batch.deads.offset + batch.deads.bytes;
  all.set(repeated, end);
  return { ...batch, readings: { offset: end, bytes: repeated.length, rows: rows * times } };
}

export function sharedMemory(bytes = 4 * 1024 * 1024): WebAssembly.Memory {
  const pages = Math.ceil(bytes / 65536);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}
