import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLAG_AWAITED, FLAG_TRANSPORT_HTTP } from '../../assembly/abi/block.js';
import { CODE_DEVICE_LOST, CODE_JSON_MALFORMED, CODE_NUMBER_OUT_OF_RANGE } from '../../assembly/abi/codes.js';
import { VERDICTS_MAX } from '../../assembly/abi/verdicts.js';
import { messageHash, readVerdicts, takeVerdicts } from '../../src/host/verdicts.js';
import type { TestRecord } from '../support/blocks.js';
import { TestKernel } from '../support/pipeline-kernel.js';

const NOW_US = 1_790_000_000_000_000;
const AWAITED = FLAG_TRANSPORT_HTTP | FLAG_AWAITED;

function record(payload: string, flags = AWAITED, context?: TestRecord['context']): TestRecord {
  return { device: 7, receiveUs: NOW_US, flags, payload, ...(context && { context }) };
}

function verdictsOf(kernel: TestKernel) {
  return [...readVerdicts(takeVerdicts(kernel.memory) ?? new Uint8Array())];
}

test('each message whose sender waits has a verdict, in order, and no other message has one', () => {
  const kernel = new TestKernel();
  const good = '{"ts":1790000000000,"metrics":{"a":1},"seq":1}';
  const samples = '[{"metrics":{"b":1}},{"metrics":{"b":2}}]';
  const partly = '{"metrics":{"c":1,"d":1e999}}';
  const bad = '{"metrics":';
  kernel.run([record(good), record(good, FLAG_TRANSPORT_HTTP), record(good), record(samples), record(partly), record(bad)]);
  const fate = { code: 0, stored: 0, duplicate: 0, skipped: 0, skippedCode: 0 };
  assert.deepEqual(
    verdictsOf(kernel),
    [
      { payload: good, stored: 1 },
      { payload: good, duplicate: 1 },
      { payload: samples, stored: 2 },
      { payload: partly, stored: 1, skipped: 1, skippedCode: CODE_NUMBER_OUT_OF_RANGE },
      { payload: bad, code: CODE_JSON_MALFORMED },
    ].map(({ payload, ...rest }) => ({ device: 7, hash: messageHash(7, Buffer.from(payload)), ...fate, ...rest })),
  );
  assert.deepEqual(verdictsOf(kernel), [], 'they are handed out once');
});

test('a message is known by its payload, whatever context comes before it, and one of a lost device has a verdict too', () => {
  const kernel = new TestKernel();
  const context = { profile: 0, topic: 'a/b' };
  kernel.run([record('{"v":1}', AWAITED, context)]);
  assert.deepEqual(
    verdictsOf(kernel).map(({ hash, stored }) => [hash, stored]),
    [[messageHash(7, Buffer.from('{"v":1}')), 1]],
  );
  kernel.kernel.loseDevices(8, 8);
  kernel.run([{ ...record('{"v":1}'), device: 8 }]);
  assert.deepEqual(
    verdictsOf(kernel).map(({ device, code }) => [device, code]),
    [[8, CODE_DEVICE_LOST]],
  );
});

test('messages that are run again to rebuild state have no verdict, and a message beyond the room has none', () => {
  const kernel = new TestKernel();
  kernel.run([record('{"v":1}')], { replay: true });
  assert.deepEqual(verdictsOf(kernel), []);
  const block = Array.from({ length: 1024 }, (_, v) => record(`{"v":${v}}`));
  for (let blocks = 0; blocks < 16; blocks++) kernel.run(block);
  kernel.run(block.slice(0, 3));
  assert.equal(verdictsOf(kernel).length, VERDICTS_MAX);
});
