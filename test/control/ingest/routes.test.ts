import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import {
  CODE_CONNECT_TIMEOUT,
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_OVER_RATE,
  CODE_DEVICE_UNKNOWN,
  CODE_NONE,
  CODE_PAYLOAD_OVERSIZE,
  CODE_SHUTTING_DOWN,
  CODE_TOPIC_FORBIDDEN,
} from '../../../assembly/abi/codes.js';
import { MIB, PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';
import { until } from '../../support/until.js';

const TOKEN = { authorization: 'Bearer device-token' };
let server: ServerUnderTest;
let number: number;
before(async () => {
  server = await startServerUnderTest();
  const created = await server.call('POST', '/v1/devices', { body: { device_id: 'dev-1', token: 'device-token' } });
  number = created.body.number;
});
beforeEach(() => {
  server.plane.ingested.length = 0;
  server.plane.onIngest = () => Promise.resolve(0);
});
after(() => server.close());

test('the answer waits for the log, and the payload reaches it byte for byte', async () => {
  let durable: (code: number) => void = () => {};
  const called = new Promise<void>((resolve) => {
    server.plane.onIngest = () => {
      resolve();
      return new Promise((done) => {
        durable = done;
      });
    };
  });
  const raw = '{"ts":1700000000000,"metrics":{"温度":21.5},"seq":1}';
  let answered = false;
  const answer = server.call('POST', '/v1/ingest/dev-1', { raw, headers: TOKEN }).finally(() => {
    answered = true;
  });
  await called;
  // Another call goes through while this one waits for the fsync.
  assert.equal((await server.call('GET', '/healthz')).status, 200);
  assert.equal(answered, false);
  durable(CODE_NONE);
  const { status, body } = await answer;
  assert.deepEqual([status, body], [202, { status: 'durable' }]);
  const { device, payload } = server.plane.ingested[0]!;
  assert.equal(device, number);
  assert.equal(Buffer.from(payload).toString(), raw);
  assert.equal(payload.buffer.byteLength, payload.length, 'the payload owns its buffer');
});

test('a device over its rate gets 429 and when it may send again', async () => {
  server.plane.onIngest = () => Promise.resolve(CODE_DEVICE_OVER_RATE);
  server.plane.overRates.set(number, { device: number, code: CODE_DEVICE_OVER_RATE, untilMs: Date.now() + 6500 });
  const answer = await server.call('POST', '/v1/ingest/dev-1', { raw: '{}', headers: TOKEN });
  assertFailure(answer, 429, 'device_over_rate');
  assert.match(answer.headers.get('retry-after') ?? '', /^[67]$/);
});

test('of a body about several devices only what is of those over their rates is refused', async () => {
  const codes = [CODE_NONE, CODE_DEVICE_OVER_RATE];
  server.plane.onIngest = () => Promise.resolve(codes.shift() ?? CODE_NONE);
  const { status, body } = await server.call('POST', '/v1/ingest/dev-1', { raw: '[{"a":1},{"a":2}]', headers: TOKEN });
  assert.equal(status, 202);
  assert.deepEqual(
    body.refused.map(({ index, code }: { index: number; code: string }) => [index, code]),
    [[1, 'device_over_rate']],
  );
  const bodies = server.plane.ingested.map(({ body }) => body);
  assert.ok(bodies[0] !== undefined && bodies[0] === bodies[1], 'one request');
});

test('bytes of any kind are taken in: the pipeline judges them', async () => {
  for (const raw of ['not json', '{}', new Uint8Array([0, 255, 254])]) {
    assert.equal((await server.call('POST', '/v1/ingest/dev-1', { raw, headers: TOKEN })).status, 202);
    assert.deepEqual(Buffer.from(server.plane.ingested.at(-1)!.payload), Buffer.from(raw as string));
  }
});

test('a wrong token, an unknown device and an unknown tenant get the same answer', async () => {
  const cases = [
    ['/v1/ingest/dev-1', { authorization: 'Bearer wrong' }],
    ['/v1/ingest/dev-1', { authorization: '' }],
    ['/v1/ingest/dev-1', { authorization: 'Basic eDp5' }],
    ['/v1/ingest/dev-2', TOKEN],
    ['/v1/ingest/dev-1?tenant=acme', TOKEN],
    [`/v1/ingest/${encodeURIComponent("' or 1=1 --")}`, TOKEN],
    ['/v1/ingest/a%2Fb', TOKEN],
  ] as const;
  for (const [path, headers] of cases) assertFailure(await server.call('POST', path, { raw: '{}', headers }), 401, 'credentials_invalid');
  assertFailure(await server.call('POST', '/v1/ingest/%ff', { raw: '{}', headers: TOKEN }), 400, 'path_malformed');
  assertFailure(await server.call('POST', '/v1/ingest/%zz', { raw: '{}', headers: TOKEN }), 400, 'path_malformed');
  assert.equal(server.plane.ingested.length, 0);
});

test('only active devices are let in', async () => {
  for (const status of ['inactive', 'quarantined']) {
    await server.call('PATCH', '/v1/devices/dev-1', { body: { status } });
    assertFailure(await server.call('POST', '/v1/ingest/dev-1', { raw: '{}', headers: TOKEN }), 403, 'device_inactive');
    const wrong = await server.call('POST', '/v1/ingest/dev-1', { raw: '{}', headers: { authorization: 'Bearer wrong' } });
    assertFailure(wrong, 401, 'credentials_invalid');
  }
  await server.call('PATCH', '/v1/devices/dev-1', { body: { status: 'active' } });
  assert.equal((await server.call('POST', '/v1/ingest/dev-1', { raw: '{}', headers: TOKEN })).status, 202);
  await server.call('POST', '/v1/devices', { body: { device_id: 'scrapped', token: 'device-token' } });
  await server.call('PATCH', '/v1/devices/scrapped', { body: { status: 'decommissioned' } });
  assertFailure(await server.call('POST', '/v1/ingest/scrapped', { raw: '{}', headers: TOKEN }), 403, 'device_inactive');
});

test('the largest payload is taken, one byte more is refused, with a length or without', async () => {
  const largest = 'x'.repeat(PAYLOAD_BYTES_MAX);
  assert.equal((await server.call('POST', '/v1/ingest/dev-1', { raw: largest, headers: TOKEN })).status, 202);
  assert.equal(server.plane.ingested[0]!.payload.length, PAYLOAD_BYTES_MAX);
  assertFailure(await server.call('POST', '/v1/ingest/dev-1', { raw: `${largest}x`, headers: TOKEN }), 413, 'payload_oversize');
  const stream = async function* () {
    for (let index = 0; index < 3; index++) yield Buffer.from(largest);
  };
  const chunked = await fetch(`${server.url}/v1/ingest/dev-1`, {
    method: 'POST',
    headers: TOKEN,
    body: stream(),
    duplex: 'half',
  } as RequestInit);
  const text = await chunked.text();
  assertFailure({ status: chunked.status, text, body: JSON.parse(text) }, 413, 'payload_oversize');
  assert.equal(server.plane.ingested.length, 1);
});

test('an oversized upload is answered while it still runs, and the connection serves the next call', async () => {
  const socket = connect(server.port, '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (text) => {
    received += text;
  });
  const bytes = 1_000_000;
  socket.write(`POST /v1/ingest/dev-1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer device-token\r\nContent-Length: ${bytes}\r\n\r\n`);
  while (!received.includes('payload_oversize')) await once(socket, 'data');
  socket.write('x'.repeat(bytes));
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  while (!received.includes('{"status":"ok"}')) await once(socket, 'data');
  assert.match(received, /^HTTP\/1\.1 413 Payload Too Large\r\n/);
  socket.destroy();
});

