import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ServerUnderTest, startServerUnderTest } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

async function metricOf(rule: string): Promise<string | undefined> {
  const { text } = await server.call('GET', '/metrics');
  return new RegExp(`^spillway_alerts\\{rule="${rule}"\\} (.*)$`, 'm').exec(text)?.[1];
}

test('what holds is listed and in the metrics, what does not is not', async () => {
  assert.deepEqual((await server.call('GET', '/v1/alerts')).body, { alerts: [] });
  assert.equal(await metricOf('ledger_unbalanced'), '0');
  const gateway = { gateway: 0, received: 14, accepted: 10, refused: 4, durable: 9, held: 0, logged: 9 };
  server.plane.audited = { gateways: [gateway], partitions: [] };
  server.ledger.check();
  server.alerts.look();
  const { body } = await server.call('GET', '/v1/alerts');
  const [{ id, raised_at, ...alert }] = body.alerts;
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.ok(Math.abs(Date.parse(raised_at) - Date.now()) < 60_000, raised_at);
  assert.deepEqual(alert, {
    ...{ rule: 'ledger_unbalanced', subject: null, link: null, severity: 'critical', state: 'raised', node: 'host-1', cleared_at: null },
    message: 'gateway 0: 1 messages between accepted and durable + in blocks',
  });
  assert.equal(await metricOf('ledger_unbalanced'), '1');
});
