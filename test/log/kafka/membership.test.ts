import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { RecordRing, RecordRingReader } from '../../../src/host/record-ring.js';
import type { ClientError, Consumer, Place } from '../../../src/kafka/client.js';
import { Membership } from '../../../src/log/kafka/membership.js';
import { RecordDispatcher } from '../../../src/log/kafka/record-dispatcher.js';
import { ownersOfAll } from '../../support/kafka/ownership.js';
import { until } from '../../support/until.js';

const TOPIC = 'telemetry.raw';
const ASSIGN = { code: -175, message: 'assign' } as ClientError;
const REVOKE = { code: -174, message: 'revoke' } as ClientError;

function places(...partitions: number[]): Place[] {
  return partitions.map((partition) => ({ topic: TOPIC, partition }));
}

/** A member whose consumer, pipelines and database do what they are told, and of which is noted what was done in which order. */
function open(partitions: number) {
  const done: string[] = [];
  const reports: string[] = [];
  const failures: Error[] = [];
  const world = { databaseIsDown: false, high: 50 };
  const progress = new Progress(Progress.memory(partitions));
  const consumer = {
    subscribe: (topics: readonly string[]) => done.push(`subscribe ${topics}`),
    assign: (taken: readonly Place[]) => done.push(`assign ${taken.map(({ partition, offset }) => `${partition}@${offset}`)}`),
    unsubscribe: () => done.push('unsubscribe'),
    unassign: () => done.push('unassign'),
    isConnected: () => true,
    queryWatermarkOffsets: (_topic: string, _partition: number, _ms: number, answer: (error: null, ends: object) => void) =>
      setImmediate(() => answer(null, { lowOffset: 3, highOffset: world.high })),
  } as unknown as Consumer;
  const dispatcher = new RecordDispatcher({
    topic: TOPIC,
    progress,
    bells: [],
    own: 1n,
    owners: ownersOfAll(),
    failed: assert.fail,
    report: () => {},
  });
  const membership = new Membership({
    topic: TOPIC,
    dispatcher,
    progress,
    assignment: {
      claim: async (numbers) => {
        if (world.databaseIsDown) throw new Error('the database is down');
        done.push(`take ${numbers}`);
        const owned = numbers.map((number) => ({ number, committed: BigInt(20 + number), announced: undefined }));
        for (const { number, committed } of owned) progress.set(number, ProgressWord.committed, committed);
        return owned;
      },
      start: async (owned) => {
        const numbers = owned.map(({ number }) => number);
        done.push(`begin ${numbers}`);
        const rings = Array.from({ length: partitions }, (_, number) => (numbers.includes(number) ? RecordRing.memory(1024) : undefined));
        const reader = new RecordRingReader(rings);
        for (const number of numbers) reader.begin(number, BigInt(10 + number));
        return rings;
      },
      revoke: async (ends) => void done.push(`end ${[...ends].map(([partition, offset]) => `${partition}@${offset}`)}`),
    },
    report: (_, name) => reports.push(name),
    failed: (error) => failures.push(error),
  });
  membership.join(consumer);
  return { membership, consumer, progress, done, reports, failures, world };
}

test('an assigned partition is claimed in the database, then run, then fetched from where its state ends', async () => {
  const { membership, consumer, progress, done } = open(4);
  progress.setMark(3, 30n, 0n);
  membership.rebalanced(consumer, ASSIGN, places(3, 1));
  await until('it is fetched', () => done.at(-1)?.startsWith('assign') ?? false);
  assert.deepEqual(done, ['subscribe telemetry.raw', 'take 1,3', 'begin 1,3', 'assign 1@11,3@13']);
  assert.deepEqual(progress.mark(3), { offset: 30n, messages: 0n }, 'behind it, gateways of this process may have taken messages in');
  assert.equal(progress.get(3, ProgressWord.durable), 50n);
  assert.equal(progress.get(3, ProgressWord.start), 3n);
  membership.rebalanced(consumer, REVOKE, places(1, 3));
  await until('it is let go', () => done.at(-1) === 'unassign');
  assert.deepEqual(done.slice(-2), ['end 1@11,3@13', 'unassign']);
  membership.rebalanced(consumer, ASSIGN, places(3));
  await until('it is fetched again', () => done.at(-1)?.startsWith('assign') ?? false);
  assert.deepEqual(progress.mark(3), { offset: 50n, messages: 0n });
});

test('a claim is tried again while the database is down, until the next rebalance', async () => {
  const { membership, consumer, done, reports, world } = open(2);
  world.databaseIsDown = true;
  membership.rebalanced(consumer, ASSIGN, places(0, 1));
  await until('it says so', () => reports.includes('kafka-partitions-not-taken'));
  membership.rebalanced(consumer, REVOKE, places(0, 1));
  membership.rebalanced(consumer, ASSIGN, places(1));
  world.databaseIsDown = false;
  await until('it is fetched', () => done.at(-1)?.startsWith('assign') ?? false);
  assert.deepEqual(done.slice(1), ['end ', 'unassign', 'take 1', 'begin 1', 'assign 1@11']);
});

test('a topic that ends before what the database has is refused', async () => {
  const { membership, consumer, done, failures, world } = open(1);
  world.high = 19;
  membership.rebalanced(consumer, ASSIGN, places(0));
  await until('it fails', () => failures.length > 0);
  assert.match(failures[0]?.message ?? '', /ends at 19, and the database has it up to 20 \(kafka_log_lost\)/);
  assert.ok(!done.some((one) => one.startsWith('begin')));
});

test('a member that leaves revokes its partitions and ignores later rebalances', async () => {
  const { membership, consumer, done } = open(1);
  membership.rebalanced(consumer, ASSIGN, places(0));
  await until('it is fetched', () => done.at(-1)?.startsWith('assign') ?? false);
  await membership.leave();
  membership.rebalanced(consumer, ASSIGN, places(0));
  await new Promise(setImmediate);
  assert.equal(done.at(-1), 'unassign');
});

test('a fenced member revokes its partitions and rejoins once, however often it was fenced', async () => {
  const { membership, consumer, done, reports, failures } = open(1);
  membership.rebalanced(consumer, ASSIGN, places(0));
  await until('it is fetched', () => done.at(-1)?.startsWith('assign') ?? false);
  membership.fenced('held by another process');
  membership.fenced('held by another process');
  await until('it left', () => done.at(-1) === 'unsubscribe');
  assert.deepEqual(done.slice(-2), ['end 0@10', 'unsubscribe']);
  // The client library says so, as it does when the group takes something away.
  membership.rebalanced(consumer, REVOKE, places(0));
  await until('it joined again', () => done.at(-1) === 'subscribe telemetry.raw');
  assert.deepEqual(done.slice(-3), ['end ', 'unassign', 'subscribe telemetry.raw']);
  membership.rebalanced(consumer, ASSIGN, places(0));
  await until('it is fetched again', () => done.at(-1)?.startsWith('assign') ?? false);
  assert.deepEqual(done.slice(-3), ['take 0', 'begin 0', 'assign 0@10']);
  assert.deepEqual(
    reports.filter((name) => name.startsWith('kafka-member')),
    ['kafka-member-fenced', 'kafka-member-rejoined'],
  );
  assert.deepEqual(failures, []);
});

test('a member that leaves while it waits to rejoin does not rejoin', async ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { membership, done, reports } = open(1);
  membership.fenced('held by another process');
  await membership.leave();
  mock.timers.tick(60_000);
  await new Promise(setImmediate);
  assert.deepEqual([done.filter((one) => one.startsWith('subscribe')).length, reports.includes('kafka-member-rejoined')], [1, false]);
});
