import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_SESSION_TAKEN_OVER, CODE_SESSIONS_EXHAUSTED } from '../../assembly/abi/codes.js';
import { Site } from './site.js';

test('a session outlives its connection as long as it was granted, and no longer', async () => {
  const site = new Site({ limits: { expirySecondsMax: 100 } });
  const first = site.client('c', { expirySeconds: 0xffffffff }).subscribe('t');
  await site.rest();
  assert.deepEqual([first.attached?.isPresent, first.attached?.expirySeconds], [false, 100]);
  first.detach(false);
  await site.second(99);
  const second = site.client('c');
  await site.rest();
  assert.equal(second.attached?.isPresent, true);
  second.detach();
  await site.second(101);
  assert.equal(site.broker.counts.sessionsNow, 0);
  assert.equal(site.broker.counts.subscriptionsNow, 0);
  assert.equal(site.client('c').attached?.isPresent, false);
});

test('a session without expiry ends with its connection, at a takeover too', async () => {
  const site = new Site();
  site.client('c', { expirySeconds: 0 }).subscribe('t').detach();
  const second = site.client('c', { expirySeconds: 0 }).subscribe('t');
  const third = site.client('c');
  await site.rest();
  assert.deepEqual([second.attached?.isPresent, third.attached?.isPresent], [false, false]);
  assert.equal(site.broker.counts.subscriptionsNow, 0);
});

test('a clean start discards what was there', async () => {
  const site = new Site();
  site.client('c').subscribe('t').detach();
  site.publish('t', 'old', { qos: 1 });
  const back = site.client('c', { cleanStart: true });
  site.publish('t', 'new', { qos: 1 });
  await site.rest();
  assert.deepEqual([back.attached?.isPresent, back.texts], [false, []]);
  assert.equal(site.broker.counts.queuedNow, 0);
});

test('DISCONNECT can change the expiry', async () => {
  const site = new Site();
  const client = site.client('c').subscribe('t');
  client.detach(true, 0);
  assert.equal(site.broker.counts.sessionsNow, 0);
  const again = site.client('c').subscribe('t');
  again.detach(true, 10);
  await site.second(11);
  assert.equal(site.broker.counts.sessionsNow, 0);
});

test('the newer connection takes the session over, in whatever order the gateways say so', async () => {
  const site = new Site();
  const older = site.client('c', { session: 10 }).subscribe('t');
  const newer = site.client('c', { session: 12, gateway: 1 });
  const late = site.client('c', { session: 11 });
  site.publish('t', 'for the newest', { qos: 1 });
  older.publish('t', 'too late', { qos: 1 });
  older.detach(false);
  await site.rest();
  assert.deepEqual([older.ended, newer.ended, late.ended], [CODE_SESSION_TAKEN_OVER, undefined, CODE_SESSION_TAKEN_OVER]);
  assert.deepEqual([older.texts, newer.texts, late.texts], [[], ['for the newest'], []]);
  assert.equal(newer.attached?.isPresent, true);
  assert.equal(site.broker.counts.connectedNow, 1);
});

test('more sessions than there may be are refused; those that are there come back', async () => {
  const site = new Site({ limits: { sessionsMax: 1 } });
  site.client('a').detach();
  const [b, a] = [site.client('b'), site.client('a')];
  await site.rest();
  assert.equal(b.ended, CODE_SESSIONS_EXHAUSTED);
  assert.equal(a.attached?.isPresent, true);
});

test('ids of QoS 2 messages that were not released are given back', async () => {
  const site = new Site();
  const client = site.client('c');
  for (const id of [7, 9]) client.taken(id);
  client.released(7);
  client.detach(false);
  const back = site.client('c');
  await site.rest();
  assert.deepEqual([...(back.attached?.unreleased ?? [])], [9]);
});

test('a clock that is set changes nothing for sessions that wait', async () => {
  const site = new Site();
  site.client('c', { expirySeconds: 60 }).detach();
  site.clock.wall += 365 * 86_400_000;
  await site.second(50);
  site.clock.wall = 0;
  await site.second(5);
  assert.equal(site.broker.counts.sessionsNow, 1);
  await site.second(6);
  assert.equal(site.broker.counts.sessionsNow, 0);
});

test('a deadline of an earlier connection does not end the session', async () => {
  const site = new Site();
  site.client('c', { expirySeconds: 5 }).detach();
  await site.second(4);
  site.client('c', { expirySeconds: 100 }).detach();
  await site.second(5);
  assert.equal(site.broker.counts.sessionsNow, 1);
});
