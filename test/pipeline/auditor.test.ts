import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTER_PIPELINE_RECORDS } from '../../assembly/abi/counters.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import { KernelMemory, kernelMemory } from '../../src/host/kernel.js';
import { Progress, ProgressWord } from '../../src/host/progress.js';
import { Auditor } from '../../src/pipeline/auditor.js';

test('a block run before the log has marked it is compared at the next mark, unless a gap was skipped after it', () => {
  const memory = new KernelMemory(kernelMemory(PIPELINE_END));
  const progress = new Progress(Progress.memory(1));
  progress.setDurable(0, 100n, 0n);
  const auditor = new Auditor(0, memory, progress);
  const run = (messages: bigint) => {
    memory.counters[COUNTER_PIPELINE_RECORDS] = messages;
  };
  assert.equal(auditor.at(100n)?.recovered, 0);
  progress.setMark(0, 200n, 5n);
  progress.set(0, ProgressWord.durable, 300n);
  run(23n);
  auditor.plan(0, 300n);
  assert.equal(auditor.at(300n), undefined);
  progress.setMark(0, 300n, 23n);
  auditor.plan(1, 300n);
  const { logged, run: found } = auditor.at(300n) ?? assert.fail('it was not compared');
  assert.deepEqual([logged, found], [23, 23]);
  progress.setMark(0, 350n, 24n);
  auditor.gap(400n, 0);
  auditor.plan(2000, 400n);
  assert.equal(auditor.at(400n)?.lost, 1);
});
