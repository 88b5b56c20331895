import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

test('a key is made, opens the API, is never shown again, and ends with its live views', async () => {
  const made = await server.call('POST', '/v1/keys', { body: { name: 'ci' } });
  assert.equal(made.status, 201);
  const { key, ...shown } = made.body;
  assert.match(key, /^spk_[\w-]{32}$/);
  assert.deepEqual(
    [shown.name, Object.keys(shown).sort()],
    ['ci', ['created_at', 'expires_at', 'group', 'id', 'last_used_at', 'name', 'role', 'tenant']],
  );
  const headers = { authorization: `Bearer ${key}` };
  const listed = await server.call('GET', '/v1/keys', { headers });
  assert.deepEqual(
    listed.body.keys.map(({ name }: { name: string }) => name),
    ['first', 'ci'],
  );
  assert.ok(!listed.text.includes(key));
  const live = new WebSocket(`${server.url.replace('http', 'ws')}/v1/live`);
  await once(live, 'open');
  live.send(JSON.stringify({ type: 'authenticate', key }));
  await once(live, 'message');
  const closed = once(live, 'close');
  const revoked = await server.call('DELETE', `/v1/keys/${shown.id}`);
  assert.deepEqual([revoked.status, revoked.body], [200, { ...shown, last_used_at: revoked.body.last_used_at, revoked: true }]);
  assert.ok(Date.parse(revoked.body.last_used_at) >= Date.parse(shown.created_at));
  const [code, reason] = (await closed) as [number, Buffer];
  assert.deepEqual([code, String(reason)], [4401, 'the admin key was revoked or has expired']);
  assertFailure(await server.call('GET', '/v1/keys', { headers }), 401, 'admin_key_invalid');
  assertFailure(await server.call('DELETE', `/v1/keys/${shown.id}`), 404, 'key_unknown');
});

test('the last key stays, and what names no key is refused', async () => {
  const [{ id }] = (await server.call('GET', '/v1/keys')).body.keys;
  assertFailure(await server.call('DELETE', `/v1/keys/${id}`), 409, 'key_last');
  for (const wrong of ['x', '0', '-1', '1.5', '99999999999']) {
    assertFailure(await server.call('DELETE', `/v1/keys/${wrong}`), 404, 'key_unknown');
  }
  for (const body of [{}, { name: '' }, { name: 'a\u0000' }, { name: 'x'.repeat(129) }, { name: 'a', key: 'b' }]) {
    assertFailure(await server.call('POST', '/v1/keys', { body }), 400, 'body_invalid');
  }
});
