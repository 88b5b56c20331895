import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isOperatorsCall } from '../../../src/http/rights.js';
import type { Route } from '../../../src/http/router.js';
import { assertFailure } from '../../support/failure.js';
import { type CallOptions, type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
  for (const tenant of ['mine', 'theirs']) {
    const made = await server.call('POST', '/v1/groups', { body: { name: `group-of-${tenant}`, tenant } });
    assert.equal(made.status, 201);
    for (const name of ['one', 'two']) {
      const body = { device_id: `${tenant}-${name}`, tenant, token: 'token-of-all', groups: name === 'one' ? [made.body.id] : [] };
      assert.equal((await server.call('POST', '/v1/devices', { body })).status, 201);
    }
    await server.call('POST', '/v1/keys', { body: { name: `key-of-${tenant}`, tenant } });
  }
});
after(() => server.close());

async function keyOf(rights: object): Promise<string> {
  const made = await server.call('POST', '/v1/keys', { body: { name: 'tested', ...rights } });
  assert.equal(made.status, 201, made.text);
  return made.body.key;
}

function as(key: string, options: CallOptions = {}): CallOptions {
  return { ...options, headers: { ...options.headers, authorization: `Bearer ${key}` } };
}

function operatorsRoutes(): Route[] {
  return server.routes.filter(({ doc }) => isOperatorsCall(doc));
}

/** A path of the route whose parameters are what the other tenant has. */
function pathOf({ pattern }: Route, query = ''): string {
  const id = pattern.startsWith('/v1/groups') ? 'group-of-theirs' : 'theirs-one';
  return `${pattern.replace(/:\w+/g, id)}${query}`;
}

test('every call of operators says which role it needs and to what of its caller it keeps', () => {
  const unsaid = operatorsRoutes().filter(({ doc }) => doc.scope === undefined);
  assert.deepEqual(
    unsaid.map(({ method, pattern }) => `${method} ${pattern}`),
    [],
  );
  // Who may only look has no call that is no look.
  const looks = operatorsRoutes().filter(({ doc, method }) => doc.auth === 'viewer' && method !== 'GET');
  assert.deepEqual(looks.map(({ method, pattern }) => `${method} ${pattern}`).sort(), [
    'POST /v1/acl/check',
    'POST /v1/codecs/:id/test',
    'POST /v1/packs/verify',
    'POST /v1/schemas/:id/compatibility',
    'POST /v1/schemas/:id/diff',
    'POST /v1/schemas/:id/test',
    'POST /v1/topic-rules/test',
  ]);
});

test('a call that needs more than the role of the key is refused, whatever it is about', async () => {
  const keys = { viewer: await keyOf({ role: 'viewer' }), operator: await keyOf({ role: 'operator' }) };
  let refused = 0;
  for (const [role, key] of Object.entries(keys)) {
    for (const route of operatorsRoutes()) {
      const isRefused = route.doc.auth === 'admin' || (route.doc.auth === 'operator' && role === 'viewer');
      if (!isRefused) continue;
      const answer = await server.call(route.method, pathOf(route), as(key, route.body ? { body: {} } : {}));
      assertFailure(answer, 403, 'role_insufficient');
      refused++;
    }
  }
  assert.ok(refused > 20, `${refused}`);
  assert.equal((await server.call('GET', '/v1/devices?tenant=mine', as(keys.viewer))).body.total, 2);
});

test('the key of one tenant learns nothing of another from any call', async () => {
  const key = await keyOf({ tenant: 'mine' });
  const bodies = [{}, { tenant: 'theirs', name: 'x', count: 1, device_id: 'theirs-one' }, { add: ['theirs-one'] }];
  let answered = 0;
  for (const route of operatorsRoutes()) {
    for (const query of ['', '?tenant=theirs']) {
      for (const body of route.body ? bodies : [undefined]) {
        const answer = await server.call(route.method, pathOf(route, query), as(key, body === undefined ? {} : { body }));
        const said = `${route.method} ${route.pattern}${query}: ${answer.status} ${answer.text}`;
        // Of what the call itself names, a refusal may say that it cannot be seen.
        if (answer.status < 300) assert.ok(!/theirs/.test(answer.text), said);
        else assert.ok([400, 403, 404, 409, 415].includes(answer.status), said);
        answered++;
      }
    }
  }
  assert.ok(answered > 80, `${answered}`);
  // And nothing of it was changed.
  assert.equal(server.registry.count('theirs'), 2);
  assert.equal((await server.call('GET', '/v1/groups?tenant=theirs')).body.groups[0].devices, 1);
});

test('the key of one tenant means that tenant where none is named, and makes keys of it alone', async () => {
  const key = await keyOf({ tenant: 'mine' });
  const { body } = await server.call('GET', '/v1/devices?prefix=mine', as(key));
  assert.deepEqual(
    body.devices.map(({ device_id }: { device_id: string }) => device_id),
    ['mine-one', 'mine-two'],
  );
  assertFailure(await server.call('GET', '/v1/devices?tenant=theirs', as(key)), 403, 'scope_forbidden');
  assertFailure(await server.call('GET', '/v1/stats', as(key)), 403, 'scope_forbidden');
  const { tenants } = (await server.call('GET', '/v1/tenants', as(key))).body;
  assert.deepEqual(
    tenants.map(({ tenant }: { tenant: string }) => tenant),
    ['mine'],
  );
  const made = await server.call('POST', '/v1/keys', as(key, { body: { name: 'own' } }));
  assert.deepEqual([made.status, made.body.tenant], [201, 'mine']);
  assertFailure(await server.call('POST', '/v1/keys', as(key, { body: { name: 'x', tenant: 'theirs' } })), 403, 'scope_forbidden');
  const all = await server.call('GET', '/v1/keys');
  const other = all.body.keys.find(({ name }: { name: string }) => name === 'key-of-theirs');
  assertFailure(await server.call('DELETE', `/v1/keys/${other.id}`, as(key)), 404, 'key_unknown');
  const seen = await server.call('GET', '/v1/keys', as(key));
  assert.deepEqual([...new Set(seen.body.keys.map(({ tenant }: { tenant: string }) => tenant))], ['mine']);
});

