import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import WebSocket from 'ws';
import { type HttpOptions, type HttpServer, startHttp } from '../../src/http/server.js';
import { proxyHeaderOf } from '../../src/sockets/proxy-header.js';
import { createLog } from '../../src/telemetry/log.js';
import { certify } from '../support/certificate.js';
import { ADMIN_KEY, type ServerUnderTest, startServerUnderTest } from '../support/server-under-test.js';
import { until } from '../support/until.js';
import { sendRaw } from './raw-request.js';

// HTTP over TLS, and behind proxies that send PROXY headers.

const authority = certify('authority of the server');
const certificate = certify('localhost', authority);
const tls = { cert: certificate.cert, key: certificate.key };
const HEALTH = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

async function withHttp(more: Partial<HttpOptions>, run: (http: HttpServer) => Promise<void>): Promise<void> {
  const common = { ...server, bind: '127.0.0.1', port: 0, log: createLog('fatal'), consoleFolder: '', headMsMax: 2000 };
  const http = await startHttp({ ...common, https: { bind: '127.0.0.1', port: 0, tls }, ...more });
  try {
    await run(http);
  } finally {
    await http.close();
  }
}

/** The answer to a call over TLS: status and text. */
async function call(port: number, path: string, body?: string, more: object = {}): Promise<{ status: number; text: string }> {
  const options = { host: '127.0.0.1', servername: 'localhost', port, ca: authority.cert, agent: false as const };
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  const asked = request({ ...options, path, headers, method: body === undefined ? 'GET' : 'POST', ...more });
  asked.end(body);
  const [response] = await once(asked, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, text };
}

test('HTTPS has the calls, the console and the live view, over TLS 1.2 and 1.3 and nothing older', () =>
  withHttp({}, async ({ httpsPort = 0 }) => {
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const { status } = await call(httpsPort, '/healthz', undefined, { minVersion: version, maxVersion: version });
      assert.equal(status, 200);
    }
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    await assert.rejects(call(httpsPort, '/healthz', undefined, old));
    const made = await call(httpsPort, '/v1/devices', JSON.stringify({ device_id: 'over-tls', tenant: 'default' }));
    assert.equal(made.status, 201, made.text);
    const live = new WebSocket(`wss://localhost:${httpsPort}/v1/live`, { ca: authority.cert, family: 4 });
    await once(live, 'open');
    live.send(JSON.stringify({ key: ADMIN_KEY }));
    const closed = once(live, 'close');
    live.close();
    await closed;
  }));

test('HTTPS answers a request that wishes for h2c, pipelined requests, and what is malformed', () =>
  withHttp({}, async ({ httpsPort = 0 }) => {
    const socket = connectTls({ host: '127.0.0.1', port: httpsPort, ca: authority.cert, servername: 'localhost' });
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    const h2c = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n\r\n';
    const plain = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
    socket.write(h2c + plain + plain);
    await until('three answers', () => heard.match(/HTTP\/1\.1 200 /g)?.length === 3);
    socket.write('NOT HTTP\r\n\r\n');
    await until('the refusal', () => heard.includes('"request_malformed"'));
    await until('the end', () => socket.closed);
  }));

test('a client that speaks no TLS to the HTTPS port is cut off, and others are served', () =>
  withHttp({}, async ({ httpsPort = 0 }) => {
    const { answers, closed } = await sendRaw(httpsPort, HEALTH);
    assert.deepEqual([answers, closed], [[], true]);
    assert.equal((await call(httpsPort, '/healthz')).status, 200);
  }));

test('limits of connections hold over both ports together', () =>
  withHttp({ connections: { connectionsMax: 200, unauthenticatedMax: 2 } }, async ({ port, httpsPort = 0 }) => {
    const slow = connect(port, '127.0.0.1').resume();
    slow.on('error', () => {});
    slow.write('GET /healthz HTTP/1.1\r\n');
    await once(slow, 'connect');
    for (let count = 0; count < 4; count++) {
      const socket = connectTls({ host: '127.0.0.1', port: httpsPort, ca: authority.cert, servername: 'localhost' });
      socket.on('error', () => {});
      await once(socket, 'secureConnect');
    }
    await until('the place of the slow one', () => slow.closed);
  }));

test('a proxy passes connections on to both ports, and limits count the peer that it names', () => {
  const connections = { connectionsMax: 200, unauthenticatedMax: 2 };
  return withHttp({ proxies: ['127.0.0.1'], connections }, async ({ port, httpsPort = 0 }) => {
    const line = 'PROXY TCP4 192.0.2.7 198.51.100.1 12345 8080\r\n';
    const { answers } = await sendRaw(port, line + HEALTH);
    assert.equal(answers[0]?.status, 200);
    const raw = connect(httpsPort, '127.0.0.1');
    raw.write(proxyHeaderOf('192.0.2.8'));
    const secured = connectTls({ socket: raw, ca: authority.cert, servername: 'localhost' });
    secured.write(HEALTH);
    assert.match(String((await once(secured, 'data'))[0]), /^HTTP\/1\.1 200 /);
    const kept: Socket[] = [];
    for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.1']) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {}).resume();
      socket.write(Buffer.concat([proxyHeaderOf(address), Buffer.from('GET /healthz HTTP/1.1\r\n')]));
      kept.push(socket);
      await once(socket, 'connect');
    }
    await until('the first of the address that has three', () => kept[0]?.closed === true);
    assert.deepEqual(
      kept.map((socket) => socket.closed),
      [true, false, false, false],
    );
    for (const socket of kept) socket.destroy();
  });
});

test('a listed proxy without a header is refused with a code; a header from anybody else is no request', async () => {
  await withHttp({ proxies: ['127.0.0.1'] }, async ({ port, httpsPort = 0 }) => {
    const { answers, closed } = await sendRaw(port, HEALTH);
    assert.deepEqual([answers[0]?.status, answers[0]?.body.error.code, closed], [400, 'proxy_header_invalid', true]);
    assert.deepEqual(await sendRaw(httpsPort, HEALTH), { answers: [], closed: true });
  });
  await withHttp({ proxies: ['192.0.2.0/24'] }, async ({ port }) => {
    const { answers } = await sendRaw(port, `PROXY TCP4 192.0.2.7 198.51.100.1 12345 8080\r\n${HEALTH}`);
    assert.deepEqual([answers[0]?.status, answers[0]?.body.error.code], [400, 'request_malformed']);
  });
});
