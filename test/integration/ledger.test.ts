import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const token = 'a-token-for-the-ledger-test';

interface NodeLedger {
  balanced: boolean;
  imbalances: unknown[];
  checked_at: string | null;
  node: Record<'received' | 'recovered' | 'stored' | 'duplicate' | 'dead' | 'rejected' | 'in_flight', number>;
  tenants: {
    tenant: string;
    balanced: boolean | null;
    stored: number;
    duplicate: number;
    dead: number;
    rejected: number;
    in_flight: number;
  }[];
}
interface DeviceLedger {
  balanced: boolean;
  stored: number;
  duplicate: number;
  dead_by_reason: Record<string, number>;
  rejected_by_reason: Record<string, number>;
  in_flight: number;
  sequence: { first: number; last: number; missing: number; missing_ranges: { from: number; to: number }[]; truncated: boolean };
}

const SENDERS = 4;
const devices = Array.from({ length: SENDERS }, (_, index) => `led-${index + 1}`);

/** Publishes numbers from that of device `index` on until the connection breaks; `next` tells the first that is not acknowledged. */
async function publishUntilBroken(port: number, next: number[], index: number): Promise<void> {
  const id = devices[index] as string;
  const options = { clientId: id, username: 'default', password: token, reconnectPeriod: 0, queueQoSZero: false };
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, options, false);
  client.on('error', () => {});
  while (client.connected && (await publish(client, id, next[index] as number))) next[index] = (next[index] as number) + 1;
  client.end(true);
}

async function publish(client: mqtt.MqttClient, id: string, seq: number): Promise<boolean> {
  return new Promise((resolve) => {
    client.once('close', () => resolve(false));
    // The time belongs to the number, so that a message sent again is the same message.
    const payload = JSON.stringify({ ts: 1_790_000_000_000 + seq, metrics: { n: seq }, seq });
    client.publish(`devices/${id}/telemetry`, payload, { qos: 1 }, (error, packet) => resolve(!error && packet !== undefined));
    client.setMaxListeners(0);
  });
}

function deviceLedger(appliance: Appliance, id: string): Promise<DeviceLedger> {
  return call<DeviceLedger>(appliance, 'GET', `/v1/devices/${id}/ledger`);
}

/** Waits until all is judged and every audit since says so; on a busy machine threads come to theirs late. */
async function settled(appliance: Appliance): Promise<NodeLedger> {
  await committed(appliance);
  const fromMs = Date.now();
  let last: NodeLedger | undefined;
  const answer = until('books that balance with nothing in flight', async () => {
    last = await call<NodeLedger>(appliance, 'GET', '/v1/ledger');
    const isLater = Date.parse(last.checked_at ?? '') >= fromMs + 2500;
    const isStill = last.node.in_flight === 0 && last.tenants.every(({ in_flight }) => in_flight === 0);
    return isLater && isStill && last.balanced ? last : undefined;
  });
  return answer.catch((error: Error) => assert.fail(`${error.message}: ${JSON.stringify(last)}`));
}

test('after kill -9 under load the ledger balances, and of what was sent completely nothing is missing', async () => {
  const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-ledger-'));
  let appliance = await startAppliance({ SPILLWAY_STATE: stateFolder });
  try {
    await call(appliance, 'POST', '/v1/devices/bulk', { count: SENDERS, id_format: 'led-%d', token });
    const next = devices.map(() => 1);
    for (let kill = 0; kill < 2; kill++) {
      const running = Promise.all(devices.map((_, index) => publishUntilBroken(appliance.mqttPort, next, index)));
      const enough = Math.min(...next) + 20 + Math.random() * 300;
      await until('there is load', async () => Math.min(...next) > enough);
      await appliance.kill();
      await running;
      appliance = await startAppliance({ SPILLWAY_STATE: stateFolder });
    }
    assert.ok(Math.min(...next) > 20, `there was load: ${next}`);
    await balancedAfter(appliance, next);
  } finally {
    await appliance.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  }
});

/** Sends again what was not acknowledged, a duplicate, a gap, a dead letter and refused messages, and reads the books. */
async function balancedAfter(appliance: Appliance, next: readonly number[]): Promise<void> {
  for (const [index, id] of devices.entries()) {
    const options = { clientId: id, username: 'default', password: token, protocolVersion: 5 as const, reconnectPeriod: 0 };
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
    assert.ok(await publish(client, id, next[index] as number));
    if (index === 0) {
      assert.ok(await publish(client, id, 1));
      assert.ok(await publish(client, id, (next[0] as number) + 3));
      await client.publishAsync(`devices/${id}/telemetry`, 'no json', { qos: 1 });
      await assert.rejects(client.publishAsync(`devices/${id}/nothing`, '{}', { qos: 1 }));
      await assert.rejects(client.publishAsync(`devices/${id}/telemetry`, 'x'.repeat(129 * 1024), { qos: 1 }));
    }
    await client.endAsync();
  }
  const bad = await fetch(`${appliance.http}/v1/ingest/led-2`, { method: 'POST', body: '{}', headers: { authorization: 'Bearer wrong' } });
  assert.equal(bad.status, 401);
  const large = { method: 'POST', body: 'x'.repeat(129 * 1024), headers: { authorization: `Bearer ${token}` } };
  assert.equal((await fetch(`${appliance.http}/v1/ingest/led-2`, large)).status, 413);
  const { balanced, imbalances, node, tenants } = await settled(appliance);
  assert.deepEqual([balanced, imbalances], [true, []]);
  assert.equal(node.received + node.recovered, node.stored + node.duplicate + node.dead + node.rejected + node.in_flight);
  assert.deepEqual([node.in_flight, node.rejected, node.dead >= 1], [0, 4, true]);
  const [tenant] = tenants;
  assert.equal(tenants.length, 1);

  const ledgers = await Promise.all(devices.map((id) => deviceLedger(appliance, id)));
  for (const [index, ledger] of ledgers.entries()) {
    const last = next[index] as number;
    assert.deepEqual([ledger.balanced, ledger.in_flight, ledger.sequence.first], [true, 0, 1], devices[index]);
    // Before the crash, a message may have been stored without its acknowledgement.
    assert.ok(ledger.sequence.last >= last && ledger.stored >= last, JSON.stringify(ledger));
    const missing = index === 0 ? [{ from: last + 1, to: last + 2 }] : [];
    assert.deepEqual(ledger.sequence.missing_ranges, missing, devices[index]);
  }
  assert.ok((ledgers[0]?.duplicate ?? 0) >= 1);
  assert.deepEqual(ledgers[0]?.dead_by_reason, { json_malformed: 1 });
  assert.deepEqual(ledgers[0]?.rejected_by_reason, { payload_oversize: 1, topic_unknown: 1 });
  const stored = ledgers.reduce((sum, ledger) => sum + ledger.stored, 0);
  assert.deepEqual(ledgers[1]?.rejected_by_reason, { payload_oversize: 1 });
  assert.deepEqual([tenant?.balanced, tenant?.stored, tenant?.in_flight, tenant?.rejected], [true, stored, 0, 4]);
}
