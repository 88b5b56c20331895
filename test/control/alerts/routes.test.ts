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

/** Other rules judge what the double of the data plane says, and a slow machine gives them the time that they wait for. */
async function alertsOf(rule: string) {
  const { body } = await server.call('GET', '/v1/alerts');
  return (body.alerts as { readonly rule: string; readonly id: string; readonly raised_at: string }[]).filter(
    (alert) => alert.rule === rule,
  );
}

test('what holds is listed and in the metrics, what does not is not', async () => {
  assert.deepEqual(await alertsOf('ledger_unbalanced'), []);
  assert.equal(await metricOf('ledger_unbalanced'), '0');
  const gateway = { gateway: 0, received: 14, accepted: 10, refused: 4, durable: 9, held: 0, logged: 9 };
  server.plane.audited = { gateways: [gateway], partitions: [] };
  server.ledger.check();
  server.alerts.look();
  const alerts = await alertsOf('ledger_unbalanced');
  assert.equal(alerts.length, 1);
  const { id = '', raised_at = '', ...alert } = alerts[0] ?? {};
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.ok(Math.abs(Date.parse(raised_at) - Date.now()) < 60_000, raised_at);
  assert.deepEqual(alert, {
    ...{ rule: 'ledger_unbalanced', subject: null, link: null, severity: 'critical', state: 'raised', node: 'host-1', cleared_at: null },
    message: 'gateway 0: 1 messages between accepted and durable + in blocks',
  });
  assert.equal(await metricOf('ledger_unbalanced'), '1');
});
