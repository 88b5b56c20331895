import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

async function group(name: string, parent?: string, tenant = 'default') {
  const made = await server.call('POST', '/v1/groups', { body: { name, tenant, ...(parent === undefined ? {} : { parent }) } });
  assert.equal(made.status, 201, made.text);
  return made.body;
}

async function device(device_id: string, groups: readonly string[], tenant = 'default') {
  const created = await server.call('POST', '/v1/devices', { body: { device_id, tenant, groups } });
  assert.equal(created.status, 201, created.text);
}

async function idsIn(query: string): Promise<string[]> {
  const { body } = await server.call('GET', `/v1/devices?${query}`);
  return body.devices.map(({ device_id }: { device_id: string }) => device_id);
}

test('groups nest, devices are in many, and counts say who is in them', async () => {
  const site = await group('north');
  const hall = await group('hall-1', 'north');
  await group('line 2', String(hall.id));
  assert.deepEqual([hall.path, hall.parent], ['north/hall-1', 'north']);
  await group('pumps');
  await device('p-1', ['north/hall-1/line 2', 'pumps']);
  await device('p-2', ['north/hall-1', 'north/hall-1/line 2']);
  await device('p-3', ['pumps']);
  const { body } = await server.call('GET', '/v1/groups');
  const counts = body.groups.map((one: Record<string, unknown>) => [one.path, one.devices, one.devices_nested]);
  assert.deepEqual(counts, [
    ['north', 0, 2],
    ['north/hall-1', 1, 2],
    ['north/hall-1/line 2', 2, 2],
    ['pumps', 2, 2],
  ]);
  assert.deepEqual(await idsIn('group=north'), ['p-1', 'p-2']);
  assert.deepEqual(await idsIn('group=north&nested=false'), []);
  assert.deepEqual(await idsIn(`group=${hall.id}&nested=false`), ['p-2']);
  assert.deepEqual(await idsIn(`group=${encodeURIComponent('north/hall-1/line 2')}`), ['p-1', 'p-2']);
  const read = await server.call('GET', `/v1/groups/${encodeURIComponent('north/hall-1')}`);
  assert.deepEqual([read.body.id, read.body.devices_nested], [hall.id, 2]);
  // A renamed group has the same devices.
  assert.equal((await server.call('PATCH', `/v1/groups/${site.id}`, { body: { name: 'south' } })).body.path, 'south');
  assert.deepEqual((await server.call('GET', '/v1/devices/p-2')).body.groups, ['south/hall-1', 'south/hall-1/line 2']);
});

test('a group is never in itself, and has one name at its place', async () => {
  const a = await group('a', undefined, 'loops');
  await group('b', 'a', 'loops');
  await group('c', 'a/b', 'loops');
  for (const parent of ['a', 'a/b', 'a/b/c']) {
    assertFailure(await server.call('PATCH', `/v1/groups/${a.id}?tenant=loops`, { body: { parent } }), 409, 'group_cycle');
  }
  assertFailure(await server.call('POST', '/v1/groups', { body: { name: 'b', parent: 'a', tenant: 'loops' } }), 409, 'group_exists');
  assertFailure(await server.call('POST', '/v1/groups', { body: { name: 'x', parent: 'nowhere', tenant: 'loops' } }), 404, 'group_unknown');
  // Two moves at once, of which each alone would be right.
  const [b, c] = [await group('one', undefined, 'pair'), await group('two', undefined, 'pair')];
  const moves = [
    server.call('PATCH', `/v1/groups/${b.id}?tenant=pair`, { body: { parent: c.id } }),
    server.call('PATCH', `/v1/groups/${c.id}?tenant=pair`, { body: { parent: b.id } }),
  ];
  assert.deepEqual((await Promise.all(moves)).map(({ status }) => status).sort(), [200, 409]);
  let deep = 'a/b/c';
  for (const name of ['d', 'e', 'f', 'g', 'h']) deep = (await group(name, deep, 'loops')).path;
  const refused = await server.call('POST', '/v1/groups', { body: { name: 'i', parent: deep, tenant: 'loops' } });
  assertFailure(refused, 400, 'body_invalid');
  assert.match(refused.body.error.message, /deeper than 8/);
});

test('names that would be read as something else are refused', async () => {
  for (const name of ['', 'a/b', 'a;b', '17', ' a', 'x'.repeat(65), 'a\u0000']) {
    assertFailure(await server.call('POST', '/v1/groups', { body: { name } }), 400, 'body_invalid');
  }
});

test('devices are put into a group and taken out, and leave it when it is deleted', async () => {
  const crew = await group('crew', undefined, 'ship');
  await group('deck', 'crew', 'ship');
  for (const id of ['s-1', 's-2', 's-3']) await device(id, [], 'ship');
  const path = `/v1/groups/${crew.id}/devices?tenant=ship`;
  const put = await server.call('POST', path, { body: { add: ['s-1', 's-2', 'ghost'] } });
  assert.deepEqual([put.body.added, put.body.removed, put.body.unknown, put.body.devices], [2, 0, ['ghost'], 2]);
  const again = await server.call('POST', path, { body: { add: ['s-2', 's-3'], remove: ['s-1'] } });
  assert.deepEqual([again.body.added, again.body.removed, again.body.devices], [1, 1, 2]);
  assertFailure(await server.call('DELETE', `/v1/groups/${crew.id}?tenant=ship`), 409, 'group_not_empty');
  await server.call('DELETE', `/v1/groups/${encodeURIComponent('crew/deck')}?tenant=ship`);
  const removed = await server.call('DELETE', `/v1/groups/${crew.id}?tenant=ship`);
  assert.deepEqual([removed.body.deleted, removed.body.devices_left], [true, 2]);
  assert.deepEqual((await server.call('GET', '/v1/devices/s-2?tenant=ship')).body.groups, []);
  assertFailure(await server.call('GET', '/v1/devices?tenant=ship&group=crew'), 404, 'group_unknown');
  // A group of another tenant does not exist here.
  assertFailure(await server.call('GET', `/v1/groups/${crew.id}`), 404, 'group_unknown');
});
