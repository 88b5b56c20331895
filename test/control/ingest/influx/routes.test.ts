import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { CODE_DEVICE_INACTIVE, CODE_LINE_MALFORMED, CODE_LOG_FULL, CODE_NONE } from '../../../../assembly/abi/codes.js';
import { decodeContext } from '../../../../src/contract/record-context.js';
import { type Called, type ServerUnderTest, startServerUnderTest, TOKEN } from '../../../support/server-under-test.js';

const GATEWAY = 'token-of-a-gateway';
const verdict = { code: 0, stored: 1, duplicate: 0, skipped: 0, skippedCode: 0 };
let server: ServerUnderTest;
let own: number;
before(async () => {
  server = await startServerUnderTest();
  ({ number: own } = (await server.call('POST', '/v1/devices', { body: { device_id: 'dev-1', token: TOKEN } })).body);
  await server.call('POST', '/v1/devices', { body: { device_id: 'gw', token: GATEWAY, metadata: { subdevices: true } } });
  await server.call('POST', '/v1/devices', {
    body: { device_id: 'tagged', token: `${GATEWAY}-2`, metadata: { subdevices: true, device_tag: 'site' } },
  });
});
beforeEach(() => {
  server.plane.ingested.length = 0;
  server.plane.onIngest = () => Promise.resolve(CODE_NONE);
  server.plane.onVerdict = () => verdict;
});
after(() => server.close());

function write(
  raw: string | Uint8Array<ArrayBuffer>,
  { query = '', path = '/api/v2/write', headers = {} as Record<string, string> } = {},
): Promise<Called> {
  return server.call('POST', `${path}?org=o&bucket=b${query}`, { raw, headers: { authorization: `Token ${TOKEN}`, ...headers } });
}

function messages(): [device: string, line: string, ownTag: string | undefined][] {
  return server.plane.ingested.map(({ device, payload, context: bytes }) => {
    const context = Buffer.from(bytes);
    const tag = context.length === 0 ? undefined : decodeContext(context)?.ownTag;
    return [server.registry.byNumber(device)!.id, Buffer.from(payload).toString(), tag];
  });
}

test('each line is a message of the device whose token it is, and the answer has no body', async () => {
  const answer = await write('# comment\ncpu,host=a v=1 1796029200123\n\nmem v=2', { query: '&precision=ms' });
  assert.deepEqual([answer.status, answer.text], [204, '']);
  assert.deepEqual(messages(), [
    ['dev-1', 'cpu,host=a v=1 1796029200123000000', undefined],
    ['dev-1', 'mem v=2', undefined],
  ]);
  const zipped = await write(new Uint8Array(gzipSync('cpu v=3')), { headers: { 'content-encoding': 'gzip' } });
  assert.equal(zipped.status, 204);
  assert.equal(server.plane.ingested.at(-1)?.device, own);
});

test('tokens are taken as clients of both versions send them', async () => {
  const basic = `Basic ${Buffer.from(`user:${TOKEN}`).toString('base64')}`;
  for (const authorization of [`Token ${TOKEN}`, `token ${TOKEN}`, `Bearer ${TOKEN}`, basic, `Token user:${TOKEN}`]) {
    assert.equal((await write('m v=1', { headers: { authorization } })).status, 204, authorization);
  }
  assert.equal(
    (await write('m v=1 5', { path: '/write', query: `&db=d&u=x&p=${TOKEN}&precision=u`, headers: { authorization: '' } })).status,
    204,
  );
  assert.equal(messages().at(-1)?.[1], 'm v=1 5000');
  for (const authorization of ['', 'Token wrong-token', `Digest ${TOKEN}`]) {
    const { status, body } = await write('m v=1', { headers: { authorization } });
    assert.deepEqual([status, body.code, body.error.code], [401, 'unauthorized', 'credentials_invalid'], authorization);
    assert.match(body.message, /^cannot write lines: /);
  }
});

test('what is wrong with a whole body is said in the words of InfluxDB', async () => {
  const cases = [
    ['', '', 400, 'invalid', 'payload_empty'],
    ['# nothing\n', '', 400, 'invalid', 'payload_empty'],
    ['m v=1', '&precision=days', 400, 'invalid', 'query_invalid'],
    ['m v=1\n'.repeat(10_001), '', 413, 'request too large', 'payload_oversize'],
  ] as const;
  for (const [raw, query, status, code, ours] of cases) {
    const answer = await write(raw, { query });
    assert.deepEqual([answer.status, answer.body.code, answer.body.error.code], [status, code, ours]);
  }
  server.plane.onIngest = () => Promise.resolve(CODE_LOG_FULL);
  const full = await write('m v=1');
  assert.deepEqual([full.status, full.body.code, full.headers.has('retry-after')], [503, 'unavailable', true]);
});

test('a tag names a sub-device of a gateway device, which is registered, and is no tag of its metrics', async () => {
  const headers = { authorization: `Token ${GATEWAY}` };
  assert.equal(
    (await write('cpu,host=edge-1 v=1\ncpu,device_id=edge-2,host=edge-1 v=2\ncpu v=3\ncpu,host=dev-1 v=4', { headers })).status,
    204,
  );
  assert.deepEqual(messages(), [
    ['edge-1', 'cpu,host=edge-1 v=1', 'host'],
    ['edge-2', 'cpu,device_id=edge-2,host=edge-1 v=2', 'device_id'],
    ['gw', 'cpu v=3', undefined],
    ['gw', 'cpu,host=dev-1 v=4', undefined],
  ]);
  server.plane.ingested.length = 0;
  await write('cpu,site=north,host=edge-9 v=1', { headers: { authorization: `Token ${GATEWAY}-2` } });
  assert.deepEqual(messages(), [['north', 'cpu,site=north,host=edge-9 v=1', 'site']]);
});

test('a line that is not kept is a partial write, and with wait=decoded one that cannot be read is too', async () => {
  const isBad = (payload: Uint8Array) => Buffer.from(payload).includes('bad');
  server.plane.onIngest = async (_, payload) => (isBad(payload) ? CODE_DEVICE_INACTIVE : CODE_NONE);
  const refused = await write('m v=1\nbad v=2');
  assert.deepEqual([refused.status, refused.body.code], [400, 'invalid']);
  assert.match(refused.body.message, /^partial write: 1 of 2 lines are not stored as written: .*: 'bad v=2'$/);
  server.plane.onIngest = () => Promise.resolve(CODE_NONE);
  server.plane.onVerdict = (payload) => (isBad(payload) ? { ...verdict, stored: 0, code: CODE_LINE_MALFORMED } : verdict);
  assert.equal((await write('m v=1', { query: '&wait=decoded' })).status, 204);
  const dead = await write('m v=1\nbad v=', { query: '&wait=decoded' });
  assert.deepEqual([dead.status, dead.body.accepted, dead.body.dead[0].index, dead.body.dead[0].code], [400, 1, 1, 'line_malformed']);
  assert.equal((await write('m v=1\nbad v=')).status, 204, 'a client that does not wait would drop or repeat the batch');
});

test('clients that look whether InfluxDB is there get an answer', async () => {
  assert.equal((await server.call('GET', '/ping', { headers: { authorization: '' } })).status, 204);
});
