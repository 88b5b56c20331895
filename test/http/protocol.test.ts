import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import WebSocket from 'ws';
import { startHttp } from '../../src/http/server.js';
import { createLog } from '../../src/telemetry/log.js';
import { assertFailure } from '../support/failure.js';
import { ADMIN_KEY, type ServerUnderTest, startServerUnderTest } from '../support/server-under-test.js';
import { type RawAnswer, sendRaw } from './raw-request.js';

const TOKEN = 'device-token';
const AUTH = `Authorization: Bearer ${TOKEN}\r\n`;
let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
  await server.call('POST', '/v1/devices', { body: { device_id: 'dev-1', token: TOKEN } });
});
beforeEach(() => {
  server.plane.ingested.length = 0;
  server.plane.onIngest = () => Promise.resolve(0);
});
after(() => server.close());

function post(body: string, fields = ''): string {
  return `POST /v1/ingest/dev-1 HTTP/1.1\r\nHost: x\r\n${AUTH}${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

function payloads(): string[] {
  return server.plane.ingested.map(({ payload }) => Buffer.from(payload).toString());
}

/** The server answers once, with this code, and closes. */
async function assertRefused(bytes: string, status: number, code: string): Promise<RawAnswer> {
  const { answers, closed } = await sendRaw(server.port, bytes);
  assert.equal(answers.length, 1, bytes);
  assertFailure(answers[0]!, status, code);
  assert.equal(closed, true);
  assert.match(answers[0]!.headers.connection ?? '', /\bclose\b/);
  return answers[0]!;
}

test('HTTP/1.0 is answered and the connection closed, with and without Host', async () => {
  for (const host of ['', 'Host: x\r\n']) {
    const health = await sendRaw(server.port, `GET /healthz HTTP/1.0\r\n${host}\r\n`);
    assert.deepEqual([health.answers.length, health.answers[0]?.status, health.closed], [1, 200, true]);
    const message = `POST /v1/ingest/dev-1 HTTP/1.0\r\n${host}${AUTH}Content-Length: 10\r\n\r\n{"seq": 1}`;
    const taken = await sendRaw(server.port, message);
    assert.deepEqual([taken.answers.length, taken.answers[0]?.status, taken.closed], [1, 202, true]);
  }
  assert.deepEqual(payloads(), ['{"seq": 1}', '{"seq": 1}']);
});

test('what a reverse proxy with its defaults sends is answered: HTTP/1.0, Connection: close, a host of its own', async () => {
  const head = `GET /healthz HTTP/1.0\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n`;
  const { answers, closed } = await sendRaw(server.port, head);
  assert.deepEqual([answers[0]?.status, answers[0]?.body, closed], [200, { status: 'ok' }, true]);
});

test('pipelined messages are all answered, in their order, and each is stored once', async () => {
  const waiting: (() => void)[] = [];
  server.plane.onIngest = () =>
    new Promise((resolve) => waiting.push(() => resolve(0)) === 3 && [...waiting].reverse().map((done) => done()));
  const sent = [1, 2, 3].map((seq) => `{"metrics": {"v": ${seq}}}`);
  const { answers } = await sendRaw(server.port, `${sent.map((body) => post(body)).join('')}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`, 4);
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.status]),
    [
      [202, 'durable'],
      [202, 'durable'],
      [202, 'durable'],
      [200, 'ok'],
    ],
  );
  assert.deepEqual(payloads(), sent);
});

test('a request that cannot be read does not take the answers of those before it', async () => {
  let durable = () => {};
  const called = new Promise<void>((resolve) => {
    server.plane.onIngest = () => {
      resolve();
      return new Promise((done) => {
        durable = () => done(0);
      });
    };
  });
  const outcome = sendRaw(server.port, `${post('{"seq": 1}')}nonsense\r\n\r\n`);
  await called;
  durable();
  const { answers, closed } = await outcome;
  assert.deepEqual([answers.map(({ status }) => status), closed], [[202, 400], true]);
  assertFailure(answers[1]!, 400, 'request_malformed');
});

test('without one Host field a request of HTTP/1.1 is refused', async () => {
  await assertRefused('GET /healthz HTTP/1.1\r\n\r\n', 400, 'host_missing');
  await assertRefused('GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400, 'host_missing');
  await assertRefused('GET /healthz HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n', 400, 'host_missing');
});

test('the absolute form of a target means its path', async () => {
  const { answers } = await sendRaw(server.port, `GET http://127.0.0.1:${server.port}/healthz HTTP/1.1\r\nHost: x\r\n\r\n`, 1);
  assert.deepEqual([answers[0]?.status, answers[0]?.body], [200, { status: 'ok' }]);
  const list = `GET HTTP://spillway.example/v1/devices?limit=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n\r\n`;
  const listed = await sendRaw(server.port, list, 1);
  assert.equal(listed.answers[0]?.body.devices[0].device_id, 'dev-1');
  const bare = await sendRaw(server.port, 'OPTIONS http://spillway.example HTTP/1.1\r\nHost: x\r\n\r\n', 1);
  assert.equal(bare.answers[0]?.status, 404);
});

