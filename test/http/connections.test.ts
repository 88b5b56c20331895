import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { type HttpServer, startHttp } from '../../src/http/server.js';
import { createLog } from '../../src/telemetry/log.js';
import { ADMIN_KEY, type ServerUnderTest, startServerUnderTest } from '../support/server-under-test.js';
import { sendRaw } from './raw-request.js';

let server: ServerUnderTest;
let small: HttpServer;
before(async () => {
  server = await startServerUnderTest();
  const connections = { connectionsMax: 200, unauthenticatedMax: 4 };
  small = await startHttp({ ...server, connections, bind: '127.0.0.1', port: 0, log: createLog('fatal'), consoleFolder: '' });
});
after(async () => {
  await small.close();
  await server.close();
});

async function opened(port: number, bytes: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

test('connections that send their head slowly do not keep others from being answered', async () => {
  const slow: Socket[] = [];
  const endings: Promise<string>[] = [];
  for (let count = 0; count < 12; count++) {
    const socket = await opened(small.port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n');
    slow.push(socket);
    endings.push(
      once(socket, 'data').then(
        ([bytes]) => String(bytes),
        () => '',
      ),
    );
    const { answers } = await sendRaw(small.port, 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.equal(answers[0]?.status, 200);
  }
  // The first to wait was the first to go, with a code.
  assert.match(await endings[0]!, /^HTTP\/1\.1 503 [\s\S]*"connections_exhausted"/);
  for (const socket of slow) socket.destroy();
});

test('connections with a valid key do not count against their address', async () => {
  const call = `GET /v1/devices HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n\r\n`;
  const kept: Socket[] = [];
  for (let count = 0; count < 12; count++) {
    const socket = await opened(small.port, call);
    assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 200 /);
    kept.push(socket);
  }
  for (const socket of kept) {
    socket.write(call);
    assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 200 /);
    socket.destroy();
  }
});

test('live views without a key are few, and the oldest makes room for an operator who has one', async () => {
  const silent: WebSocket[] = [];
  const codes: number[] = [];
  for (let count = 0; count < 70; count++) {
    const view = new WebSocket(`ws://127.0.0.1:${server.port}/v1/live`);
    view.on('close', (code) => codes.push(code));
    view.on('error', () => {});
    await once(view, 'open');
    silent.push(view);
  }
  const operator = new WebSocket(`ws://127.0.0.1:${server.port}/v1/live`);
  await once(operator, 'open');
  operator.send(JSON.stringify({ type: 'authenticate', key: ADMIN_KEY }));
  assert.deepEqual(JSON.parse(String((await once(operator, 'message'))[0])), { type: 'authenticated' });
  // 64 of 71 had a place.
  assert.deepEqual(codes, new Array(7).fill(1013));
  for (const view of silent) view.terminate();
  operator.terminate();
});
