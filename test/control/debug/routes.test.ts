import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FORMAT_JSON } from '../../../assembly/abi/block.js';
import { CODE_JSON_MALFORMED } from '../../../assembly/abi/codes.js';
import type { CapturedMessage } from '../../../src/contract/captures.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

const path = '/v1/debug/captures';
const receivedMs = 1_790_000_000_000;
let server: ServerUnderTest;
let number: number;

before(async () => {
  server = await startServerUnderTest();
  number = (await server.call('POST', '/v1/devices', { body: { device_id: 'dev-1', tenant: 'acme', token: 'token-of-dev-1' } })).body
    .number;
  await server.metricNames.add(['temperature']);
});

after(() => server?.close());

function captured(more: Partial<CapturedMessage> = {}): CapturedMessage {
  const payload = Buffer.from('{"metrics":{"temperature":21.5}}');
  const way = { transport: 'mqtt', qos: 1, isAgain: false, format: FORMAT_JSON, context: undefined } as const;
  const readings = [{ metric: 1, tsMs: receivedMs - 50, value: 21.5 }];
  return {
    device: number,
    receivedMs,
    ...way,
    payload,
    payloadBytes: payload.length,
    verdict: 'stored',
    readings,
    readingsTotal: 1,
    ...more,
  };
}

test('a capture shows what came and what became of it, page by page, and ends by DELETE', async () => {
  const begun = await server.call('POST', path, { body: { tenant: 'acme', device_id: 'dev-1', seconds: 30 } });
  assert.equal(begun.status, 201);
  const { capture_id: id } = begun.body;
  assert.deepEqual([begun.body.state, begun.body.device_id, begun.body.messages_max], ['running', 'dev-1', 200]);
  assert.equal(Date.parse(begun.body.ends_at) - Date.parse(begun.body.began_at), 30_000);
  assert.deepEqual([server.plane.captured.get(number), server.plane.doorWatches], [1, 1]);
  const context = { profile: 0, topic: 'zigbee2mqtt/lamp', prefix: 'lamp.', isRetained: true };
  server.plane.emitCaptured([captured(), captured({ device: number + 1 })]);
  server.plane.emitCaptured([captured({ verdict: { code: CODE_JSON_MALFORMED }, readings: [], readingsTotal: 0, context })], 3);
  const { body } = await server.call('GET', `${path}/${id}`);
  assert.deepEqual([body.messages, body.skipped, body.next], [2, 3, 2]);
  const [stored, dead] = body.captured;
  assert.deepEqual(stored, {
    number: 1,
    received_at: '2026-09-21T14:13:20.000000Z',
    verdict: 'stored',
    reason: null,
    cause: null,
    way_out: null,
    transport: 'mqtt',
    qos: 1,
    dup: false,
    retained: false,
    tenant: 'acme',
    device_id: 'dev-1',
    topic: null,
    format: 'json',
    payload_base64: Buffer.from('{"metrics":{"temperature":21.5}}').toString('base64'),
    payload_bytes: 32,
    rule: null,
    decoder: null,
    prefix: null,
    schema: null,
    letter_id: null,
    readings: [{ metric: 'temperature', value: 21.5, ts: '2026-09-21T14:13:19.950000Z' }],
    readings_total: 1,
  });
  assert.deepEqual(
    [dead.verdict, dead.reason, dead.topic, dead.rule, dead.retained, dead.prefix],
    ['dead_letter', 'json_malformed', 'zigbee2mqtt/lamp', 'zigbee2mqtt', true, 'lamp.'],
  );
  assert.match(dead.cause, /not JSON/);
  const later = await server.call('GET', `${path}/${id}?after=1&limit=1`);
  assert.deepEqual([later.body.captured.length, later.body.captured[0].number, later.body.next], [1, 2, 2]);
  assert.deepEqual((await server.call('GET', `${path}/${id}?after=2`)).body.captured, []);
  const ended = await server.call('DELETE', `${path}/${id}`);
  assert.deepEqual([ended.status, ended.body.state, ended.body.ended_because], [200, 'ended', 'asked']);
  assert.deepEqual([server.plane.captured.get(number), server.plane.doorWatches], [0, 0]);
  server.plane.emitCaptured([captured()]);
  assert.equal((await server.call('GET', `${path}/${id}`)).body.messages, 2);
  assert.equal((await server.call('GET', path)).body.captures.at(-1).capture_id, id);
});

