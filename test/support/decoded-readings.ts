import assert from 'node:assert/strict';
import { FORMAT_BY_SHAPE } from '../../assembly/abi/block.js';
import type { RecordContext } from '../../src/contract/record-context.js';
import { TestKernel } from './pipeline-kernel.js';

/** By time, ISO 8601: the values of the metrics that a message gives for it. */
export type ReadingsByTime = Record<string, Record<string, number | string>>;

export interface DecodeOptions {
  readonly format?: number;
  readonly context?: RecordContext | undefined;
  readonly kernel?: TestKernel;
}

/** What a pipeline kernel makes of one message received at `receivedMs`: its readings, or the reason of its dead letter. */
export function decodedReadings(
  payload: string | Uint8Array,
  receivedMs: number,
  { format = FORMAT_BY_SHAPE, context, kernel = new TestKernel() }: DecodeOptions = {},
): ReadingsByTime | string {
  kernel.run([{ device: 7, receiveUs: receivedMs * 1000, payload, format, ...(context && { context }) }]);
  const { readings, texts, deads } = kernel.take();
  if (deads.length > 0) return deads.map(({ reason }) => reason).join();
  const found: ReadingsByTime = {};
  for (const { tsUs, metric, value } of [...readings, ...texts]) {
    const time = new Date(tsUs / 1000).toISOString();
    found[time] ??= {};
    assert.ok(!(metric in found[time]), `${metric} is there once`);
    found[time][metric] = value;
  }
  return found;
}
