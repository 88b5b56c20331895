import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { CODE_JSON_MALFORMED, CODE_LOG_FULL, CODE_METRIC_NAME_INVALID, CODE_PAYLOAD_OVERSIZE } from '../../../assembly/abi/codes.js';
import type { Verdict } from '../../../src/contract/verdict.js';
import { Intake } from '../../../src/control/ingest/intake.js';
import { assertFailure } from '../../support/failure.js';
import { PlaneDouble } from '../../support/plane-double.js';
import { type Called, type ServerUnderTest, startServerUnderTest, TOKEN } from '../../support/server-under-test.js';

const stored: Verdict = { code: 0, stored: 1, duplicate: 0, skipped: 0, skippedCode: 0 };
let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
  await server.call('POST', '/v1/devices', { body: { device_id: 'dev-1', token: TOKEN } });
});
beforeEach(() => {
  server.plane.ingested.length = 0;
  server.plane.isElsewhere = false;
  server.plane.onIngest = () => Promise.resolve(0);
  server.plane.onVerdict = () => stored;
});
after(() => server.close());

function post(raw: string, query = '?wait=decoded', headers: Record<string, string> = {}): Promise<Called> {
  return server.call('POST', `/v1/ingest/dev-1${query}`, { raw, headers: { authorization: `Bearer ${TOKEN}`, ...headers } });
}

test('each item of a body is a message, and the answer says which became dead letters, and at which byte', async () => {
  const verdicts = new Map<string, Verdict>([
    ['{"b":}', { ...stored, stored: 0, code: CODE_JSON_MALFORMED }],
    ['{"c":1}', { ...stored, stored: 0, duplicate: 1 }],
    ['{"d":1,"":2}', { ...stored, skipped: 1, skippedCode: CODE_METRIC_NAME_INVALID }],
  ]);
  server.plane.onVerdict = (payload) => verdicts.get(Buffer.from(payload).toString()) ?? stored;
  const { status, body } = await post('[{"a":1},{"b":},{"c":1},{"d":1,"":2}]');
  assert.equal(status, 202);
  const { dead, skipped, ...rest } = body;
  assert.deepEqual(rest, { status: 'durable', decoded: 'known', accepted: 3, duplicate: 1, unknown: [] });
  assert.deepEqual([dead.length, dead[0].index, dead[0].code, dead[0].position], [1, 1, 'json_malformed', 5]);
  assert.deepEqual([skipped.length, skipped[0].index, skipped[0].code, skipped[0].values], [1, 3, 'metric_name_invalid', 1]);
  assert.equal(server.plane.ingested.length, 4);
});

test('a body that is one message is one item, and a topic that speaks of several devices is too', async () => {
  const one = await post('{"a":1}');
  assert.deepEqual([one.body.accepted, one.body.dead], [1, []]);
  const routed = await post('{"a":1}', '?wait=decoded&topic=tele/dev-1/SENSOR');
  assert.deepEqual([routed.status, routed.body.accepted], [202, 1]);
});

test('verdicts that are not known are not made up: of another process, and late ones', async () => {
  server.plane.isElsewhere = true;
  const elsewhere = await post('[{"a":1},{"b":1}]');
  assert.deepEqual(
    [elsewhere.status, elsewhere.body.decoded, elsewhere.body.accepted, elsewhere.body.unknown],
    [202, 'unknown', 0, [0, 1]],
  );
  assert.match(elsewhere.body.cause, /no process that is known here/);
  const plane = new PlaneDouble();
  plane.onVerdict = (payload) => (payload[0] === 1 ? stored : undefined);
  const intake = new Intake({ plane, verdictMs: 20 });
  const message = (byte: number) => ({ device: 1, format: 0, context: new Uint8Array(), payload: Uint8Array.of(byte) });
  assert.deepEqual(await intake.take([message(1), message(2)], true), [
    { code: 0, verdict: stored },
    { code: 0, unknown: 'late' },
  ]);
});

test('who does not wait gets no verdicts, and the items that cannot be read are named as far as a look tells', async () => {
  assert.deepEqual((await post('[{"a":1},{"b":2}]', '')).body, { status: 'durable' });
  const { body } = await post('{"a":1}\n{"b":}\n', '');
  assert.deepEqual(body, { status: 'undecodable', message: 'item 1 is kept as a dead letter: it is not JSON' });
  assertFailure(await post('{"a":1}', '?wait=stored'), 400, 'query_invalid');
});

test('an item that is too large costs itself; a log that takes nothing refuses the body', async () => {
  const [good, large] = ['{"a":1}', '{"b":1}'];
  server.plane.onIngest = async (_, payload) => (Buffer.from(payload).toString() === large ? CODE_PAYLOAD_OVERSIZE : 0);
  for (const query of ['?wait=decoded', '']) {
    const { status, body } = await post(`[${good},${large}]`, query);
    assert.deepEqual([status, body.refused.length, body.refused[0].index, body.refused[0].code], [202, 1, 1, 'payload_oversize']);
    assert.equal(body.accepted, query === '' ? undefined : 1);
  }
  server.plane.onIngest = async (_, payload) => (Buffer.from(payload).toString() === large ? CODE_LOG_FULL : 0);
  assertFailure(await post(`[${good},${large}]`), 503, 'log_full');
});
