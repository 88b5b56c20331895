import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { call } from '../../support/api.js';
import type { Appliance } from '../../support/appliance.js';
import { Deployment, more, owns } from '../../support/kafka/deployment.js';
import { type Load, startLoad } from '../../support/kafka/load.js';
import { sharedBroker } from '../../support/kafka/real-brokers.js';
import { until } from '../../support/until.js';

// Devices connect to one process, another runs the partitions, and a third one, which runs none, is looked at.

const DEVICES = Array.from({ length: 20 }, (_, index) => `kafka-${index + 1}`);

let brokers: Awaited<ReturnType<typeof sharedBroker>>;
let deployment: Deployment;
let control: Appliance;
let gateway: Appliance;
let pipeline: Appliance;
let load: Load;

before(async () => {
  brokers = await sharedBroker();
  deployment = await Deployment.open(brokers);
  control = await deployment.start('control', 'control');
  gateway = await deployment.start('gateway', 'gateway');
  pipeline = await startPipeline('pipeline');
  // Registered at the process that has the API; the gateway hears of it by way of the database.
  load = await startLoad(control, gateway);
  await owns(pipeline, 4);
  await more(load, 500);
});

after(async () => {
  await deployment?.close();
  await brokers?.stop();
});

function startPipeline(name: string): Promise<Appliance> {
  return deployment.start(name, 'pipeline', { SPILLWAY_CHECKPOINT_FOLDER: join(deployment.folder, 'checkpoints') });
}

interface Reading {
  readonly device_id: string;
  readonly value: number;
}

/** Watches these devices; answers what was seen so far. */
async function watch(devices: readonly string[]): Promise<{ readonly seen: Reading[]; close(): void }> {
  const socket = new WebSocket(`${control.http.replace('http', 'ws')}/v1/live`);
  await once(socket, 'open');
  const seen: Reading[] = [];
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as { readonly type: string; readonly readings?: readonly Reading[] };
    if (message.type === 'readings') seen.push(...(message.readings ?? []));
  });
  socket.send(JSON.stringify({ type: 'authenticate', key: control.adminKey }));
  socket.send(JSON.stringify({ type: 'subscribe', devices }));
  return { seen, close: () => socket.close() };
}

interface DeviceLedger {
  readonly stored: number;
  readonly received: number;
  readonly in_flight: number | null;
  readonly balanced: boolean | null;
  readonly sequence: { readonly first: number | null };
}

interface NodeLedger {
  readonly balanced: boolean | null;
  readonly node: { readonly stored: number; readonly received: number };
  readonly tenants: readonly { readonly tenant: string; readonly stored: number; readonly devices: number }[];
  readonly processes: readonly { readonly partitions: readonly number[] }[];
  readonly processes_silent: readonly string[];
  readonly partitions_not_running: readonly number[];
}

interface Devices {
  readonly devices: readonly { readonly device_id: string; readonly latest: { readonly n?: { readonly value: number } } }[];
  readonly partitions_not_running: readonly number[];
}

test('a process that runs no partition shows live readings, latest values and ledgers of those that another one runs', async () => {
  const view = await watch(DEVICES);
  await until('every device is seen', () => new Set(view.seen.map(({ device_id }) => device_id)).size === DEVICES.length);
  view.close();
  const rates = () => call<{ messages_per_second: number; readings_per_second: number; connections: number }>(control, 'GET', '/v1/stats');
  await until('rates are those of all processes', async () => {
    const { messages_per_second, readings_per_second, connections } = await rates();
    return messages_per_second > 0 && readings_per_second > 0 && connections === 1;
  });
  await load.stop();
  await until('all are stored', async () => (await call<NodeLedger>(control, 'GET', '/v1/ledger')).node.stored === load.acknowledged.size);
  const { devices, partitions_not_running } = await call<Devices>(control, 'GET', '/v1/devices');
  assert.deepEqual(partitions_not_running, []);
  for (const { device_id, latest } of devices.filter(({ device_id }) => DEVICES.includes(device_id))) {
    assert.ok(load.acknowledged.has(`${device_id}/${latest.n?.value}`), device_id);
    const ledger = await call<DeviceLedger>(control, 'GET', `/v1/devices/${device_id}/ledger`);
    const sent = [...load.acknowledged].filter((key) => key.startsWith(`${device_id}/`)).length;
    assert.deepEqual([ledger.stored, ledger.received, ledger.sequence.first !== null], [sent, sent, true]);
    assert.deepEqual([ledger.in_flight, ledger.balanced], [null, null]);
  }
  const { node, tenants, processes, processes_silent, balanced } = await call<NodeLedger>(control, 'GET', '/v1/ledger');
  assert.deepEqual([node.received, node.stored, balanced], [load.acknowledged.size, load.acknowledged.size, true]);
  assert.deepEqual(
    tenants.map(({ tenant, stored, devices }) => [tenant, stored, devices]),
    [['default', load.acknowledged.size, DEVICES.length]],
  );
  assert.deepEqual([processes.length, processes_silent], [3, []]);
});

test('a partition that no process runs is answered so at once; a watch resumes by itself when another process has it', async () => {
  // The test before has ended the load.
  load.start(gateway.mqttPort);
  const view = await watch(DEVICES);
  await until('readings are seen', () => view.seen.length > 0);
  // What is seen need not be stored yet.
  const { sql } = deployment.database;
  await until('some are stored', async () => (await sql`select from raw_metrics where device_id = 'kafka-1' limit 1`).length > 0);
  await pipeline.kill();
  const headers = { authorization: `Bearer ${control.adminKey}` };
  const refused = await fetch(`${control.http}/v1/devices/kafka-1/ledger`, { headers });
  assert.equal(refused.status, 503);
  assert.match(await refused.text(), /partition_not_running.*no process answers for partition \d/);
  const { metrics, partitions_not_running: missing } = await call<{ metrics: { n?: object }; partitions_not_running: readonly number[] }>(
    control,
    'GET',
    '/v1/devices/kafka-1/metrics/latest',
  );
  assert.deepEqual([missing.length, metrics.n !== undefined], [1, true], 'what the database has');
  assert.equal((await call<NodeLedger>(control, 'GET', '/v1/ledger')).partitions_not_running.length, 4);
  const next = await startPipeline('next');
  await owns(next, 4);
  const last = Math.max(...view.seen.map(({ value }) => value));
  await until(
    'newer readings of every device are seen',
    () => new Set(view.seen.filter(({ value }) => value > last).map(({ device_id }) => device_id)).size === DEVICES.length,
  );
  view.close();
  assert.equal((await fetch(`${control.http}/v1/devices/kafka-1/ledger`, { headers })).status, 200);
  await deployment.verify(load, gateway);
});
