import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { startHttp } from '../../src/http/server.js';
import { startEmbedded } from '../../src/store/embedded/embedded.js';
import { createLog } from '../../src/telemetry/log.js';
import { startTestDatabase, type TestDatabase } from '../support/database.js';
import { assertFailure } from '../support/failure.js';
import { ADMIN_KEY, type ServerUnderTest, startServerUnderTest, TOKEN } from '../support/server-under-test.js';
import { until } from '../support/until.js';

let server: ServerUnderTest;
let database: TestDatabase;
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-site-'));
  mkdirSync(join(folder, 'console', 'assets'), { recursive: true });
  writeFileSync(join(folder, 'console', 'index.html'), `<!doctype html><title>Spillway</title>${' '.repeat(500)}`);
  writeFileSync(join(folder, 'console', 'assets', 'index-abc123.js'), 'console.log("page")');
  writeFileSync(join(folder, 'console', 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  database = await startTestDatabase();
  server = await startServerUnderTest({ consoleFolder: join(folder, 'console'), database });
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Sends bytes as they are and reads until the server says `until` or hangs up. */
function raw(request: string, until: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1');
    let received = '';
    socket.setEncoding('latin1').on('data', (text) => {
      received += text;
      if (received.includes(until)) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
    socket.write(request, 'latin1');
  });
}

test('unknown paths and wrong methods have different codes', async () => {
  for (const path of [
    '/v1',
    '/v1/',
    '/v1/device',
    '/v1/devices/a/b',
    '/v1/devices/a/metrics/latest/x',
    '/v1//devices',
    '/metrics.txt',
    '/v2.json',
  ]) {
    assertFailure(await server.call('GET', path), 404, 'not_found');
  }
  assertFailure(await server.call('POST', '/'), 404, 'not_found');
  const wrong = await server.call('PUT', '/v1/devices/one');
  assertFailure(wrong, 405, 'method_not_allowed');
  assert.equal(wrong.headers.get('allow'), 'GET, PATCH, DELETE, HEAD, OPTIONS');
  assertFailure(await server.call('GET', '/v1/ingest/x'), 405, 'method_not_allowed');
  assertFailure(await server.call('PUT', '/healthz', { raw: 'x'.repeat(100_000) }), 405, 'method_not_allowed');
});

test('OPTIONS lists the methods; HEAD is GET without the body', async () => {
  const options = await server.call('OPTIONS', '/v1/devices');
  assert.deepEqual([options.status, options.headers.get('allow'), options.text], [204, 'POST, GET, HEAD, OPTIONS', '']);
  assert.equal(options.headers.has('access-control-allow-origin'), false);
  const [head, get] = [await server.call('HEAD', '/healthz'), await server.call('GET', '/healthz')];
  assert.deepEqual([head.status, head.text, head.headers.get('content-length')], [200, '', get.headers.get('content-length')]);
  assert.equal((await server.call('HEAD', '/v1/devices', { headers: { authorization: '' } })).status, 401);
});

test('answers name no product and are not sniffed or cached', async () => {
  const { headers } = await server.call('GET', '/v1/devices');
  assert.deepEqual(
    [headers.get('x-content-type-options'), headers.get('cache-control'), headers.get('content-type')],
    ['nosniff', 'no-store', 'application/json; charset=utf-8'],
  );
  assert.deepEqual([headers.has('server'), headers.has('uwebsockets'), headers.has('x-powered-by')], [false, false, false]);
});

test('the console is served with a strict policy, hashed files are kept, the page is asked for anew', async () => {
  const anonymous = { headers: { authorization: '' } };
  for (const path of ['/', '/index.html', '/devices', '/devices/dev.1', '/devices/%2e%2e']) {
    const page = await server.call('GET', path, anonymous);
    assert.equal(page.status, 200, path);
    assert.match(page.text, /<title>Spillway/);
    assert.equal(page.headers.get('cache-control'), 'no-cache');
    const policy = page.headers.get('content-security-policy')!;
    assert.match(policy, /default-src 'none'/);
    assert.ok(!/unsafe|\*/.test(policy));
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  }
  const asset = await server.call('GET', '/assets/index-abc123.js', anonymous);
  assert.deepEqual([asset.text, asset.headers.get('content-type')], ['console.log("page")', 'text/javascript; charset=utf-8']);
  assert.match(asset.headers.get('cache-control')!, /immutable/);
  const page = await server.call('GET', '/', anonymous);
  assert.equal(page.headers.get('content-encoding'), 'gzip');
  const plain = await server.call('GET', '/', { headers: { authorization: '', 'accept-encoding': 'identity' } });
  assert.deepEqual([plain.headers.get('content-encoding'), plain.text], [null, page.text]);
  const known = await server.call('GET', '/', { headers: { authorization: '', 'if-none-match': page.headers.get('etag')! } });
  assert.deepEqual([known.status, known.text], [304, '']);
});

test('no path leads out of the console folder', async () => {
  const paths = [
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '//secret.txt',
    '/assets/missing.js',
  ];
  for (const path of paths) {
    const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, 'way_out');
    assert.match(answer, /^HTTP\/1\.1 404 /, path);
  }
});

test('a port that is taken is refused by the name of its setting', async () => {
  const options = { ...server, bind: '127.0.0.1', log: createLog('fatal'), consoleFolder: folder };
  await assert.rejects(
    startHttp({ ...options, port: server.port }),
    /^Error: cannot listen on 127\.0\.0\.1:\d+: another process has the port; set SPILLWAY_HTTP_PORT/,
  );
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  await assert.rejects(startHttp({ ...options, port }), /another process has the port/);
  other.close();
  await assert.rejects(startHttp({ ...options, bind: '203.0.113.1', port: 0 }), /SPILLWAY_BIND/);
});

test('IPv6 addresses are listened on, and named with brackets', async () => {
  for (const bind of ['::1', '::']) {
    const other = await startHttp({ ...server, bind, port: 0, log: createLog('fatal'), consoleFolder: folder });
    assert.equal((await fetch(`http://[::1]:${other.port}/healthz`)).status, 200);
    // All addresses are those of IPv4, too.
    if (bind === '::') assert.equal((await fetch(`http://127.0.0.1:${other.port}/healthz`)).status, 200);
    const taken = startHttp({ ...server, bind, port: other.port, log: createLog('fatal'), consoleFolder: folder });
    await assert.rejects(taken, new RegExp(`cannot listen on \\[${bind}\\]:${other.port}: another process has the port`));
    await other.close();
  }
});

test('closing lets running calls end, closes live views and idle connections', async () => {
  const second = await startHttp({ ...server, bind: '127.0.0.1', port: 0, log: createLog('fatal'), consoleFolder: folder });
  const url = `http://127.0.0.1:${second.port}`;
  const idle = connect(second.port, '127.0.0.1');
  idle.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(idle, 'data');
  const live = new WebSocket(`ws://127.0.0.1:${second.port}/v1/live`);
  await once(live, 'open');
  // One that does not authenticate is closed after some seconds, for another reason.
  live.send(JSON.stringify({ type: 'authenticate', key: ADMIN_KEY }));
  assert.match(String((await once(live, 'message'))[0]), /"authenticated"/);
  await server.call('POST', '/v1/devices', { body: { device_id: 'closing', token: TOKEN } });
  let durable: (code: number) => void = () => {};
  const called = new Promise<void>((resolve) => {
    server.plane.onIngest = () => {
      resolve();
      return new Promise((done) => {
        durable = done;
      });
    };
  });
  const running = fetch(`${url}/v1/ingest/closing`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` }, body: '{}' });
  await called;
  const closed = second.close();
  const [code] = await once(live, 'close');
  assert.equal(code, 1001);
  const idleClosed = once(idle, 'close');
  idle.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(String((await once(idle, 'data'))[0]), /shutting_down/);
  durable(0);
  assert.equal((await running).status, 202);
  await closed;
  await idleClosed;
  await assert.rejects(fetch(`${url}/healthz`));
});

test('the port is free for the next start at once, though clients were connected', async () => {
  const options = { ...server, bind: '127.0.0.1', log: createLog('fatal'), consoleFolder: folder };
  let port = 0;
  for (let start = 0; start < 3; start++) {
    const next = await startHttp({ ...options, sockets: server.sockets, port });
    port = next.port;
    const live = new WebSocket(`ws://127.0.0.1:${port}/v1/live`);
    await once(live, 'open');
    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
    await Promise.all([next.close(), once(live, 'close')]);
  }
});

test('an upgrade that is not on offer is not made, and the request is answered', async () => {
  await server.call('POST', '/v1/devices', { body: { device_id: 'upgrading', token: TOKEN } });
  server.plane.onIngest = () => Promise.resolve(0);
  const upgrade = `Host: x\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n`;
  const post = `POST /v1/ingest/upgrading?a=1 HTTP/1.1\r\n${upgrade}Content-Length: 10\r\n\r\n{"seq": 1}`;
  const next = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
  const received = await raw(post + post + next, '{"status":"ok"}');
  assert.equal(received.match(/HTTP\/1\.1 202 /g)?.length, 2, received);
  assert.deepEqual(
    server.plane.ingested.slice(-2).map(({ payload }) => Buffer.from(payload).toString()),
    ['{"seq": 1}', '{"seq": 1}'],
  );
  assert.match(await raw(`GET /v1/live HTTP/1.1\r\n${upgrade}\r\n`, 'way_out'), /websocket_expected/);
});

test('the log says which server listens', () => {
  const line = JSON.parse(server.logged.find((text) => text.includes('http-server-listens')) ?? '{}');
  assert.deepEqual([line.server, line.port], ['node:http', server.port]);
});

test('a server that is not offered is substituted, and the log says why', async () => {
  const logged: string[] = [];
  const log = createLog('info', { write: (text: string) => logged.push(text) });
  const other = await startHttp({ ...server, server: 'uws', bind: '127.0.0.1', port: 0, log, consoleFolder: folder });
  try {
    assert.equal((await fetch(`http://127.0.0.1:${other.port}/healthz`)).status, 200);
    const line = JSON.parse(logged.find((text) => text.includes('http-server-substituted')) ?? '{}');
    assert.deepEqual([line.level, line.asked, line.server], ['warn', 'uws', 'node:http']);
    assert.match(line.cause, /pipelined requests/);
  } finally {
    await other.close();
  }
});

test('while the database takes no writes they are refused as unavailable, reads are answered, and the log has one event and no stack', async () => {
  const { sql } = database;
  await server.call('POST', '/v1/devices', { body: { device_id: 'before' } });
  const cut = () =>
    sql`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`;
  server.logged.length = 0;
  await sql.unsafe(`alter role ${new URL(database.url).username} set default_transaction_read_only = on`);
  try {
    await cut();
    await until('the outage is known', () => database.control.trouble !== undefined);
    // Each connection of the pool learns of its own end first.
    const isReadOnly = /^cannot answer POST \/v1\/devices: the database is unavailable: 25006: it is read-only/;
    await until('the refusal to name the cause', async () => {
      const refused = await server.call('POST', '/v1/devices', { body: { device_id: 'refused' } });
      assertFailure(refused, 503, 'database_unavailable');
      return isReadOnly.test(refused.body.error.message);
    });
    assert.equal((await server.call('GET', '/v1/dead-letters')).status, 200);
  } finally {
    await sql.unsafe(`set transaction_read_only = off; alter role ${new URL(database.url).username} reset default_transaction_read_only`);
  }
  await until('it takes writes again', () => database.control.trouble === undefined);
  assert.equal((await server.call('POST', '/v1/devices', { body: { device_id: 'after' } })).status, 201);
  assert.deepEqual(
    server.logged.filter((line) => line.includes('"stack"')),
    [],
  );
});

test('while the database is away its calls answer so, and all others still work', async () => {
  const known = () => server.call('POST', '/v1/devices', { body: { device_id: 'known', token: TOKEN } });
  await until('the device is registered', async () => (await known()).status === 201);
  const backends = database.sql`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()`;
  const [, during] = await Promise.all([backends, server.call('GET', '/v1/dead-letters')]);
  assert.ok(during.status === 200 || during.body.error.code === 'database_unavailable', during.text);
  // Each connection of the pool learns of its end by itself.
  await until('the database answers again', async () => (await server.call('GET', '/v1/dead-letters')).status === 200);

  await (await startEmbedded(database.folder)).stop();
  const size = server.registry.size;
  assertFailure(await server.call('POST', '/v1/devices', { body: { device_id: 'during' } }), 503, 'database_unavailable');
  assertFailure(await server.call('GET', '/v1/dead-letters'), 503, 'database_unavailable');
  assertFailure(await server.call('PATCH', '/v1/devices/known', { body: { status: 'inactive' } }), 503, 'database_unavailable');
  assert.equal((await server.call('GET', '/v1/devices/known')).body.status, 'active');
  server.plane.onIngest = () => Promise.resolve(0);
  assert.equal((await server.call('POST', '/v1/ingest/known', { raw: '{}', headers: { authorization: `Bearer ${TOKEN}` } })).status, 202);
  assert.equal(server.registry.size, size);
});