test('an upload that breaks off leaves nothing behind', async () => {
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('POST /v1/ingest/dev-1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer device-token\r\nContent-Length: 100\r\n\r\nhalf');
  await new Promise((resolve) => socket.write('', resolve));
  socket.destroy();
  await once(socket, 'close');
  const aborted = /spillway_http_requests_total\{method="POST",route="\/v1\/ingest\/:id",status="499"\} 1/;
  await until('the abort is counted', async () => aborted.test((await server.call('GET', '/metrics')).text));
  assert.equal(server.plane.ingested.length, 0);
});

test('a client that goes away while the log works does no harm', async () => {
  let durable: (code: number) => void = () => {};
  const called = new Promise<void>((resolve) => {
    server.plane.onIngest = () => {
      resolve();
      return new Promise((done) => {
        durable = done;
      });
    };
  });
  const abort = new AbortController();
  const answer = fetch(`${server.url}/v1/ingest/dev-1`, { method: 'POST', headers: TOKEN, body: '{}', signal: abort.signal });
  await called;
  abort.abort();
  await assert.rejects(answer, { name: 'AbortError' });
  await server.call('GET', '/healthz');
  durable(CODE_NONE);
  server.plane.onIngest = () => Promise.resolve(0);
  assert.equal((await server.call('POST', '/v1/ingest/dev-1', { raw: '{}', headers: TOKEN })).status, 202);
});

