import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_SLOTS } from '../../assembly/abi/gateway.js';
import type { FromGateway } from '../../src/contract/threads/gateway.js';
import { Shares } from '../../src/gateway/shares.js';

function sharesUnderTest(partitions = 4) {
  const assigned: (readonly [number, number, number])[] = [];
  const held: boolean[] = [];
  const posted: FromGateway[] = [];
  let counts: number[] = [];
  const reactor = {
    share: (connection: number, share: number, quantum: number) => void assigned.push([connection, share, quantum]),
    hold: (isHeld: boolean) => void held.push(isHeld),
    shareCounts: () => counts.splice(0),
  };
  const shares = new Shares(reactor, partitions, (message) => void posted.push(message));
  const sweep = (nowMs: number, ...read: number[]) => {
    counts = read;
    shares.sweep(nowMs);
  };
  return { shares, assigned, held, posted, sweep };
}

test('connections of a tenant are in one share, and those of others in others', () => {
  const { shares, assigned } = sharesUnderTest();
  shares.assign(1, 'acme');
  shares.assign(2, 'other');
  shares.assign(3, 'acme');
  const [first, second, third] = assigned.map(([, share]) => share);
  assert.equal(first, third);
  assert.notEqual(first, second);
  assert.ok(!assigned.some(([, share]) => share === 0), 'that share is of connections without a tenant');
  assert.equal(new Set(assigned.map(([, , quantum]) => quantum)).size, 1);
});

test('who sends more than its share waits while blocks are on their way to the log, and no longer', () => {
  const { shares, held } = sharesUnderTest(4);
  for (const blocks of [0, 12, 13, 12, 5, 4, 13]) shares.pressure(BLOCK_SLOTS - 4 - blocks);
  assert.deepEqual(held, [true, false, true]);
});

test('a tenant that has to wait is reported once a minute, with what was read of it', () => {
  const { shares, posted, sweep } = sharesUnderTest();
  shares.assign(1, 'acme');
  shares.assign(2, 'other');
  sweep(1000, 0, 1024, 500, 1, 3 * 1024 * 1024, 400, 2, 1023 * 1024, 0);
  sweep(2000, 1, 1024, 400);
  assert.deepEqual(posted, [
    { kind: 'event', level: 'warn', name: 'tenant-held-back', fields: { tenant: 'acme', kib: 3072, percent: 75 } },
  ]);
  sweep(61_000, 1, 1024, 99);
  assert.equal(posted.length, 1, 'a tenant that waits now and then is not reported');
  sweep(61_000, 2, 1024, 100);
  assert.deepEqual(posted[1], {
    kind: 'event',
    level: 'warn',
    name: 'tenant-held-back',
    fields: { tenant: 'other', kib: 1, percent: 100 },
  });
});
