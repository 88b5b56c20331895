import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import WebSocket from 'ws';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { openDatabase } from '../support/database.js';

const folder = mkdtempSync(join(tmpdir(), 'spillway-latest-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Value {
  readonly value: number | string;
  readonly ts: string;
  readonly received_at: string | null;
}
interface Device {
  readonly device_id: string;
  readonly last_seen_at: string | null;
  readonly latest: Readonly<Record<string, Value>>;
}

async function ingest(appliance: Appliance, id: string, message: object): Promise<void> {
  const headers = { authorization: 'Bearer device-token', 'content-type': 'application/json' };
  const answer = await fetch(`${appliance.http}/v1/ingest/${id}`, { method: 'POST', headers, body: JSON.stringify(message) });
  assert.equal(answer.status, 202, await answer.text());
}

/** What `/metrics/latest`, the device and the list show, which is the same. */
async function latestOf(appliance: Appliance, id: string): Promise<Record<string, number | string>> {
  const { metrics } = await call<{ metrics: Device['latest'] }>(appliance, 'GET', `/v1/devices/${id}/metrics/latest`);
  const device = await call<Device>(appliance, 'GET', `/v1/devices/${id}`);
  const { devices } = await call<{ devices: Device[] }>(appliance, 'GET', '/v1/devices');
  const listed = devices.find(({ device_id }) => device_id === id);
  assert.deepEqual([device.latest, listed?.latest], [metrics, metrics]);
  const received = Object.values(metrics).flatMap(({ received_at }) => received_at ?? []);
  // A post is seen when it arrives, and its receive time is that of the gateway.
  if (received.length > 0) assert.ok(Date.parse(device.last_seen_at ?? '') >= Math.max(...received.map((ts) => Date.parse(ts))));
  return Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value]));
}

/** The values of the live readings of a device, until there are as many as wanted. */
async function liveValues(appliance: Appliance, id: string, wanted: number, act: () => Promise<void>): Promise<unknown[]> {
  const socket = new WebSocket(`${appliance.http.replace('http', 'ws')}/v1/live`);
  await once(socket, 'open');
  const values: unknown[] = [];
  let acted: Promise<void> | undefined;
  const done = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { type: string; readings: { value: unknown }[] };
      if (message.type === 'subscribed') acted = act();
      if (message.type === 'readings' && values.push(...message.readings.map(({ value }) => value)) >= wanted) resolve();
    });
  });
  socket.send(JSON.stringify({ type: 'authenticate', key: appliance.adminKey }));
  socket.send(JSON.stringify({ type: 'subscribe', devices: [id] }));
  await done;
  await acted;
  socket.close();
  return values;
}

test('latest values are those of memory and database in every view, on a new machine too, and texts are readings', async () => {
  const database = await openDatabase();
  const start = (state: string) => startAppliance({ SPILLWAY_STATE: join(folder, state), SPILLWAY_DATABASE_URL: database.url });
  const now = Date.now();
  let appliance = await start('first');
  try {
    for (const device_id of ['whole', 'tied', 'texts']) {
      await call(appliance, 'POST', '/v1/devices', { device_id, token: 'device-token' });
    }
    await ingest(appliance, 'whole', { metrics: { temp: 21.5, hum: 40, mode: 'eco', door: true } });
    for (const v of [1, 1.5, 'err']) await ingest(appliance, 'tied', { ts: now, metrics: { v } });
    await ingest(appliance, 'tied', { ts: now - 60_000, metrics: { v: 'older' } });
    const live = await liveValues(appliance, 'texts', 3, () => ingest(appliance, 'texts', { metrics: { text: 'eco', on: true, n: 1 } }));
    assert.deepEqual(live.sort(), [1, 1, 'eco']);
    await committed(appliance);
    const all = { temp: 21.5, hum: 40, mode: 'eco', door: 1 };
    assert.deepEqual(await latestOf(appliance, 'whole'), all);
    assert.deepEqual(await latestOf(appliance, 'tied'), { v: 'err' });
    assert.deepEqual(await latestOf(appliance, 'texts'), { text: 'eco', on: 1, n: 1 });
    await appliance.stop();

    appliance = await start('second');
    assert.deepEqual(await latestOf(appliance, 'whole'), all);
    await ingest(appliance, 'whole', { metrics: { temp: 22 } });
    await ingest(appliance, 'tied', { ts: now, metrics: { v: 2 } });
    await ingest(appliance, 'texts', { metrics: { n: 2 } });
    await committed(appliance);
    assert.deepEqual(await latestOf(appliance, 'whole'), { ...all, temp: 22 });
    assert.deepEqual(await latestOf(appliance, 'tied'), { v: 'err' });
    assert.deepEqual(await latestOf(appliance, 'texts'), { text: 'eco', on: 1, n: 2 });
  } finally {
    await appliance.stop();
    await database.stop();
  }
});