test('a hundred header fields are read, one more is refused at once, and so is a head that is too long', async () => {
  const fields = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: 1\r\n`).join('');
  // Host, Authorization and Content-Length are three of them.
  const most = await sendRaw(server.port, post('{"seq": 1}', fields(97)), 1);
  assert.equal(most.answers[0]?.status, 202);
  for (const count of [98, 200, 1200]) await assertRefused(post('{"seq": 2}', fields(count)), 431, 'headers_oversize');
  await assertRefused(`GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`, 431, 'headers_oversize');
  assert.deepEqual(payloads(), ['{"seq": 1}']);
});

test('bytes that are no request of HTTP/1.1 are answered with a code and counted', async () => {
  await assertRefused('GET /healthz HTTP/1.1\nHost: x\n\n', 400, 'request_malformed');
  await assertRefused('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Folded: one\r\n two\r\n\r\n', 400, 'request_malformed');
  await assertRefused('BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'request_malformed');
  await assertRefused('GET /healthz HTTP/7.3\r\nHost: x\r\n\r\n', 505, 'http_version_unsupported');
  await assertRefused('CONNECT db:5432 HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'method_not_allowed');
  const counted = /spillway_http_requests_total\{method="other",route="other",status="400"\} (\d+)/.exec(
    (await server.call('GET', '/metrics')).text,
  );
  assert.ok(Number(counted?.[1]) >= 3);
});

test('paths hold any bytes but those that no path may hold', async () => {
  await assertRefused(`GET /v1/devices/\x01 HTTP/1.1\r\nHost: x\r\n\r\n`, 400, 'path_malformed');
  const wrong = `GET /v1/devices/%E6%B8 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n\r\n`;
  assertFailure((await sendRaw(server.port, wrong, 1)).answers[0]!, 400, 'path_malformed');
});

test('TLS on the plain port is refused and reported once a minute', async () => {
  const hello = '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00';
  for (let time = 0; time < 2; time++) await assertRefused(hello, 400, 'request_malformed');
  const lines = server.logged.filter((line) => line.includes('tls-on-plain-port')).map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ level, address }) => [level, address]),
    [['warn', '127.0.0.1']],
  );
});

test('a body whose length is said in two ways is refused before it is read', async () => {
  const target = `POST /v1/ingest/dev-1 HTTP/1.1\r\nHost: x\r\n${AUTH}`;
  await assertRefused(`${target}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`, 400, 'length_ambiguous');
  await assertRefused(`${target}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'length_ambiguous');
  await assertRefused(`POST /v1/ingest/dev-1 HTTP/1.0\r\n${AUTH}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'length_ambiguous');
  await assertRefused(`${target}Content-Length: -5\r\n\r\n`, 400, 'length_ambiguous');
  await assertRefused(`${target}Content-Length: two\r\n\r\n{}`, 400, 'length_ambiguous');
  await assertRefused(`${target}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501, 'transfer_encoding_unsupported');
  assert.deepEqual(payloads(), []);
});

test('a chunked body is read to its end, and one that breaks off is answered with a code', async () => {
  const target = `POST /v1/ingest/dev-1 HTTP/1.1\r\nHost: x\r\n${AUTH}Transfer-Encoding: CHUNKED\r\n\r\n`;
  const { answers } = await sendRaw(server.port, `${target}2\r\n{}\r\n0\r\n\r\n`, 1);
  assert.deepEqual([answers[0]?.status, payloads()], [202, ['{}']]);
  await assertRefused(`${target}2\r\n{}\r\nno size\r\n`, 400, 'request_malformed');
  assert.deepEqual(payloads(), ['{}']);
});

test('a WebSocket of another version is refused with the version that is spoken', async () => {
  const upgrade = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: c3BpbGx3YXktdGVzdC1rZXk=\r\n';
  for (const version of ['Sec-WebSocket-Version: 1\r\n', 'Sec-WebSocket-Version: 8\r\n', '']) {
    const { headers } = await assertRefused(`GET /v1/live HTTP/1.1\r\n${upgrade}${version}\r\n`, 426, 'websocket_version_unsupported');
    assert.deepEqual([headers['sec-websocket-version'], headers.upgrade], ['13', 'websocket']);
  }
});

test('a WebSocket where there is none is refused with a code, and that of MQTT where no gateway runs', async () => {
  for (const [path, protocols, status, code] of [
    ['/mqtt', ['mqtt'], 503, 'unavailable'],
    ['/', [], 404, 'not_found'],
    ['/v1/stats', [], 404, 'not_found'],
  ] as const) {
    const client = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, [...protocols]);
    const [, answer] = await once(client, 'unexpected-response');
    let text = '';
    for await (const chunk of answer) text += chunk;
    assertFailure({ status: answer.statusCode, text, body: JSON.parse(text) }, status, code);
  }
});

test('a head that does not come to its end is given up with a code', async () => {
  const impatient = await startHttp({ ...server, bind: '127.0.0.1', port: 0, log: createLog('fatal'), consoleFolder: '', headMsMax: 100 });
  const { answers, closed } = await sendRaw(impatient.port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n');
  assertFailure(answers[0]!, 408, 'request_timeout');
  assert.equal(closed, true);
  await impatient.close();
});
