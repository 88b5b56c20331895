import assert from 'node:assert/strict';
import { POSTGRES_EPOCH_US } from '../../assembly/abi/limits.js';
import type { CopyStream, RowBatch } from '../../src/contract/threads/store.js';
import { parseCopy } from '../support/pipeline-kernel.js';

/** A database in memory: the rows and the offset of a batch are there together or not at all. */
export class ModelStore {
  readonly offsets: bigint[];
  /** How often each row is there: `device/metric/value`. */
  readonly rows = new Map<string, number>();
  /** Payloads by `device/received`, µs: no two records of the simulation are received at the same time. */
  readonly deads = new Map<string, string[]>();
  /** Metric names by number - 1; the registry is a table of the same database. */
  readonly metrics: string[] = [];

  constructor(partitions: number) {
    this.offsets = Array.from({ length: partitions }, () => 0n);
  }

  numberOf(metric: string): number {
    if (!this.metrics.includes(metric)) this.metrics.push(metric);
    return this.metrics.indexOf(metric) + 1;
  }

  /** As the batch writer: the offset tells whether the batch came before. */
  commit(batch: RowBatch, memory: Uint8Array): void {
    const found = this.offsets[batch.partition] as bigint;
    if (found >= batch.to) return;
    assert.equal(found, batch.from, `partition ${batch.partition} is committed up to ${found}, a batch comes from ${batch.from}`);
    const streamOf = ({ offset, bytes }: CopyStream) => parseCopy(memory.slice(offset, offset + bytes));
    for (const row of streamOf(batch.readings)) this.#add(row, row[3]?.readDoubleBE());
    for (const row of streamOf(batch.texts)) this.#add(row, row[3]?.toString('utf8'));
    for (const row of streamOf(batch.deads)) this.#addDead(row);
    this.offsets[batch.partition] = batch.to;
  }

  #add(row: Buffer[], value: number | string | undefined): void {
    const metric = this.metrics[(row[1] as Buffer).readInt32BE() - 1];
    const key = `${row[0]?.readInt32BE()}/${metric}/${value}`;
    this.rows.set(key, (this.rows.get(key) ?? 0) + 1);
  }

  #addDead(row: Buffer[]): void {
    const receivedUs = (row[3] as Buffer).readBigInt64BE() + BigInt(POSTGRES_EPOCH_US);
    const key = `${row[2]?.readInt32BE()}/${receivedUs}`;
    this.deads.set(key, [...(this.deads.get(key) ?? []), (row[5] as Buffer).toString('utf8')]);
  }
}
