import type { BatchPart, RowBatch } from '../../contract/threads/store.js';

/** All rows of a batch, in the order in which they came; `memory` is the partition's. */
export function partsOf(batch: RowBatch, memory: SharedArrayBuffer): readonly BatchPart[] {
  const { readings, texts, deads, replayed } = batch;
  return [...batch.parts, { memory, readings, texts, deads, replayed }];
}