test('two hundred messages at once are all answered, each when it is durable', async () => {
  const waiting: (() => void)[] = [];
  server.plane.onIngest = () =>
    new Promise((resolve) => {
      waiting.push(() => resolve(CODE_NONE));
      // As the group commit does: all that came meanwhile become durable together.
      if (waiting.length === 200) for (const done of waiting) done();
    });
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, seq) => server.call('POST', '/v1/ingest/dev-1', { raw: JSON.stringify({ seq }), headers: TOKEN })),
  );
  assert.ok(answers.every(({ status }) => status === 202));
  const seqs = server.plane.ingested.map(({ payload }) => JSON.parse(Buffer.from(payload).toString()).seq);
  assert.deepEqual(
    seqs.sort((a, b) => a - b),
    Array.from({ length: 200 }, (_, seq) => seq),
  );
});

test('what the data plane refuses is said with its code', async () => {
  const cases = [
    [CODE_DEVICE_UNKNOWN, 404, 'device_unknown'],
    [CODE_DEVICE_INACTIVE, 403, 'device_inactive'],
    [CODE_PAYLOAD_OVERSIZE, 413, 'payload_oversize'],
    [CODE_SHUTTING_DOWN, 503, 'shutting_down'],
    [CODE_TOPIC_FORBIDDEN, 403, 'topic_forbidden'],
    [CODE_CONNECT_TIMEOUT, 503, 'unavailable'],
  ] as const;
  for (const [code, status, name] of cases) {
    server.plane.onIngest = () => Promise.resolve(code);
    const answer = await server.call('POST', '/v1/ingest/dev-1', { raw: '{}', headers: TOKEN });
    assertFailure(answer, status, name);
    assert.equal(answer.headers.has('retry-after'), status === 503);
  }
  server.plane.onIngest = () => Promise.reject(new Error('thread gone: secret detail'));
  const fault = await server.call('POST', '/v1/ingest/dev-1', { raw: '{}', headers: TOKEN });
  assertFailure(fault, 500, 'internal');
  assert.ok(!fault.text.includes('secret'));
  assert.ok(server.logged.some((line) => line.includes('secret detail')));
  assert.ok(!server.logged.some((line) => line.includes('device-token')));
});

test('when too many bytes wait for the log, more are refused until it moves', async () => {
  const waiting: (() => void)[] = [];
  server.plane.onIngest = () => new Promise((resolve) => waiting.push(() => resolve(CODE_NONE)));
  const raw = 'x'.repeat(PAYLOAD_BYTES_MAX);
  const answers: Promise<{ status: number }>[] = [];
  let refused = 0;
  for (let sent = 0; sent < 520; sent++) {
    answers.push(
      server.call('POST', '/v1/ingest/dev-1', { raw, headers: TOKEN }).then((answer) => {
        if (answer.status === 503) refused++;
        return answer;
      }),
    );
  }
  await until('each one waits or is refused', () => waiting.length + refused === 520);
  for (const done of waiting) done();
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 202).length, Math.floor((64 * MIB) / (PAYLOAD_BYTES_MAX + 1024)));
  server.plane.onIngest = () => Promise.resolve(0);
  assert.equal((await server.call('POST', '/v1/ingest/dev-1', { raw, headers: TOKEN })).status, 202);
});
