import assert from 'node:assert/strict';
import * as abi from '../../assembly/abi.js';
import { KernelMemory, kernelMemory, loadKernel } from '../../src/host/kernel.js';
import { fillPowers } from '../../src/host/powers.js';
import type { PipelineKernel } from '../../src/pipeline/kernel.js';
import { sealBlock } from '../../test/support/blocks.js';

const DEVICES = 1000;
const MESSAGES_PER_BLOCK = 1500;
const BLOCKS = 100;
const BLOCKS_PER_BATCH = 20;
const NOW_US = 1_790_000_000_000_000;

/** Blocks to rows: checksums, JSON decode, sequence dedup, latest, binary COPY rows; two metrics a message. */
export function benchPipeline(): { nsPerMessage: number; messages: number; rowBytes: number } {
  const memory = kernelMemory(abi.PIPELINE_END);
  const kernel = loadKernel<PipelineKernel>('pipeline', memory);
  const kernelBytes = new KernelMemory(memory);
  const { bytes, view, counters } = kernelBytes;
  fillPowers(kernelBytes);
  kernel.setPartition(0);
  ['temperature', 'humidity'].forEach((name, index) => {
    bytes.set(Buffer.from(name), abi.STAGE_OFFSET);
    kernel.addMetric(name.length, index + 1);
  });
  const blocks = Array.from({ length: BLOCKS }, (_, block) => sealBlock(0, messages(block)));
  const warm = BLOCKS / 2;
  let rows = 0;
  let rowBytes = 0;
  const handOver = () => {
    kernel.sealBatch();
    rows += view.getUint32(abi.BATCH_HEAD_OFFSET + abi.BATCH_AT_READINGS, true);
    rowBytes += view.getUint32(abi.BATCH_HEAD_OFFSET + abi.BATCH_AT_READINGS_BYTES, true);
    // The same slot again: its pages are resident, as they are in an appliance that has run for a while.
    kernel.openBatch(0);
  };
  kernel.openBatch(0);
  let elapsedNs = 0;
  blocks.forEach((block, index) => {
    bytes.set(block, abi.INPUT_OFFSET);
    const startedNs = process.hrtime.bigint();
    assert.equal(kernel.processBlock(0, block.length, 0, false, false), abi.BLOCK_DONE);
    if (index >= warm) elapsedNs += Number(process.hrtime.bigint() - startedNs);
    if (index % BLOCKS_PER_BATCH === BLOCKS_PER_BATCH - 1) handOver();
  });
  handOver();
  const timed = (BLOCKS - warm) * MESSAGES_PER_BLOCK;
  assert.equal(rows, BLOCKS * MESSAGES_PER_BLOCK * 2);
  assert.equal(Number(counters[abi.COUNTER_PIPELINE_STORED]), BLOCKS * MESSAGES_PER_BLOCK);
  return { nsPerMessage: elapsedNs / timed, messages: timed, rowBytes };
}

function messages(block: number) {
  return Array.from({ length: MESSAGES_PER_BLOCK }, (_, index) => {
    const message = block * MESSAGES_PER_BLOCK + index;
    const temperature = (20 + (message % 997) / 100).toFixed(2);
    const humidity = (50 + (message % 389) / 10).toFixed(1);
    const ts = NOW_US / 1000 - 1000 + message / DEVICES;
    return {
      device: (message % DEVICES) + 1,
      receiveUs: NOW_US,
      payload: `{"ts":${ts.toFixed(0)},"metrics":{"temperature":${temperature},"humidity":${humidity}},"seq":${Math.floor(message / DEVICES) + 1}}`,
    };
  });
}
