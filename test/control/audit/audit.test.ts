import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AuditLog } from '../../../src/control/audit/audit-log.js';
import { isOperatorsCall } from '../../../src/http/rights.js';
import { assertFailure } from '../../support/failure.js';
import { ADMIN_KEY, type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

async function entries(query = '') {
  const { status, body, text } = await server.call('GET', `/v1/audit?${query}`);
  assert.equal(status, 200, text);
  return body.entries;
}

test('a change is noted in its transaction: who, from where, what, before and after, without secrets', async () => {
  await server.call('POST', '/v1/devices', { body: { device_id: 'noted', token: 'a-secret-token', model: 'A' } });
  await server.call('PATCH', '/v1/devices/noted', { body: { model: 'B', status: 'inactive' } });
  await server.call('POST', '/v1/devices/noted/token', { body: { token: 'another-secret' } });
  await server.call('DELETE', '/v1/devices/noted');
  const [removed, rotated, changed, made] = await entries('target=device%20noted');
  assert.deepEqual(
    [made.action, changed.action, rotated.action, removed.action],
    ['POST /v1/devices', 'PATCH /v1/devices/:id', 'POST /v1/devices/:id/token', 'DELETE /v1/devices/:id'],
  );
  assert.deepEqual([changed.actor.kind, changed.actor.name, changed.actor.role, changed.tenant], ['key', 'first', 'admin', 'default']);
  assert.match(changed.address, /127\.0\.0\.1$/);
  assert.deepEqual([changed.before.details.model, changed.after.details.model, changed.after.status], ['A', 'B', 'inactive']);
  assert.deepEqual([made.before, removed.after, removed.before.status], [null, null, 'inactive']);
  const [{ text }] = (await server.database.sql`select string_agg(audit_log::text, '') as text from audit_log`) as unknown as [
    { text: string },
  ];
  for (const secret of ['a-secret-token', 'another-secret', ADMIN_KEY]) assert.ok(!text.includes(secret));
});

test('every call that changes something leaves an entry, whether it notes itself or not', async () => {
  const before = (await entries('limit=1000')).length;
  const rule = { name: 'site', pattern: 'site/{device}', device: 'level:device', decoder: 'json' };
  assert.equal((await server.call('POST', '/v1/topic-rules', { body: rule })).status, 201);
  assert.equal((await server.call('DELETE', '/v1/topic-rules/site')).status, 200);
  const noted = await entries('limit=1000');
  assert.deepEqual(
    noted.slice(0, noted.length - before).map(({ action }: { action: string }) => action),
    ['DELETE /v1/topic-rules/:name', 'POST /v1/topic-rules'],
  );
  // What is refused, and what only looks, is no change.
  await server.call('DELETE', '/v1/topic-rules/site');
  await server.call('GET', '/v1/devices');
  assert.equal((await entries('limit=1000')).length, noted.length);
  assert.ok(server.routes.filter(({ doc, method }) => isOperatorsCall(doc) && method !== 'GET').length > 20);
});

test('many devices at once are one entry, and a change that fails is none', async () => {
  await server.call('POST', '/v1/devices/bulk', { body: { count: 150, id_format: 'many-%d', token: 'token-of-all' } });
  const [bulk] = await entries('action=bulk');
  assert.deepEqual([bulk.target, bulk.after.first_ids[0], bulk.after.first_ids.length], ['150 devices', 'many-1', 100]);
  await server.call('POST', '/v1/groups', { body: { name: 'noted' } });
  const count = (await entries('limit=1000')).length;
  assertFailure(await server.call('POST', '/v1/groups', { body: { name: 'noted' } }), 409, 'group_exists');
  assert.equal((await entries('limit=1000')).length, count);
});

test('entries are filtered and paged, of one tenant for the key of one', async () => {
  for (const tenant of ['a', 'b'])
    for (const n of [1, 2, 3]) await server.call('POST', '/v1/devices', { body: { device_id: `d${n}`, tenant } });
  assert.equal((await entries('tenant=a')).length, 3);
  const first = await server.call('GET', '/v1/audit?tenant=a&limit=2');
  const rest = await server.call('GET', `/v1/audit?tenant=a&limit=2&cursor=${first.body.next}`);
  const targets = [...first.body.entries, ...rest.body.entries].map(({ target }: { target: string }) => target);
  assert.deepEqual([targets, rest.body.next], [['device d3', 'device d2', 'device d1'], null]);
  const { key } = (await server.call('POST', '/v1/keys', { body: { name: 'of-a', tenant: 'a' } })).body;
  const seen = await server.call('GET', '/v1/audit?limit=1000', { headers: { authorization: `Bearer ${key}` } });
  assert.ok(seen.body.entries.length >= 4);
  assert.ok(seen.body.entries.every(({ tenant }: { tenant: string }) => tenant === 'a'));
  assert.equal((await entries('actor=nobody')).length, 0);
  assert.equal((await entries('to=2020-01-01')).length, 0);
});

test('old entries are removed, and one that the database does not take now waits', async () => {
  await server.database.sql`update audit_log set at = now() - interval '400 days' where target = 'device d1'`;
  const events: string[] = [];
  const audit = new AuditLog(server.database.control, (_, name) => void events.push(name));
  assert.equal(await audit.sweep(365), 2);
  const principal = { kind: 'key', id: '1', name: 'first', role: 'admin', tenant: null, group: null } as const;
  const call = { method: 'PUT', pattern: '/v1/waits', path: '/v1/waits', address: '', principal, isRecorded: false };
  await server.database.sql`alter table audit_log rename to away`;
  await audit.changed(call);
  assert.deepEqual(events, ['audit-entry-waits']);
  await server.database.sql`alter table away rename to audit_log`;
  // Two calls that end at the same time write one entry each.
  await Promise.all([audit.changed({ ...call, path: '/v1/waits/too' }), audit.writeWaiting()]);
  assert.equal((await entries('action=PUT')).length, 2);
});