test('the key of a group sees its devices and no others', async () => {
  const key = await keyOf({ role: 'operator', tenant: 'mine', group: 'group-of-mine' });
  const { body } = await server.call('GET', '/v1/devices?q=mine', as(key));
  assert.deepEqual([body.devices.map(({ device_id }: { device_id: string }) => device_id), body.total], [['mine-one'], 1]);
  assert.equal((await server.call('GET', '/v1/devices/mine-one', as(key))).status, 200);
  for (const call of ['', '/ledger', '/metrics/latest', '/metrics?metric=x']) {
    assertFailure(await server.call('GET', `/v1/devices/mine-two${call}`, as(key)), 404, 'device_unknown');
  }
  assertFailure(await server.call('DELETE', '/v1/devices/mine-two', as(key)), 404, 'device_unknown');
  assertFailure(await server.call('PATCH', '/v1/devices/mine-one', as(key, { body: { groups: [] } })), 403, 'scope_forbidden');
  assert.equal((await server.call('PATCH', '/v1/devices/mine-one', as(key, { body: { model: 'M' } }))).body.model, 'M');
  assertFailure(await server.call('GET', '/v1/groups', as(key)), 403, 'scope_forbidden');
  assertFailure(await server.call('POST', '/v1/devices', as(key, { body: { device_id: 'x' } })), 403, 'scope_forbidden');
});

test('a key that ends makes none that outlives it', async () => {
  const end = new Date(Date.now() + 3_600_000).toISOString();
  const key = await keyOf({ role: 'admin', expires_at: end });
  const made = await server.call('POST', '/v1/keys', as(key, { body: { name: 'heir' } }));
  assert.deepEqual([made.status, made.body.expires_at], [201, end]);
  const sooner = new Date(Date.now() + 60_000).toISOString();
  assert.equal(
    (await server.call('POST', '/v1/keys', as(key, { body: { name: 'brief heir', expires_at: sooner } }))).body.expires_at,
    sooner,
  );
  const later = new Date(Date.now() + 7_200_000).toISOString();
  assertFailure(await server.call('POST', '/v1/keys', as(key, { body: { name: 'late heir', expires_at: later } })), 400, 'body_invalid');
});

test('the key of a group learns and changes nothing of other devices by any call', async () => {
  const key = await keyOf({ tenant: 'mine', group: 'group-of-mine' });
  const before = (await server.call('GET', '/v1/devices?tenant=mine')).body.devices;
  const bodies = [{}, { tenant: 'mine', name: 'x', model: 'changed', type: 'token', status: 'inactive', groups: [], add: ['mine-two'] }];
  let ofDevices = 0;
  for (const route of operatorsRoutes()) {
    for (const query of ['', '?tenant=mine', '?tenant=theirs', '?metric=x&prefix=mine-two']) {
      for (const body of route.body ? bodies : [undefined]) {
        const path = `${route.pattern.replace(/:\w+/g, 'mine-two')}${query}`;
        const answer = await server.call(route.method, path, as(key, body === undefined ? {} : { body }));
        const said = `${route.method} ${path}: ${answer.status} ${answer.text}`;
        if (route.doc.scope !== 'device') assertFailure(answer, 403, 'scope_forbidden');
        // A path names what the key may not see; lists and counts leave it out.
        else if (/:/.test(route.pattern)) assert.ok([400, 403, 404].includes(answer.status), said);
        else assert.ok(answer.status >= 400 || !/mine-two|theirs/.test(answer.text), said);
        ofDevices += route.doc.scope === 'device' ? 1 : 0;
      }
    }
  }
  assert.ok(ofDevices > 20, `${ofDevices}`);
  assert.deepEqual((await server.call('GET', '/v1/devices?tenant=mine')).body.devices, before);
});

test('a key expires, and says when it was used last', async () => {
  const expiresMs = Date.now() + 3_600_000;
  const made = await server.call('POST', '/v1/keys', {
    body: { name: 'brief', role: 'viewer', expires_at: new Date(expiresMs).toISOString() },
  });
  const { id, key } = made.body;
  assert.equal(made.body.last_used_at, null);
  assert.equal((await server.call('GET', '/v1/devices', as(key))).status, 200);
  const listed = (await server.call('GET', '/v1/keys')).body.keys.find((one: { id: number }) => one.id === id);
  assert.ok(Date.parse(listed.last_used_at) > expiresMs - 3_700_000);
  await server.keys.noteUses();
  const [row] = await server.database.sql`select last_used_at, key_hash from api_keys where id = ${id}`;
  assert.ok(row!.last_used_at instanceof Date);
  await server.database.sql`update api_keys set expires_at = now() - interval '1 second' where id = ${id}`;
  await server.keys.refresh();
  assertFailure(await server.call('GET', '/v1/devices', as(key)), 401, 'admin_key_invalid');
  const past = { name: 'past', expires_at: '2020-01-01T00:00:00Z' };
  assertFailure(await server.call('POST', '/v1/keys', { body: past }), 400, 'body_invalid');
  assertFailure(await server.call('POST', '/v1/keys', { body: { name: 'x', group: 'group-of-mine' } }), 400, 'body_invalid');
});
