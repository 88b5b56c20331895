import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { BLOCK_DONE, BLOCK_NEEDS_METRICS } from '../../../assembly/abi/block.js';
import { COUNTER_PIPELINE_DUPLICATE, COUNTER_PIPELINE_REBOOTS } from '../../../assembly/abi/counters.js';
import { INPUT_OFFSET, LIVE_OFFSET } from '../../../assembly/abi/pipeline.js';
import { HEAD_AT_RUN_PAGES, STATE_HEAD_OFFSET, STATE_VERSION } from '../../../assembly/abi/state.js';
import { checkCheckpoint } from '../../../src/pipeline/checkpoints/format.js';
import { sealBlock } from '../../support/blocks.js';
import { adopt, assertSameState, checkpointOf, PARTITIONS, RandomLoad } from '../../support/checkpoints.js';
import { TestKernel } from '../../support/pipeline-kernel.js';
import { Random } from '../../support/random.js';

const SEEDS = 4;
/** Of a checkpoint, before the state. */
const HEADER_BYTES = 200;
const BLOCKS = 160;

test('a checkpoint and the log after it give the state of a run without interruption, byte for byte', () => {
  const first = new Random().seed;
  for (let seed = first; seed < first + SEEDS; seed++) {
    const random = new Random(seed);
    const load = new RandomLoad(random, random.pick([30, 400, 3000]));
    const steady = new TestKernel(1);
    let restarted = new TestKernel(1);
    for (let block = 0; block < BLOCKS; block++) {
      const bytes = sealBlock(1, load.block());
      assert.equal(steady.runBlock(bytes), BLOCK_DONE);
      // What is committed is replayed without rows; the state must not depend on it.
      assert.equal(restarted.runBlock(bytes, { replay: random.chance(0.5) }), BLOCK_DONE);
      if (!random.chance(0.06)) continue;
      const checkpoint = checkpointOf(restarted);
      const known = checkCheckpoint(checkpoint, { partition: 1, partitions: PARTITIONS, committed: 2n ** 60n, logStart: 0n, database: 0n });
      assert.equal(typeof known === 'object' && known.offset, BigInt(restarted.logOffset), `seed ${seed}`);
      const next = new TestKernel(1);
      adopt(next, checkpoint, restarted);
      assert.ok(Buffer.from(checkpointOf(next)).equals(checkpoint), `seed ${seed}, right after the checkpoint at block ${block}`);
      restarted = next;
    }
    assertSameState(restarted, steady, `seed ${seed}, at the end`);
    assert.deepEqual(restarted.names, steady.names);
    assert.ok(steady.counter(COUNTER_PIPELINE_DUPLICATE) > 0 && steady.counter(COUNTER_PIPELINE_REBOOTS) > 0, `seed ${seed}`);
    assert.ok(steady.memory.view.getUint32(STATE_HEAD_OFFSET + HEAD_AT_RUN_PAGES, true) > 0, `seed ${seed}: some have many runs`);
  }
});

test('the bytes of the state mean what they meant when the version was raised last', () => {
  // Another hash: what a byte of the state means has changed, or this load has. In the first case raise STATE_VERSION, as
  // checkpoints of the build before must not be taken for those of this one; in both pin what is found.
  const pinned: readonly [version: number, hash: string] = [10, '1151b9e5fcc0d292'];
  const kernel = new TestKernel();
  const load = new RandomLoad(new Random(7), 60);
  for (let block = 0; block < 60; block++) kernel.run(load.block());
  const state = checkpointOf(kernel).subarray(HEADER_BYTES, -8);
  assert.deepEqual([STATE_VERSION, createHash('sha256').update(state).digest('hex').slice(0, 16)], pinned);
});

test('the rows after a checkpoint are those of a run without interruption', () => {
  const random = new Random();
  const load = new RandomLoad(random, 50);
  const steady = new TestKernel();
  for (let block = 0; block < 40; block++) steady.run(load.block());
  steady.take();
  const restarted = new TestKernel();
  adopt(restarted, checkpointOf(steady), steady);
  for (let block = 0; block < 40; block++) {
    const bytes = sealBlock(0, load.block());
    assert.equal(steady.runBlock(bytes), BLOCK_DONE);
    assert.equal(restarted.runBlock(bytes), BLOCK_DONE);
  }
  assert.deepEqual(restarted.take(), steady.take(), `seed ${random.seed}`);
});

test('inside a block that waits for metric names there is no state to take down', () => {
  const kernel = new TestKernel();
  const block = sealBlock(0, [
    { device: 1, receiveUs: 1_790_000_000_000_000, payload: '{"metrics":{"a":1}}' },
    { device: 2, receiveUs: 1_790_000_000_000_000, payload: '{"metrics":{"b":1}}' },
  ]);
  kernel.addMetric('a');
  kernel.memory.bytes.set(block, INPUT_OFFSET);
  assert.equal(kernel.kernel.processBlocks(0, block.length, 0, false, false), BLOCK_NEEDS_METRICS);
  assert.equal(kernel.kernel.describeState(), 0);
  kernel.addMetric('b');
  assert.equal(kernel.kernel.processBlocks(0, block.length, 0, false, false), BLOCK_DONE);
  assert.equal(kernel.kernel.describeState(), 1);
});

test('whom the live view watches is not in a checkpoint', () => {
  const kernel = new TestKernel();
  const record = { device: 1, receiveUs: 1_790_000_000_000_000, payload: '{"metrics":{"a":1}}' };
  kernel.run([record]);
  const unwatched = checkpointOf(kernel);
  kernel.kernel.watch(1, true);
  const restarted = new TestKernel();
  adopt(restarted, checkpointOf(kernel), kernel);
  restarted.run([record]);
  assert.equal(restarted.memory.view.getUint32(LIVE_OFFSET, true), 0);
  const twin = new TestKernel();
  adopt(twin, unwatched, kernel);
  twin.run([record]);
  assertSameState(restarted, twin, 'watched and not');
});
