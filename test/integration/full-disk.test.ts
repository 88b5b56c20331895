import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import mqtt from 'mqtt';
import postgres from 'postgres';
import { fullDisk } from '../../src/cli/selftest/full-disk.js';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const MESSAGES = 600;
/** All of it is twice what the block slots of a gateway hold. */
const PADDING = 'x'.repeat(100_000);
/** What some of it still fits into. */
const LEFT_BYTES = 2 * 1024 * 1024;
const token = 'a-token-for-the-full-disk-test';

interface Lag {
  readonly log: string;
  readonly gateways_paused: number;
}

const clientOptions = (id: string, protocolVersion: 4 | 5) => {
  return { clientId: id, username: 'default', password: token, protocolVersion, reconnectPeriod: 0, keepalive: 0 };
};

async function ingest(appliance: Appliance, seq: number): Promise<{ status: number; body: { error?: { code: string; way_out: string } } }> {
  const response = await fetch(`${appliance.http}/v1/ingest/full-http`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ ts: Date.now(), metrics: { n: seq }, seq }),
  });
  return { status: response.status, body: (await response.json()) as { error?: { code: string; way_out: string } } };
}

/** The code with which a CONNECT is refused. */
async function connectRefused(appliance: Appliance, protocolVersion: 4 | 5): Promise<number> {
  const client = mqtt.connect(`mqtt://127.0.0.1:${appliance.mqttPort}`, clientOptions('full-late', protocolVersion));
  try {
    return await new Promise((resolve, reject) => {
      client.once('error', (error) => resolve((error as Error & { code: number }).code));
      client.once('connect', () => reject(new Error('the client was let in')));
    });
  } finally {
    client.end(true);
  }
}

test('a full disk: no false acknowledgement, every client gets the code, and the log resumes by itself', async (t) => {
  const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-full-'));
  const disk = fullDisk(join(stateFolder, 'log'));
  assert.ok(!('missing' in disk), 'this machine has nothing that fills up');
  t.diagnostic(`the log is on ${disk.name}`);
  const appliance = await startAppliance({ SPILLWAY_STATE: stateFolder });
  const sql = postgres(appliance.databaseUrl, { max: 1 });
  try {
    for (const id of ['full', 'full-late', 'full-http']) await call(appliance, 'POST', '/v1/devices', { device_id: id, token });
    const lag = () => call<Lag>(appliance, 'GET', '/v1/pipeline/lag');
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, clientOptions('full', 5), false);
    let acked = 0;
    const sent: Promise<void>[] = [];
    const publish = (seq: number) => {
      const payload = JSON.stringify({ ts: Date.now(), metrics: { n: seq }, seq, padding: PADDING });
      sent.push(client.publishAsync('devices/full/telemetry', payload, { qos: 1 }).then(() => void acked++));
    };
    publish(1);
    await Promise.all(sent);
    disk.fill(appliance.pid, LEFT_BYTES);
    for (let seq = 2; seq <= MESSAGES; seq++) publish(seq);
    const waiting = Array.from({ length: 20 }, (_, index) => ingest(appliance, 100 + index));
    await until('the gateway to stop reading, and the log to be why', async () => {
      const { gateways_paused, log } = await lag();
      return gateways_paused === 1 && log.startsWith(`failing, ${disk.code}: `);
    });
    const ready = await fetch(`${appliance.http}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(((await ready.json()) as { reason: string }).reason, new RegExp(`^log: failing, ${disk.code}`));
    assert.match(await (await fetch(`${appliance.http}/metrics`)).text(), new RegExp(`spillway_log_failing\\{code="${disk.code}"\\} 1`));
    for (const { status } of await Promise.all(waiting)) assert.ok([202, 503].includes(status), `${status}`);
    const refused = await ingest(appliance, 1);
    assert.deepEqual([refused.status, refused.body.error?.code], [503, 'log_full']);
    assert.match(refused.body.error?.way_out ?? '', /make room/);
    assert.deepEqual([await connectRefused(appliance, 5), await connectRefused(appliance, 4)], [0x97, 3]);
    assert.ok(acked < MESSAGES, 'not everything is acknowledged');
    const before = acked;
    const [row] = await sql<{ rows: number }[]>`select count(*)::int as rows from raw_metrics where device_id = 'full'`;
    assert.ok((row?.rows ?? 0) <= MESSAGES);

    disk.free(appliance.pid);
    await Promise.all(sent);
    t.diagnostic(`${before} acknowledged while it filled up, ${acked} in the end`);
    await until('it is ready again', async () => (await fetch(`${appliance.http}/readyz`)).status === 200);
    assert.equal((await ingest(appliance, 1)).status, 202);
    await committed(appliance);
    assert.deepEqual([(await lag()).log, (await lag()).gateways_paused], ['up', 0]);
    const rows = await sql<{ value: number }[]>`select value from raw_metrics where device_id = 'full' order by value`;
    assert.deepEqual(
      rows.map(({ value }) => value),
      Array.from({ length: MESSAGES }, (_, index) => index + 1),
    );
    await client.endAsync();
  } finally {
    await sql.end({ timeout: 1 });
    await appliance.stop();
    disk.remove();
    rmSync(stateFolder, { recursive: true, force: true });
  }
});
