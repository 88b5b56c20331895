import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { NOTHING_COUNTED, type SessionSummary } from '../../../src/contract/broker/session-views.js';
import type { BrokerAnswer, BrokerQuestion } from '../../../src/contract/threads/broker.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

const KEY = 's:1:screen/1';
const summary: SessionSummary = {
  tenant: 'acme',
  key: KEY,
  label: 'screen/1',
  isConnected: false,
  level: 5,
  expirySeconds: 3600,
  sinceMs: 1_700_000_000_000,
  subscriptions: 1,
  queued: 2,
  queuedBytes: 64,
  inFlight: 1,
  dropped: 3,
};

let server: ServerUnderTest;
let asked: BrokerQuestion[] = [];
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());
beforeEach(() => {
  asked = [];
});

function answering(answer: BrokerAnswer): void {
  server.plane.onBrokerAsked = (question) => {
    asked.push(question);
    return Promise.resolve(answer);
  };
}

test('sessions are listed page by page, of all tenants or of one', async () => {
  answering({
    kind: 'sessions',
    sessions: [summary, { ...summary, key: 'd:7', label: 'pump', expirySeconds: 0xffff_ffff }],
    next: 'acme\nd:7',
  });
  const { status, body } = await server.call('GET', '/v1/sessions?limit=2');
  assert.equal(status, 200);
  assert.deepEqual(asked, [{ kind: 'sessions', tenant: undefined, client: undefined, after: undefined, limit: 2 }]);
  assert.deepEqual(body.sessions[0], {
    tenant: 'acme',
    key: KEY,
    kind: 'service',
    client: 'screen/1',
    connected: false,
    level: 5,
    expiry_seconds: 3600,
    since: '2023-11-14T22:13:20.000Z',
    subscriptions: 1,
    queued_messages: 2,
    queued_bytes: 64,
    in_flight: 1,
    dropped: 3,
  });
  assert.deepEqual([body.sessions[1].kind, body.sessions[1].expiry_seconds], ['device', null]);
  answering({ kind: 'sessions', sessions: [] });
  const rest = await server.call('GET', `/v1/sessions?tenant=acme&cursor=${body.next}`);
  assert.deepEqual(rest.body, { sessions: [], next: null });
  assert.deepEqual(asked.at(-1), { kind: 'sessions', tenant: 'acme', client: undefined, after: 'acme\nd:7', limit: 100 });
  await server.call('GET', '/v1/sessions?client=pum');
  assert.deepEqual(asked.at(-1), { kind: 'sessions', tenant: undefined, client: 'pum', after: undefined, limit: 100 });
  assertFailure(await server.call('GET', '/v1/sessions?cursor=x'), 400, 'query_invalid');
});

test('the key of one tenant sees the sessions of that tenant alone', async () => {
  const made = await server.call('POST', '/v1/keys', { body: { name: 'of acme', role: 'viewer', tenant: 'acme' } });
  const headers = { authorization: `Bearer ${made.body.key}` };
  answering({ kind: 'sessions', sessions: [summary] });
  assert.equal((await server.call('GET', '/v1/sessions', { headers })).status, 200);
  assert.deepEqual(asked, [{ kind: 'sessions', tenant: 'acme', client: undefined, after: undefined, limit: 100 }]);
  assertFailure(await server.call('GET', '/v1/sessions?tenant=other', { headers }), 403, 'scope_forbidden');
  assertFailure(await server.call('DELETE', '/v1/sessions/d:1', { headers }), 403, 'role_insufficient');
  assertFailure(await server.call('POST', '/v1/messages', { headers, body: { topic: 't', payload: '' } }), 403, 'role_insufficient');
  assert.equal(asked.length, 1);
});

test('a session is shown with its subscriptions, and dropped; one that is not there is unknown', async () => {
  const path = `/v1/sessions/${encodeURIComponent(KEY)}?tenant=acme`;
  answering({ kind: 'session', session: { ...summary, filters: [{ filter: 'plant/#', qos: 1 }], hasWill: true } });
  const { body } = await server.call('GET', path);
  assert.deepEqual([body.key, body.filters, body.will], [KEY, [{ filter: 'plant/#', qos: 1 }], true]);
  answering({ kind: 'session', session: undefined });
  assertFailure(await server.call('GET', path), 404, 'session_unknown');
  answering({ kind: 'dropped', found: true });
  assert.deepEqual((await server.call('DELETE', path)).body, { tenant: 'acme', key: KEY, dropped: true });
  assert.deepEqual(asked.at(-1), { kind: 'drop-session', tenant: 'acme', key: KEY });
  answering({ kind: 'dropped', found: false });
  assertFailure(await server.call('DELETE', path), 404, 'session_unknown');
});

