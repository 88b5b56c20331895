import assert from 'node:assert/strict';
import { BLOCK_DONE } from '../../assembly/abi/block.js';
import { COUNTER_PIPELINE_STORED } from '../../assembly/abi/counters.js';
import { BATCH_AT_READINGS, BATCH_HEAD_OFFSET, INPUT_OFFSET } from '../../assembly/abi/pipeline.js';
import { STAGE_OFFSET } from '../../assembly/abi/regions.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import { KernelMemory, kernelMemory, loadKernel } from '../../src/host/kernel.js';
import { fillPowers } from '../../src/host/powers.js';
import { fillProfiles } from '../../src/host/profiles.js';
import type { PipelineKernel } from '../../src/pipeline/kernel.js';
import { sealBlock } from '../../test/support/blocks.js';
import { cpuMs } from './cpu-clock.js';

const BLOCK_MESSAGES = 2400;
const BATCH_ROWS = 200_000;
const NOW_US = 1_790_000_000_000_000;
const METRICS = ['temp', 'load'];

interface PipelineFigure {
  readonly nsPerMessage: number;
  readonly messages: number;
  /** Of which sorting and laying the rows. */
  readonly sealNsPerRow: number;
}

/**
 * Blocks to sorted rows: checksums, JSON decode, sequence dedup, latest, binary COPY rows; two metrics a message.
 * All devices speak once a round, so with many of them the state of each is out of the caches when its turn comes.
 */
export function benchPipeline(scale = 1): PipelineFigure {
  return run(2000, 400_000 * scale);
}

export function benchPipelineManyDevices(scale = 1): PipelineFigure {
  return run(200_000 * scale, 800_000 * scale);
}

function run(devices: number, messages: number): PipelineFigure {
  const memory = kernelMemory(PIPELINE_END);
  const kernel = loadKernel<PipelineKernel>('pipeline', memory);
  const kernelBytes = new KernelMemory(memory);
  const { bytes, view, counters } = kernelBytes;
  fillPowers(kernelBytes);
  fillProfiles(kernelBytes);
  kernel.setPartition(0);
  METRICS.forEach((name, index) => {
    bytes.set(Buffer.from(name), STAGE_OFFSET);
    kernel.addMetric(name.length, index + 1);
  });
  // The first rounds make the state, the kernel's compiler and the caches as they are in an appliance that has run for a while.
  const warm = Math.max(devices, messages / 4);
  const figure = { blockMs: 0, sealMs: 0, messages: 0, rows: 0 };
  const seal = () => {
    const startedMs = cpuMs();
    kernel.sealBatch();
    figure.sealMs += cpuMs() - startedMs;
    figure.rows += view.getUint32(BATCH_HEAD_OFFSET + BATCH_AT_READINGS, true);
    // The same slot again: its pages are resident, too.
    kernel.openBatch(0);
  };
  const runBlocks = (from: number, to: number) => {
    for (let first = from; first < to; first += BLOCK_MESSAGES) {
      const count = Math.min(BLOCK_MESSAGES, to - first);
      const block = sealBlock(
        0,
        Array.from({ length: count }, (_, index) => message(devices, first + index)),
      );
      bytes.set(block, INPUT_OFFSET);
      const startedMs = cpuMs();
      assert.equal(kernel.processBlocks(0, block.length, 0, false, false), BLOCK_DONE);
      figure.blockMs += cpuMs() - startedMs;
      figure.messages += count;
      if (kernel.batchRows() >= BATCH_ROWS) seal();
    }
    seal();
  };
  kernel.openBatch(0);
  runBlocks(0, warm);
  assert.equal(figure.rows, warm * METRICS.length);
  Object.assign(figure, { blockMs: 0, sealMs: 0, messages: 0 });
  runBlocks(warm, messages);
  assert.equal(figure.rows, messages * METRICS.length);
  assert.equal(Number(counters[COUNTER_PIPELINE_STORED]), messages);
  const { blockMs, sealMs, messages: timed } = figure;
  return {
    nsPerMessage: ((blockMs + sealMs) * 1e6) / timed,
    messages: timed,
    sealNsPerRow: (sealMs * 1e6) / (timed * METRICS.length),
  };
}

/** Steps by which the devices take their turns; they have no divisor in common with the number of devices. */
const STEPS = [7919, 104_729, 1_299_709];

/** The devices' numbers do not follow one another, and no round is like the one before. */
function message(devices: number, place: number) {
  const turn = Math.floor(place / devices);
  const device = 1 + (((place % devices) * (STEPS[turn % STEPS.length] as number)) % devices);
  const value = (metric: number) => ((1000 + ((device * 37 + turn * 13 + metric * 4999) % 9000)) / 100).toFixed(2);
  const payload = `{"ts":${NOW_US / 1000 - 60_000 + turn},"metrics":{"temp":${value(0)},"load":${value(1)}},"seq":${100_000_001 + turn}}`;
  return { device, receiveUs: NOW_US + place, payload };
}
