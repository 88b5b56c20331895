import assert from 'node:assert/strict';
import { POSTGRES_EPOCH_US } from '../../../assembly/abi/limits.js';
import { READING_ROW_BYTES } from '../../../assembly/abi/pipeline.js';
import type { BatchRow } from '../../contract/batch-row.js';
import type { CopyStream, RowBatch } from '../../contract/threads/store.js';
import { partsOf } from './batch-parts.js';
import { SIGNATURE } from './copy-rows.js';

// Rows of `readings` and `text_readings` as the kernel lays them (assembly/rows), in network order:
//
//   0  i16 4     2  i32 4, device     10  i32 4, metric     18  i32 8, µs since 2000     30  i32 n, value

const HEADER_BYTES = SIGNATURE.length + 8;
const VALUE_AT = 34;
const DOUBLE_BYTES = 8;
const EPOCH_US = Number(POSTGRES_EPOCH_US);
const WORD = 2 ** 32;

/**
 * The readings of a batch, then its texts, in the order in which they are stored. `memory` is the partition's; it is read while the
 * rows are taken. Each row is good until the next one is taken: it is the same object.
 */
export function* batchRows(batch: RowBatch, memory: SharedArrayBuffer): Generator<BatchRow> {
  const parts = partsOf(batch, memory);
  for (const part of parts) yield* rowsOf(part.readings, part.memory, true);
  for (const part of parts) yield* rowsOf(part.texts, part.memory, false);
}

function* rowsOf(stream: CopyStream, memory: SharedArrayBuffer, areNumbers: boolean): Generator<BatchRow> {
  const view = new DataView(memory, stream.offset, stream.bytes);
  const row = { device: 0, metric: 0, tsUs: 0, value: 0 as number | string };
  let at = HEADER_BYTES;
  for (let left = stream.rows; left > 0; left--) {
    const bytes = view.getInt32(at + 30);
    assert(view.getInt16(at) === 4 && (!areNumbers || bytes === DOUBLE_BYTES), 'a row is laid as the kernel lays it');
    row.device = view.getInt32(at + 6);
    row.metric = view.getInt32(at + 14);
    row.tsUs = view.getInt32(at + 22) * WORD + view.getUint32(at + 26) + EPOCH_US;
    row.value = areNumbers ? view.getFloat64(at + VALUE_AT) : Buffer.from(memory, stream.offset + at + VALUE_AT, bytes).toString('utf8');
    yield row;
    at += VALUE_AT + bytes;
  }
  assert(stream.rows === 0 || at + 2 === stream.bytes, 'a stream ends behind its last row');
  assert(!areNumbers || at === HEADER_BYTES + stream.rows * READING_ROW_BYTES, 'rows of readings are equally long');
}