test('retained messages are listed by a filter, and deleted by their topic', async () => {
  const entry = { topic: 'plant/mode', bytes: 3, qos: 1, payloadStart: 'ZWNv', atMs: 1_700_000_000_000 };
  answering({ kind: 'retained', entries: [entry], next: 'plant/mode' });
  const { body } = await server.call('GET', '/v1/retained?filter=plant/%2B&limit=1');
  assert.deepEqual(body.retained, [
    { topic: 'plant/mode', qos: 1, bytes: 3, published_at: '2023-11-14T22:13:20.000Z', payload_start_base64: 'ZWNv' },
  ]);
  await server.call('GET', `/v1/retained?cursor=${body.next}`);
  assert.deepEqual(asked, [
    { kind: 'retained', tenant: 'default', filter: 'plant/+', after: undefined, limit: 1 },
    { kind: 'retained', tenant: 'default', filter: '#', after: 'plant/mode', limit: 100 },
  ]);
  assertFailure(await server.call('GET', '/v1/retained?filter=a%23'), 400, 'query_invalid');
  answering({ kind: 'dropped', found: true });
  assert.equal((await server.call('DELETE', '/v1/retained?topic=plant/mode')).body.deleted, true);
  answering({ kind: 'dropped', found: false });
  assertFailure(await server.call('DELETE', '/v1/retained?topic=plant/mode'), 404, 'retained_unknown');
  assertFailure(await server.call('DELETE', '/v1/retained'), 400, 'query_invalid');
});

test('a message is published with what the caller says of it', async () => {
  answering({ kind: 'published', clients: 2 });
  const body = { tenant: 'acme', topic: 'plant/mode', payload: 'öko', qos: 1, retain: true, expiry_seconds: 60 };
  const { status, body: answer } = await server.call('POST', '/v1/messages', { body });
  assert.deepEqual([status, answer], [200, { clients: 2 }]);
  const payload = new Uint8Array(Buffer.from('öko'));
  assert.deepEqual(asked, [{ kind: 'publish', tenant: 'acme', topic: 'plant/mode', payload, qos: 1, retain: true, expirySeconds: 60 }]);
  await server.call('POST', '/v1/messages', { body: { topic: 't', payload_base64: Buffer.alloc(128 * 1024).toString('base64') } });
  const last = asked.at(-1);
  assert.ok(last?.kind === 'publish' && last.payload.length === 128 * 1024 && last.qos === 0 && !last.retain);
});

test('topics that no client may publish on, and payloads that are too large, are refused before the broker sees them', async () => {
  answering({ kind: 'published', clients: 0 });
  const refusals = [
    [{ topic: 'devices/pump/telemetry', payload: '{}' }, 400, 'topic_telemetry'],
    [{ topic: 'tenant/default/device/pump/data', payload: '{}' }, 400, 'topic_telemetry'],
    [{ topic: 'plant/+', payload: '' }, 400, 'body_invalid'],
    [{ topic: 'plant/#', payload: '' }, 400, 'body_invalid'],
    [{ topic: '$SYS/a', payload: '' }, 400, 'body_invalid'],
    [{ topic: '', payload: '' }, 400, 'body_invalid'],
    [{ topic: '\ud800', payload: '' }, 400, 'body_invalid'],
    [{ topic: 't' }, 400, 'body_invalid'],
    [{ topic: 't', payload: '', payload_base64: '' }, 400, 'body_invalid'],
    [{ topic: 't', payload_base64: 'x' }, 400, 'body_invalid'],
    [{ topic: 't', payload: '', qos: 3 }, 400, 'body_invalid'],
    [{ topic: 't', payload: '', expiry_seconds: 0 }, 400, 'body_invalid'],
    [{ topic: 't', payload: 'x'.repeat(128 * 1024 + 1) }, 413, 'payload_oversize'],
    [{ topic: 't', payload: 'x'.repeat(256 * 1024) }, 413, 'body_oversize'],
  ] as const;
  for (const [body, status, code] of refusals) assertFailure(await server.call('POST', '/v1/messages', { body }), status, code);
  assert.deepEqual(asked, []);
});

test('a process without gateways says that it has no sessions', async () => {
  server.plane.onBrokerAsked = () => undefined;
  for (const [method, path, body] of [
    ['GET', '/v1/sessions', undefined],
    ['GET', '/v1/sessions/d:1', undefined],
    ['DELETE', '/v1/sessions/d:1', undefined],
    ['GET', '/v1/retained', undefined],
    ['DELETE', '/v1/retained?topic=t', undefined],
    ['POST', '/v1/messages', { topic: 't', payload: '' }],
  ] as const) {
    assertFailure(await server.call(method, path, body && { body }), 409, 'sessions_missing');
  }
});

test('metrics show what the broker counts, and what gateways did not send', async () => {
  server.plane.counted = {
    ...NOTHING_COUNTED,
    sessionsNow: 4,
    connectedNow: 3,
    droppedFull: 2,
    retainedFull: 1,
    wills: 5,
    droppedRevoked: 8,
    subscriptionsRevoked: 9,
    willsRefused: 10,
  };
  server.plane.totals = { ...server.plane.totals, undelivered: 6 };
  const { text } = await server.call('GET', '/metrics');
  for (const line of [
    'spillway_mqtt_sessions 4',
    'spillway_mqtt_sessions_connected 3',
    'spillway_mqtt_dropped_total{reason="queue-full"} 2',
    'spillway_mqtt_dropped_total{reason="retained-full"} 1',
    'spillway_mqtt_dropped_total{reason="revoked"} 8',
    'spillway_mqtt_dropped_total{reason="unsent"} 6',
    'spillway_mqtt_subscriptions_revoked_total 9',
    'spillway_mqtt_wills_refused_total 10',
    'spillway_mqtt_wills_total 5',
  ]) {
    assert.ok(text.includes(`${line}\n`), line);
  }
});
