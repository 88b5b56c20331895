import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { NotifyChannel } from '../../../src/control/deployment/notify-channel.js';
import { startEmbedded } from '../../../src/store/embedded/embedded.js';
import { startTestDatabase, type TestDatabase } from '../../support/database.js';
import { until } from '../../support/until.js';

let database: TestDatabase;
const channels: NotifyChannel[] = [];

before(async () => {
  database = await startTestDatabase();
});

after(async () => {
  await Promise.all(channels.map((channel) => channel.close()));
  await database.stop();
});

async function open(origin: string, deployment = 'one') {
  const received: [from: string, text: string][] = [];
  const events: string[] = [];
  let opened = 0;
  const channel = new NotifyChannel({ database: database.control.notices, deployment, origin, event: (_, name) => events.push(name) });
  channels.push(channel);
  await channel.follow({ received: (from, text) => void received.push([from, text]), connected: () => opened++ });
  return { channel, received, events, opened: () => opened };
}

test('a text reaches all others of the deployment, or the one it is for, however long and in the order in which it was sent', async () => {
  const [a, b, c] = [await open('a'), await open('b'), await open('c')];
  const foreign = await open('d', 'another');
  const long = JSON.stringify('ß'.repeat(20_000));
  assert.ok(a.channel.send('"1"'));
  assert.ok(a.channel.send(long, 'b'));
  assert.ok(a.channel.send('"3"'));
  await until('all is received', () => b.received.length === 3 && c.received.length === 2);
  assert.deepEqual(
    b.received.map(([from, text]) => [from, JSON.parse(text)]),
    [
      ['a', '1'],
      ['a', JSON.parse(long)],
      ['a', '3'],
    ],
  );
  assert.deepEqual(c.received, [
    ['a', '"1"'],
    ['a', '"3"'],
  ]);
  assert.deepEqual([a.received, foreign.received, a.events], [[], [], []]);
});

test('what is too long, or too much, is not taken', async () => {
  // In a deployment of its own: what is taken is still on its way when the next test begins.
  const { channel } = await open('much', 'overfull');
  assert.equal(channel.send('x'.repeat(5_000_000)), false);
  const taken = Array.from({ length: 5 }, () => channel.send('x'.repeat(3_000_000))).filter(Boolean).length;
  assert.ok(taken >= 1 && taken < 5, String(taken));
});

test('anybody may send anything: it is left out, and the next text is received', async () => {
  const [a, b] = [await open('e'), await open('f')];
  const name = `spillway_${createHash('sha256').update('one').digest('hex').slice(0, 16)}`;
  for (const text of ['', 'x', 'e 1 0 2 half', '\u{1f600} 1 0 1 {}']) await database.sql.notify(name, text);
  assert.ok(a.channel.send('"sound"'));
  await until('it is received', () => b.received.length > 0);
  assert.deepEqual(b.received, [['e', '"sound"']]);
});

test('connections that are lost are made again: it is said, and texts go on', async () => {
  const [a, b] = [await open('g'), await open('h')];
  const before = b.opened();
  await database.sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'spillway-notices'`;
  await until('it listens again', () => b.opened() > before);
  await until('a text is received', () => a.channel.send('"again"') && b.received.some(([, text]) => text === '"again"'));
  assert.ok(b.received.length > 0);
});

test('while the database is away that is said once and nothing waits for it; once it is back, texts go on', async () => {
  const [a, b] = [await open('i'), await open('j')];
  await (await startEmbedded(database.folder, { sync: false })).stop();
  await until('it is said', () => a.channel.send('"lost"') && a.events.length > 0);
  await startEmbedded(database.folder, { sync: false });
  await until('a text is received', () => a.channel.send('"back"') && b.received.some(([, text]) => text === '"back"'));
  await until('that is said', () => a.events.length > 1);
  assert.deepEqual(a.events, ['peer-notify-failed', 'peer-notify-recovered']);
});
