import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_SLOTS } from '../../assembly/abi/pipeline.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import { KernelMemory, kernelMemory, loadKernel } from '../../src/host/kernel.js';
import { Batches } from '../../src/pipeline/batches.js';
import type { PipelineKernel } from '../../src/pipeline/kernel.js';

const EVERY_MS = 200;

function batches(announced?: bigint): Batches {
  const memory = kernelMemory(PIPELINE_END);
  return new Batches(3, loadKernel<PipelineKernel>('pipeline', memory), new KernelMemory(memory), 1000n, announced);
}

test('a batch is due before it is too old, each partition at its own time, and batches follow one another without a gap', () => {
  const open = batches();
  assert.equal(open.dueInMs(50, EVERY_MS, 0), Number.POSITIVE_INFINITY);
  open.extend(1500n, 1, 50);
  open.extend(1700n, 2, 90);
  assert.equal(open.dueInMs(100, EVERY_MS, 0), 100);
  assert.equal(open.dueInMs(100, EVERY_MS, 60), 0, 'the time 60 has passed since the batch was opened');
  assert.equal(open.dueInMs(100, EVERY_MS, 150), 50);
  assert.equal(open.dueInMs(250, EVERY_MS, 0), 0);
  const { partition, from, to, lastReceiveUs } = open.seal();
  assert.deepEqual({ partition, from, to, lastReceiveUs }, { partition: 3, from: 1000n, to: 1700n, lastReceiveUs: 2 });
  assert.equal(open.pending, false);
});

test('a batch that was opened when its partition was due waits for the next time', () => {
  const open = batches();
  open.extend(1500n, 1, 450);
  assert.equal(open.dueInMs(450, EVERY_MS, 50), EVERY_MS);
});

test('while the store has a batch, the next one is filled, and is due when the store has committed', () => {
  const open = batches();
  open.extend(1500n, 1, 0);
  const first = open.seal();
  open.extend(1600n, 2, 10);
  assert.equal(open.dueInMs(10_000, EVERY_MS, 0), Number.POSITIVE_INFINITY);
  assert.ok(open.ready);
  open.release(first.slot);
  assert.equal(open.dueInMs(10_000, EVERY_MS, 0), 0);
  assert.equal(open.seal().from, 1500n);
});

test('with every slot at the store no block can be run, until one comes back', () => {
  const open = batches();
  const sealed = Array.from({ length: BATCH_SLOTS }, (_, index) => {
    open.extend(BigInt(2000 + index), 1, 0);
    return open.seal();
  });
  assert.equal(new Set(sealed.map(({ slot }) => slot)).size, BATCH_SLOTS);
  assert.equal(open.ready, false);
  open.release(sealed[1]?.slot as number);
  assert.ok(open.ready);
  assert.equal(open.committing, BATCH_SLOTS - 1);
});

test('a batch that holds rows of a block only in part is not sealed, however old it is', () => {
  const open = batches();
  open.extend(1500n, 1, 0);
  open.holdPart(true);
  assert.equal(open.pending, false);
  assert.ok(open.ready, 'the rest of that block can be run');
  assert.throws(() => open.seal(), /no block is in the open batch/);
  open.holdPart(false);
  open.extend(1800n, 2, 10);
  assert.ok(open.pending);
  assert.equal(open.seal().to, 1800n);
});

test('the first batch ends where it was announced to end, and the next one anywhere', () => {
  const open = batches(1700n);
  open.extend(1500n, 1, 0);
  assert.deepEqual([open.pending, open.ready], [false, true], 'its end is not reached');
  open.extend(1700n, 2, 10);
  assert.deepEqual([open.pending, open.ready], [true, false], 'nothing more goes into it');
  open.forgetCut();
  assert.equal(open.ready, false, 'it is reached');
  assert.equal(open.seal().to, 1700n);
  open.extend(1800n, 3, 20);
  assert.deepEqual([open.pending, open.ready], [true, true]);
});

test('an end that will not be reached is forgotten', () => {
  const open = batches(1700n);
  open.extend(1500n, 1, 0);
  open.forgetCut();
  assert.ok(open.pending);
  assert.equal(open.seal().to, 1500n);
});