test('who is turned away is shown by the name that was tried; what names no tenant may be a token', async () => {
  const { capture_id: id } = (await server.call('POST', path, { body: { unknown: true, seconds: 30 } })).body;
  const { capture_id: ofDevice } = (await server.call('POST', path, { body: { tenant: 'acme', device_id: 'dev-1', seconds: 30 } })).body;
  const at = { atMs: receivedMs, transport: 'mqtt' } as const;
  server.plane.turnAway(
    { ...at, claim: { tenant: 'acme', id: 'nobody' }, code: 'device_unknown' },
    { ...at, claim: { tenant: 'S3CRET-TOKEN', id: 'nobody' }, code: 'credentials_invalid' },
    { ...at, claim: { tenant: 'acme', id: 'dev-1' }, code: 'credentials_invalid' },
    { ...at, device: number, code: 'topic_forbidden', topic: 'devices/other/telemetry' },
  );
  const unknown = await server.call('GET', `${path}/${id}`);
  assert.deepEqual(
    unknown.body.captured.map((one: Record<string, unknown>) => [one.verdict, one.reason, one.tenant, one.device_id]),
    [
      ['refused', 'device_unknown', 'acme', 'nobody'],
      ['refused', 'credentials_invalid', null, 'nobody'],
      ['refused', 'credentials_invalid', 'acme', 'dev-1'],
    ],
  );
  assert.doesNotMatch(unknown.text, /S3CRET/);
  const own = await server.call('GET', `${path}/${ofDevice}`);
  assert.deepEqual(
    own.body.captured.map((one: Record<string, unknown>) => [one.reason, one.topic]),
    [
      ['credentials_invalid', null],
      ['topic_forbidden', 'devices/other/telemetry'],
    ],
  );
  for (const one of [id, ofDevice]) await server.call('DELETE', `${path}/${one}`);
});

test('who is refused over HTTP is shown, too: by name where the token is wrong, as the device where its message is', async () => {
  const { capture_id: id } = (await server.call('POST', path, { body: { unknown: true, seconds: 30 } })).body;
  const { capture_id: ofDevice } = (await server.call('POST', path, { body: { tenant: 'acme', device_id: 'dev-1', seconds: 30 } })).body;
  const post = (to: string, token: string) => server.call('POST', to, { raw: '', headers: { authorization: `Bearer ${token}` } });
  assertFailure(await post('/v1/ingest/nobody?tenant=acme', 'wrong-token'), 401, 'credentials_invalid');
  assertFailure(await post('/v1/ingest/dev-1?tenant=acme', 'wrong-token'), 401, 'credentials_invalid');
  assertFailure(await post('/v1/ingest/dev-1?tenant=acme', 'token-of-dev-1'), 400, 'payload_empty');
  const shown = async (of: number) => {
    const { body } = await server.call('GET', `${path}/${of}`);
    return body.captured.map((one: Record<string, unknown>) => [one.transport, one.reason, one.device_id]);
  };
  assert.deepEqual(await shown(id), [
    ['http', 'credentials_invalid', 'nobody'],
    ['http', 'credentials_invalid', 'dev-1'],
  ]);
  assert.deepEqual(await shown(ofDevice), [
    ['http', 'credentials_invalid', 'dev-1'],
    ['http', 'payload_empty', 'dev-1'],
  ]);
  for (const one of [id, ofDevice]) await server.call('DELETE', `${path}/${one}`);
});

test('a capture keeps the last messages in so much memory, and takes so many a second', async () => {
  const { capture_id: id } = (await server.call('POST', path, { body: { tenant: 'acme', device_id: 'dev-1', messages_max: 10 } })).body;
  server.plane.emitCaptured(Array.from({ length: 40 }, () => captured()));
  const { body } = await server.call('GET', `${path}/${id}`);
  assert.deepEqual([body.messages, body.dropped, body.captured.length, body.captured[0].number], [40, 30, 10, 31]);
  server.plane.emitCaptured(Array.from({ length: 200 }, () => captured()));
  assert.ok((await server.call('GET', `${path}/${id}`)).body.skipped >= 90);
  await server.call('DELETE', `${path}/${id}`);
});

test('a capture that cannot be begun or is not there says why', async () => {
  const begin = (body: unknown) => server.call('POST', path, { body });
  assertFailure(await begin({ device_id: 'nobody' }), 404, 'device_unknown');
  for (const body of [
    {},
    { device_id: 'dev-1', unknown: true },
    { unknown: true, seconds: 601 },
    { unknown: true, seconds: 0 },
    { unknown: false },
  ]) {
    assertFailure(await begin(body), 400, 'body_invalid');
  }
  assertFailure(await server.call('GET', `${path}/999`), 404, 'capture_unknown');
  assertFailure(await server.call('DELETE', `${path}/first`), 404, 'capture_unknown');
  assertFailure(await server.call('GET', path, { headers: { authorization: 'Bearer none' } }), 401, 'admin_key_invalid');
  const ids = await Promise.all(Array.from({ length: 8 }, async () => (await begin({ unknown: true })).body.capture_id));
  assertFailure(await begin({ unknown: true }), 409, 'captures_exhausted');
  for (const id of ids) assert.equal((await server.call('DELETE', `${path}/${id}`)).status, 200);
  assert.equal((await begin({ unknown: true, seconds: 1 })).status, 201);
});
