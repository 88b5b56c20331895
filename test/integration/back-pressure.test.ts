import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt';
import postgres from 'postgres';
import { call, committed } from '../support/api.js';
import { startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const MESSAGES = 600;
/** A gateway's block slots and the log's backlog together hold about a third of what is sent. */
const PADDING = 'x'.repeat(100_000);

interface Lag {
  readonly lag_bytes: number;
  readonly lag_bytes_max: number;
  readonly gateways_paused: number;
  readonly gateway_pauses: number;
}

test('a stalled store stops reading from devices, and nothing is lost when it resumes', async () => {
  const appliance = await startAppliance({ SPILLWAY_LOG_BACKLOG_MIB: '1' });
  const sql = postgres(appliance.databaseUrl, { max: 2 });
  try {
    const token = 'a-token-for-the-pressure-test';
    await call(appliance, 'POST', '/v1/devices', { device_id: 'pressed', token });
    const options = { clientId: 'pressed', username: 'default', password: token, reconnectPeriod: 0, keepalive: 0 };
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
    const lag = () => call<Lag>(appliance, 'GET', '/v1/pipeline/lag');
    let acked = 0;
    const sent: Promise<void>[] = [];
    await sql.begin(async (tx) => {
      await tx`select from pipeline_offsets for update`;
      for (let seq = 1; seq <= MESSAGES; seq++) {
        const payload = JSON.stringify({ ts: Date.now(), metrics: { n: seq }, seq, padding: PADDING });
        sent.push(client.publishAsync('devices/pressed/telemetry', payload, { qos: 1 }).then(() => void acked++));
      }
      // A disk that is slow for a moment stops the gateway too.
      const { lag_bytes, lag_bytes_max, gateway_pauses } = await until('the gateway to stop reading with a backlog', async () => {
        const found = await lag();
        return found.gateways_paused === 1 && found.lag_bytes >= found.lag_bytes_max ? found : undefined;
      });
      assert.equal(lag_bytes_max, 1024 * 1024);
      assert.ok(lag_bytes < 64 * lag_bytes_max, `${lag_bytes} bytes wait`);
      assert.ok(gateway_pauses >= 1);
      assert.ok(acked < MESSAGES, 'not everything could be taken in');
    });
    await Promise.all(sent);
    await committed(appliance);
    assert.equal((await lag()).gateways_paused, 0);
    const rows = await sql<{ value: number }[]>`select value from raw_metrics where device_id = 'pressed' order by value`;
    assert.deepEqual(
      rows.map(({ value }) => value),
      Array.from({ length: MESSAGES }, (_, index) => index + 1),
    );
    await client.endAsync();
  } finally {
    await sql.end({ timeout: 1 });
    await appliance.stop();
  }
});
