import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Acknowledgement } from '../../../src/contract/acknowledgement.js';
import { CopyWatch } from '../../../src/log/kafka/copy-watch.js';

/** Two partitions of three replicas each. */
function open() {
  const world = { inSync: [3, 3], minimum: 2 as number | Error, isAway: false, asked: 0 };
  const reports: string[] = [];
  const found: Acknowledgement[] = [];
  const watch = new CopyWatch({
    topic: 'telemetry.raw',
    report: (level, name, { copies, copiesMin }) => reports.push(`${level} ${name} ${copies}/${copiesMin}`),
    readPartitions: async () => {
      if (world.isAway) throw new Error('no broker answers');
      return world.inSync.map((count, id) => ({ id, leader: 1, replicas: [1, 2, 3], isrs: [1, 2, 3].slice(0, count) }));
    },
    readMinimum: async () => {
      world.asked++;
      if (world.minimum instanceof Error) throw world.minimum;
      return world.minimum;
    },
    found: (acknowledgement) => found.push(acknowledgement),
  });
  watch.close();
  return { world, watch, reports, found };
}

test('the partition with the fewest copies counts; what changes is reported once', async () => {
  const { world, watch, reports, found } = open();
  await watch.look();
  assert.deepEqual(found, [{ log: 'kafka', topic: 'telemetry.raw', copies: 3, copiesConfigured: 3, copiesMin: 2 }]);
  world.inSync = [3, 1];
  await watch.look();
  await watch.look();
  world.inSync = [2, 2];
  await watch.look();
  assert.deepEqual(reports, ['warn kafka-few-copies 1/2', 'info kafka-copies-restored 2/2']);
});

test('a minimum of one copy is reported although all are in sync, until it is set right', async () => {
  const { world, watch, reports } = open();
  world.minimum = 1;
  for (let look = 0; look < 4; look++) await watch.look();
  world.minimum = 2;
  for (let look = 0; look < 4; look++) await watch.look();
  assert.deepEqual(reports, ['warn kafka-few-copies 3/1', 'info kafka-copies-restored 3/2']);
  assert.equal(world.asked, 2, 'the setting is read now and then');
});

test('a user without the right to read the setting is reported once, and copies are still watched', async () => {
  const { world, watch, reports, found } = open();
  world.minimum = new Error('Topic authorization failed.');
  for (let look = 0; look < 9; look++) await watch.look();
  assert.deepEqual(reports, ['info kafka-topic-settings-unread undefined/undefined']);
  assert.deepEqual([found.length, found[0]?.copies, found[0]?.copiesMin], [9, 3, undefined]);
});

test('while no broker answers, what was found last stands', async () => {
  const { world, watch, reports, found } = open();
  await watch.look();
  world.isAway = true;
  await watch.look();
  assert.deepEqual([found.length, reports], [1, []]);
});
