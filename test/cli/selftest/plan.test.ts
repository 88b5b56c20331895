import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onlyFaults, planChaos, runsOf } from '../../../src/cli/selftest/plan.js';

const namesOf = (plan: ReturnType<typeof planChaos>) => plan.stages.map(({ faults }) => faults.map(({ name }) => name));

test('a disk that can be filled is one more appliance, and what is not tried is said', () => {
  const plan = planChaos(false, { name: 'a tmpfs' });
  const [first, second] = namesOf(plan);
  assert.ok(first?.includes('process-kill'));
  assert.deepEqual(second, ['disk-full']);
  assert.deepEqual(
    plan.stages.map(({ smallDisk }) => smallDisk),
    [false, true],
  );
  assert.equal(runsOf(plan), (first?.length ?? 0) + 1);
  assert.deepEqual(
    plan.notTried.map(({ name }) => name),
    ['broker-kill'],
  );
});

test('where nothing can be filled a full disk is not tried, and the reason is the one that was found', () => {
  const plan = planChaos(false, { missing: 'no small file system can be mounted (mount: permission denied)' });
  assert.equal(plan.stages.length, 1);
  assert.deepEqual(plan.notTried[0], { name: 'disk-full', why: 'no small file system can be mounted (mount: permission denied)' });
});

test('over Kafka a broker is killed, and no disk is filled', () => {
  const plan = planChaos(true, { name: 'a tmpfs' });
  assert.ok(namesOf(plan)[0]?.includes('broker-kill'));
  assert.deepEqual(
    plan.notTried.map(({ name }) => name),
    ['disk-full'],
  );
});

test('of the faults that are named those are tried, and the others are said not to be', () => {
  const all = planChaos(false, { name: 'a tmpfs' });
  const plan = onlyFaults(all, ['database-kill', 'process-kill']);
  assert.deepEqual(namesOf(plan), [['process-kill', 'database-kill']]);
  assert.equal(plan.notTried.length, runsOf(all) - 2 + 1);
  assert.equal(plan.notTried.find(({ name }) => name === 'disk-full')?.why, 'it is not among those that --faults names');
  assert.deepEqual(namesOf(onlyFaults(all, ['disk-full'])), [['disk-full']]);
});
