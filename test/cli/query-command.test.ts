import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { hostedOutcome } from './hosted-command.js';
import { temporaryFolder } from './run-spillway.js';

const from = '2026-01-01T00:00:00.000Z';
const to = '2026-01-01T01:00:00.000Z';

test('a query follows `next` with the times of its first page, until its limit', async (t) => {
  const asked: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://localhost').searchParams;
    asked.push(query);
    const points = Array.from({ length: Number(query.get('limit')) }, (_, n) => ({ ts: from, value: n }));
    const answer = {
      device_id: 'd',
      metric: 'm',
      resolution: 'raw',
      from,
      to,
      series: [],
      points,
      truncated: true,
      next: `after-${asked.length}`,
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const args = ['query', 'd', 'm', '--limit', '10003', '--tenant', 'acme', '--url', url, '--json'];
  const { code, stdout } = await hostedOutcome(temporaryFolder(t), args, { SPILLWAY_ADMIN_KEY: 'the-key' });
  const { points, next } = JSON.parse(stdout);
  assert.deepEqual([code, points.length, next], [0, 10_003, 'after-2']);
  assert.deepEqual(
    asked.map((query) => Object.fromEntries(query)),
    [
      { tenant: 'acme', metric: 'm', limit: '10000' },
      { tenant: 'acme', metric: 'm', limit: '3', from, to, after: 'after-1' },
    ],
  );
});
