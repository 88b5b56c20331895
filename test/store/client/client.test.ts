import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { openClient } from '../../../src/store/client/client.js';

test('a client that is abandoned before it has begun to connect opens no connection', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const url = `postgres://someone@127.0.0.1:${(server.address() as AddressInfo).port}/some`;
  let connections = 0;
  server.on('connection', () => connections++);
  const client = openClient(url, { application: 'abandoned', noticed: () => {} });
  const statement = client.sql`select 1`.then(
    () => 'answered',
    ({ code }: { code: string }) => code,
  );
  client.abandon();
  assert.equal(await statement, 'CONNECTION_DESTROYED');

  // The client connects in a later turn of the loop; whoever connects now comes after it.
  await new Promise(setImmediate);
  const after = openClient(url, { application: 'after', noticed: () => {} });
  const taken = once(server, 'connection') as Promise<[Socket]>;
  const unanswered = after.sql`select 1`.catch(() => {});
  const [socket] = await taken;
  assert.equal(connections, 1);
  after.abandon();
  socket.destroy();
  await unanswered;
});
